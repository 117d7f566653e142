// Everything that is sent to a machine, in golden transcripts, and what goes wrong on the way.
#include "provision/provision.h"

#include <fmt/core.h>

#include "base/json.h"
#include "base/strings.h"
#include "provision/provision_test.h"
#include "provision/steps.h"

namespace dm {
namespace {

const std::string debian = "os-release:ID=debian\nos-release:VERSION_ID=\"12\"\n";
const std::string ubuntu =
    "os-release:ID=ubuntu\nos-release:ID_LIKE=debian\nos-release:VERSION_ID=\"22.04\"\n";
const std::string as_root = "privilege=root\nuser=root\n";
const std::string as_admin = "privilege=sudo\nuser=ubuntu\n";
const std::string without_engine =
    "dockerd=\nservice_manager=systemd\nservice=ActiveState=inactive LoadState=not-found "
    "\nfile_system=ext2/ext3\n"
    "end=yes\n";
const std::string with_engine =
    "dockerd=/usr/sbin/dockerd\nservice_manager=systemd\nservice=ActiveState=active LoadState=loaded \n"
    "engine=overlay2 [[Backing Filesystem extfs]]\nfile_system=ext2/ext3\nend=yes\n";

class ProvisionTest : public ::testing::Test, protected PlayedTask {
 protected:
  ProvisionTest() {
    request.engine.install_url = "https://get.docker.com";
    request.certificates = [this] {
      task.info("Copying certs to the local machine directory...");
      return EngineCertificates{"the authority\n", "the certificate\n", "the secret key\n"};
    };
  }
  void answer(const std::string& facts) { transcript.expect("sh", {.output = facts}); }
  void run() {
    const auto facts = detect_distribution(host, task);
    task.info(fmt::format("Provisioning with {}...", name_of(facts)));
    provision(host, facts, request, task);
    EXPECT_EQ(transcript.missing(), std::vector<std::string>{});
  }
  std::string failure() {
    try {
      run();
    } catch (const Error& error) {
      return error.what();
    }
    return "no failure";
  }
  std::string said() const { return join(log.lines, "\n") + "\n"; }

  FakeTranscript transcript;
  FakeSshConnector connector{transcript};
  RemoteHost host{connector, {.host = "192.0.2.7"}};
  ProvisionRequest request{.machine_name = "dev-1.example", .driver_name = "generic"};
};

TEST_F(ProvisionTest, TriesOtherOptionsAndPutsTheFormerOnesBack) {
  request.former = FormerEngine{.engine = request.engine};
  request.engine.labels = {"tier=prod"};
  request.containers = Containers::run_on;
  answer(as_root + debian + with_engine);
  for (int i = 0; i < 1; ++i) transcript.expect("sh");
  run();
  expect_golden("debian_changed.txt", sent(transcript));
}

constexpr const char* quiet_start = R"(Waiting for SSH to be available...
Detecting the provisioner...
)";
constexpr const char* quiet_end = R"(Copying certs to the local machine directory...
Copying certs to the remote machine...
Setting Docker configuration on the remote daemon...
)";

TEST_F(ProvisionTest, DebianWithAnEngineTakesTwoCommandsOnOneConnection) {
  request.engine.labels = {"tier=test"};
  request.engine.arbitrary_flags = {"log-level=warn"};
  request.engine.environment = {"FOO=bar baz"};
  answer(as_root + debian + with_engine);
  transcript.expect("sh");
  run();
  EXPECT_EQ(connector.connects(), 1U);
  EXPECT_EQ(said(), std::string(quiet_start) + "Provisioning with debian...\n" + quiet_end);
  expect_golden("debian_with_engine.txt", sent(transcript));
}

TEST_F(ProvisionTest, ContainersRunOnIfOnlyCertificatesChange) {
  request.containers = Containers::run_on_if_they_can;
  answer(as_root + debian + "daemon.json:{\"debug\": true,\ndaemon.json: \"labels\": [\"it's\"]}\n" +
         with_engine);
  transcript.expect("sh");
  run();
  expect_golden("debian_renewed.txt", sent(transcript));
}

TEST_F(ProvisionTest, ARenewalTouchesNothingButTheCertificates) {
  answer(as_admin + ubuntu + with_engine);
  const auto facts = detect_distribution(host, task);
  transcript.expect("sudo -n sh");
  renew_engine_certificates(host, facts, request.certificates(), 2376, Containers::run_on, task);
  const std::string& script = transcript.commands().back().input;
  EXPECT_EQ(script.find("10-machine.conf"), std::string::npos);
  EXPECT_EQ(script.find("/etc/hosts"), std::string::npos);
  // What could make it fail comes before what it changes.
  EXPECT_LT(script.find("its running containers would stop"), script.find("stage /etc/docker/ca.pem"));
  EXPECT_LT(script.find("replace_staged\n"), script.find("systemctl -f restart docker"));
}

TEST_F(ProvisionTest, ARenewalNeedsAnEngine) {
  answer(as_root + debian + without_engine);
  const auto facts = detect_distribution(host, task);
  EXPECT_THROW(renew_engine_certificates(host, facts, request.certificates(), 2376, Containers::run_on, task),
               Error);
  EXPECT_EQ(transcript.commands().size(), 1U);
}

TEST(WithLiveRestore, LeavesTheRestAsItIs) {
  EXPECT_EQ(with_live_restore("", true), "{\n    \"live-restore\": true\n}");
  EXPECT_EQ(parse_json(with_live_restore(R"({"b": [1], "live-restore": false, "a": {"x": "<&>"}})", true)),
            parse_json(R"({"b": [1], "live-restore": true, "a": {"x": "<&>"}})"));
  EXPECT_THROW(with_live_restore("[]", true), Error);
  EXPECT_THROW(with_live_restore("{", true), Error);
}

TEST_F(ProvisionTest, FreshDebian) {
  answer(as_root + debian + without_engine);
  transcript.expect("sh");
  answer(as_root + debian + with_engine);
  transcript.expect("sh");
  run();
  EXPECT_EQ(said(),
            std::string(quiet_start) + "Provisioning with debian...\nInstalling Docker...\n" + quiet_end);
  expect_golden("debian_fresh.txt", sent(transcript));
}

TEST_F(ProvisionTest, UbuntuAsAUserWithSudo) {
  request.engine.storage_driver = "btrfs";
  request.engine_port = 12376;
  answer(as_admin + ubuntu + "cloud_init=running\n" + without_engine);
  transcript.expect("sudo -n sh");
  answer(as_admin + ubuntu + "cloud_init=done\n" + with_engine);
  transcript.expect("sudo -n sh");
  run();
  EXPECT_TRUE(log.lines.at(2) == "Provisioning with ubuntu(systemd)...");
  expect_golden("ubuntu_with_sudo.txt", sent(transcript));
}

TEST_F(ProvisionTest, AnInstallUrlInLiteralQuotes) {
  request.engine.install_url = "'https://releases.rancher.com/install-docker/28.2.1.sh'";
  answer(as_root + debian + without_engine);
  transcript.expect("sh");
  answer(as_root + debian + with_engine);
  transcript.expect("sh");
  run();
  expect_golden("debian_install_url.txt", sent(transcript));
}

TEST_F(ProvisionTest, TheDistributionsOwnEngineOnDemand) {
  request.engine.install_url = "none";
  answer(as_root + debian + without_engine);
  transcript.expect("sh");
  answer(as_root + debian + with_engine);
  transcript.expect("sh");
  run();
  const auto& script = transcript.commands().at(1).input;
  EXPECT_TRUE(script.contains("\ninstall_own_engine\n"));
  EXPECT_FALSE(script.contains("curl -"));
}

TEST_F(ProvisionTest, TheKeyTravelsOnStandardInputOnly) {
  answer(as_root + debian + with_engine);
  transcript.expect("sh");
  run();
  for (const auto& command : transcript.commands()) EXPECT_FALSE(command.line.contains("secret"));
  EXPECT_TRUE(transcript.commands().back().input.contains("\nthe secret key\n"));
  for (const auto& line : log.lines) EXPECT_FALSE(line.contains("secret"));
}

TEST_F(ProvisionTest, AnUnknownSystemIsRefused) {
  answer(as_root + "os-release:ID=plan9\n" + without_engine);
  EXPECT_EQ(failure(), "OS type not recognized");
}

TEST_F(ProvisionTest, SudoThatAsksIsAClearError) {
  answer("privilege=refused\nuser=joe\nsudo_answer=sudo: a password is required\n" + debian + without_engine);
  EXPECT_EQ(
      failure(),
      "The user \"joe\" on the machine needs sudo without a password, and sudo said: \"sudo: a password is "
      "required\". Give it a NOPASSWD rule, or log in as root");
}

TEST_F(ProvisionTest, NoSudoIsAClearError) {
  answer("privilege=none\nuser=joe\n" + debian + without_engine);
  EXPECT_TRUE(failure().starts_with("The user \"joe\" is not root, and there is no sudo"));
}

TEST_F(ProvisionTest, AMachineWithoutSystemdIsRefused) {
  answer(as_root + debian + "end=yes\n");
  EXPECT_TRUE(failure().starts_with("systemd does not run on the machine"));
}

TEST_F(ProvisionTest, ASnapIsNotTakenForAnEngine) {
  answer(as_root + ubuntu + "snap=yes\nservice_manager=systemd\nend=yes\n");
  EXPECT_TRUE(failure().contains("as a snap"));
}

TEST_F(ProvisionTest, AnInstallationThatLeavesNoEngine) {
  answer(as_root + debian + without_engine);
  transcript.expect("sh");
  answer(as_root + debian + without_engine);
  EXPECT_EQ(failure(),
            "error installing docker: the installation ended well, but there is no dockerd on the machine");
}

TEST_F(ProvisionTest, AFailedInstallationShowsItsLastLines) {
  answer(as_root + debian + without_engine);
  transcript.expect("sh", {.status = 1,
                           .output = "::docker-machine part installing docker\nReading package lists...\r\n"
                                     "E: Unable to locate package docker.io\n"
                                     "::docker-machine fail error installing docker: exit status 100\n"});
  EXPECT_EQ(failure(),
            "error installing docker: exit status 100\nReading package lists...\n"
            "E: Unable to locate package docker.io");
}

TEST_F(ProvisionTest, AnEngineThatDoesNotStartShowsItsJournal) {
  answer(as_root + debian + with_engine);
  transcript.expect("sh",
                    {.status = 1,
                     .output = "::docker-machine part restarting the engine\nfailed to start daemon: oops\n"
                               "::docker-machine fail Unable to verify the Docker daemon is listening: the "
                               "engine did not start (exit status 1)\n"});
  EXPECT_EQ(failure(),
            "Unable to verify the Docker daemon is listening: the engine did not start (exit status 1)\n"
            "failed to start daemon: oops");
}

TEST_F(ProvisionTest, AScriptThatHangsIsReportedWithItsPart) {
  answer(as_root + debian + with_engine);
  transcript.expect_failure("sh", Error("the command did not end in time", Reason::timed_out));
  EXPECT_EQ(failure(), "Error running a script on the machine: the command did not end in time");
}

TEST_F(ProvisionTest, WaitingForTheEngineLooksAtItsPort) {
  answer(as_root + debian + with_engine);
  const auto facts = detect_distribution(host, task);
  transcript.expect("sh");
  wait_until_engine_listens(host, facts, 2376, task);
  expect_golden("engine_listens.txt", transcript.commands().back().input);
}

TEST(InstallScriptUrl, LosesOnePairOfQuotes) {
  using Url = std::optional<std::string>;
  EXPECT_EQ(install_script_url("https://get.docker.com"), Url("https://get.docker.com"));
  EXPECT_EQ(install_script_url("'https://x/y.sh'"), Url("https://x/y.sh"));
  EXPECT_EQ(install_script_url("\"https://x/y.sh\""), Url("https://x/y.sh"));
  EXPECT_EQ(install_script_url("'https://x/it's'"), Url("https://x/it's"));
  EXPECT_EQ(install_script_url(""), Url());
  EXPECT_EQ(install_script_url("''"), Url());
  EXPECT_EQ(install_script_url("none"), Url());
}

TEST(HostnameFor, HasAtMost63Characters) {
  EXPECT_EQ(hostname_for("dev"), "dev");
  EXPECT_EQ(hostname_for(std::string(62, 'a') + "-bcd"), std::string(62, 'a'));
}

}  // namespace
}  // namespace dm
