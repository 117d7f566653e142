// What an import does at a provider, on a driver of the test's own; the rest is tested in tests/cli.
#include "operations/import_machines.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "drivers/settings.h"
#include "http/fake_http.h"
#include "operations/credentials.h"
#include "operations/foreign_authority.h"
#include "ssh/fake_ssh.h"

namespace dm {
namespace {

/// Remembers whose its possessions are.
class TaggedDriver final : public Driver {
 public:
  explicit TaggedDriver(bool refuses) : refuses_(refuses) {}
  void create(const Save&, Task&) override {}
  void power(Power, Task&) override {}
  void remove(Task&) override {}
  Observation observe(Task&) override { return {}; }
  Endpoint endpoint() const override { return {}; }
  Json record() const override { return {{"URL", "tcp://192.0.2.1:2376"}, {"StoreID", store_id_}}; }
  void move_to_store(const std::string& store_id, Task&) override {
    if (refuses_) throw Error("401 Unauthorized", Reason::authentication_failed);
    store_id_ = store_id;
  }

 private:
  bool refuses_;
  std::string store_id_ = "theirs";
};

class KeepingLog final : public Log {
 public:
  void line(Level level, std::string_view, std::string_view text) override {
    if (level == Level::warning) warnings += std::string(text) + "\n";
  }
  void progress(std::string_view, std::string_view) override {}
  std::string warnings;
};

class ImportTest : public ::testing::Test {
 protected:
  ImportTest()
      : home_(fs::temp_directory_path() / ("import-test-" + random_hex(12))), store_(home_.string()) {
    store_.add({.name = "web",
                .driver_name = "none",
                .driver = {{"URL", "tcp://192.0.2.1:2376"}},
                .auth = store_.default_auth("web"),
                .document = Json()},
               {});
  }
  ~ImportTest() override { fs::remove_all(home_); }

  bool claim(bool refuses) {
    OpenMachine open;
    open.machine = store_.load("web");
    open.driver = std::make_unique<TaggedDriver>(refuses);
    return claim_machine(runtime_, open, task_);
  }

  const fs::path home_;
  const Store store_;
  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  SystemProcessRunner processes_;
  FakeClock clock_;
  KeepingLog log_;
  StopSignal stop_;
  const Environment environment_;
  Task task_{clock_, log_, stop_};
  const Services services_{http_, ssh_, processes_, clock_, environment_};
  const Runtime runtime_{store_, services_};
};

TEST_F(ImportTest, MarksPossessionsAsThisStores) {
  EXPECT_TRUE(claim(false));
  EXPECT_EQ(text_of(store_.load("web").driver, "StoreID"), store_.id(task_));
  EXPECT_EQ(log_.warnings, "");
}

TEST_F(ImportTest, SaysWhenAProviderRefuses) {
  const Json before = store_.load("web").driver;
  EXPECT_FALSE(claim(true));
  EXPECT_EQ(store_.load("web").driver, before);
  EXPECT_TRUE(log_.warnings.contains("\"web\" still carries the mark of the store that it came from"));
  EXPECT_TRUE(log_.warnings.contains("401 Unauthorized"));
}

struct CloudSettings {
  std::string token, secret, region;
};

std::vector<SecretKey> cloud_secrets() {
  const SettingsTable<CloudSettings> table(
      "cloud", {{.key = "Token",
                 .member = &CloudSettings::token,
                 .flag = "cloud-token",
                 .variable = "CLOUD_TOKEN",
                 .secret = true},
                {.key = "Secret", .member = &CloudSettings::secret, .secret = true},
                {.key = "Region", .member = &CloudSettings::region}});
  return table.secret_keys();
}

TEST_F(ImportTest, LeavesCredentialsBehind) {
  Json record{{"Token", "t0ken"}, {"Secret", "s3cret"}, {"Region", "here"}};
  const auto taken_out = take_out_credentials(record, cloud_secrets());
  EXPECT_EQ(taken_out, (std::vector<std::string>{"Token", "Secret"}));
  EXPECT_EQ(record, (Json{{"Token", ""}, {"Secret", ""}, {"Region", "here"}}));
  const auto missing = refer_to_environment(record, cloud_secrets(), taken_out);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].variable, "CLOUD_TOKEN");
  EXPECT_EQ(record, (Json{{"Token", "env:CLOUD_TOKEN"}, {"Secret", ""}, {"Region", "here"}}));
  // Keys are taken in any case, as everywhere in records.
  Json other_case{{"token", "t0ken"}, {"SECRET", "s3cret"}};
  EXPECT_EQ(take_out_credentials(other_case, cloud_secrets()), taken_out);
  EXPECT_EQ(other_case, (Json{{"token", ""}, {"SECRET", ""}}));
  refer_to_environment(other_case, cloud_secrets(), taken_out);
  EXPECT_EQ(other_case, (Json{{"token", "env:CLOUD_TOKEN"}, {"SECRET", ""}}));
  // What was not there is nothing that has to be given, whatever a bundle says of other keys.
  Json without{{"Token", ""}, {"Region", "here"}};
  EXPECT_TRUE(take_out_credentials(without, cloud_secrets()).empty());
  EXPECT_TRUE(refer_to_environment(without, cloud_secrets(), {"Region"}).empty());
}

TEST_F(ImportTest, TakesCredentialsAlongAsTheyAre) {
  write_file(home_ / "secret", "from a file\n", private_file);
  Json record{{"Token", "file:" + (home_ / "secret").string()}, {"Secret", "plain"}, {"Region", "env:X"}};
  look_up_credentials(record, cloud_secrets(), services_, task_);
  EXPECT_EQ(record, (Json{{"Token", "from a file"}, {"Secret", "plain"}, {"Region", "env:X"}}));
  Json other_case{{"token", "file:" + (home_ / "secret").string()}};
  look_up_credentials(other_case, cloud_secrets(), services_, task_);
  EXPECT_EQ(other_case, (Json{{"token", "from a file"}}));
  EXPECT_THROW(refuse_references(record, "web"), Error);
  record["Region"] = {{"deep", {"command:reboot"}}};
  EXPECT_THROW(refuse_references(record, "web"), Error);
  record["Region"] = "file:///image";
  EXPECT_NO_THROW(refuse_references(record, "web"));
}

TEST_F(ImportTest, KeepsAuthoritiesApart) {
  const AuthorityFiles one{.authority = "ca\n", .certificate = "cert", .key = "key", .ca_key = std::nullopt};
  AuthorityFiles with_key = one;
  with_key.authority = "ca";
  with_key.ca_key = "secret";
  EXPECT_EQ(id_of(one), id_of(with_key));
  EXPECT_FALSE(keep_foreign_authority(store_, one));
  EXPECT_TRUE(keep_foreign_authority(store_, with_key));
  const AuthOptions auth = foreign_auth(store_, "web", id_of(one));
  EXPECT_EQ(read_file(auth.client_key_path), "key");
  EXPECT_EQ(read_file(auth.ca_private_key_path), "secret");
  EXPECT_EQ(auth.server_cert_path, store_.machine_folder("web") + "/server.pem");
  AuthorityFiles other = one;
  other.certificate = "another client's";
  EXPECT_NE(id_of(one), id_of(other));
}

TEST_F(ImportTest, NeedsTheKeyOfTheAuthorityThatSigned) {
  const AuthorityFiles files{.authority = "ca", .certificate = "cert", .key = "key", .ca_key = std::nullopt};
  keep_foreign_authority(store_, files);
  Machine machine = store_.load("web");
  EXPECT_NO_THROW(require_authority_key(store_, machine));
  machine.auth = foreign_auth(store_, "web", id_of(files));
  machine.auth.server_cert_sans = {"web.example"};
  EXPECT_THROW(require_authority_key(store_, machine), Error);
  adopt_own_authority(store_, machine);
  EXPECT_NO_THROW(require_authority_key(store_, machine));
  EXPECT_EQ(machine.auth.ca_cert_path, store_.certs_folder() + "/ca.pem");
  EXPECT_EQ(machine.auth.server_cert_sans, std::vector<std::string>{"web.example"});
}

TEST_F(ImportTest, AddsAllMachinesOrNone) {
  const std::vector<MachineFolder> folders{{"new", {{"config.json", "{}", private_file}}},
                                           {"web", {{"config.json", "{}", private_file}}}};
  EXPECT_THROW(store_.add_all(folders), Error);
  EXPECT_EQ(store_.names(), std::vector<std::string>{"web"});
  EXPECT_EQ(sub_folders(home_ / "machines"), std::vector<std::string>{"web"});
  store_.add_all({folders[0]});
  EXPECT_TRUE(store_.exists("new"));
}

TEST_F(ImportTest, ReadsAStoreWhoseMachinesGoMeanwhile) {
  store_.add_all(
      {{"a", {{"config.json", "{}", private_file}}}, {"b", {{"config.json", "{}", private_file}}}});
  std::string kept;
  const auto files = store_.files([&](const std::string& machine, const std::string&) {
    if (!kept.empty()) return false;
    kept = machine;
    for (const auto& name : store_.names()) {
      if (name != machine) store_.forget(name, Locks::go);
    }
    return false;
  });
  ASSERT_FALSE(kept.empty());
  for (const auto& file : files) EXPECT_TRUE(file.name.starts_with("machines/" + kept + "/")) << file.name;
  EXPECT_FALSE(files.empty());
}

TEST_F(ImportTest, FillsAnEmptyStoreOnly) {
  const std::vector<StoredFile> files{{"machines/a/config.json", "{}", private_file},
                                      {"certs/ca.pem", "ca", 0644},
                                      {"store-id", "0123456789abcdef\n", private_file}};
  EXPECT_THROW(store_.fill(files), Error);
  const Store fresh((home_ / "fresh").string());
  fresh.id(task_);
  EXPECT_THROW(fresh.fill({{"elsewhere/x", "", private_file}}), Error);
  EXPECT_TRUE(fresh.is_empty());
  fresh.fill(files);
  EXPECT_EQ(fresh.id(task_), "0123456789abcdef");
  EXPECT_EQ(fresh.names(), std::vector<std::string>{"a"});
  EXPECT_EQ(fresh.files([](const auto&, const auto&) { return false; }).size(), 3U);
}

}  // namespace
}  // namespace dm
