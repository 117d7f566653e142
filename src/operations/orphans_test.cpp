// What is left at providers, on a fake of one.
#include "operations/orphans.h"

#include "operations/create.h"
#include "operations/operations_test.h"
#include "operations/remove.h"

namespace dm {
namespace {

/// A provider as the tests set it up, and what was asked of it.
struct Provider {
  std::vector<Possession> possessions;
  std::function<void()> while_searched = [] {};
  std::function<void()> while_created = [] {};
  std::optional<Error> refusal;
  int removed = 0;
  std::vector<std::string> disposed;
};

class RentedDriver final : public Driver {
 public:
  RentedDriver(Json record, Provider& provider) : record_(std::move(record)), provider_(provider) {}
  void create(const Save&, Task&) override { provider_.while_created(); }
  void power(Power, Task&) override {}
  void remove(Task&) override {
    if (provider_.refusal) throw *provider_.refusal;
    ++provider_.removed;
  }
  Observation observe(Task&) override { return {State::running, {}}; }
  Endpoint endpoint() const override { return {}; }
  Json record() const override { return record_; }

 private:
  Json record_;
  Provider& provider_;
};

class RentedType final : public DriverType {
 public:
  explicit RentedType(Provider& provider) : provider_(provider) {}
  const std::string& name() const override { return name_; }
  std::vector<Flag> flags(const Services&, Task&) override { return {}; }
  Json configure(const NewMachine&, const FlagValues&, const Services&, Task&) override { return {}; }
  std::unique_ptr<Driver> open(const Json& record, const Services&) override {
    return std::make_unique<RentedDriver>(record, provider_);
  }
  Traits traits() const override { return {.provisioned = false}; }
  std::string account_of(const Json&) const override { return "the account"; }
  std::vector<Possession> possessions(const Json&, const std::string&, const Services&, Task&) override {
    provider_.while_searched();
    return provider_.possessions;
  }
  void dispose(const Json&, const Possession& possession, const Services&, Task&) override {
    provider_.disposed.push_back(possession.id);
  }

 private:
  const std::string name_ = "rented";
  Provider& provider_;
};

class OrphansTest : public OperationsFixture {
 protected:
  void add(const std::string& name, const std::string& id, const Notes& notes = {}) {
    store_.add({.name = name,
                .driver_name = "rented",
                .driver = {{"InstanceId", id}},
                .auth = store_.default_auth(name)},
               notes);
  }
  std::vector<std::string> orphans() {
    std::vector<std::string> ids;
    for (const auto& orphan : find_orphans(rented_, std::nullopt, task_).found)
      ids.push_back(orphan.possession.id);
    return ids;
  }
  using Ids = std::vector<std::string>;

  Provider provider_;
  RentedType type_{provider_};
  const Runtime rented_{store_, services_, [this](const std::string&) -> DriverType& { return type_; }};
};

TEST_F(OrphansTest, AreWhatNoMachineHereIsKnownToHave) {
  add("web", "i-1");
  provider_.possessions = {{"web", "instance", "i-1", "here"},
                           {"web", "instance", "i-old", "here"},
                           {"db", "instance", "i-2", "here"},
                           {"", "group", "sg-1", "here"}};
  EXPECT_EQ(orphans(), (Ids{"i-old", "i-2", "sg-1"}));
}

TEST_F(OrphansTest, AreNotWhatARenamedMachineHasUnderItsFormerName) {
  add("web", "i-1");
  provider_.possessions = {{"old", "instance", "i-1", "here"}, {"old", "instance", "i-2", "here"}};
  EXPECT_EQ(orphans(), Ids{"i-2"});
}

TEST_F(OrphansTest, AreNotWhatAnUnfinishedMachineMayHave) {
  add("web", "", {.unfinished = true});
  provider_.possessions = {{"web", "instance", "i-1", "here"}, {"", "group", "sg-1", "here"}};
  EXPECT_EQ(orphans(), Ids{});
}

TEST_F(OrphansTest, AreNotWhatAMachineMayHaveWhoseFileCannotBeRead) {
  add("db", "i-2");
  add("web", "i-1");
  write_file(store_.machine_folder("web") + "/config.json", "{", private_file);
  provider_.possessions = {{"web", "instance", "i-1", "here"}, {"", "group", "sg-1", "here"}};
  EXPECT_EQ(orphans(), Ids{});
}

TEST_F(OrphansTest, AreNotWhatIsBegunWhileTheProviderIsAsked) {
  add("db", "i-2");
  provider_.possessions = {{"web", "instance", "i-1", "here"}};
  provider_.while_searched = [&] { add("web", "", {.unfinished = true}); };
  EXPECT_EQ(orphans(), Ids{});
}

TEST_F(OrphansTest, AreWhatForceCouldNotRemoveUntilItIsGone) {
  add("web", "i-1");
  provider_.possessions = {{"web", "instance", "i-1", "here"}};
  provider_.refusal = Error("403 not allowed");
  EXPECT_TRUE(remove_machine_by_force(rented_, "web", task_));
  EXPECT_FALSE(store_.exists("web"));
  auto found = find_orphans(rented_, std::nullopt, task_).found;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].why, "403 not allowed");
  EXPECT_THROW(remove_orphan(rented_, found[0], task_), Error);
  EXPECT_EQ(store_.remains().size(), 1U);
  provider_.refusal.reset();
  remove_orphan(rented_, found[0], task_);
  EXPECT_EQ(provider_.removed, 1);
  EXPECT_TRUE(store_.remains().empty());
  found = find_orphans(rented_, Account{&type_, Json::object()}, task_).found;
  ASSERT_EQ(found.size(), 1U);
  remove_orphan(rented_, found[0], task_);
  EXPECT_EQ(provider_.disposed, Ids{"i-1"});
}

TEST_F(OrphansTest, OfAFileThatCannotBeReadAreNotedAsTheyAre) {
  add("web", "i-1");
  write_file(store_.machine_folder("web") + "/config.json", "{\"Driver\":", private_file);
  EXPECT_TRUE(remove_machine_by_force(rented_, "web", task_));
  ASSERT_EQ(store_.remains().size(), 1U);
  EXPECT_EQ(text_of(store_.remains()[0].driver, "Unreadable"), "{\"Driver\":");
  forget_orphan(rented_, find_orphans(rented_, std::nullopt, task_).found.at(0));
  EXPECT_TRUE(store_.remains().empty());
}

TEST_F(OrphansTest, OfACreationThatWasForgottenMeanwhileAreRemovedOrNoted) {
  CreateRequest request{.name = "web", .type = &type_, .auth = store_.default_auth("web")};
  request.record = {{"InstanceId", "i-1"}};
  provider_.while_created = [&] {
    store_.forget("web", Locks::stay);
    throw Error("was removed in the meantime");
  };
  EXPECT_THROW(create_machine(rented_, request, task_), Error);
  EXPECT_EQ(provider_.removed, 1);
  EXPECT_TRUE(store_.remains().empty());
  provider_.refusal = Error("503");
  EXPECT_THROW(create_machine(rented_, request, task_), Error);
  ASSERT_EQ(store_.remains().size(), 1U);
  EXPECT_EQ(text_of(store_.remains()[0].driver, "InstanceId"), "i-1");
}

TEST_F(OrphansTest, OfACreationThatFailsAreRemovedIfTheUserWantsIt) {
  CreateRequest request{.name = "web", .type = &type_, .auth = store_.default_auth("web")};
  request.record = {{"InstanceId", "i-1"}};
  provider_.while_created = [] { throw Error("no"); };
  EXPECT_THROW(create_machine(rented_, request, task_), Error);
  EXPECT_TRUE(store_.exists("web"));
  EXPECT_EQ(provider_.removed, 0);
  store_.forget("web", Locks::go);
  request.on_failure = OnFailure::remove;
  EXPECT_THROW(create_machine(rented_, request, task_), Error);
  EXPECT_FALSE(store_.exists("web"));
  EXPECT_EQ(provider_.removed, 1);
}

}  // namespace
}  // namespace dm
