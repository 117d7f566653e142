// Operations on fakes: certificates, creation and its refusals, surveys, filters, many machines.
#include "operations/operations_test.h"

#include "certs/authority.h"
#include "drivers/catalogue.h"
#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/create.h"
#include "operations/filter.h"
#include "operations/many.h"
#include "operations/remove.h"
#include "operations/survey.h"

namespace dm {
namespace {

class OperationsTest : public OperationsFixture {
 protected:
  CreateRequest none(const std::string& name, const std::string& url = "tcp://192.0.2.1:2376") {
    CreateRequest request{.name = name, .type = &driver_named("none"), .auth = store_.default_auth(name)};
    FlagValues values;
    values.set("url", url);
    request.record = request.type->configure({name, store_.path(), {}}, values, services_, task_);
    return request;
  }
};

TEST_F(OperationsTest, MakesCertificatesOnceAndThenUsesThem) {
  const AuthOptions auth = store_.default_auth("a");
  ensure_client_certificates(runtime_, auth, task_);
  const std::string authority = read_file(auth.ca_cert_path), client = read_file(auth.client_cert_path);
  EXPECT_TRUE(is_signed_by(client, authority));
  EXPECT_EQ(read_certificate(client).subject_organization, "alice.<bootstrap>");
  ensure_client_certificates(runtime_, auth, task_);
  EXPECT_EQ(read_file(auth.ca_cert_path), authority);
  EXPECT_EQ(read_file(auth.client_cert_path), client);
}

TEST_F(OperationsTest, RenewsAnExpiredAuthorityAndWhatItHadSigned) {
  const AuthOptions auth = store_.default_auth("a");
  ensure_client_certificates(runtime_, auth, task_);
  const std::string before = read_file(auth.ca_cert_path);
  clock_.advance(std::chrono::hours(24) * 1081);
  ensure_client_certificates(runtime_, auth, task_);
  EXPECT_NE(read_file(auth.ca_cert_path), before);
  EXPECT_TRUE(is_signed_by(read_file(auth.client_cert_path), read_file(auth.ca_cert_path)));
}

TEST_F(OperationsTest, TellsALostCertificateFromACrash) {
  const AuthOptions auth = store_.default_auth("a");
  ensure_client_certificates(runtime_, auth, task_);
  fs::remove(auth.ca_cert_path);
  EXPECT_EQ(message([&] { ensure_client_certificates(runtime_, auth, task_); }),
            "generating CA certificate failed: certificate authority key already exists");
  write_file(auth.ca_private_key_path + ".unfinished", "", private_file);
  ensure_client_certificates(runtime_, auth, task_);
  EXPECT_TRUE(is_signed_by(read_file(auth.client_cert_path), read_file(auth.ca_cert_path)));
  EXPECT_FALSE(fs::exists(auth.ca_private_key_path + ".unfinished"));
}

TEST_F(OperationsTest, LaysTheMachinesCertificatesWhereDockerLooks) {
  create_machine(runtime_, none("a"), task_);
  Machine machine = store_.load("a");
  machine.auth.server_cert_sans = {"web.example", "192.0.2.9"};
  const auto made = make_engine_certificates(runtime_, machine, "192.0.2.1", task_);
  keep_engine_certificates(machine, made);
  refresh_copies(runtime_, machine);
  const std::string folder = store_.machine_folder("a");
  EXPECT_EQ(read_file(folder + "/ca.pem"), made.authority);
  EXPECT_EQ(read_file(folder + "/server.pem"), made.certificate);
  EXPECT_EQ(read_file(folder + "/key.pem"), read_file(store_.certs_folder() + "/key.pem"));
  EXPECT_EQ(read_certificate(made.certificate).names,
            (std::vector<std::string>{"web.example", "localhost", "192.0.2.9", "192.0.2.1"}));
}

TEST_F(OperationsTest, CreatesAndRemoves) {
  create_machine(runtime_, none("a"), task_);
  EXPECT_FALSE(store_.notes("a").unfinished);
  EXPECT_EQ(message([&] { create_machine(runtime_, none("a"), task_); }),
            "Docker machine \"a\" already exists");
  remove_machine(runtime_, "a", task_);
  EXPECT_FALSE(store_.exists("a"));
}

TEST_F(OperationsTest, LeavesNothingWhenADriverRefuses) {
  FlagValues values;
  for (const Flag& flag : driver_named("generic").flags(services_, task_))
    values.set(flag.name, default_value(flag));
  values.set("generic-ip-address", std::string("192.0.2.1"));
  values.set("generic-ssh-key", std::string("/nowhere/key"));
  CreateRequest request{.name = "a", .type = &driver_named("generic"), .auth = store_.default_auth("a")};
  request.record = request.type->configure({"a", store_.path(), {}}, values, services_, task_);
  try {
    create_machine(runtime_, request, task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "Error with pre-create check: \"SSH key does not exist: \\\"/nowhere/key\\\"\"");
    EXPECT_EQ(error.reason(), Reason::check_failed);
  }
  EXPECT_TRUE(store_.names().empty());
}

TEST_F(OperationsTest, ForceForgetsWhatItsDriverCannotRemove) {
  create_machine(runtime_, none("a"), task_);
  Machine foreign = store_.load("a");
  foreign.driver_name = "elsewhere";
  store_.save(foreign, task_);
  EXPECT_FALSE(message([&] { remove_machine(runtime_, "a", task_); }).empty());
  EXPECT_TRUE(store_.exists("a"));
  EXPECT_TRUE(remove_machine_by_force(runtime_, "a", task_).has_value());
  EXPECT_FALSE(store_.exists("a"));
}

TEST_F(OperationsTest, SurveysGoodAndBrokenMachinesAsRows) {
  create_machine(runtime_, none("good"), task_);
  create_machine(runtime_, none("silent"), task_);
  create_machine(runtime_, none("broken"), task_);
  write_file(store_.machine_folder("broken") + "/config.json", "{", private_file);
  store_.save_notes("silent", {.unfinished = true, .failure = "why"});
  http_.will_answer(200, R"({"Version": "24.0.7", "ApiVersion": "1.43", "MinAPIVersion": "1.12"})");
  http_.will_fail(Error("dial tcp 192.0.2.1:2376: connect: connection refused", Reason::unreachable));
  auto rows = load_rows(runtime_, store_.names());
  survey(runtime_, rows, Question::state_and_engine, task_);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].name, "broken");
  EXPECT_EQ(rows[0].driver_name, "not found");
  EXPECT_EQ(rows[0].state, State::error);
  EXPECT_EQ(rows[1].engine_version, "v24.0.7");
  EXPECT_EQ(rows[1].url, "tcp://192.0.2.1:2376");
  EXPECT_EQ(rows[1].error, "");
  EXPECT_EQ(rows[2].engine_version, "Unknown");
  EXPECT_EQ(rows[2].error,
            "Creation did not finish (why); Unable to query docker version: Cannot connect to the docker "
            "engine endpoint");
}

TEST_F(OperationsTest, AsksTheEngineBeforeItGivesItsAddress) {
  create_machine(runtime_, none("a"), task_);
  OpenMachine open = open_machine(runtime_, "a");
  http_.will_answer(200, "OK");
  EXPECT_EQ(connected_url(runtime_, open, Target::engine, OtherName::is_reported, task_),
            "tcp://192.0.2.1:2376");
  http_.will_fail(Error("x509: certificate signed by unknown authority", Reason::authentication_failed));
  EXPECT_EQ(
      message([&] { connected_url(runtime_, open, Target::engine, OtherName::is_reported, task_); }),
      "Error checking and/or regenerating the certs: There was an error validating certificates for host "
      "\"192.0.2.1:2376\": x509: certificate signed by unknown authority\n"
      "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n"
      "Be advised that this will trigger a Docker daemon restart which might stop running containers.\n");
  EXPECT_EQ(message([&] { connected_url(runtime_, open, Target::swarm, OtherName::is_reported, task_); }),
            "\"a\" is not a swarm master. The --swarm flag is intended for use with swarm masters");
}

TEST_F(OperationsTest, FiltersByAllKeysAndAnyValue) {
  CreateRequest labelled = none("web-1");
  labelled.engine.labels = {"tier=Front", "bare"};
  create_machine(runtime_, labelled, task_);
  create_machine(runtime_, none("db-1"), task_);
  const auto rows = load_rows(runtime_, store_.names());
  const auto shown = [&](const std::vector<std::string>& texts) {
    const Filter filter(texts);
    std::string names;
    for (const auto& row : rows) {
      if (filter.accepts(row, rows)) names += row.name + " ";
    }
    return names;
  };
  EXPECT_EQ(shown({}), "db-1 web-1 ");
  EXPECT_EQ(shown({"NAME=^web"}), "web-1 ");
  EXPECT_EQ(shown({"name=^web", "name=^db"}), "db-1 web-1 ");
  EXPECT_EQ(shown({"label=tier=front"}), "web-1 ");
  EXPECT_EQ(shown({"label=bare"}), "web-1 ");
  EXPECT_EQ(shown({"driver=NONE", "label=tier=back"}), "");
  EXPECT_EQ(message([] { Filter({"state"}); }), "Unsupported filter syntax");
  EXPECT_EQ(message([] { Filter({"Foo=1"}); }), "Unsupported filter key 'foo'");
}

TEST(OnEach, GoesOnAfterAFailureAndStopsWhenCancelled) {
  std::atomic<int> done{0};
  const auto failures = on_each({"a", "b", "c"}, [&](const std::string& name) {
    if (name == "b") throw Error("b is broken");
    ++done;
  });
  EXPECT_EQ(failures, std::vector<std::string>{"b is broken"});
  EXPECT_EQ(done, 2);
  EXPECT_THROW(on_each({"a", "b"}, [](const std::string&) { throw Cancelled(); }), Cancelled);
}

}  // namespace
}  // namespace dm
