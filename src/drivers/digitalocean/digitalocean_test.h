#pragma once
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/digitalocean/digitalocean.h"
#include "http/fake_http.h"
#include "ssh/fake_ssh.h"

namespace dm {

/// A log that keeps what it is told.
class WrittenLog final : public Log {
 public:
  void line(Level, std::string_view, std::string_view text) override { text_ += std::string(text) + "\n"; }
  void progress(std::string_view, std::string_view) override {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The driver with a DigitalOcean that says what a test wants.
class DigitalOceanTest : public ::testing::Test {
 protected:
  DigitalOceanTest() { make_folders(root_); }
  ~DigitalOceanTest() override { dm::remove_all(root_); }

  void give(const std::string& flag, FlagValue value) { given_["digitalocean-" + flag] = std::move(value); }
  FlagValues values() {
    FlagValues all;
    for (const auto& flag : type_->flags(services_, task_)) all.set(flag.name, default_value(flag));
    for (const auto& [flag, value] : given_) all.set(flag, value);
    return all;
  }
  Json configure() {
    Json record = type_->configure({.name = "web.One",
                                    .store_path = (root_ / "store").string(),
                                    .swarm = {},
                                    .store_id = "0123456789abcdef"},
                                   values(), services_, task_);
    record["Id"] = "00000000000000aa";
    return record;
  }
  std::unique_ptr<Driver> open(const Json& record) { return type_->open(record, services_); }
  /// A machine that has a droplet for a long time.
  Json old_record() {
    Json record = configure();
    record["DropletID"] = 7;
    record["DropletRequested"] = 1;
    record["SSHKeyID"] = 8;
    record["IPAddress"] = "192.0.2.7";
    return record;
  }
  void answer(int status, const Json& body = nullptr) {
    http_.will_answer(status, body.is_null() ? "" : body.dump());
  }
  /// A droplet as the API shows it.
  static Json droplet(long long id, const std::string& status, const std::vector<std::string>& addresses) {
    Json v4 = Json::array();
    for (const auto& address : addresses) v4.push_back({{"ip_address", address}, {"type", "public"}});
    v4.push_back({{"ip_address", "10.0.0.7"}, {"type", "private"}});
    return {{"id", id}, {"status", status}, {"networks", {{"v4", v4}}}, {"tags", Json::array()}};
  }
  /// What was asked from request `first` on, a line each.
  std::string asked(size_t first = 0) const {
    std::string text;
    for (size_t i = first; i < http_.requests().size(); ++i) {
      const HttpRequest& request = http_.requests()[i];
      text += request.method + " " +
              replace_all(replace_all(request.url, "https://api.digitalocean.com", ""), "/v2/", "") +
              (request.body.empty() ? "" : " " + request.body) + "\n";
    }
    return text;
  }

  const fs::path root_ = fs::temp_directory_path() / ("digitalocean-test-" + random_hex(8));
  std::map<std::string, FlagValue> given_{{"digitalocean-access-token", std::string("dop_v1_secret")}};
  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  SystemProcessRunner processes_;
  FakeClock clock_;
  const Environment environment_;
  const Services services_{http_, ssh_, processes_, clock_, environment_};
  WrittenLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
  /// Files have the calendar's time, which the fake clock knows nothing of: every poll asks.
  std::unique_ptr<DriverType> type_ = make_digitalocean_driver_type({.shared = Milliseconds(-1)});
};

}  // namespace dm
