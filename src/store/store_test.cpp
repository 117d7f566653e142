// The store: one step writes, unknown keys, moved folders, the original's errors.
#include "store/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/strings.h"

namespace dm {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : home_(fs::temp_directory_path() / ("store-test-" + random_hex(12))), store_(home_.string()) {
    fs::create_directories(home_);
  }
  ~StoreTest() override { fs::remove_all(home_); }

  Machine machine(const std::string& name) const {
    Machine machine{
        .name = name, .driver_name = "none", .driver = Json::object(), .auth = store_.default_auth(name)};
    machine.driver["MachineName"] = name;
    machine.driver["StorePath"] = store_.path();
    machine.engine.install_url = "https://get.docker.com";
    return machine;
  }

  static unsigned mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }

  static std::string message(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  fs::path home_;
  Store store_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
};

TEST_F(StoreTest, WritesTheOriginalsFileByteForByte) {
  Machine recorded{.name = "web-1",
                   .driver_name = "none",
                   .auth = Store("/home/user/.docker/machine").default_auth("web-1")};
  recorded.driver =
      Json::parse(R"({"IPAddress": "192.0.2.7:2376", "MachineName": "web-1", "SSHUser": "", "SSHPort": 0,
    "SSHKeyPath": "", "StorePath": "/home/user/.docker/machine", "SwarmMaster": false, "SwarmHost": "",
    "SwarmDiscovery": "", "URL": "tcp://192.0.2.7:2376"})");
  recorded.engine.install_url = "https://get.docker.com";
  EXPECT_EQ(go_json(document_of(recorded), 4), read_file(SOURCE_DIR "/src/store/testdata/config-none.json"));
}

TEST_F(StoreTest, ReadsTheOriginalsFileAndWritesItBackUnchanged) {
  const std::string original = read_file(SOURCE_DIR "/src/store/testdata/config-generic.json");
  fs::create_directories(store_.machine_folder("gen-1"));
  const std::string here = replace_all(original, "/home/user/.docker/machine", store_.path());
  write_file(store_.machine_folder("gen-1") + "/config.json", here, private_file);
  const Machine machine = store_.load("gen-1");
  EXPECT_EQ(machine.engine.labels, std::vector<std::string>{"tier=test"});
  EXPECT_EQ(go_json(document_of(machine), 4), here);
}

TEST_F(StoreTest, KeepsKeysThatWeDoNotKnow) {
  store_.add(machine("a"), {});
  Json document = Json::parse(read_file(store_.machine_folder("a") + "/config.json"));
  document["RawDriver"] = "c29tZQ==";
  document["HostOptions"]["EngineOptions"]["Future"] = {1, 2};
  document["HostOptions"]["EngineOptions"]["Labels"] = nullptr;
  write_file(store_.machine_folder("a") + "/config.json", go_json(document, 4), private_file);
  Machine machine = store_.load("a");
  machine.engine.storage_driver = "vfs";
  store_.save(machine, task_);
  document["HostOptions"]["EngineOptions"]["StorageDriver"] = "vfs";
  EXPECT_EQ(read_file(store_.machine_folder("a") + "/config.json"), go_json(document, 4));
}

TEST_F(StoreTest, TakesKeysInAnyCaseAndLeavesThemSo) {
  store_.add(machine("a"), {});
  const std::string file = store_.machine_folder("a") + "/config.json";
  std::string odd = read_file(file);
  for (const auto& [key, other] : std::map<std::string, std::string>{{"ConfigVersion", "configversion"},
                                                                     {"DriverName", "DRIVERNAME"},
                                                                     {"HostOptions", "hostOptions"},
                                                                     {"EngineOptions", "engineoptions"},
                                                                     {"InstallURL", "installUrl"},
                                                                     {"AuthOptions", "authOptions"},
                                                                     {"ServerCertSANs", "serverCertSans"},
                                                                     {"Memory", "memory"},
                                                                     {"TlsVerify", "tlsverify"},
                                                                     {"Name", "name"}}) {
    odd = replace_all(odd, "\"" + key + "\":", "\"" + other + "\":");
  }
  ASSERT_EQ(odd.find("\"EngineOptions\""), std::string::npos);
  write_file(file, odd, private_file);
  Machine machine = store_.load("a");
  EXPECT_EQ(machine.driver_name, "none");
  EXPECT_EQ(machine.engine.install_url, "https://get.docker.com");
  EXPECT_EQ(machine.auth.store_path, store_.machine_folder("a"));
  EXPECT_EQ(go_json(document_of(machine), 4), odd);
  machine.auth.server_cert_sans = {"web.example"};
  EXPECT_EQ(go_json(document_of(machine), 4),
            replace_all(odd, "\"serverCertSans\": []",
                        "\"serverCertSans\": [\n                \"web.example\"\n            ]"));
}

TEST_F(StoreTest, PrefersAKeyInItsOwnCase) {
  store_.add(machine("a"), {});
  const std::string file = store_.machine_folder("a") + "/config.json";
  const std::string both = replace_all(read_file(file), "    \"DriverName\": \"none\"",
                                       "    \"drivername\": \"other\",\n    \"DriverName\": \"none\"");
  write_file(file, both, private_file);
  const Machine machine = store_.load("a");
  EXPECT_EQ(machine.driver_name, "none");
  EXPECT_EQ(go_json(document_of(machine), 4), both);
}

TEST_F(StoreTest, FollowsAMove) {
  store_.add(machine("a"), {});
  const fs::path elsewhere = home_.string() + "-moved";
  fs::rename(home_, elsewhere);
  const Machine moved = Store(elsewhere.string()).load("a");
  EXPECT_EQ(moved.auth.ca_cert_path, elsewhere.string() + "/certs/ca.pem");
  EXPECT_EQ(moved.auth.store_path, elsewhere.string() + "/machines/a");
  EXPECT_EQ(text_of(moved.driver, "StorePath"), elsewhere.string());
  fs::rename(elsewhere, home_);
}

TEST_F(StoreTest, LeavesPathsOutsideOfAMovedStoreAlone) {
  Machine custom = machine("a");
  custom.auth.ca_cert_path = "/etc/pki/ca.pem";
  custom.driver["SSHKey"] = home_.string() + "-keys/id";
  store_.add(custom, {});
  const fs::path elsewhere = home_.string() + "-moved";
  fs::rename(home_, elsewhere);
  const Machine moved = Store(elsewhere.string()).load("a");
  EXPECT_EQ(moved.auth.ca_cert_path, "/etc/pki/ca.pem");
  EXPECT_EQ(text_of(moved.driver, "SSHKey"), home_.string() + "-keys/id");
  fs::rename(elsewhere, home_);
}

TEST_F(StoreTest, RenamesAMachineWithItsPaths) {
  Machine made = machine("web");
  const std::string old = store_.machine_folder("web"), folder = store_.machine_folder("db");
  made.driver["SSHKeyPath"] = old + "/id_rsa";
  made.driver["Beside"] = old + "-other/file";
  store_.add(made, {});
  store_.add(machine("taken"), {});
  EXPECT_TRUE(message([&] { store_.rename("web", "taken", task_); }).contains("already exists"));
  store_.rename("web", "db", task_);
  const Machine renamed = store_.load("db");
  EXPECT_EQ(renamed.auth.store_path, folder);
  EXPECT_EQ(renamed.auth.server_cert_path, folder + "/server.pem");
  EXPECT_EQ(renamed.auth.ca_cert_path, store_.certs_folder() + "/ca.pem");
  EXPECT_EQ(text_of(renamed.driver, "MachineName"), "db");
  EXPECT_EQ(text_of(renamed.driver, "SSHKeyPath"), folder + "/id_rsa");
  EXPECT_EQ(text_of(renamed.driver, "Beside"), old + "-other/file");
  EXPECT_EQ(text_of(renamed.document, "Name"), "db");
  EXPECT_EQ(store_.names(), (std::vector<std::string>{"db", "taken"}));
}

TEST_F(StoreTest, NotesWhatTheOriginalWouldDrop) {
  Machine pinned = machine("a");
  pinned.engine.version = "24.0";
  store_.add(pinned, {.unfinished = true, .failure = "why", .engine_version = "24.0"});
  const Notes notes = store_.notes("a");
  EXPECT_TRUE(notes.unfinished);
  EXPECT_EQ(notes.failure, "why");
  EXPECT_EQ(notes.engine_version, "24.0");
  const std::string file = store_.machine_folder("a") + "/config.json";
  EXPECT_FALSE(read_file(file).contains("\"Version\""));

  // Earlier versions of ours had it in config.json, where it stays until whoever moves it clears it.
  Json old = parse_json(read_file(file));
  old["HostOptions"]["EngineOptions"]["Version"] = "20.10";
  write_file(file, old.dump(), private_file);
  Machine loaded = store_.load("a");
  EXPECT_EQ(loaded.engine.version, "20.10");
  store_.save(loaded, task_);
  EXPECT_TRUE(read_file(file).contains("\"Version\": \"20.10\""));
  loaded.engine.version.clear();
  store_.save(loaded, task_);
  EXPECT_FALSE(read_file(file).contains("\"Version\""));
}

TEST_F(StoreTest, HasTheOriginalsModes) {
  store_.add(machine("a"), {.unfinished = true});
  EXPECT_EQ(mode_of(home_ / "machines"), 0700U);
  EXPECT_EQ(mode_of(store_.machine_folder("a")), 0700U);
  EXPECT_EQ(mode_of(store_.machine_folder("a") + "/config.json"), 0600U);
}

TEST_F(StoreTest, GivesANameOnce) {
  std::atomic<int> added{0}, refused{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        try {
          const SystemClock clock;
          const Task task(clock, log_, stop_);
          const auto lock = store_.lock_machine("same", task);
          store_.add(machine("same"), {});
          ++added;
        } catch (const Error& error) {
          EXPECT_STREQ(error.what(), "Docker machine \"same\" already exists");
          ++refused;
        }
      });
    }
  }
  EXPECT_EQ(added, 1);
  EXPECT_EQ(refused, 15);
  EXPECT_EQ(store_.names(), std::vector<std::string>{"same"});
  EXPECT_EQ(std::distance(fs::directory_iterator(home_ / "machines"), fs::directory_iterator()), 1)
      << "nothing is left beside it";
}

TEST_F(StoreTest, NeverShowsHalfAFile) {
  store_.add(machine("a"), {});
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (int i = 0; i < 200; ++i) {
      Machine changed = store_.load("a");
      changed.engine.labels.push_back(std::string(100, 'x'));
      store_.save(changed, task_);
    }
    done = true;
  });
  while (!done) EXPECT_NO_THROW(store_.load("a"));
}

TEST_F(StoreTest, SpeaksTheOriginalsErrors) {
  EXPECT_EQ(message([&] { store_.load("none"); }),
            "Docker machine \"none\" does not exist. Use \"docker-machine ls\" to list machines. Use "
            "\"docker-machine "
            "create\" to add a new one.");
  fs::create_directories(store_.machine_folder("empty"));
  EXPECT_EQ(message([&] { store_.load("empty"); }),
            "open " + store_.machine_folder("empty") + "/config.json: no such file or directory");
  write_file(store_.machine_folder("empty") + "/config.json", R"({"ConfigVersion": 4})", private_file);
  EXPECT_EQ(message([&] { store_.load("empty"); }),
            "Error getting migrated host: config version is from the future -- you should upgrade your "
            "Docker Machine "
            "client");
  write_file(store_.machine_folder("empty") + "/config.json", "{nonsense", private_file);
  EXPECT_TRUE(message([&] { store_.load("empty"); }).starts_with("Error getting migrated host: "));
  EXPECT_FALSE(store_.exists(".."));
  EXPECT_FALSE(store_.exists(""));
}

TEST_F(StoreTest, ForgetsAMachineWholeAndASaveDoesNotBringItBack) {
  store_.add(machine("a"), {});
  const Machine loaded = store_.load("a");
  { const auto lock = store_.lock_machine("a", task_); }
  store_.forget("a", Locks::go);
  EXPECT_TRUE(store_.names().empty());
  EXPECT_TRUE(fs::is_empty(home_ / "machines"));
  EXPECT_FALSE(fs::exists(home_ / "locks/machine-a.lock"));
  Machine changed = loaded;
  changed.engine.storage_driver = "vfs";
  EXPECT_EQ(message([&] { store_.save(changed, task_); }),
            "Docker machine \"a\" was removed in the meantime");
  EXPECT_FALSE(store_.exists("a"));
}

TEST_F(StoreTest, LocksAMachineForOneOperation) {
  const auto held = store_.lock_machine("a", task_);
  EXPECT_EQ(message([&] { auto second = store_.lock_machine("a", task_); }),
            "another docker-machine has been working on \"a\" for too long; see what it does, or end it, and "
            "try again");
}

TEST_F(StoreTest, TakesARelativePathAsItIsWritten) {
  EXPECT_EQ(Store("store/").default_auth("n").store_path, "store/machines/n");
  EXPECT_EQ(Store("/s//").machine_folder("n"), "/s/machines/n");
}

TEST_F(StoreTest, HasAnIdThatStays) {
  const std::string id = store_.id(task_);
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(store_.id(task_), id);
  EXPECT_EQ(Store(home_.string() + "/").id(task_), id);
  EXPECT_EQ(mode_of(home_ / "store-id"), 0600U);
}

TEST_F(StoreTest, AgreesOnItsIdAmongAllWhoAskAtOnce) {
  std::vector<std::string> ids(8);
  {
    const SystemClock clock;
    std::vector<std::jthread> threads;
    for (auto& id : ids) threads.emplace_back([&] { id = store_.id(Task(clock, log_, stop_)); });
  }
  EXPECT_EQ(ids, std::vector<std::string>(8, ids[0]));
}

TEST_F(StoreTest, RemembersWhatMayBeLeftOfAForgottenMachine) {
  EXPECT_TRUE(store_.remains().empty());
  store_.note_remains(
      {.machine = "a", .driver_name = "none", .driver = {{"Id", "i-1"}}, .why = "it said no"});
  store_.note_remains({.machine = "a", .driver_name = "none", .driver = {{"Id", "i-2"}}, .why = "again"});
  auto remains = store_.remains();
  ASSERT_EQ(remains.size(), 2U);
  EXPECT_EQ(remains[0].machine, "a");
  EXPECT_EQ(mode_of(home_ / "remains" / (remains[0].id + ".json")), 0600U);
  const Json kept = remains[1].driver;
  store_.forget_remains(remains[0].id);
  remains = store_.remains();
  ASSERT_EQ(remains.size(), 1U);
  EXPECT_EQ(remains[0].driver, kept);
  EXPECT_FALSE(remains[0].why.empty());
}

}  // namespace
}  // namespace dm
