// A machine's life, and what EC2 is asked for it.
#include "drivers/amazonec2/machine.h"

#include "drivers/amazonec2/fake_ec2.h"

namespace dm {
namespace {

using Flags = std::map<std::string, FlagValue>;

class Ec2MachineTest : public Ec2Test {
 protected:
  /// What a create asks for, as a golden file.
  void expect_create(const std::string& golden, const Flags& given) {
    const auto driver = machine(given);
    driver->check(task_);
    driver->create([] {}, task_);
    expect_golden_calls(golden, transcript(driver->record()));
  }
};

TEST_F(Ec2MachineTest, IsCreatedInFewCalls) {
  expect_create("create.txt", {});
  // Besides one poll.
  EXPECT_LE(ec2_.calls().size() - ec2_.calls_of("DescribeInstances").size(), 12U);
}

TEST_F(Ec2MachineTest, IsCreatedWithAllThatCanBeSaid) {
  ec2_.always("DescribeLaunchTemplateVersions",
              "<R><launchTemplateVersionSet><item><launchTemplateId>lt-1</launchTemplateId><versionNumber>3"
              "</versionNumber><launchTemplateData/></item></launchTemplateVersionSet></R>");
  ec2_.always("AllocateAddress", "<R><allocationId>eipalloc-1</allocationId></R>");
  ec2_.always("AssociateAddress", "<R/>");
  expect_create("create_all.txt", {{"launch-template", std::string("base:3")},
                                   {"instance-type", std::vector<std::string>{"t3.micro", "t2.micro"}},
                                   {"subnet-id", std::vector<std::string>{"subnet-b", "subnet-a"}},
                                   {"volume-type", std::string("gp3")},
                                   {"volume-iops", 4000LL},
                                   {"volume-throughput", 250LL},
                                   {"kms-key", std::string("alias/disks")},
                                   {"root-size", 30LL},
                                   {"request-spot-instance", true},
                                   {"spot-price", std::string("")},
                                   {"iam-instance-profile", std::string("arn:aws:iam::1:instance-profile/p")},
                                   {"tenancy", std::string("dedicated")},
                                   {"placement-group", std::string("near")},
                                   {"monitoring", true},
                                   {"use-ebs-optimized-instance", true},
                                   {"http-tokens", std::string("optional")},
                                   {"metadata-token-response-hop-limit", 2LL},
                                   {"ipv6-address-count", 1LL},
                                   {"enable-primary-ipv6", true},
                                   {"elastic-ip", std::string("allocate")},
                                   {"tags", std::string("team,red,Name,other")},
                                   {"open-port", std::vector<std::string>{"8000", "53/udp"}}});
}

TEST_F(Ec2MachineTest, IsCreatedThoughACallGetsNoAnswer) {
  const auto before = clock_.steady();
  for (const char* action : {"DescribeSubnets", "ImportKeyPair", "DescribeInstances"}) ec2_.will_hang(action);
  EXPECT_EQ(text_of(created()->record(), "InstanceId"), "i-1");
  EXPECT_LT(clock_.steady() - before, std::chrono::minutes(4));
}

TEST_F(Ec2MachineTest, RecordsWhatWasChosen) {
  const auto driver = created();
  const Json made = driver->record();
  EXPECT_EQ(text_of(made, "AMI"), "ami-newer");
  EXPECT_EQ(text_of(made, "InstanceId"), "i-1");
  EXPECT_EQ(text_of(made, "Zone"), "a");
  EXPECT_EQ(text_of(made, "SubnetId"), "subnet-a");
  EXPECT_EQ(text_of(made, "VpcId"), "vpc-1");
  EXPECT_EQ(text_of(made, "IPAddress"), "203.0.113.5");
  EXPECT_EQ(made["SecurityGroupIds"], Json({"sg-1"}));
  EXPECT_EQ(made["Making"], Json::array());
  EXPECT_TRUE(read_file(store_ / "machines/dev/known_hosts").starts_with("dev ecdsa-sha2-nistp256 "));
  EXPECT_FALSE(log_.text().contains("geheim"));
}

TEST_F(Ec2MachineTest, NotesWhatItIsAboutToMakeBeforeItIsMade) {
  const auto driver = machine();
  driver->check(task_);
  ec2_.forget_calls();
  std::map<std::string, Json> at;  // the last record that was saved before each call
  Json saved;
  size_t seen = 0;
  const auto note = [&] {
    for (; seen < ec2_.calls().size(); ++seen) at.emplace(ec2_.calls()[seen].action, saved);
    saved = driver->record();
  };
  driver->create(note, task_);
  note();
  EXPECT_EQ(at.at("CreateSecurityGroup")["Making"], Json({"security group"}));
  EXPECT_EQ(at.at("RunInstances")["Making"], Json({"instance"}));
  EXPECT_FALSE(text_of(at.at("ImportKeyPair"), "KeyName").empty());
  EXPECT_EQ(text_of(at.at("DescribeInstances"), "InstanceId"), "i-1");
}

TEST_F(Ec2MachineTest, TakesWhatCanBeHad) {
  ec2_.will("RunInstances", 412,
            "<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>");
  ec2_.will_refuse("RunInstances", "InsufficientInstanceCapacity", 500);
  ec2_.will_refuse("RunInstances", "SpotMaxPriceTooLow");
  ec2_.will_refuse("RunInstances", "MaxSpotInstanceCountExceeded");
  const auto driver = machine({{"request-spot-instance", true},
                               {"spot-fallback", true},
                               {"instance-type", std::vector<std::string>{"t2.micro", "t3.micro"}}});
  driver->check(task_);
  driver->create([] {}, task_);
  const auto runs = ec2_.calls_of("RunInstances");
  ASSERT_EQ(runs.size(), 5U);
  const auto said = [&](size_t i) {
    return runs[i].value("InstanceType") + " " + runs[i].value("Placement.AvailabilityZone") + " " +
           runs[i].value("InstanceMarketOptions.MarketType");
  };
  EXPECT_EQ(said(1), "t2.micro eu-west-1a spot");
  EXPECT_EQ(said(2), "t2.micro eu-west-1b spot");
  EXPECT_EQ(said(3), "t3.micro eu-west-1b spot");
  EXPECT_EQ(said(4), "t2.micro eu-west-1a ");
  EXPECT_NE(runs[1].value("ClientToken"), runs[2].value("ClientToken"));
}

TEST_F(Ec2MachineTest, TakesTheRefusalOfARepetitionForNoProofThatNothingIsThere) {
  const auto making_after = [&](const std::string& code, int status, int times) {
    ec2_.will("RunInstances", 412,
              "<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>");
    ec2_.will("RunInstances", 502, "<html>");  // it may have been carried out
    for (int i = 0; i < times; ++i) ec2_.will_refuse("RunInstances", code, status);
    const auto driver = machine();
    driver->check(task_);
    EXPECT_NE(refusal([&] { driver->create([] {}, task_); }), "");
    ec2_.forget_prepared();
    return driver->record()["Making"];
  };
  EXPECT_EQ(making_after("ExpiredToken", 400, 1), Json({"instance"}));
  EXPECT_EQ(making_after("AuthFailure", 401, 1), Json({"instance"}));
  EXPECT_EQ(making_after("IdempotentParameterMismatch", 400, 1), Json({"instance"}));
  EXPECT_EQ(making_after("RequestLimitExceeded", 503, 200), Json({"instance"}));
  EXPECT_EQ(making_after("InvalidParameterValue", 400, 1), Json::array());
}

TEST_F(Ec2MachineTest, LeavesNothingBehindWhenTheQuotaIsReached) {
  ec2_.will("RunInstances", 412,
            "<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>");
  for (int i = 0; i < 2; ++i) ec2_.will_refuse("RunInstances", "VcpuLimitExceeded");
  ec2_.always("DescribeInstances", FakeEc2::reservations(""));
  const auto driver = machine();
  driver->check(task_);
  try {
    driver->create([] {}, task_);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::check_failed);
    EXPECT_TRUE(std::string(error.what()).contains("No, because of VcpuLimitExceeded"));
    EXPECT_TRUE(std::string(error.what()).contains("Service Quotas"));
  }
  EXPECT_EQ(ec2_.calls_of("DeleteKeyPair").size(), 1U);
  EXPECT_EQ(ec2_.calls_of("DeleteSecurityGroup").size(), 1U);
}

TEST_F(Ec2MachineTest, MakesItsGroupAnewWhenTheLastOtherMachineTookItAway) {
  ec2_.will("RunInstances", 412,
            "<Response><Errors><Error><Code>DryRunOperation</Code></Error></Errors></Response>");
  ec2_.will_refuse("RunInstances", "InvalidGroup.NotFound");
  const auto driver = machine();
  driver->check(task_);
  driver->create([] {}, task_);
  EXPECT_EQ(ec2_.calls_of("CreateSecurityGroup").size(), 2U);
  EXPECT_EQ(text_of(driver->record(), "InstanceId"), "i-1");
  // The parameters are others, and EC2 refuses these with the same token.
  const auto runs = ec2_.calls_of("RunInstances");
  EXPECT_NE(runs.at(1).value("ClientToken"), runs.at(2).value("ClientToken"));
}

TEST_F(Ec2MachineTest, MakesTheFleetsTemplateAnewWithItsGroup) {
  for (const char* id : {"lt-7", "lt-8"})
    ec2_.will("CreateLaunchTemplate", 200,
              std::string("<R><launchTemplate><launchTemplateId>") + id +
                  "</launchTemplateId></launchTemplate></R>");
  ec2_.will_refuse("CreateFleet", "InvalidSecurityGroupID.NotFound");
  ec2_.always("CreateFleet",
              "<R><fleetInstanceSet><item><instanceIds><item>i-1</item></instanceIds></item>"
              "</fleetInstanceSet></R>");
  ec2_.always("DeleteLaunchTemplate", "<R/>");
  const auto driver = machine({{"use-fleet", true}});
  driver->check(task_);
  driver->create([] {}, task_);
  for (const char* action : {"CreateLaunchTemplate", "CreateFleet"}) {
    const auto calls = ec2_.calls_of(action);
    ASSERT_EQ(calls.size(), 2U) << action;
    EXPECT_NE(calls[0].value("ClientToken"), calls[1].value("ClientToken")) << action;
  }
  const auto gone = ec2_.calls_of("DeleteLaunchTemplate");
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(gone[0].value("LaunchTemplateId") + gone[1].value("LaunchTemplateId"), "lt-7lt-8");
}

TEST_F(Ec2MachineTest, RefusesWhatCannotWorkBeforeAnythingIsMade) {
  struct Case {
    std::string action, code;
    Flags flags;
    std::string words;
  };
  const std::vector<Case> cases{
      {"DescribeSubnets", "AuthFailure", {}, "are the keys right"},
      {"RunInstances", "UnauthorizedOperation", {}, "allow RunInstances"},
      {"",
       "",
       {{"instance-type", std::vector<std::string>{"t9.huge"}}},
       "t9.huge is not offered in eu-west-1:"},
      {"",
       "",
       {{"instance-type", std::vector<std::string>{"t3.micro"}}, {"zone", std::vector<std::string>{"a"}}},
       "not offered in eu-west-1a"},
      {"", "", {{"vpc-id", std::string("vpc-2")}}, "does not belong to VpcId: vpc-2"},
      {"", "", {{"subnet-id", std::vector<std::string>{"subnet-x"}}}, "desired subnet could not be located"},
      {"", "", {{"security-group-readonly", true}}, "forbids to make it"},
      {"DescribeImages", "InvalidAMIID.NotFound", {{"ami", std::string("ami-x")}}, "--amazonec2-ami"},
      {"", "", {{"userdata", std::string("/nowhere")}}, "unable to read --amazonec2-userdata file"},
  };
  for (const auto& one : cases) {
    ec2_.forget_calls();
    if (!one.action.empty()) ec2_.will_refuse(one.action, one.code);
    const auto driver = machine(one.flags);
    EXPECT_TRUE(refusal([&] { driver->check(task_); }).contains(one.words)) << one.words;
    for (const auto& call : ec2_.calls())
      EXPECT_TRUE(call.action.starts_with("Describe") || call.value("DryRun") == "true") << call.action;
  }
}

TEST_F(Ec2MachineTest, TakesTheUsersAddressFromNobody) {
  const Flags given{{"elastic-ip", std::string("eipalloc-7")}};
  const auto words = [&](const std::string& addresses) {
    ec2_.always("DescribeAddresses", "<R><addressesSet>" + addresses + "</addressesSet></R>");
    return refusal([&] { machine(given)->check(task_); });
  };
  EXPECT_TRUE(words("").contains("there is no Elastic IP address eipalloc-7 in eu-west-1"));
  EXPECT_TRUE(words("<item><associationId>eipassoc-1</associationId><instanceId>i-9</instanceId></item>")
                  .contains("in use by i-9"));
  EXPECT_EQ(words("<item><publicIp>203.0.113.7</publicIp></item>"), "");
  EXPECT_EQ(ec2_.calls_of("DescribeAddresses")[0].value("Filter.1.Value.1"), "eipalloc-7");
  ec2_.always("AssociateAddress", "<R/>");
  const auto driver = created(given);
  driver->remove(task_);
  EXPECT_TRUE(ec2_.calls_of("ReleaseAddress").empty());
}

TEST_F(Ec2MachineTest, LetsNoAddressBeReassociatedButItsOwn) {
  ec2_.always("DescribeAddresses", "<R><addressesSet><item/></addressesSet></R>");
  ec2_.always("AssociateAddress", "<R/>");
  ec2_.always("AllocateAddress", "<R><allocationId>eipalloc-1</allocationId></R>");
  for (const auto& [wish, allowed] : {std::pair{"eipalloc-7", "false"}, {"allocate", "true"}}) {
    const auto driver = machine({{"elastic-ip", std::string(wish)}});
    driver->check(task_);
    driver->create([] {}, task_);
    EXPECT_EQ(ec2_.calls_of("AssociateAddress").back().value("AllowReassociation"), allowed) << wish;
  }
}

TEST_F(Ec2MachineTest, IsObservedInOneCall) {
  const auto driver = created();
  ec2_.always("DescribeInstances", FakeEc2::reservations(FakeEc2::instance("i-1", "running", "203.0.113.9")));
  const Observation seen = driver->observe(task_);
  EXPECT_EQ(ec2_.calls().size(), 1U);
  EXPECT_EQ(seen.state, State::running);
  EXPECT_EQ(seen.endpoint.docker_url, "tcp://203.0.113.9:2376");
  EXPECT_EQ(text_of(driver->record(), "IPAddress"), "203.0.113.9");
}

TEST_F(Ec2MachineTest, ForgetsItsAddressWhenItIsStopped) {
  const auto driver = created();
  ec2_.always("DescribeInstances", FakeEc2::reservations(FakeEc2::instance("i-1", "stopped")));
  EXPECT_EQ(driver->observe(task_).state, State::stopped);
  EXPECT_EQ(driver->endpoint().docker_url, "");
}

TEST_F(Ec2MachineTest, SaysThatItWasTerminatedByOthers) {
  const auto driver = created();
  ec2_.always("DescribeInstances", FakeEc2::reservations(FakeEc2::instance("i-1", "terminated")));
  ec2_.will_refuse("StartInstances", "IncorrectInstanceState");
  const auto start = [&] { driver->power(Power::start, task_); };
  EXPECT_TRUE(refusal(start).contains("the instance i-1 was terminated"));
  EXPECT_EQ(driver->observe(task_).state, State::error);
  ec2_.forget_calls();
  EXPECT_TRUE(refusal(start).contains("\"docker-machine rm dev\" removes what is left"));
  EXPECT_TRUE(ec2_.calls().empty());
  driver->remove(task_);
}

TEST_F(Ec2MachineTest, IsStartedAlsoWithoutItsTag) {
  const auto driver = created();
  // Files age by the computer's clock: one answer serves all looks of a test.
  fs::remove_all(store_ / "cache");
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(""));
  driver->power(Power::start, task_);
  EXPECT_EQ(ec2_.calls().back().value("Filter.1.Name"), "instance-id");
  EXPECT_EQ(driver->endpoint().address, "203.0.113.5");
}

TEST_F(Ec2MachineTest, WaitsNoLongerThanItSaysAlsoWhileNobodyAnswers) {
  const auto driver = created();
  fs::remove_all(store_ / "cache");
  for (int i = 0; i < 30; ++i) ec2_.will_hang("DescribeInstances");
  const auto before = clock_.steady();
  EXPECT_EQ(refusal([&] { driver->power(Power::start, task_); }),
            "the instance i-1 is not running after 5 minutes, but unknown to EC2");
  EXPECT_LE(clock_.steady() - before, std::chrono::minutes(5));
}

TEST_F(Ec2MachineTest, SaysWhyItsStateCannotBeSeen) {
  const auto driver = created();
  fs::remove_all(store_ / "cache");
  ec2_.will_refuse("DescribeInstances", "UnauthorizedOperation");
  EXPECT_TRUE(refusal([&] { driver->power(Power::start, task_); }).contains("allow DescribeInstances"));
}

TEST_F(Ec2MachineTest, TakesItsGroupWithItOnlyAsTheLastOne) {
  const auto driver = created();
  ec2_.always("DescribeNetworkInterfaces", FakeEc2::interface("i-2"));
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(FakeEc2::instance("i-2", "running")));
  driver->remove(task_);
  EXPECT_EQ(ec2_.actions(), (std::vector<std::string>{"TerminateInstances", "DeleteKeyPair",
                                                      "DescribeNetworkInterfaces", "DescribeInstances"}));
}

TEST_F(Ec2MachineTest, WaitsUntilItsInstanceHasLeftTheGroup) {
  const auto driver = created();
  ec2_.always("DescribeNetworkInterfaces", FakeEc2::interface("i-1"));
  for (int i = 0; i < 3; ++i) ec2_.will_refuse("DeleteSecurityGroup", "DependencyViolation");
  driver->remove(task_);
  EXPECT_EQ(ec2_.calls_of("DeleteSecurityGroup").size(), 4U);
}

TEST_F(Ec2MachineTest, IsRemovedAlsoWhenItIsGone) {
  const auto driver = created();
  clock_.advance(std::chrono::hours(1));
  ec2_.will_refuse("TerminateInstances", "InvalidInstanceID.NotFound");
  ec2_.will_refuse("DeleteSecurityGroup", "InvalidGroup.NotFound");
  driver->remove(task_);
  EXPECT_EQ(ec2_.calls_of("TerminateInstances").size(), 1U);
}

TEST_F(Ec2MachineTest, IsNotTakenForGoneWhereItIsNotKnownYet) {
  const auto driver = created();
  for (int i = 0; i < 2; ++i) ec2_.will_refuse("TerminateInstances", "InvalidInstanceID.NotFound");
  driver->remove(task_);
  EXPECT_EQ(ec2_.calls_of("TerminateInstances").size(), 3U);
}

TEST_F(Ec2MachineTest, SaysWhatTheProviderRefusesToRemove) {
  const auto driver = created();
  ec2_.will_refuse("TerminateInstances", "OperationNotPermitted");
  EXPECT_TRUE(refusal([&] { driver->remove(task_); }).contains("No, because of OperationNotPermitted"));
  EXPECT_EQ(ec2_.calls_of("DeleteSecurityGroup").size(), 0U);
}

TEST_F(Ec2MachineTest, FindsWhatWasBegunWhenItWasKilled) {
  Json killed = record();
  killed["Making"] = {"instance", "security group"};
  killed["MakingSince"] = 1'800'000'000;
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(""));
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(FakeEc2::instance("i-7", "running")));
  ec2_.always("DescribeInstances", FakeEc2::reservations(""));
  ec2_.always("DescribeSecurityGroups",
              "<R><securityGroupInfo><item><groupId>sg-7</groupId></item></securityGroupInfo></R>");
  type_->open(killed, services_)->remove(task_);
  const auto ends = ec2_.calls_of("TerminateInstances");
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].value("InstanceId.1"), "i-7");
  ASSERT_EQ(ec2_.calls_of("DeleteSecurityGroup").size(), 1U);
  EXPECT_EQ(ec2_.calls_of("DescribeInstances")[0].value("Filter.1.Value.1"), text_of(killed, "Id"));
}

TEST_F(Ec2MachineTest, LooksForWhatWasAskedForLongAgoAndMadeJustNow) {
  Json killed = record();
  killed["Making"] = {"instance", "security group"};
  killed["MakingSince"] = 1'800'000'000 - 240;  // throttling was waited out
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(""));
  ec2_.will("DescribeInstances", 200, FakeEc2::reservations(FakeEc2::instance("i-7", "running")));
  ec2_.always("DescribeInstances", FakeEc2::reservations(""));
  // Two groups are not what two kinds of things are.
  ec2_.always("DescribeSecurityGroups",
              "<R><securityGroupInfo><item><groupId>sg-7</groupId></item><item><groupId>sg-8</groupId></item>"
              "</securityGroupInfo></R>");
  type_->open(killed, services_)->remove(task_);
  ASSERT_EQ(ec2_.calls_of("TerminateInstances").size(), 1U);
  EXPECT_EQ(ec2_.calls_of("TerminateInstances")[0].value("InstanceId.1"), "i-7");
  EXPECT_EQ(ec2_.calls_of("DescribeSecurityGroups")[0].value("Filter.2.Value.1"), "docker-machine");
  ec2_.forget_calls();
  killed["MakingSince"] = 1'800'000'000 - 3600;
  type_->open(killed, services_)->remove(task_);
  EXPECT_EQ(ec2_.calls_of("DescribeInstances").size(), 1U);
}

TEST_F(Ec2MachineTest, AsksNobodyToRemoveWhatWasNeverBegun) {
  machine()->remove(task_);
  EXPECT_TRUE(ec2_.calls().empty());
}

TEST_F(Ec2MachineTest, ClosesWhatItOpenedInGroupsOfOthers) {
  ec2_.always(
      "DescribeSecurityGroups",
      "<R><securityGroupInfo><item><groupId>sg-9</groupId><groupName>docker-machine</groupName>"
      "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort></item>"
      "</ipPermissions></item></securityGroupInfo></R>");
  const auto driver = machine();
  driver->check(task_);
  driver->create([] {}, task_);
  const auto opened = ec2_.calls_of("AuthorizeSecurityGroupIngress");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].value("IpPermissions.1.FromPort"), "2376");
  EXPECT_EQ(opened[0].value("IpPermissions.2.FromPort"), "");
  ec2_.forget_calls();
  ec2_.always("DescribeInstances", FakeEc2::reservations(FakeEc2::instance("i-1", "shutting-down")));
  ec2_.always("DescribeSecurityGroupRules",
              "<R><securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId></item>"
              "</securityGroupRuleSet></R>");
  ec2_.always("RevokeSecurityGroupIngress", "<R/>");
  driver->remove(task_);
  ASSERT_EQ(ec2_.calls_of("RevokeSecurityGroupIngress").size(), 1U);
  EXPECT_EQ(ec2_.calls_of("RevokeSecurityGroupIngress")[0].value("SecurityGroupRuleId.1"), "sgr-1");
  EXPECT_TRUE(ec2_.calls_of("DeleteSecurityGroup").empty());
}

TEST_F(Ec2MachineTest, WaitsForItsAddress) {
  const std::string without = FakeEc2::reservations(FakeEc2::instance("i-1", "running", ""));
  for (int i = 0; i < 3; ++i) ec2_.will("DescribeInstances", 200, without);
  EXPECT_EQ(created()->endpoint().address, "203.0.113.5");
  fs::remove_all(store_ / "cache");
  ec2_.always("DescribeInstances", without);
  EXPECT_TRUE(refusal([&] { created(); }).contains("runs without an address that could be used"));
}

TEST_F(Ec2MachineTest, MovesToAnotherStoreWithAllThatIsItsOwn) {
  const auto driver = created();
  ec2_.always("CreateTags", "<R/>");
  ec2_.always("DescribeSecurityGroupRules",
              "<R><securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId></item>"
              "</securityGroupRuleSet></R>");
  driver->move_to_store("ffeeddccbbaa9988", task_);
  const auto tagged = ec2_.calls_of("CreateTags").at(0);
  EXPECT_EQ(tagged.value("ResourceId.1"), "i-1");
  EXPECT_EQ(tagged.value("ResourceId.2"), "key-1");
  EXPECT_EQ(tagged.value("ResourceId.3"), "");
  EXPECT_EQ(tagged.value("Tag.1.Value"), "ffeeddccbbaa9988");
  EXPECT_EQ(tagged.value("Tag.2.Value"), "dev");
  // Other machines of that store may come to use the group.
  const auto shared = ec2_.calls_of("CreateTags").at(1);
  EXPECT_EQ(shared.value("ResourceId.1"), "sg-1");
  EXPECT_EQ(shared.value("ResourceId.2"), "sgr-1");
  EXPECT_EQ(shared.value("Tag.1.Key"), "docker-machine:store");
  EXPECT_EQ(shared.value("Tag.1.Value"), "ffeeddccbbaa9988");
  EXPECT_EQ(shared.value("Tag.2.Key"), "");
  EXPECT_EQ(text_of(driver->record(), "StoreId"), "ffeeddccbbaa9988");
}

TEST_F(Ec2MachineTest, TakesAnotherName) {
  Json record = created()->record();
  record["MachineName"] = "db";
  ec2_.always("CreateTags", "<R/>");
  ec2_.forget_calls();
  type_->open(record, services_)->take_name("dev", task_);
  const auto tagged = ec2_.calls_of("CreateTags").at(0);
  EXPECT_EQ(tagged.value("ResourceId.1"), "i-1");
  EXPECT_EQ(tagged.value("ResourceId.2"), "key-1");
  EXPECT_EQ(tagged.value("Tag.1.Key") + "=" + tagged.value("Tag.1.Value"), "docker-machine:machine=db");
  EXPECT_EQ(tagged.value("Tag.2.Key") + "=" + tagged.value("Tag.2.Value"), "Name=db");
  EXPECT_EQ(tagged.value("Tag.3.Key"), "");
}

TEST_F(Ec2MachineTest, ChangesTagsAndOpensPorts) {
  Json former = created()->record();
  former["Tags"] = "a,1,b,2";
  FlagValues values;
  values.set("amazonec2-tags", std::string("b,3"));
  values.set("amazonec2-open-port", std::vector<std::string>{"8000"});
  const Json changed = type_->changed(former, values);
  for (const char* action : {"CreateTags", "DeleteTags"}) ec2_.always(action, "<R/>");
  ec2_.always("DescribeSecurityGroups",
              "<R><securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo></R>");
  ec2_.forget_calls();
  type_->open(changed, services_)
      ->apply(
          former, [] {}, task_);
  const auto tagged = ec2_.calls_of("CreateTags").at(0), untagged = ec2_.calls_of("DeleteTags").at(0);
  EXPECT_EQ(tagged.value("Tag.1.Key") + tagged.value("Tag.2.Key") + tagged.value("Tag.2.Value"), "Nameb3");
  EXPECT_EQ(untagged.value("Tag.1.Key") + untagged.value("Tag.2.Key"), "a");
  const auto opened = ec2_.calls_of("AuthorizeSecurityGroupIngress").back();
  EXPECT_TRUE(std::ranges::any_of(opened.parameters, [](const auto& pair) { return pair.second == "8000"; }));
  values.set("amazonec2-open-port", std::vector<std::string>{});
  EXPECT_TRUE(refusal([&] { type_->changed(changed, values); }).contains("the port 8000 stays open"));
}

TEST_F(Ec2MachineTest, ReadsARecordOfTheOriginal) {
  Json old = parse_json(
      R"({"IPAddress":"203.0.113.5","MachineName":"dev","SSHUser":"ubuntu","SSHPort":22,"StorePath":"/s",
          "AccessKey":"A","SecretKey":"S","Region":"eu-west-1","KeyName":"dev","InstanceId":"i-1",
          "SecurityGroupIds":["sg-1"],"SecurityGroupNames":["docker-machine"],"OpenPorts":null})");
  const auto driver = type_->open(old, services_);
  EXPECT_EQ(driver->endpoint().docker_url, "tcp://203.0.113.5:2376");
  driver->remove(task_);
  // Its groups were never removed by the original, and may be anybody's.
  EXPECT_EQ(ec2_.actions(), (std::vector<std::string>{"TerminateInstances", "DeleteKeyPair"}));
  EXPECT_EQ(ec2_.calls()[1].value("KeyName"), "dev");
}

TEST_F(Ec2MachineTest, IsLaunchedByAFleet) {
  ec2_.always("CreateLaunchTemplate",
              "<R><launchTemplate><launchTemplateId>lt-7</launchTemplateId></launchTemplate></R>");
  ec2_.will("CreateFleet", 200,
            "<R><fleetInstanceSet/><errorSet><item><errorCode>InsufficientInstanceCapacity</errorCode>"
            "</item></errorSet></R>");
  ec2_.always("CreateFleet",
              "<R><fleetInstanceSet><item><instanceIds><item>i-1</item></instanceIds></item>"
              "</fleetInstanceSet></R>");
  ec2_.always("DeleteLaunchTemplate", "<R/>");
  expect_create("create_fleet.txt", {{"use-fleet", true},
                                     {"request-spot-instance", true},
                                     {"spot-fallback", true},
                                     {"spot-allocation-strategy", std::string("price-capacity-optimized")},
                                     {"instance-type", std::vector<std::string>{"t2.micro", "t3.micro"}}});
}

}  // namespace
}  // namespace dm
