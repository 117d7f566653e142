// The engine's command line: storage driver, daemon.json, what the user gave.
#include "provision/engine_flags.h"

#include "provision/provision_test.h"

namespace dm {
namespace {

MachineFacts fresh() { return {.engine_program = "/usr/sbin/dockerd", .file_system = "ext2/ext3"}; }

MachineFacts running(const std::string& driver) {
  auto facts = fresh();
  facts.engine_running = true;
  facts.storage_driver = driver;
  return facts;
}

using Choice = std::optional<std::string>;

TEST(StorageDriver, TheUsersChoiceWins) {
  EXPECT_EQ(choose_storage_driver("zfs", running("overlay2"), "overlay2"), Choice("zfs"));
}

TEST(StorageDriver, ARunningEngineKeepsItsOwn) {
  EXPECT_EQ(choose_storage_driver("", running("btrfs"), "overlay2"), Choice("btrfs"));
  EXPECT_EQ(choose_storage_driver("", running("vfs"), "overlay2"), Choice("vfs"));
}

TEST(StorageDriver, ContainerdsImageStoreIsLeftAlone) {
  auto facts = running("overlayfs");
  facts.containerd_images = true;
  EXPECT_EQ(choose_storage_driver("", facts, "overlay2"), Choice());
}

TEST(StorageDriver, AStoppedEngineKeepsWhatItHasStored) {
  auto facts = fresh();
  facts.stored_with = {"btrfs"};
  EXPECT_EQ(choose_storage_driver("", facts, "overlay2"), Choice());
  facts.stored_with = {"overlay2", "vfs"};
  EXPECT_EQ(choose_storage_driver("", facts, "overlay2"), Choice("overlay2"));
}

TEST(StorageDriver, TheUsualOneOnlyWhereItCanLie) {
  auto facts = fresh();
  EXPECT_EQ(choose_storage_driver("", facts, "overlay2"), Choice("overlay2"));
  facts.file_system = "overlayfs";
  EXPECT_EQ(choose_storage_driver("", facts, "overlay2"), Choice());
}

class EngineCommandTest : public ::testing::Test, protected TestTask {
 protected:
  std::string command() {
    std::string text;
    for (const auto& word : engine_command(request, facts, "overlay2", "/etc/docker", task))
      text += "<" + word + ">";
    return text;
  }
  std::string refusal() {
    try {
      command();
    } catch (const Error& error) {
      return error.what();
    }
    return "no failure";
  }

  MachineFacts facts = fresh();
  ProvisionRequest request{.machine_name = "dev", .driver_name = "generic"};
};

constexpr const char* hosts = "</usr/sbin/dockerd><-H><tcp://0.0.0.0:2376><-H><unix:///var/run/docker.sock>";
constexpr const char* tls =
    "<--tlsverify><--tlscacert></etc/docker/ca.pem><--tlscert></etc/docker/server.pem>"
    "<--tlskey></etc/docker/server-key.pem>";

TEST_F(EngineCommandTest, HasAllGroupsInOrder) {
  request.engine.labels = {"a=b", "c d"};
  request.engine.insecure_registry = {"r:5000"};
  request.engine.registry_mirror = {"http://m"};
  request.engine.arbitrary_flags = {"dns=8.8.8.8", "log-opt max-size=10m", "live-restore"};
  EXPECT_EQ(command(),
            std::string(hosts) + "<--storage-driver><overlay2>" + tls +
                "<--label><a=b><--label><c d><--label><provider=generic><--insecure-registry><r:5000>"
                "<--registry-mirror><http://m><--dns=8.8.8.8><--log-opt><max-size=10m><--live-restore>");
}

TEST_F(EngineCommandTest, AStorageDriverAmongTheFreeOptionsIsOne) {
  request.engine.arbitrary_flags = {"storage-driver=btrfs"};
  EXPECT_EQ(command(), std::string(hosts) + tls + "<--label><provider=generic><--storage-driver=btrfs>");
}

TEST_F(EngineCommandTest, WhatDaemonJsonSaysAlreadyIsLeftOut) {
  facts.engine_file = R"({"hosts": ["fd://", "tcp://[::]:2376"], "storage-driver": "btrfs", "tlsverify": true,
    "tlscacert": "/etc/docker/ca.pem", "tlscert": "/etc/docker/server.pem", "tlskey": "/etc/docker/server-key.pem",
    "labels": ["x=y", "provider=generic"], "insecure-registries": ["r", "s"], "dns": ["1.1.1.1"], "mtu": 1400})";
  request.engine.labels = {"x=y"};
  request.engine.insecure_registry = {"r"};
  request.engine.arbitrary_flags = {"dns=1.1.1.1", "mtu=1400", "debug"};
  EXPECT_EQ(command(), "</usr/sbin/dockerd><--debug>");
  EXPECT_EQ(log.lines, std::vector<std::string>{});
}

TEST_F(EngineCommandTest, AConflictNamesKeyAndFile) {
  facts.engine_file = R"({"storage-driver": "btrfs"})";
  request.engine.storage_driver = "overlay2";
  EXPECT_EQ(
      refusal(),
      "/etc/docker/daemon.json on the machine sets \"storage-driver\" to \"btrfs\", which goes against "
      "\"overlay2\": the engine takes this setting from one place only. Remove \"storage-driver\" from the "
      "file, or give the same value");
  request.engine.storage_driver = "";
  facts.engine_file = R"({"hosts": ["unix:///var/run/docker.sock"]})";
  EXPECT_TRUE(refusal().contains("\"hosts\""));
  facts.engine_file = R"({"tlsverify": false})";
  EXPECT_TRUE(refusal().contains("\"tlsverify\" to false"));
  facts.engine_file = R"({"tlsverify": true, "tlscacert": "/root/ca.pem"})";
  EXPECT_TRUE(refusal().contains("\"tlscacert\" to \"/root/ca.pem\""));
  facts.engine_file = R"({"tlskey": "/etc/docker/server-key.pem"})";
  EXPECT_TRUE(refusal().contains("but not \"tlsverify\"")) << refusal();
  facts.engine_file = R"({"storage-opts": ["size=1G"]})";
  request.engine.arbitrary_flags = {"storage-opt=size=2G"};
  EXPECT_TRUE(refusal().contains("\"storage-opts\""));
}

TEST_F(EngineCommandTest, OurOwnLabelGivesWay) {
  facts.engine_file = R"({"labels": ["x=y"]})";
  EXPECT_EQ(command(), std::string(hosts) + "<--storage-driver><overlay2>" + tls);
  EXPECT_EQ(log.lines,
            (std::vector<std::string>{"WARNING The label provider=generic is not set, since "
                                      "/etc/docker/daemon.json on the machine has labels of its own."}));
  request.engine.labels = {"a=b"};
  EXPECT_TRUE(refusal().contains("\"labels\""));
}

TEST_F(EngineCommandTest, ContainerdsImageStoreInDaemonJsonIsLeftAlone) {
  facts.engine_file = R"({"features": {"containerd-snapshotter": true}})";
  EXPECT_EQ(command(), std::string(hosts) + tls + "<--label><provider=generic>");
}

TEST_F(EngineCommandTest, ABrokenDaemonJsonIsNamed) {
  facts.engine_file = "{ oops";
  EXPECT_TRUE(refusal().starts_with("/etc/docker/daemon.json on the machine: ")) << refusal();
}

}  // namespace
}  // namespace dm
