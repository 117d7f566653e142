// What each distribution is sent: its os-release as it is published, and a golden transcript.
#include "provision/distribution.h"

#include <set>

#include "base/strings.h"
#include "provision/provision_test.h"
#include "provision/steps.h"

namespace dm {
namespace {

struct Sample {
  std::string name;  ///< of the row
  std::string golden;
  std::string os_release;  ///< the lines that matter
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> rows{
      {"ubuntu(systemd)", "ubuntu", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\""},
      {"ubuntu(upstart)", "ubuntu_upstart", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"14.04\""},
      {"debian", "debian", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm"},
      {"raspbian", "raspbian", "ID=raspbian\nID_LIKE=debian\nVERSION_ID=\"12\""},
      {"kali", "kali", "ID=kali\nID_LIKE=debian\nVERSION_ID=\"2025.4\""},
      {"linuxmint", "linuxmint", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22.1\""},
      {"centos", "centos",
       "ID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\nNAME=\"CentOS Stream\""},
      {"redhat", "redhat", "ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\""},
      {"ol", "oracle", "ID=\"ol\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\""},
      {"rocky", "rocky", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\""},
      {"almalinux", "almalinux", "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\""},
      {"fedora", "fedora", "ID=fedora\nVERSION_ID=41\nVARIANT_ID=server"},
      {"fedora coreos", "fedora_coreos", "ID=fedora\nVERSION_ID=41\nVARIANT_ID=coreos"},
      {"amazonlinux", "amazonlinux", "ID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\""},
      {"arch", "arch", "ID=arch\nBUILD_ID=rolling"},
      {"SUSE", "suse", "ID=\"sles\"\nID_LIKE=\"suse\"\nVERSION_ID=\"15.6\""},
      {"SUSE", "opensuse", "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\nVERSION_ID=\"20251101\""},
      {"alpine", "alpine", "ID=alpine\nVERSION_ID=3.20.3"},
      {"flatcar", "flatcar", "ID=flatcar\nID_LIKE=coreos\nVERSION_ID=3975.2.2"},
      {"coreOS", "coreos", "ID=coreos\nID_LIKE=\"coreos\"\nVERSION_ID=2512.3.0"},
      {"rancheros", "rancheros", "ID=rancheros\nVERSION_ID=v1.5.8"},
      {"boot2docker", "boot2docker", "ID=boot2docker\nVERSION_ID=19.03.12"},
  };
  return rows;
}

class DistributionTest : public ::testing::TestWithParam<Sample>, protected PlayedTask {};

TEST_P(DistributionTest, IsSentWhatItNeeds) {
  const auto& sample = GetParam();
  const auto* row = find_distribution(parse_os_release(sample.os_release));
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->name, sample.name);
  std::string system;
  for (const auto& line : split(sample.os_release, '\n')) system += "os-release:" + line + "\n";
  system += "privilege=root\nuser=root\nservice_manager=" + row->services->name + "\n";
  const std::string engine =
      "dockerd=/usr/bin/dockerd\nservice=ActiveState=active LoadState=loaded \nend=yes\n";
  const bool comes_with_it = row->source == EngineSource::image;
  FakeTranscript transcript;
  transcript.expect("sh", {.output = system + (comes_with_it ? engine : "service=\nend=yes\n")});
  if (!comes_with_it) {
    transcript.expect("sh");
    transcript.expect("sh", {.output = system + engine});
  }
  transcript.expect("sh");
  FakeSshConnector connector{transcript};
  RemoteHost host{connector, {.host = "192.0.2.7"}};
  ProvisionRequest request{.machine_name = "dev", .driver_name = "generic"};
  request.engine.install_url = "https://get.docker.com";
  request.engine.labels = {"tier=test"};
  request.engine.environment = {"FOO=bar baz"};
  request.certificates = [] { return EngineCertificates{"authority\n", "certificate\n", "secret key\n"}; };
  provision(host, detect_distribution(host, task), request, task);
  EXPECT_EQ(transcript.missing(), std::vector<std::string>{});
  // The functions that all scripts share are in the golden files of provision_test.
  std::string text;
  for (const auto& command : transcript.commands()) {
    const auto begin = command.input.find("\nmark part ");
    if (begin != std::string::npos) text += command.input.substr(begin) + "\n";
  }
  expect_golden("distributions/" + sample.golden + ".txt", text);
  for (const std::string shell : {"dash", "bash"}) {
    LocalShellSession session;
    for (const auto& command : transcript.commands()) {
      const auto result = session.run(
          {.line = "sh", .input = shell + " -n <<'CHECKED-SCRIPT'\n" + command.input + "\nCHECKED-SCRIPT\n"},
          task);
      EXPECT_EQ(result.status, 0) << result.output;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DistributionTest, ::testing::ValuesIn(samples()),
                         [](const auto& sample) { return sample.param.golden; });

TEST(Distributions, EachHasASample) {
  std::set<std::string> with_sample, rows;
  for (const auto& sample : samples()) with_sample.insert(sample.name);
  for (const auto& row : distributions()) rows.insert(row.name);
  EXPECT_EQ(rows, with_sample);
}

}  // namespace
}  // namespace dm
