// One call for many who wait.
#include "drivers/shared_answer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/strings.h"

namespace dm {
namespace {

class SharedAnswerTest : public ::testing::Test {
 protected:
  SharedAnswerTest() : folder_(fs::temp_directory_path() / ("shared-answer-test-" + random_hex(12))) {}
  ~SharedAnswerTest() override { fs::remove_all(folder_); }

  Json ask(const std::string& key, Milliseconds age) {
    Task task(clock_, log_, stop_);
    return shared_answer(folder_, key, age, task, [&] { return Json(++asked_); });
  }

  const fs::path folder_;
  std::atomic<int> asked_ = 0;
  SystemClock clock_;
  SilentLog log_;
  StopSignal stop_;
};

TEST_F(SharedAnswerTest, IsAskedForOnceByAll) {
  std::vector<std::jthread> threads;
  std::atomic<int> sum = 0;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { sum += ask("us-east-1", std::chrono::hours(1)).get<int>(); });
  threads.clear();
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(sum, 8);
}

TEST_F(SharedAnswerTest, GrowsOld) {
  ask("us-east-1", std::chrono::hours(1));
  for (const auto& entry : fs::directory_iterator(folder_))
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(ask("us-east-1", std::chrono::hours(1)), Json(2));
  for (const auto& entry : fs::directory_iterator(folder_))
    fs::last_write_time(entry, fs::file_time_type::clock::now() + std::chrono::hours(2));
  EXPECT_EQ(ask("us-east-1", std::chrono::hours(1)), Json(3));
}

TEST_F(SharedAnswerTest, BelongsToItsKey) {
  EXPECT_EQ(ask("us-east-1", std::chrono::hours(1)), Json(1));
  EXPECT_EQ(ask("us-west-2", std::chrono::hours(1)), Json(2));
}

TEST_F(SharedAnswerTest, IsNoneAfterAFailure) {
  Task task(clock_, log_, stop_);
  EXPECT_THROW(shared_answer(folder_, "k", std::chrono::hours(1), task, []() -> Json { throw Error("no"); }),
               Error);
  EXPECT_EQ(ask("k", std::chrono::hours(1)), Json(1));
}

}  // namespace
}  // namespace dm
