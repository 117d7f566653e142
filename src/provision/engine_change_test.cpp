// What an engine's configuration is read to be, and the smallest change of it.
#include "provision/engine_change.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/error.h"
#include "provision/engine_unit.h"

namespace dm {
namespace {

using Words = std::vector<std::string>;

const Words tls_options{"--tlsverify", "--tlscacert=/etc/docker/ca.pem", "--tlscert=/etc/docker/server.pem",
                        "--tlskey=/etc/docker/server-key.pem"};

EngineConfiguration started_by(const std::string& line, const std::string& file = "") {
  EngineConfiguration found{
      .unit = "# /lib/systemd/system/docker.service\n[Service]\nExecStart=" + line + "\n",
      .engine_file = file};
  std::string word;
  for (const char letter : line + " ") {
    if (letter != ' ') {
      word += letter;
    } else if (!word.empty()) {
      found.command.push_back(std::exchange(word, ""));
    }
  }
  return found;
}

EngineChange change_of(const EngineConfiguration& found) {
  return smallest_change(found, "/etc/docker", 2376);
}

TEST(EngineChange, AppendsToTheCommandLineWhatIsMissing) {
  const auto found = started_by("/usr/sbin/dockerd -H fd:// $DOCKER_OPTS", R"({"labels": ["a=b"]})");
  const EngineChange change = change_of(found);
  Words expected = tls_options;
  expected.emplace_back("--host=tcp://0.0.0.0:2376");
  EXPECT_EQ(change.added, expected);
  EXPECT_EQ(change.engine_file, "");
  EXPECT_TRUE(
      change.drop_in.contains("\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS --tlsverify "))
      << change.drop_in;
  EXPECT_TRUE(change.were_plain.empty());
}

TEST(EngineChange, KeepsTheLocalSocketThatIsThereWithoutBeingSaid) {
  EXPECT_EQ(change_of(started_by("/usr/bin/dockerd")).added.at(4), "--host=unix:///var/run/docker.sock");
}

TEST(EngineChange, ChangesTheFileWhereItHasTheSettings) {
  const EngineChange change =
      change_of(started_by("/usr/bin/dockerd", R"({"hosts": ["fd://", "tcp://0.0.0.0:2375"],"debug":true})"));
  EXPECT_TRUE(change.drop_in.empty());
  EXPECT_EQ(
      change.engine_file,
      R"({"hosts": ["fd://","tcp://0.0.0.0:2375","tcp://0.0.0.0:2376"],"debug":true,"tlsverify": true,)"
      R"("tlscacert": "/etc/docker/ca.pem","tlscert": "/etc/docker/server.pem","tlskey": "/etc/docker/server-key.pem"})");
  EXPECT_EQ(change.were_plain, Words{"tcp://0.0.0.0:2375"});
}

TEST(EngineChange, SaysNoSettingInBothPlaces) {
  const EngineChange change = change_of(started_by(
      "/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify", R"({"tlscacert": "/srv/ca.pem"})"));
  EXPECT_EQ(change.new_keys, (Words{"tlscacert", "tlscert", "tlskey"}));
  EXPECT_TRUE(change.drop_in.empty()) << change.drop_in;
}

TEST(EngineChange, IsNothingWhereDockerMachineWas) {
  const auto found = started_by(
      "/usr/bin/dockerd -H tcp://0.0.0.0:2376 -H unix:///var/run/docker.sock --tlsverify --tlscacert "
      "/etc/docker/ca.pem --tlscert /etc/docker/server.pem --tlskey /etc/docker/server-key.pem");
  EXPECT_TRUE(change_of(found).is_empty());
}

TEST(EngineChange, RefusesWhatItCannotAddTo) {
  EXPECT_THROW(change_of(started_by("/bin/sh -c dockerd")), Error);
  EXPECT_THROW(change_of(started_by("/usr/bin/dockerd --config-file /srv/daemon.json")), Error);
}

TEST(EngineConfiguration, KnowsThePortThatOthersReach) {
  const auto door =
      door_of(started_by("/usr/bin/dockerd -Htcp://127.0.0.1:2375 --host=tcp://[::]:2390 --tlsverify=false"));
  EXPECT_EQ(door.port, 2390);
  EXPECT_FALSE(door.asks_for_certificates);
}

TEST(EngineConfiguration, JoinsContinuedLines) {
  EXPECT_EQ(
      start_command("ExecStart=/a b\n# no\nExecStart=\nExecStart=/bin/x \\\n  -y \\\n -z\nRestart=always\n"),
      "/bin/x -y -z");
}

TEST(EngineConfiguration, ReadsWhatDockerMachineSaid) {
  const Words command{"/usr/bin/dockerd",
                      "-H",
                      "tcp://0.0.0.0:2376",
                      "--storage-driver",
                      "overlay2",
                      "--tlsverify",
                      "--tlscacert",
                      "/etc/x",
                      "--label",
                      "tier=a b",
                      "--label",
                      "provider=generic",
                      "--registry-mirror",
                      "https://m",
                      "--log-level=warn",
                      "--dns",
                      "192.0.2.53"};
  const Words environment{"A=b \"c\" 10%\\", "D=$e"};
  EngineConfiguration found{
      .command = command,
      .unit =
          "# /lib/systemd/system/docker.service\n[Service]\nExecStart=/usr/bin/dockerd\n"
          "# /etc/systemd/system/docker.service.d/10-machine.conf\n" +
          systemd_engine_unit(command, environment) + "# /etc/systemd/system/docker.service.d/x.conf\n"};
  const auto options = options_by_docker_machine(found, "overlay2");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->labels, Words{"tier=a b"});
  EXPECT_EQ(options->registry_mirror, Words{"https://m"});
  EXPECT_EQ(options->arbitrary_flags, (Words{"log-level=warn", "dns 192.0.2.53"}));
  EXPECT_EQ(options->environment, environment);
  EXPECT_EQ(options->storage_driver, "");
  EXPECT_FALSE(options_by_docker_machine(started_by("/usr/bin/dockerd"), "overlay2"));
}

TEST(WithMember, ChangesNothingElse) {
  EXPECT_EQ(with_member("", "a", 1), "{\n    \"a\": 1\n}\n");
  EXPECT_EQ(with_member("{ }\n", "a", true), "{\n    \"a\": true\n }\n");
  EXPECT_EQ(with_member("{\n\t\"x\": {\"a\": [1, \"}\\\"\"]}\n}\n", "a", "b"),
            "{\n\t\"x\": {\"a\": [1, \"}\\\"\"]},\n\t\"a\": \"b\"\n}\n");
  EXPECT_EQ(with_member("{\"a\" : [1,2] , \"b\":null}", "a", 3), "{\"a\" : 3 , \"b\":null}");
}

}  // namespace
}  // namespace dm
