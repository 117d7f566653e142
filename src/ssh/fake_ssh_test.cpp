// The fakes that other layers test with.
#include "ssh/fake_ssh.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

class FakeSsh : public testing::Test {
 protected:
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
  FakeTranscript transcript_;
  FakeSshConnector connector_{transcript_};
};

TEST_F(FakeSsh, AnswersInOrderAndRemembers) {
  transcript_.expect("one", {.status = 3}).expect_prefix("two ", {.output = "2"}).expect_regex("^th.*e$");
  transcript_.allow("sleep");
  const auto session = connector_.connect({}, task_);
  EXPECT_EQ(session->run({.line = "one", .input = "in"}, task_).status, 3);
  session->run({.line = "sleep 1"}, task_);
  std::string streamed;
  const auto result =
      session->run({.line = "two x", .output = [&](std::string_view text) { streamed += text; }}, task_);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(streamed, "2");
  EXPECT_EQ(transcript_.missing(), std::vector<std::string>{"^th.*e$"});
  session->run({.line = "three"}, task_);
  EXPECT_EQ(transcript_.lines(), (std::vector<std::string>{"one", "sleep 1", "two x", "three"}));
  EXPECT_EQ(transcript_.commands().front().input, "in");
  EXPECT_TRUE(transcript_.missing().empty());
}

TEST_F(FakeSsh, AnUnexpectedCommandIsNoFailureThatCodeCouldSwallow) {
  transcript_.expect("one");
  const auto session = connector_.connect({}, task_);
  EXPECT_THROW(session->run({.line = "other"}, task_), std::logic_error);
}

TEST_F(FakeSsh, FailsAsTold) {
  connector_.fail_next(Error("no", Reason::unreachable));
  EXPECT_THROW(connector_.connect({}, task_), Error);
  transcript_.expect_failure("hang", Error("late", Reason::timed_out));
  const auto session = connector_.connect({.host = "h"}, task_);
  EXPECT_THROW(session->run({.line = "hang"}, task_), Error);
  EXPECT_EQ(connector_.connects(), 2U);
  EXPECT_EQ(connector_.targets().back().host, "h");
}

}  // namespace
}  // namespace dm
