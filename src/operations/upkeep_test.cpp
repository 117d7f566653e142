// Addresses that change and certificates that end, on fakes.
#include "certs/authority.h"
#include "drivers/catalogue.h"
#include "operations/authority_change.h"
#include "operations/certificate_report.h"
#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/create.h"
#include "operations/expiry.h"
#include "operations/operations_test.h"
#include "operations/power.h"
#include "operations/provision_machine.h"
#include "operations/survey.h"

namespace dm {
namespace {

constexpr auto day = std::chrono::hours(24);
const std::string facts =
    "privilege=root\nuser=root\nos-release:ID=debian\nos-release:VERSION_ID=\"12\"\ndockerd=/usr/sbin/"
    "dockerd\n"
    "service_manager=systemd\nservice=ActiveState=active LoadState=loaded \nend=yes\n";
const std::string version = R"({"Version": "24.0.7", "ApiVersion": "1.43", "MinAPIVersion": "1.12"})";
const Error wrong_name("x509: certificate is valid for 192.0.2.1, not 192.0.2.2",
                       Reason::authentication_failed);

/// What its provider would say of a machine.
struct Cloud {
  State state = State::running;
  std::string address = "192.0.2.1";
};

/// A driver whose machine may get another address at any time, as those of clouds do.
class WanderingDriver final : public Driver {
 public:
  WanderingDriver(Json record, Cloud& cloud) : record_(std::move(record)), cloud_(cloud) {}
  void create(const Save&, Task&) override {}
  void power(Power, Task&) override { cloud_.state = State::running; }
  void remove(Task&) override {}
  Observation observe(Task&) override {
    record_["IPAddress"] = cloud_.address;
    return {cloud_.state, endpoint()};
  }
  Endpoint endpoint() const override {
    const std::string address = text_of(record_, "IPAddress");
    return {.address = address,
            .ssh = SshTarget{.host = address, .known_hosts = "no-such-file"},
            .docker_url = address.empty() ? "" : "tcp://" + address + ":2376"};
  }
  Json record() const override { return record_; }

 private:
  Json record_;
  Cloud& cloud_;
};

class WanderingType final : public DriverType {
 public:
  explicit WanderingType(Cloud& cloud) : cloud_(cloud) {}
  const std::string& name() const override { return name_; }
  std::vector<Flag> flags(const Services&, Task&) override { return {}; }
  Json configure(const NewMachine&, const FlagValues&, const Services&, Task&) override { return {}; }
  std::unique_ptr<Driver> open(const Json& record, const Services&) override {
    return std::make_unique<WanderingDriver>(record, cloud_);
  }

 private:
  Cloud& cloud_;
  std::string name_ = "wandering";
};

class UpkeepTest : public OperationsFixture {
 protected:
  UpkeepTest() : OperationsFixture([this](const std::string&) -> DriverType& { return type_; }) {
    ensure_client_certificates(runtime_, store_.default_auth(""), task_);
  }

  /// A machine whose engine has a certificate for its address, made today.
  OpenMachine add(const std::string& name) {
    Machine machine{.name = name,
                    .driver_name = "wandering",
                    .driver = {{"IPAddress", "192.0.2.1"}, {"MachineName", name}, {"SSHUser", "root"}},
                    .auth = store_.default_auth(name)};
    store_.add(machine, {});
    keep_engine_certificates(machine, make_engine_certificates(runtime_, machine, "192.0.2.1", task_));
    refresh_copies(runtime_, machine);
    return open(name);
  }
  OpenMachine open(const std::string& name) const { return open_machine(runtime_, name); }
  Certificate server_of(const std::string& name) {
    return read_certificate(read_file(store_.machine_folder(name) + "/server.pem"));
  }
  std::string warning() {
    std::vector<Machine> machines;
    for (const auto& name : store_.names()) machines.push_back(store_.load(name));
    std::vector<const Machine*> listed;
    for (const auto& machine : machines) listed.push_back(&machine);
    return expiry_warning(runtime_, listed);
  }
  std::vector<std::string> problems_of(const std::string& machine, const std::string& kind) {
    for (const auto& row : certificate_report(runtime_, store_.names(), Wanted::all)) {
      if (row.machine == machine && row.kind == kind) return row.problems;
    }
    return {"there is no such row"};
  }

  Cloud cloud_;
  WanderingType type_{cloud_};
};

TEST_F(UpkeepTest, ANewAddressIsSavedAndUsedWhereTheCertificateNamesIt) {
  auto machine = add("dev");
  cloud_.address = "192.0.2.2";
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_answer(200, "");
  EXPECT_EQ(connected_url(runtime_, machine, Target::engine, OtherName::is_mended, task_),
            "tcp://192.0.2.2:2376");
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.2");
  EXPECT_EQ(ssh_.connects(), 0U);
}

TEST_F(UpkeepTest, AMovedMachineGetsACertificateForItsNewAddress) {
  auto machine = add("dev");
  cloud_.address = "192.0.2.2";
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_fail(wrong_name);
  http_.will_answer(200, "");
  transcript_.expect("sh", {.output = facts});
  transcript_.expect("sh");
  EXPECT_EQ(connected_url(runtime_, machine, Target::engine, OtherName::is_mended_under_lock, task_),
            "tcp://192.0.2.2:2376");
  EXPECT_EQ(server_of("dev").names, (std::vector<std::string>{"localhost", "192.0.2.2"}));
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.2");
  const std::string& sent = transcript_.commands().back().input;
  EXPECT_TRUE(sent.contains(read_file(store_.machine_folder("dev") + "/server.pem")));
  EXPECT_LT(sent.find("mark part 'looking after running containers'"),
            sent.find("mark part 'copying the certificates'"));
  EXPECT_EQ(http_.unused(), 0U);
}

TEST_F(UpkeepTest, WhoHoldsNoLockTakesItAndLooksAgain) {
  auto machine = add("dev");
  cloud_.address = "192.0.2.2";
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_fail(wrong_name);
  http_.will_answer(200, "");  // somebody else has renewed it meanwhile
  EXPECT_EQ(connected_url(runtime_, machine, Target::engine, OtherName::is_mended, task_),
            "tcp://192.0.2.2:2376");
  EXPECT_EQ(ssh_.connects(), 0U);
  EXPECT_FALSE(store_.is_locked("dev"));
}

TEST_F(UpkeepTest, WhatDidNotReachTheEngineIsNotKept) {
  auto machine = add("dev");
  const fs::path folder = store_.machine_folder("dev");
  // What docker is pointed to must fit the engine as it is, also where the copies are of another authority.
  write_file(folder / "ca.pem", "what the engine trusts", 0644);
  const std::string before = read_file(folder / "server.pem");
  transcript_.expect("sh", {.output = facts});
  transcript_.expect("sh", {.status = 1, .output = "::docker-machine fail the disk is full\n"});
  EXPECT_TRUE(message([&] { renew_machine(runtime_, machine, task_); }).contains("the disk is full"));
  EXPECT_EQ(read_file(folder / "server.pem"), before);
  EXPECT_EQ(read_file(folder / "ca.pem"), "what the engine trusts");

  transcript_.expect("sh", {.output = facts});
  transcript_.expect("sh");
  http_.will_answer(200, "");
  renew_machine(runtime_, machine, task_);
  EXPECT_TRUE(transcript_.commands().back().input.contains(read_file(folder / "server.pem")));
  EXPECT_NE(read_file(folder / "server.pem"), before);
  EXPECT_EQ(read_file(folder / "ca.pem"), read_file(store_.certs_folder() + "/ca.pem"));
}

TEST_F(UpkeepTest, ASurveyNoticesSavesAndMends) {
  add("dev");
  cloud_.address = "192.0.2.2";
  const std::vector<std::string> names{"dev"};
  auto rows = load_rows(runtime_, names);
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_fail(wrong_name);
  survey(runtime_, rows, Question::state_and_engine, task_);
  EXPECT_EQ(rows.front().url, "tcp://192.0.2.2:2376");
  EXPECT_TRUE(rows.front().moved);
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.2");
  EXPECT_EQ(ssh_.connects(), 0U);

  http_.will_fail(wrong_name);
  http_.will_fail(wrong_name);
  http_.will_answer(200, "");
  transcript_.expect("sh", {.output = facts});
  transcript_.expect("sh");
  EXPECT_TRUE(mend_moved(runtime_, rows, task_).empty());
  EXPECT_EQ(server_of("dev").names, (std::vector<std::string>{"localhost", "192.0.2.2"}));

  // Where it is as known, nothing is written and nobody is bothered.
  rows = load_rows(runtime_, names);
  http_.will_answer(200, version);
  survey(runtime_, rows, Question::state_and_engine, task_);
  EXPECT_FALSE(rows.front().moved);
  EXPECT_TRUE(mend_moved(runtime_, rows, task_).empty());
  EXPECT_EQ(ssh_.connects(), 1U);
}

TEST_F(UpkeepTest, ASurveyNoticesWhatAnotherCommandHasSaved) {
  add("dev");
  cloud_.address = "192.0.2.2";
  const std::vector<std::string> names{"dev"};
  auto rows = load_rows(runtime_, names);
  survey(runtime_, rows, Question::state, task_);
  EXPECT_FALSE(rows.front().moved);
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.2");
  // However often a survey ended before the certificate was renewed.
  for (int i = 0; i < 2; ++i) {
    rows = load_rows(runtime_, names);
    http_.will_fail(wrong_name);
    survey(runtime_, rows, Question::state_and_engine, task_);
    EXPECT_TRUE(rows.front().moved);
  }
  rows = load_rows(runtime_, names);
  http_.will_fail(Error("x509: certificate signed by unknown authority", Reason::authentication_failed));
  survey(runtime_, rows, Question::state_and_engine, task_);
  EXPECT_FALSE(rows.front().moved);
}

TEST_F(UpkeepTest, ASurveyTellsSshOfANewAddress) {
  add("dev");
  write_file(home_ / "ssh_config", "", private_file);
  cloud_.address = "192.0.2.2";
  const std::vector<std::string> names{"dev"};
  auto rows = load_rows(runtime_, names);
  survey(runtime_, rows, Question::state, task_);
  EXPECT_TRUE(read_file(home_ / "ssh_config").contains("192.0.2.2"));
}

TEST_F(UpkeepTest, NobodyWaitsForWhoeverWorksOnAMovedMachine) {
  add("dev");
  const std::vector<std::string> names{"dev"};
  auto rows = load_rows(runtime_, names);
  http_.will_fail(wrong_name);
  survey(runtime_, rows, Question::state_and_engine, task_);
  ASSERT_TRUE(rows.front().moved);
  const auto asked = http_.requests().size();
  const auto lock = store_.lock_machine("dev", task_);
  EXPECT_TRUE(mend_moved(runtime_, rows, task_).empty());
  EXPECT_EQ(http_.requests().size(), asked);
  EXPECT_EQ(ssh_.connects(), 0U);
}

TEST_F(UpkeepTest, ASurveyOverwritesNobodyElsesAddress) {
  add("dev");
  const std::vector<std::string> names{"dev"};
  auto rows = load_rows(runtime_, names);
  Machine other = store_.load("dev");
  other.driver["IPAddress"] = "192.0.2.77";
  store_.save(other, task_);
  cloud_.address = "192.0.2.2";
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_answer(200, version);
  survey(runtime_, rows, Question::state_and_engine, task_);
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.77");
}

TEST_F(UpkeepTest, AMachineThatStartsElsewhereIsMendedWithTheStart) {
  add("dev");
  cloud_.state = State::stopped;
  cloud_.address = "192.0.2.2";
  transcript_.expect("sh", {.output = facts});  // waiting for the engine
  transcript_.expect("sh");
  http_.will_fail(wrong_name);
  transcript_.expect("sh", {.output = facts});  // the renewal
  transcript_.expect("sh");
  http_.will_answer(200, "");
  power_machine(runtime_, "dev", Power::start, task_);
  EXPECT_EQ(server_of("dev").names, (std::vector<std::string>{"localhost", "192.0.2.2"}));
  EXPECT_EQ(text_of(store_.load("dev").driver, "IPAddress"), "192.0.2.2");
  EXPECT_EQ(http_.unused(), 0U);
}

TEST_F(UpkeepTest, WhereContainersWouldStopNothingChangesAndTheCommandIsNamed) {
  auto machine = add("dev");
  const std::string before = read_file(store_.machine_folder("dev") + "/server.pem");
  cloud_.address = "192.0.2.2";
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: i/o timeout", Reason::timed_out));
  http_.will_fail(wrong_name);
  transcript_.expect("sh", {.output = facts});
  transcript_.expect("sh", {.status = 1, .output = "::docker-machine fail they would stop\n"});
  EXPECT_EQ(
      message(
          [&] { connected_url(runtime_, machine, Target::engine, OtherName::is_mended_under_lock, task_); }),
      "\"dev\" is at tcp://192.0.2.2:2376 now, and its certificate does not name that address (x509: "
      "certificate is valid for 192.0.2.1, not 192.0.2.2). It was not renewed: they would stop. This renews "
      "it: docker-machine regenerate-certs dev");
  EXPECT_EQ(read_file(store_.machine_folder("dev") + "/server.pem"), before);
}

TEST_F(UpkeepTest, ACertificateOfSomebodyElseIsNeverRenewedByItself) {
  auto machine = add("dev");
  http_.will_fail(Error("x509: certificate signed by unknown authority", Reason::authentication_failed));
  EXPECT_TRUE(message([&] {
                connected_url(runtime_, machine, Target::engine, OtherName::is_mended, task_);
              }).contains("certificate signed by unknown authority"));
  EXPECT_EQ(ssh_.connects(), 0U);
}

TEST_F(UpkeepTest, CertificatesAreSpokenOfThirtyDaysAhead) {
  add("dev");
  EXPECT_EQ(warning(), "");
  clock_.advance(1049 * day);
  EXPECT_EQ(warning(), "");
  clock_.advance(2 * day);
  const std::string end = date_text(server_of("dev").not_after);
  EXPECT_EQ(warning(), "Certificates that end within 30 days: the authority (" + end + "), the client (" +
                           end + "), dev (" + end + "); renew with docker-machine regenerate-certs --ca");
  clock_.advance(30 * day);
  EXPECT_TRUE(warning().contains("dev (ended on " + end + ")")) << warning();
}

TEST_F(UpkeepTest, TheCommandRenewsWhatEndsAndNoMore) {
  add("old");
  clock_.advance(1055 * day);
  write_file(home_ / "certs/keep", "", private_file);
  for (const char* name : {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"}) fs::remove(home_ / "certs" / name);
  ensure_client_certificates(runtime_, store_.default_auth(""), task_);
  for (const char* name : {"a", "b", "c", "d"}) add(name);
  EXPECT_TRUE(warning().ends_with("; renew with docker-machine regenerate-certs old")) << warning();
  clock_.advance(1055 * day);
  write_file(home_ / "certs/ca.pem", make_authority("alice", clock_.now()).certificate, private_file);
  const std::string told = warning();
  EXPECT_TRUE(
      told.contains(" and 3 more; renew with docker-machine regenerate-certs --client-certs a b c ..."))
      << told;
}

TEST_F(UpkeepTest, WhatIsWrongWithACertificateIsTold) {
  add("dev");
  using Problems = std::vector<std::string>;
  const std::string folder = store_.machine_folder("dev");
  EXPECT_EQ(problems_of("dev", "server"), Problems());
  fs::permissions(folder + "/server-key.pem", fs::perms(0644));
  EXPECT_EQ(problems_of("dev", "server"),
            Problems{"others than its owner may use the key " + folder + "/server-key.pem (mode 0644)"});
  fs::permissions(folder + "/server-key.pem", fs::perms(0600));

  Machine machine = store_.load("dev");
  machine.driver["IPAddress"] = "192.0.2.9";
  store_.save(machine, task_);
  EXPECT_EQ(problems_of("dev", "server"), Problems{"does not name the machine's address 192.0.2.9"});
  machine.driver["IPAddress"] = "192.0.2.1";
  store_.save(machine, task_);

  const std::string key = read_file(folder + "/server-key.pem");
  write_file(folder + "/server-key.pem", read_file(folder + "/key.pem"), private_file);
  EXPECT_EQ(problems_of("dev", "server"), Problems{"the key " + folder + "/server-key.pem is not its own"});
  write_file(folder + "/server-key.pem", key, private_file);

  write_file(folder + "/ca.pem", make_authority("bob", clock_.now()).certificate, private_file);
  EXPECT_EQ(problems_of("dev", "copy of ca"), Problems{"differs from " + (home_ / "certs/ca.pem").string()});
  fs::remove(folder + "/cert.pem");
  EXPECT_EQ(problems_of("dev", "copy of client"), Problems{"is missing"});
  write_file(folder + "/server.pem", "nonsense", private_file);
  EXPECT_EQ(problems_of("dev", "server"), Problems{"Failed to decode PEM data"});

  const auto foreign = make_authority("bob", clock_.now());
  write_file(home_ / "certs/cert.pem", make_client_certificate(foreign, "bob", clock_.now()).certificate,
             private_file);
  EXPECT_TRUE(problems_of("", "client").back().starts_with("was not signed by "))
      << problems_of("", "client").back();
  clock_.advance(-2 * day);
  EXPECT_TRUE(problems_of("", "ca").front().starts_with("is not valid before "));
}

TEST_F(UpkeepTest, AChangeOfTheAuthorityThatBrokeOffAtAnyFileIsFinished) {
  const AuthOptions auth = store_.default_auth("");
  const std::string old = read_file(auth.ca_cert_path);
  const CertificateAndKey fresh = make_authority("alice", clock_.now());
  const auto begin = [&] {
    write_file(home_ / "certs/ca-new.pem", fresh.certificate, private_file);
    write_file(home_ / "certs/ca-old.pem", old, private_file);
  };
  const auto expect_changed = [&] {
    EXPECT_FALSE(is_half_changed(auth));
    EXPECT_EQ(read_file(auth.ca_cert_path), fresh.certificate + old);
    EXPECT_EQ(read_file(auth.ca_private_key_path), fresh.key);
    EXPECT_FALSE(fs::exists(home_ / "certs/ca-new.pem") || fs::exists(home_ / "certs/ca-new-key.pem"));
  };
  // The key had not been put in its place.
  write_file(home_ / "certs/ca-new-key.pem", fresh.key, private_file);
  begin();
  const std::string client = read_file(auth.client_cert_path);
  ensure_client_certificates(runtime_, auth, task_);
  expect_changed();
  // The client stays the old authority's, whom all engines still trust.
  EXPECT_EQ(read_file(auth.client_cert_path), client);
  // The key had, the certificate had not.
  write_file(auth.ca_cert_path, old, private_file);
  begin();
  ensure_client_certificates(runtime_, auth, task_);
  expect_changed();
  EXPECT_TRUE(is_authority_changing(auth));
  EXPECT_TRUE(message([&] { renew_shared_client_certificate(runtime_, task_); }).contains("--ca"));
}

TEST_F(UpkeepTest, NothingIsReplacedWhereAMachineCannotBeRead) {
  add("dev");
  write_file(store_.machine_folder("dev") + "/config.json", "{", private_file);
  const std::string before = read_file(home_ / "certs/ca.pem");
  EXPECT_TRUE(message([&] { change_authority(runtime_, task_); }).starts_with("\"dev\" would be lost"));
  EXPECT_EQ(read_file(home_ / "certs/ca.pem"), before);
  EXPECT_FALSE(is_authority_changing(store_.default_auth("")));
}

TEST_F(UpkeepTest, AMachineWithAnAuthorityOfItsOwnIsLeftAlone) {
  Machine machine = add("dev").machine;
  fs::create_directory(home_ / "own");
  fs::copy(home_ / "certs", home_ / "own");
  machine.auth.ca_cert_path = (home_ / "own/ca.pem").string();
  store_.save(machine, task_);
  const std::string server = read_file(store_.machine_folder("dev") + "/server.pem"),
                    copy = read_file(store_.machine_folder("dev") + "/ca.pem");
  EXPECT_TRUE(change_authority(runtime_, task_).empty());
  EXPECT_EQ(read_file(store_.machine_folder("dev") + "/server.pem"), server);
  EXPECT_EQ(read_file(store_.machine_folder("dev") + "/ca.pem"), copy);
  EXPECT_EQ(read_file(home_ / "own/ca.pem"), copy);
  EXPECT_NE(read_file(home_ / "certs/ca.pem"), copy);
}

TEST_F(UpkeepTest, AClientThatACrashLeftHalfRenewedIsMadeAgain) {
  const AuthOptions auth = store_.default_auth("");
  write_file(auth.client_key_path + ".unfinished", "", private_file);
  write_file(auth.client_key_path, read_file(auth.ca_private_key_path), private_file);
  ensure_client_certificates(runtime_, auth, task_);
  EXPECT_TRUE(is_key_of(read_file(auth.client_key_path), read_file(auth.client_cert_path)));
  EXPECT_FALSE(fs::exists(auth.client_key_path + ".unfinished"));
}

}  // namespace
}  // namespace dm
