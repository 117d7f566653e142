// Waiting for a machine, and asking again.
#include "provision/remote_host.h"

#include "provision/provision_test.h"

namespace dm {
namespace {

const Error refused("ssh: unable to authenticate", Reason::authentication_failed);
const Error silent("dial tcp 192.0.2.7:22: connection refused", Reason::unreachable);
const Error hanging("the command did not end in time", Reason::timed_out);

class RemoteHostTest : public ::testing::Test, protected PlayedTask {
 protected:
  std::chrono::seconds waited() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock.steady() - started_);
  }
  std::string failure_of_waiting() {
    try {
      host.wait_until_reachable(task);
    } catch (const Error& error) {
      reason = error.reason();
      return error.what();
    }
    return "no failure";
  }

  FakeTranscript transcript;
  FakeSshConnector connector{transcript};
  RemoteHost host{connector, {.host = "192.0.2.7"}};
  Reason reason = Reason::failed;

 private:
  std::chrono::steady_clock::time_point started_ = clock.steady();
};

TEST_F(RemoteHostTest, OneConnectionServesAllCommands) {
  transcript.expect("exit 0").expect("uptime", {.output = "long\n"}).expect("date");
  host.wait_until_reachable(task);
  EXPECT_EQ(host.ask({.line = "uptime"}, task).output, "long\n");
  host.run({.line = "date"}, task);
  EXPECT_EQ(connector.connects(), 1U);
}

TEST_F(RemoteHostTest, WaitsForAMachineThatBoots) {
  for (int i = 0; i < 20; ++i) connector.fail_next(silent);
  connector.fail_next(refused);
  transcript.expect("exit 0", {.status = 1, .output = "System is booting up."}).expect("exit 0");
  EXPECT_TRUE(host.wait_until_reachable(task).ok());
  EXPECT_EQ(connector.connects(), 23U);
}

TEST_F(RemoteHostTest, GivesUpOnSilenceWithTheLastReason) {
  for (int i = 0; i < 1000; ++i) connector.fail_next(silent);
  EXPECT_EQ(failure_of_waiting(),
            "Too many retries waiting for SSH to be available.  Last error: dial tcp 192.0.2.7:22: "
            "connection refused");
  EXPECT_EQ(reason, Reason::unreachable);
  EXPECT_EQ(waited(), std::chrono::minutes(5));
}

TEST_F(RemoteHostTest, GivesUpOnRefusalsAfterAMinute) {
  for (int i = 0; i < 10; ++i) connector.fail_next(silent);
  for (int i = 0; i < 1000; ++i) connector.fail_next(refused);
  EXPECT_EQ(failure_of_waiting(),
            "Too many retries waiting for SSH to be available.  Last error: ssh: unable to authenticate");
  EXPECT_EQ(reason, Reason::authentication_failed);
  EXPECT_GE(waited(), std::chrono::seconds(60));
  EXPECT_LT(waited(), std::chrono::seconds(110));
}

TEST_F(RemoteHostTest, GivesUpOnAnAccountThatRunsNothing) {
  transcript.allow("exit 0", {.status = 1, .output = "This account is currently not available.\n"});
  EXPECT_EQ(
      failure_of_waiting(),
      "Too many retries waiting for SSH to be available.  Last error: ssh command error: exit status 1: "
      "This account is currently not available.");
}

TEST_F(RemoteHostTest, DoesNotTryAgainWithAChangedHostKey) {
  connector.fail_next(Error("the host key of \"dev\" has changed", Reason::host_key_changed));
  EXPECT_EQ(failure_of_waiting(), "the host key of \"dev\" has changed");
  EXPECT_EQ(connector.connects(), 1U);
}

TEST_F(RemoteHostTest, DoesNotTryAgainWithAKeyThatCannotBeRead) {
  connector.fail_next(Error("open /no/key: no such file or directory", Reason::not_found));
  EXPECT_EQ(failure_of_waiting(), "open /no/key: no such file or directory");
}

TEST_F(RemoteHostTest, AHangingProbeIsTriedTwice) {
  transcript.expect_failure("exit 0", hanging).expect_failure("exit 0", hanging);
  EXPECT_EQ(failure_of_waiting(),
            "Too many retries waiting for SSH to be available.  Last error: the command did not end in time");
  EXPECT_EQ(connector.connects(), 2U);
}

TEST_F(RemoteHostTest, AStopEndsTheWaiting) {
  for (int i = 0; i < 1000; ++i) connector.fail_next(silent);
  stop.raise();
  EXPECT_THROW(host.wait_until_reachable(task), Cancelled);
}

TEST_F(RemoteHostTest, AHangingQuestionIsAskedOnceMoreOnANewConnection) {
  transcript.expect_failure("look", hanging).expect("look", {.output = "seen"});
  EXPECT_EQ(host.ask({.line = "look"}, task).output, "seen");
  EXPECT_EQ(connector.connects(), 2U);
}

TEST_F(RemoteHostTest, AQuestionThatHangsTwiceFails) {
  transcript.expect_failure("look", hanging).expect_failure("look", hanging);
  EXPECT_THROW(host.ask({.line = "look"}, task), Error);
}

TEST_F(RemoteHostTest, ACommandThatChangesSomethingIsNotRepeated) {
  transcript.expect_failure("change", hanging).expect("look");
  EXPECT_THROW(host.run({.line = "change"}, task), Error);
  host.run({.line = "look"}, task);
  EXPECT_EQ(connector.connects(), 2U);
}

}  // namespace
}  // namespace dm
