// The driver, with programs that are only played.
#include "drivers/qemu/qemu.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "drivers/qemu/acceleration.h"
#include "drivers/qemu/settings.h"
#include "http/fake_http.h"

namespace dm {
namespace {

class NoSsh final : public SshConnector {
  std::unique_ptr<SshSession> connect(const SshTarget&, Task&) override { throw Error("not in this test"); }
};

/// qemu and qemu-img as far as the driver needs them.
class FakePrograms final : public ProcessRunner {
 public:
  CommandResult run(const LocalCommand& command, Task&) override {
    lines.push_back(join(command.arguments, " "));
    const std::string& line = lines.back();
    if (!hanging.empty() && line.contains(hanging)) throw Error("timed out", Reason::timed_out);
    if (line.contains("--version")) return {.output = version + "\nCopyright\n"};
    if (line.contains("isa-debug-exit")) {
      if (trial == -1) throw Error("timed out", Reason::timed_out);
      return {.status = trial};
    }
    if (line.starts_with("qemu-img info"))
      return {.output = R"({"format": "qcow2", "virtual-size": 2147483648})"};
    if (line.starts_with("qemu-img create")) {
      write_file(command.folder / "disk.qcow2", "disk", 0600);
      return {};
    }
    write_file(command.folder / "console.log", line, 0600);
    if (refusals-- > 0) return {.status = 1, .error = refusal};
    return {};
  }
  int run_in_foreground(const LocalCommand&) override { return 1; }

  /// How often a line with `word` was run.
  long count(std::string_view word) const {
    return std::ranges::count_if(lines, [&](auto& line) { return line.contains(word); });
  }

  std::vector<std::string> lines;
  std::string version = "QEMU emulator version 7.2";
  int trial = 85;
  int refusals = 0;
  std::string hanging;  ///< what ends by its deadline only
  std::string refusal;
};

class Qemu : public testing::Test {
 protected:
  Qemu() {
    make_folders(machine_);
    write_file(root_ / "my.qcow2", "image", 0644);
    values("qemu-accel", std::string("tcg"));
    values("qemu-image", (root_ / "my.qcow2").string());
  }
  ~Qemu() override { dm::remove_all(root_); }

  void values(const std::string& flag, FlagValue value) { given_[flag] = std::move(value); }
  Json configure() {
    FlagValues all;
    for (const auto& flag : type_->flags(services_, task_)) all.set(flag.name, default_value(flag));
    for (const auto& [flag, value] : given_) all.set(flag, value);
    return type_->configure({.name = "dev", .store_path = root_ / "store"}, all, services_, task_);
  }
  std::unique_ptr<Driver> open(const Json& record) { return type_->open(record, services_); }
  std::unique_ptr<Driver> created() {
    auto driver = open(configure());
    driver->create([this] { ++saved_; }, task_);
    return driver;
  }
  std::vector<std::string> reserved() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "addresses")) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with('.')) names.push_back(name);
    }
    return names;
  }

  fs::path root_ = fs::temp_directory_path() / ("qemu_test-" + random_hex(8));
  fs::path machine_ = root_ / "store/machines/dev";
  std::map<std::string, FlagValue> given_;
  int saved_ = 0;
  FakeHttp http_;
  NoSsh ssh_;
  FakePrograms programs_;
  FakeClock clock_;
  Environment environment_;
  Services services_{http_, ssh_, programs_, clock_, environment_};
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
  std::unique_ptr<DriverType> type_ = make_qemu_driver_type(LoopbackAddresses(root_ / "addresses"));
};

TEST_F(Qemu, DeclaresItsFlags) {
  std::string text;
  for (const auto& flag : type_->flags(services_, task_)) text += flag.name + " " + flag.variable + "\n";
  EXPECT_EQ(text,
            "qemu-cpu-count QEMU_CPU_COUNT\nqemu-memory QEMU_MEMORY_SIZE\nqemu-disk-size QEMU_DISK_SIZE\n"
            "qemu-image QEMU_IMAGE\nqemu-image-checksum QEMU_IMAGE_CHECKSUM\nqemu-open-port QEMU_OPEN_PORT\n"
            "qemu-ssh-user QEMU_SSH_USER\nqemu-program QEMU_PROGRAM\nqemu-accel QEMU_ACCEL\n"
            "qemu-user-data QEMU_USER_DATA\n");
}

TEST_F(Qemu, KeepsItsRecord) {
  values("qemu-open-port", std::vector<std::string>{"8000", "53/udp"});
  Json record = configure();
  EXPECT_EQ(record["CPU"], 1);
  EXPECT_EQ(record["Memory"], 1024);
  EXPECT_EQ(record["DiskSize"], 20000);
  EXPECT_EQ(record["SSHUser"], "docker");
  EXPECT_EQ(record["IPAddress"], "");
  EXPECT_EQ(record["SSHKeyPath"], (machine_ / "id_rsa").string());
  EXPECT_EQ(record["UUID"].get<std::string>().size(), 36U);
  record["Future"] = Json{{"a", 1}};
  EXPECT_EQ(open(record)->record(), record);
}

TEST_F(Qemu, RefusesWrongValues) {
  const std::vector<std::pair<std::string, FlagValue>> wrong{
      {"qemu-memory", 1LL},
      {"qemu-disk-size", 0LL},
      {"qemu-accel", std::string("xen")},
      {"qemu-image-checksum", std::string("md5:1")},
      {"qemu-ssh-user", std::string()},
      {"qemu-open-port", std::vector<std::string>{"x"}},
      {"qemu-open-port", std::vector<std::string>{"2376"}},
      {"qemu-open-port", std::vector<std::string>{"80", "80/tcp"}},
  };
  const auto before = given_;
  for (const auto& [flag, value] : wrong) {
    given_ = before;
    values(flag, value);
    EXPECT_THROW(configure(), Error) << flag;
  }
}

TEST_F(Qemu, RefusesBeforeAnythingIsMade) {
  values("qemu-program", std::string("no-such-qemu"));
  try {
    open(configure())->check(task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::check_failed);
    EXPECT_TRUE(std::string(error.what()).starts_with("\"no-such-qemu\" is not installed."));
  }
}

TEST_F(Qemu, RefusesKvmForAnotherArchitecture) {
  const bool arm = architecture_of_computer() == Architecture::arm64;
  const fs::path program = root_ / program_for(arm ? Architecture::amd64 : Architecture::arm64);
  write_file(program, "", 0700);
  values("qemu-program", program.string());
  values("qemu-accel", std::string("kvm"));
  try {
    open(configure())->check(task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::check_failed);
    // Without its tools installed, those are missed first.
    EXPECT_TRUE(std::string(error.what()).contains("another architecture") ||
                std::string(error.what()).contains("sudo apt-get install"))
        << error.what();
  }
}

TEST_F(Qemu, SaysThatAProgramHangs) {
  programs_.hanging = "--version";
  const KvmTrial trial(root_ / "cache", "qemu-system-x86_64");
  try {
    trial.verdict(services_, task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::timed_out);
    EXPECT_TRUE(std::string(error.what()).starts_with("\"qemu-system-x86_64 --version\" does not end"));
  }
}

TEST_F(Qemu, AsksForTheVersionOnceIfKvmIsKnown) {
  const KvmTrial trial(root_ / "cache", "qemu-system-x86_64");
  trial.remember(KvmVerdict::works, services_, task_);
  trial.verdict(services_, task_);
  EXPECT_EQ(programs_.count("--version"), 2);  // one to remember, one to recall
}

TEST_F(Qemu, IsCreated) {
  const auto driver = created();
  const Json record = driver->record();
  const std::string address = text_of(record, "LoopbackAddress");
  EXPECT_EQ(reserved(), std::vector<std::string>{address});
  EXPECT_EQ(text_of(record, "IPAddress"), address);
  EXPECT_EQ(driver->endpoint().docker_url, "tcp://" + address + ":2376");
  EXPECT_GE(saved_, 1);
  EXPECT_EQ(programs_.count("-b ../../cache/qemu-"), 1);
  EXPECT_TRUE(programs_.lines.back().contains("-accel tcg")) << programs_.lines.back();
  for (const char* file : {"id_rsa", "known_hosts", "seed.iso"}) {
    struct stat status {};
    ASSERT_EQ(stat((machine_ / file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777U, private_file) << file;
  }
  const std::string pinned = read_file(machine_ / "known_hosts");
  EXPECT_TRUE(pinned.starts_with("dev ecdsa-sha2-nistp256 AAAA")) << pinned;
  EXPECT_TRUE(read_file(machine_ / "seed.iso").contains(std::string(trim(pinned)).substr(4)));
}

TEST_F(Qemu, LooksForAnotherAddressWhenAPortIsTakenMeanwhile) {
  programs_.refusals = 1;
  programs_.refusal = "qemu: Could not set up host forwarding rule 'tcp:127.1.1.1:2222-:22'";
  const auto driver = created();
  EXPECT_EQ(reserved(), std::vector<std::string>{driver->endpoint().address});
  EXPECT_EQ(programs_.count("-daemonize"), 2);
  EXPECT_EQ(programs_.count("tcp:" + driver->endpoint().address + ":2376"), 1);
}

TEST_F(Qemu, SaysWhyItDoesNotStart) {
  programs_.refusals = 9;
  programs_.refusal = "qemu: cannot set up guest memory\n";
  try {
    created();
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "qemu does not start: qemu: cannot set up guest memory");
  }
}

TEST_F(Qemu, ForgetsItsAddressWhenItDoesNotRunAndKeepsItReserved) {
  auto driver = created();
  const std::string address = driver->endpoint().address;
  EXPECT_EQ(driver->observe(task_).state, State::stopped);  // the played qemu does not run
  EXPECT_EQ(driver->endpoint().address, "");
  EXPECT_EQ(driver->endpoint().docker_url, "");
  EXPECT_EQ(text_of(driver->record(), "LoopbackAddress"), address);
  driver->power(Power::start, task_);
  EXPECT_EQ(driver->endpoint().address, address);
  EXPECT_TRUE(fs::exists(machine_ / "console.log.1"));
  driver->power(Power::stop, task_);
  EXPECT_EQ(driver->endpoint().address, "");
}

TEST_F(Qemu, TakesItsAddressAlongToAnotherName) {
  auto driver = created();
  driver->check_rename(task_);  // the played qemu does not run
  Json record = driver->record();
  fs::rename(machine_, root_ / "store/machines/box");
  record["MachineName"] = "box";
  driver = open(record);
  driver->take_name("dev", task_);
  const std::string address = text_of(record, "LoopbackAddress");
  EXPECT_TRUE(read_file(root_ / "addresses" / address).contains("machines/box\""));
  driver->power(Power::start, task_);
  EXPECT_EQ(driver->endpoint().address, address);
  EXPECT_EQ(programs_.count("guest=box"), 1);
}

TEST_F(Qemu, ChangesWhatItReadsWhenItStarts) {
  FlagValues values;
  values.set("qemu-memory", 2048LL);
  values.set("qemu-open-port", std::vector<std::string>{"8000"});
  const Json record = created()->record(), changed = type_->changed(record, values);
  open(changed)->power(Power::start, task_);
  EXPECT_TRUE(programs_.lines.back().contains(" -m 2048M ")) << programs_.lines.back();
  EXPECT_TRUE(programs_.lines.back().contains(":8000")) << programs_.lines.back();
  values.set("qemu-open-port", std::vector<std::string>{std::to_string(number_of(record, "SSHPort"))});
  EXPECT_THROW(type_->changed(record, values), Error);
}

TEST_F(Qemu, IsInErrorWithoutADisk) {
  auto driver = open(configure());
  EXPECT_EQ(driver->observe(task_).state, State::error);
  EXPECT_THROW(driver->power(Power::start, task_), Error);
}

TEST_F(Qemu, LeavesNothingBehind) {
  auto driver = created();
  // As if the run had been killed between the reservation and the next save.
  Json record = driver->record();
  record["LoopbackAddress"] = "";
  open(record)->remove(task_);
  EXPECT_EQ(reserved(), std::vector<std::string>{});
  for (const char* file : {"disk.qcow2", "seed.iso", "console.log"})
    EXPECT_FALSE(fs::exists(machine_ / file)) << file;
  dm::remove_all(machine_);
  EXPECT_NO_THROW(open(record)->remove(task_));
}

TEST_F(Qemu, IsSurveyedWithOthers) {
  auto one = created();
  auto two = open(configure());
  const std::vector<Driver*> both{one.get(), two.get()};
  const auto outcomes = type_->survey(both, task_);
  ASSERT_EQ(outcomes.size(), 2U);
  for (const auto& outcome : outcomes) {
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.observation.state, State::stopped);
  }
  stop_.raise();
  EXPECT_THROW(type_->survey(both, task_), Cancelled);
}

TEST_F(Qemu, TriesKvmOnce) {
  const KvmTrial trial(root_ / "cache", "qemu-system-x86_64");
  EXPECT_EQ(trial.verdict(services_, task_), KvmVerdict::plausible);
  EXPECT_EQ(trial.verdict(services_, task_), KvmVerdict::plausible);
  trial.remember(KvmVerdict::works, services_, task_);
  programs_.trial = 0;  // would fail now
  EXPECT_EQ(trial.verdict(services_, task_), KvmVerdict::works);
  if (architecture_of_computer() != Architecture::amd64) return;
  EXPECT_EQ(programs_.count("isa-debug-exit"), 1);
  programs_.version = "QEMU emulator version 9.0";
  EXPECT_EQ(trial.verdict(services_, task_), KvmVerdict::broken);
  programs_.version = "QEMU emulator version 9.1";
  programs_.trial = -1;  // hangs
  EXPECT_EQ(trial.verdict(services_, task_), KvmVerdict::broken);
  EXPECT_EQ(programs_.count("isa-debug-exit"), 3);
  EXPECT_EQ(programs_.count("-kernel .qemu-trial-"), 3);
  size_t left = 0;
  for (const auto& entry : fs::directory_iterator(root_ / "cache")) {
    left += entry.path().filename().string().starts_with(".qemu-trial");
  }
  EXPECT_EQ(left, 0U);
}

}  // namespace
}  // namespace dm
