// What every driver promises, asked of every row of the catalogue.
#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "drivers/catalogue.h"
#include "drivers/settings.h"
#include "http/fake_http.h"
#include "ssh/fake_ssh.h"

namespace dm {
namespace {

/// Local programs are not to be started either.
class NoProcesses final : public ProcessRunner {
 public:
  CommandResult run(const LocalCommand& command, Task&) override {
    throw std::logic_error(command.arguments.at(0));
  }
  int run_in_foreground(const LocalCommand& command) override {
    throw std::logic_error(command.arguments.at(0));
  }
};

class DriverContract : public ::testing::TestWithParam<DriverType*> {
 protected:
  /// The values that a command line would give which says only what a driver insists on.
  FlagValues values() {
    FlagValues values;
    for (const Flag& flag : type().flags(services_, task_)) values.set(flag.name, default_value(flag));
    for (const auto& [flag, value] : {std::pair{"url", "tcp://192.0.2.1:2376"},
                                      {"generic-ip-address", "192.0.2.1"},
                                      {"digitalocean-access-token", "token"}}) {
      if (values.knows(flag)) values.set(flag, std::string(value));
    }
    return values;
  }
  Json record() { return type().configure({"m", "/nowhere/store", {}}, values(), services_, task_); }
  DriverType& type() { return *GetParam(); }

  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  NoProcesses processes_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Environment environment_;
  Task task_{clock_, log_, stop_};
  Services services_{http_, ssh_, processes_, clock_, environment_};
};

TEST_P(DriverContract, IsFoundByItsName) { EXPECT_EQ(&driver_named(type().name()), &type()); }

TEST_P(DriverContract, DescribesEachFlagOnce) {
  std::set<std::string> names;
  for (const Flag& flag : type().flags(services_, task_)) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_FALSE(flag.help.empty()) << flag.name;
    EXPECT_EQ(default_value(flag).index(), static_cast<size_t>(flag.kind)) << flag.name;
    // "none" has the original's --url; all others carry the driver's name.
    if (type().name() != "none") EXPECT_TRUE(flag.name.starts_with(type().name() + "-")) << flag.name;
  }
}

TEST_P(DriverContract, BeginsItsRecordWithTheNineCommonKeys) {
  const Json made = record();
  std::vector<std::string> keys;
  for (const auto& item : made.items()) keys.push_back(item.key());
  keys.resize(9);
  EXPECT_EQ(keys, (std::vector<std::string>{"IPAddress", "MachineName", "SSHUser", "SSHPort", "SSHKeyPath",
                                            "StorePath", "SwarmMaster", "SwarmHost", "SwarmDiscovery"}));
  EXPECT_EQ(text_of(made, "MachineName"), "m");
  EXPECT_EQ(text_of(made, "StorePath"), "/nowhere/store");
}

TEST_P(DriverContract, KeepsItsRecordAndKeysThatItDoesNotKnow) {
  Json made = record();
  made["Future"] = {{"a", 1}};
  EXPECT_EQ(type().open(made, services_)->record(), made);
}

TEST_P(DriverContract, SaysOfEachFlagWhatItTakesToChangeIt) {
  const Json made = record();
  std::vector<std::string> flags, settings;
  for (const Flag& flag : type().flags(services_, task_)) flags.push_back(flag.name);
  for (const auto& setting : type().settings(made)) {
    settings.push_back(setting.flag.name);
    EXPECT_EQ(setting.value.index(), static_cast<size_t>(setting.flag.kind)) << setting.flag.name;
  }
  EXPECT_EQ(settings, flags);
}

TEST_P(DriverContract, ChangesWhatCanChangeAndNothingElse) {
  const Json made = record();
  EXPECT_EQ(type().changed(made, {}), made);
  for (const auto& setting : type().settings(made)) {
    if (setting.change == Change::fixed || setting.flag.kind != FlagKind::number) continue;
    FlagValues values;
    values.set(setting.flag.name, 4711LL);
    const Json changed = type().changed(made, values);
    EXPECT_NE(changed, made) << setting.flag.name;
    EXPECT_EQ(type().open(changed, services_)->record(), changed);
    for (const auto& other : type().settings(changed)) {
      if (other.flag.name == setting.flag.name) EXPECT_EQ(other.value, FlagValue(4711LL));
    }
  }
  EXPECT_TRUE(http_.requests().empty());
}

TEST_P(DriverContract, AnswersFromItsRecordAndAsksNobody) {
  const auto driver = type().open(record(), services_);
  driver->endpoint();
  driver->record();
  EXPECT_TRUE(http_.requests().empty());
  EXPECT_EQ(ssh_.connects(), 0U);
}

TEST_P(DriverContract, SurveysNobodyAtOnce) { EXPECT_TRUE(type().survey({}, task_).empty()); }

INSTANTIATE_TEST_SUITE_P(Catalogue, DriverContract,
                         ::testing::ValuesIn(std::vector<DriverType*>(built_in_drivers().begin(),
                                                                      built_in_drivers().end())),
                         [](const auto& info) { return info.param->name(); });

}  // namespace
}  // namespace dm
