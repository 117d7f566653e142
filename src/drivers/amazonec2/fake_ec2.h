#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/amazonec2/amazonec2.h"
#include "drivers/driver.h"
#include "ssh/fake_ssh.h"

namespace dm {

/// An EC2 for tests: answers by the name of the action, with what a small account would say, or with what the
/// test prepared. Thread-safe.
class FakeEc2 final : public HttpClient {
 public:
  struct Call {
    std::string action;
    std::vector<std::pair<std::string, std::string>> parameters;  ///< decoded, without Action and Version
    HttpRequest request;

    std::string value(const std::string& name) const {
      for (const auto& [key, value] : parameters) {
        if (key == name) return value;
      }
      return {};
    }
  };

  /// What the next call of this action gets; several are used up in their order.
  void will(const std::string& action, int status, std::string body) {
    prepared_[action].push_back({.status = status, .body = std::move(body)});
  }
  void will_refuse(const std::string& action, const std::string& code, int status = 400) {
    will(action, status,
         "<Response><Errors><Error><Code>" + code + "</Code><Message>No, because of " + code +
             ".</Message></Error></Errors></Response>");
  }
  /// The next call of this action hears nothing until its time is over.
  void will_hang(const std::string& action) { will(action, 0, ""); }
  /// What every call of this action gets that nothing else was prepared for.
  void always(const std::string& action, std::string body) { usual_[action] = std::move(body); }

  const std::vector<Call>& calls() const { return calls_; }
  std::vector<std::string> actions() const {
    std::vector<std::string> names;
    for (const auto& call : calls_) names.push_back(call.action);
    return names;
  }
  std::vector<Call> calls_of(const std::string& action) const {
    std::vector<Call> found;
    std::ranges::copy_if(calls_, std::back_inserter(found),
                         [&](const Call& call) { return call.action == action; });
    return found;
  }
  void forget_calls() { calls_.clear(); }
  /// Of will() and will_refuse(): what nobody asked for.
  void forget_prepared() { prepared_.clear(); }

  HttpResponse send(const HttpRequest& request, Task& task) override {
    task.check();
    const std::scoped_lock guard(lock_);
    Call call{.request = request};
    for (const auto& part : split(request.body, '&')) {
      const auto equals = part.find('=');
      const std::string name = decoded(part.substr(0, equals));
      const std::string value = equals == std::string::npos ? "" : decoded(part.substr(equals + 1));
      if (name == "Action") call.action = value;
      if (name != "Action" && name != "Version") call.parameters.emplace_back(name, value);
    }
    calls_.push_back(call);
    auto& queue = prepared_[call.action];
    if (!queue.empty()) {
      HttpResponse response = queue.front();
      queue.pop_front();
      if (response.status == 0) task.pause(std::chrono::hours(1));
      return response;
    }
    if (call.value("DryRun") == "true")
      return {.status = 412,
              .body =
                  "<Response><Errors><Error><Code>DryRunOperation</Code><Message>Request would have "
                  "succeeded</Message></Error></Errors></Response>"};
    const auto usual = usual_.find(call.action);
    if (usual == usual_.end()) throw Error("the test has no answer for " + call.action);
    return {.status = 200, .body = usual->second};
  }

  std::vector<HttpOutcome> send_all(std::span<const HttpRequest>, Task&) override {
    throw std::logic_error("not needed here");
  }

 private:
  static std::string decoded(const std::string& text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        plain += text[i] == '+' ? ' ' : text[i];
        continue;
      }
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
    return plain;
  }

  static std::map<std::string, std::string> small_account() {
    return {
        {"DescribeSubnets",
         "<R><subnetSet><item><subnetId>subnet-b</subnetId><vpcId>vpc-1</vpcId>"
         "<availabilityZone>eu-west-1b</availabilityZone><availableIpAddressCount>9</availableIpAddressCount>"
         "<defaultForAz>true</defaultForAz></item><item><subnetId>subnet-a</subnetId><vpcId>vpc-1</vpcId>"
         "<availabilityZone>eu-west-1a</availabilityZone><availableIpAddressCount>9</availableIpAddressCount>"
         "<defaultForAz>true</defaultForAz></item></subnetSet></R>"},
        {"DescribeInstanceTypeOfferings",
         "<R><instanceTypeOfferingSet><item><instanceType>t2.micro</instanceType>"
         "<location>eu-west-1a</location></item><item><instanceType>t2.micro</instanceType>"
         "<location>eu-west-1b</location></item><item><instanceType>t3.micro</instanceType>"
         "<location>eu-west-1b</location></item></instanceTypeOfferingSet></R>"},
        {"DescribeInstanceTypes",
         "<R><instanceTypeSet><item><instanceType>t2.micro</instanceType><processorInfo>"
         "<supportedArchitectures><item>i386</item><item>x86_64</item></supportedArchitectures>"
         "</processorInfo></item><item><instanceType>t3.micro</instanceType><processorInfo>"
         "<supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo></item>"
         "</instanceTypeSet></R>"},
        {"DescribeImages",
         "<R><imagesSet>" +
             image("ami-old", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260101",
                   "2026-01-01T00:00:00.000Z") +
             image("ami-new", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251001",
                   "2025-10-01T00:00:00.000Z") +
             image("ami-newer", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251101",
                   "2025-11-01T00:00:00.000Z") +
             "</imagesSet></R>"},
        {"DescribeSecurityGroups", "<R><securityGroupInfo/></R>"},
        {"CreateSecurityGroup", "<R><groupId>sg-1</groupId></R>"},
        {"AuthorizeSecurityGroupIngress", "<R><return>true</return></R>"},
        {"DescribeSecurityGroupRules", "<R><securityGroupRuleSet/></R>"},
        {"DeleteSecurityGroup", "<R><return>true</return></R>"},
        {"ImportKeyPair", "<R><keyPairId>key-1</keyPairId></R>"},
        {"DeleteKeyPair", "<R><return>true</return></R>"},
        {"RunInstances", "<R>" + instance("i-1", "pending") + "</R>"},
        {"DescribeInstances", reservations(instance("i-1", "running"))},
        {"DescribeNetworkInterfaces", "<R><networkInterfaceSet/></R>"},
        {"TerminateInstances", "<R/>"},
        {"StartInstances", "<R/>"},
        {"StopInstances", "<R/>"},
    };
  }

 public:
  static std::string image(const std::string& id, const std::string& name, const std::string& date) {
    return "<item><imageId>" + id + "</imageId><name>" + name + "</name><architecture>x86_64</architecture>" +
           "<rootDeviceName>/dev/sda1</rootDeviceName><creationDate>" + date +
           "</creationDate><blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeSize>8"
           "</volumeSize></ebs></item><item><deviceName>/dev/sdf</deviceName><ebs><volumeSize>1</volumeSize>"
           "</ebs></item></blockDeviceMapping></item>";
  }
  static std::string instance(const std::string& id, const std::string& state,
                              const std::string& address = "203.0.113.5") {
    return "<instancesSet><item><instanceId>" + id + "</instanceId><instanceState><name>" + state +
           "</name></instanceState><instanceType>t2.micro</instanceType><subnetId>subnet-a</subnetId>" +
           "<placement><availabilityZone>eu-west-1a</availabilityZone></placement>" +
           (state == "running" ? "<ipAddress>" + address + "</ipAddress>" : "") +
           "<privateIpAddress>10.0.0.5</privateIpAddress></item></instancesSet>";
  }
  /// A network interface that uses a group.
  static std::string interface(const std::string& instance_id) {
    return "<R><networkInterfaceSet><item><attachment><instanceId>" + instance_id +
           "</instanceId></attachment></item></networkInterfaceSet></R>";
  }
  static std::string reservations(const std::string& instances, const std::string& token = "") {
    std::string text = "<R><reservationSet>";
    for (const auto& one : split(replace_all(instances, "<instancesSet>", "\n<instancesSet>"), '\n')) {
      if (!one.empty()) text += "<item>" + one + "</item>";
    }
    return text + "</reservationSet><nextToken>" + token + "</nextToken></R>";
  }

 private:
  std::mutex lock_;
  std::map<std::string, std::deque<HttpResponse>> prepared_;
  std::map<std::string, std::string> usual_ = small_account();
  std::vector<Call> calls_;
};

/// No program is started by what is tested.
class NoPrograms final : public ProcessRunner {
 public:
  CommandResult run(const LocalCommand& command, Task&) override {
    throw std::logic_error(command.arguments.at(0));
  }
  int run_in_foreground(const LocalCommand& command) override {
    throw std::logic_error(command.arguments.at(0));
  }
};

/// A log that keeps everything.
class Ec2Log final : public Log {
 public:
  void line(Level, std::string_view, std::string_view text) override { text_ += std::string(text) + "\n"; }
  void progress(std::string_view, std::string_view) override {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A store, an EC2, and a clock that does not wait.
class Ec2Test : public ::testing::Test {
 protected:
  Ec2Test() : store_(fs::temp_directory_path() / ("ec2-test-" + random_hex(12))) {
    make_folders(store_ / "machines" / "dev");
  }
  ~Ec2Test() override { fs::remove_all(store_); }

  static constexpr auto store_id = "00112233aabbccdd";

  FlagValues values(const std::map<std::string, FlagValue>& given = {}) {
    FlagValues values;
    for (const Flag& flag : type_->flags(services_, task_)) values.set(flag.name, default_value(flag));
    std::map<std::string, FlagValue> all{{"region", std::string("eu-west-1")},
                                         {"access-key", std::string("AKIDEXAMPLE")},
                                         {"secret-key", std::string("geheim")}};
    for (const auto& [name, value] : given) all[name] = value;
    for (const auto& [name, value] : all) {
      values.set("amazonec2-" + name, value);
      values.mark_given("amazonec2-" + name);
    }
    return values;
  }
  Json record(const std::map<std::string, FlagValue>& given = {}) {
    return type_->configure({.name = "dev", .store_path = store_.string(), .swarm = {}, .store_id = store_id},
                            values(given), services_, task_);
  }
  std::unique_ptr<Driver> machine(const std::map<std::string, FlagValue>& given = {}) {
    return type_->open(record(given), services_);
  }
  /// A machine that was created; what it took is forgotten.
  std::unique_ptr<Driver> created(const std::map<std::string, FlagValue>& given = {}) {
    auto driver = machine(given);
    driver->check(task_);
    driver->create([] {}, task_);
    ec2_.forget_calls();
    return driver;
  }
  /// What the work refuses with; empty if it succeeds.
  template <typename Work>
  static std::string refusal(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  /// All calls as text: what is made at random has its name instead.
  std::string transcript(const Json& made) const {
    std::string text;
    for (const auto& call : ec2_.calls()) {
      text += call.action + "\n";
      for (const auto& [name, value] : call.parameters) {
        const bool random = name.ends_with("UserData") || name == "PublicKeyMaterial";
        text += "  " + name + "=" + (random ? "(...)" : value) + "\n";
      }
    }
    text = replace_all(text, made["Id"].get<std::string>(), "(ID)");
    return replace_all(text, made["Id"].get<std::string>().substr(0, 8), "(ID8)");
  }

  const fs::path store_;
  FakeEc2 ec2_;
  FakeTranscript ssh_transcript_;
  FakeSshConnector ssh_{ssh_transcript_};
  NoPrograms processes_;
  FakeClock clock_;
  Ec2Log log_;
  StopSignal stop_;
  const Environment environment_{{{"HOME", store_.string()}}};
  const Services services_{ec2_, ssh_, processes_, clock_, environment_};
  Task task_{clock_, log_, stop_};
  const std::unique_ptr<DriverType> type_ = make_amazonec2_driver_type();
};

/// Holds a text against a file in testdata/; with DM_ACCEPT=1 it becomes the file.
inline void expect_golden_calls(const std::string& name, const std::string& text) {
  const fs::path path = fs::path(SOURCE_DIR) / "src/drivers/amazonec2/testdata" / name;
  const char* accept = std::getenv("DM_ACCEPT");
  if (accept != nullptr && *accept == '1') write_file(path, text, 0644);
  EXPECT_EQ(read_file_if_there(path).value_or(""), text)
      << "differs from " << name << "; DM_ACCEPT=1 takes the new text";
}

}  // namespace dm
