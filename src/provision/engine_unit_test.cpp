// The systemd drop-in.
#include "provision/engine_unit.h"

#include "provision/provision_test.h"

namespace dm {
namespace {

TEST(EngineUnit, HasTheShapeThatDockerMachineWrites) {
  // As recorded, except for the quotes: docker-machine meant to write them and lost them in a shell.
  EXPECT_EQ(
      systemd_engine_unit(
          {"/usr/bin/dockerd", "-H", "tcp://0.0.0.0:2376", "-H", "unix:///var/run/docker.sock",
           "--storage-driver", "overlay2", "--tlsverify", "--tlscacert", "/etc/docker/ca.pem", "--tlscert",
           "/etc/docker/server.pem", "--tlskey", "/etc/docker/server-key.pem", "--label", "tier=test",
           "--label", "provider=generic", "--log-level=warn"},
          {"FOO=bar"}),
      "[Service]\nExecStart=\n"
      "ExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2376 -H unix:///var/run/docker.sock "
      "--storage-driver overlay2 --tlsverify --tlscacert /etc/docker/ca.pem --tlscert /etc/docker/server.pem "
      "--tlskey /etc/docker/server-key.pem --label tier=test --label provider=generic --log-level=warn \n"
      "Environment=\"FOO=bar\" \n");
}

TEST(EngineUnit, WithoutVariables) {
  EXPECT_EQ(systemd_engine_unit({"/usr/bin/dockerd"}, {}),
            "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd \nEnvironment=\n");
}

TEST(EngineUnit, ValuesThatSystemdWouldInterpret) {
  const std::vector<std::string> nasty{
      "plain=value", "two words",  "tab\there", "line\nbreak",         "$HOME ${X} $$",
      "100%d %%",    "\"double\"", "'single'",  "back\\slash",         "ends in \\",
      ";",           "a;b",        "",          "`id` $(id) *?[a]{b}", "é ü 漢字",
      "#no comment", "bell\a"};
  std::vector<std::string> command{"/usr/bin/dockerd"}, environment;
  for (const auto& value : nasty) {
    command.push_back(value);
    environment.push_back("VAR=" + value);
  }
  expect_golden("nasty_unit.conf", systemd_engine_unit(command, environment));
}

}  // namespace
}  // namespace dm
