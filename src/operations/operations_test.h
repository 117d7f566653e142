#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/strings.h"
#include "http/fake_http.h"
#include "operations/runtime.h"
#include "ssh/fake_ssh.h"

namespace dm {

/// Operations on a store of their own, with everything around them played; alice is the user.
class OperationsFixture : public ::testing::Test {
 protected:
  explicit OperationsFixture(std::function<DriverType&(const std::string&)> driver_type = driver_named)
      : home_(fs::temp_directory_path() / ("operations-test-" + random_hex(12))),
        store_(home_.string()),
        runtime_{store_, services_, std::move(driver_type)} {}
  ~OperationsFixture() override { fs::remove_all(home_); }

  /// What the Error says that leaves `work`, or "".
  static std::string message(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  const fs::path home_;
  const Store store_;
  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  SystemProcessRunner processes_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  const Environment environment_{{{"USER", "alice"}}};
  Task task_{clock_, log_, stop_};
  const Services services_{http_, ssh_, processes_, clock_, environment_};
  const Runtime runtime_;
};

}  // namespace dm
