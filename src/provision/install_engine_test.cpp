// The installation script, run by a real shell of this computer in which apt-get, curl and the like are
// fakes.
#include <fmt/core.h>

#include "base/strings.h"
#include "base/temporary_folder.h"
#include "provision/provision_test.h"
#include "provision/steps.h"

namespace dm {
namespace {

/// Runs what is to be installed in a local shell, and answers the question for facts with an engine.
class InstallingSession final : public SshSession {
 public:
  explicit InstallingSession(const std::string& programs) : shell_(programs) {}
  CommandResult run(const RemoteCommand& command, Task& task) override {
    if (command.input != facts_command().input) return shell_.run(command, task);
    return {.output = "privilege=root\ndockerd=/usr/sbin/dockerd\nservice=LoadState=loaded\nend=yes\n"};
  }

 private:
  LocalShellSession shell_;
};

class InstallingConnector final : public SshConnector {
 public:
  explicit InstallingConnector(std::string programs) : programs_(std::move(programs)) {}
  std::unique_ptr<SshSession> connect(const SshTarget&, Task&) override {
    return std::make_unique<InstallingSession>(programs_);
  }

 private:
  std::string programs_;
};

class InstallEngineTest : public ::testing::Test, protected PlayedTask {
 protected:
  InstallEngineTest() {
    fake("apt-get", "exit 0");
    fake("apt-cache", "exit 1");
    fake("sleep", "exit 0");
    fake("curl", "for last; do :; done; echo \"curl: (6) Could not resolve host: $last\" >&2; exit 6");
    request.engine.install_url = "https://get.docker.com";
  }
  /// A program that notes its command line and then does this.
  void fake(const std::string& name, const std::string& does) {
    const auto path = folder.path() / "bin" / name;
    make_folders(path.parent_path());
    write_file(path, fmt::format("#!/bin/sh\necho \"{} $*\" >>{}\n{}\n", name, calls_file().string(), does),
               0755);
  }
  /// Fails in this way for the first `times` calls of the program.
  void fake_failing(const std::string& name, int times, const std::string& output) {
    const auto count = (folder.path() / (name + ".count")).string();
    fake(name, fmt::format("echo x >>{0}\n[ $(wc -l <{0}) -gt {1} ] && exit 0\necho '{2}' >&2\nexit 100",
                           count, times, output));
  }
  fs::path calls_file() const { return folder.path() / "calls"; }
  std::vector<std::string> calls() const {
    std::vector<std::string> found;
    for (const auto& line : split(trim(read_file(calls_file())), '\n')) {
      if (!line.starts_with("sleep") && !line.starts_with("apt-cache"))
        found.push_back(line.substr(0, line.find(" -")));
    }
    return found;
  }
  std::string failure() {
    InstallingConnector connector((folder.path() / "bin").string());
    RemoteHost host(connector, {});
    const MachineFacts facts{.distribution = find_distribution({.id = "debian"}),
                             .privilege = Privilege::root};
    Provisioning work{host, facts, *facts.distribution, request, task, {}};
    try {
      install_engine(work);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  const TemporaryFolder folder;
  ProvisionRequest request{.machine_name = "dev", .driver_name = "generic"};
};

TEST_F(InstallEngineTest, TheScriptIsFetchedWholeAndRun) {
  fake("curl", "while [ \"$1\" != -o ]; do shift; done; echo 'echo installing' >\"$2\"");
  EXPECT_EQ(failure(), "");
  EXPECT_EQ(calls(), (std::vector<std::string>{"curl"}));
  EXPECT_EQ(log.lines, (std::vector<std::string>{"Installing Docker..."}));
}

TEST_F(InstallEngineTest, AScriptThatFailsIsAnError) {
  fake("curl", "while [ \"$1\" != -o ]; do shift; done; echo 'echo no luck; exit 3' >\"$2\"");
  EXPECT_EQ(failure(),
            "error installing docker: the script https://get.docker.com ended with exit status 3\nno luck");
}

TEST_F(InstallEngineTest, WhereTheUsualScriptIsOutOfReachTheDistributionsPackageComes) {
  EXPECT_EQ(failure(), "");
  EXPECT_EQ(log.lines,
            (std::vector<std::string>{
                "Installing Docker...",
                "https://get.docker.com cannot be fetched from the machine (curl: (6) Could not resolve "
                "host: https://get.docker.com): installing the distribution's own engine."}));
  EXPECT_EQ(calls(), (std::vector<std::string>{"curl", "apt-get", "apt-get"}));
  EXPECT_TRUE(read_file(calls_file()).contains(" install docker.io apparmor ca-certificates\n"));
}

TEST_F(InstallEngineTest, AScriptThatTheUserNamedIsNotReplaced) {
  request.engine.install_url = "https://example.com/install.sh";
  EXPECT_EQ(
      failure(),
      "error installing docker: https://example.com/install.sh cannot be fetched from the machine: curl: (6) "
      "Could not resolve host: https://example.com/install.sh");
  EXPECT_EQ(calls(), (std::vector<std::string>{"curl"}));
}

TEST_F(InstallEngineTest, AnAddressWithALineBreakIsNone) {
  request.engine.install_url = "https://example.com/\n::docker-machine tell x";
  EXPECT_EQ(
      failure(),
      "error installing docker: \"https://example.com/\\n::docker-machine tell x\" is no address: it has a "
      "line break or another control character in it");
  EXPECT_FALSE(fs::exists(calls_file()));
}

TEST_F(InstallEngineTest, PackagesThatOnlySomeReleasesHave) {
  fake("apt-cache", "exit 0");
  request.engine.install_url = "none";
  EXPECT_EQ(failure(), "");
  EXPECT_TRUE(read_file(calls_file()).contains(" install docker.io apparmor ca-certificates docker-cli\n"));
}

TEST_F(InstallEngineTest, AVersionIsPinned) {
  fake("apt-cache",
       "[ \"$1\" = madison ] && cat <<END\n"
       " docker.io | 24.0.71+dfsg1-1 | http://deb.debian.org x\n"
       " docker.io | 5:24.0.7-1~debian.12 | http://deb.debian.org x\n"
       " docker.io | 20.10.24+dfsg1-1 | http://deb.debian.org x\nEND");
  request.engine.install_url = "none";
  request.engine.version = "24.0.7";
  EXPECT_EQ(failure(), "");
  EXPECT_TRUE(
      read_file(calls_file()).contains(" --allow-downgrades install docker.io=5:24.0.7-1~debian.12\n"));
  // Named again without its version, it would be brought to the newest.
  EXPECT_TRUE(read_file(calls_file()).contains(" install apparmor ca-certificates\n"));
  EXPECT_FALSE(read_file(calls_file()).contains(" install docker.io apparmor"));
  request.engine.version = "v20.10";
  EXPECT_EQ(failure(), "");
  EXPECT_TRUE(read_file(calls_file()).contains(" --allow-downgrades install docker.io=20.10.24+dfsg1-1\n"));
  request.engine.version = "29";
  EXPECT_EQ(failure(),
            "There is no version 29 of the package docker.io for this machine; there are: 24.0.71+dfsg1-1 "
            "5:24.0.7-1~debian.12 20.10.24+dfsg1-1 ");
}

TEST_F(InstallEngineTest, TheUsualScriptTakesTheVersion) {
  fake("curl", "while [ \"$1\" != -o ]; do shift; done; echo 'echo \"got $*\"; exit 3' >\"$2\"");
  request.engine.version = "24.0";
  EXPECT_TRUE(failure().ends_with("\ngot --version 24.0"));
}

TEST_F(InstallEngineTest, WaitsWhileAnotherPackageManagerIsAtWork) {
  request.engine.install_url = "none";
  fake_failing("apt-get", 5, "E: Could not get lock /var/lib/apt/lists/lock");
  EXPECT_EQ(failure(), "");
  EXPECT_EQ(calls().size(), 7U);
}

TEST_F(InstallEngineTest, DoesNotWaitForEver) {
  request.engine.install_url = "none";
  fake_failing("apt-get", 1000, "E: Could not get lock /var/lib/apt/lists/lock");
  EXPECT_TRUE(failure().starts_with("Failed to obtain lock: Maximum number of retries (60) exceeded\n"));
}

TEST_F(InstallEngineTest, MendsWhatARunThatWasCutOffHasLeft) {
  request.engine.install_url = "none";
  fake("dpkg", "exit 0");
  fake("apt-get", fmt::format("grep -q ^dpkg {} && exit 0\n"
                              "echo \"E: dpkg was interrupted, run 'dpkg --configure -a'\"; exit 100",
                              calls_file().string()));
  EXPECT_EQ(failure(), "");
  EXPECT_TRUE(read_file(calls_file()).contains("dpkg --force-confdef --force-confold --configure -a\n"));
}

TEST_F(InstallEngineTest, AListThatCannotBeRefreshedIsOnlyAWarning) {
  request.engine.install_url = "none";
  fake("apt-get", "case \"$*\" in *update) echo 'Err: no such server'; exit 100 ;; esac");
  EXPECT_EQ(failure(), "");
  EXPECT_EQ(log.lines.back(), "WARNING The list of packages on the machine could not be brought up to date.");
}

TEST_F(InstallEngineTest, APackageThatCannotBeInstalledIsAnError) {
  request.engine.install_url = "none";
  fake("apt-get", "case \"$*\" in *update) exit 0 ;; esac; echo 'E: No space left on device'; exit 100");
  EXPECT_EQ(failure(), "error installing docker: exit status 100\nE: No space left on device");
}

}  // namespace
}  // namespace dm
