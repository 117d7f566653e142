// Many machines, few calls.
#include "drivers/amazonec2/fake_ec2.h"

namespace dm {
namespace {

class Ec2SurveyTest : public Ec2Test {
 protected:
  Json record_of(const std::string& id, const std::string& store = store_id) {
    Json made = record();
    made["InstanceId"] = id;
    made["StoreId"] = store;
    return made;
  }
  std::vector<Surveyed> survey(const std::vector<Json>& records) {
    drivers_.clear();
    std::vector<Driver*> bare;
    for (const auto& one : records) {
      drivers_.push_back(type_->open(one, services_));
      bare.push_back(drivers_.back().get());
    }
    return type_->survey(bare, task_);
  }

  std::vector<std::unique_ptr<Driver>> drivers_;
};

TEST_F(Ec2SurveyTest, AsksOnceForAllOfAStore) {
  std::string page, rest;
  std::vector<Json> records;
  for (int i = 0; i < 1500; ++i) {
    records.push_back(record_of("i-" + std::to_string(i)));
    (i < 1000 ? page : rest) += FakeEc2::instance("i-" + std::to_string(i), "running");
  }
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(page, "more"));
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(rest));
  const auto outcomes = survey(records);
  ASSERT_EQ(ec2_.calls().size(), 2U);
  EXPECT_EQ(ec2_.calls()[0].value("Filter.1.Name"), "tag:docker-machine:store");
  EXPECT_EQ(ec2_.calls()[0].value("MaxResults"), "1000");
  EXPECT_EQ(ec2_.calls()[1].value("NextToken"), "more");
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.observation.state, State::running);
    EXPECT_FALSE(outcome.error);
  }
}

TEST_F(Ec2SurveyTest, LetsATerminatedOrMissingOneSpoilNothing) {
  ec2_.will(
      "DescribeInstances", 200,
      FakeEc2::reservations(FakeEc2::instance("i-1", "running") + FakeEc2::instance("i-2", "terminated")));
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(""));
  const auto outcomes = survey({record_of("i-1"), record_of("i-2"), record_of("i-3"), record_of("")});
  EXPECT_EQ(outcomes[0].observation.state, State::running);
  EXPECT_FALSE(outcomes[0].error);
  for (const size_t i : {1, 2, 3}) {
    EXPECT_EQ(outcomes[i].observation.state, State::error);
    ASSERT_TRUE(outcomes[i].error);
  }
  EXPECT_TRUE(std::string(outcomes[1].error->what()).contains("i-2 was terminated"));
  EXPECT_TRUE(std::string(outcomes[2].error->what()).contains("no instance i-3"));
}

TEST_F(Ec2SurveyTest, AsksForMachinesOfOtherProgramsByTheirIds) {
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(FakeEc2::instance("i-1", "stopped")));
  const auto outcomes = survey({record_of("i-1", ""), record_of("i-2", "")});
  ASSERT_EQ(ec2_.calls().size(), 1U);
  EXPECT_EQ(ec2_.calls()[0].value("Filter.1.Name"), "instance-id");
  EXPECT_EQ(outcomes[0].observation.state, State::stopped);
  EXPECT_EQ(outcomes[1].observation.state, State::error);
}

TEST_F(Ec2SurveyTest, TellsEachRowWhatItsAccountSaid) {
  Json other = record_of("i-2");
  other["Region"] = "us-east-1";
  ec2_.will_refuse("DescribeInstances", "AuthFailure");
  ec2_.will("DescribeInstances", 200,
            FakeEc2::reservations(FakeEc2::instance("i-1", "running") + FakeEc2::instance("i-2", "running")));
  const auto outcomes = survey({record_of("i-1"), other});
  EXPECT_EQ(static_cast<int>(outcomes[0].error.has_value()) + static_cast<int>(outcomes[1].error.has_value()),
            1);
}

}  // namespace
}  // namespace dm
