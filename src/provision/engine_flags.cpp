// The engine's command line, out of what the user wants and what the machine has.
#include "provision/engine_flags.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "base/strings.h"

namespace dm {
namespace {

constexpr std::string_view engine_file = "/etc/docker/daemon.json";
constexpr std::string_view local_socket = "unix:///var/run/docker.sock";

bool among(const std::vector<std::string>& values, std::string_view value) {
  return std::ranges::find(values, value) != values.end();
}

/// The values of a key in daemon.json as texts: one for a scalar, any number for a list.
std::vector<std::string> texts_of(const Json& value) {
  if (!value.is_array()) return {value.is_string() ? value.get<std::string>() : value.dump()};
  std::vector<std::string> texts;
  for (const auto& item : value) texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  return texts;
}

/// Different spellings of one address in one: all interfaces, the local socket.
std::string plain_address(const std::string& address) {
  for (const std::string_view all : {"tcp://0.0.0.0:", "tcp://[::]:"}) {
    if (address.starts_with(all)) return "tcp://:" + address.substr(all.size());
  }
  // fd:// is the socket that systemd opened for the engine.
  const std::array<std::string_view, 4> local{"unix://", "unix:///run/docker.sock", "fd://", local_socket};
  return std::ranges::find(local, address) != local.end() ? std::string(local_socket) : address;
}

/// Builds the command line, holding each option against daemon.json.
class CommandLine {
 public:
  CommandLine(std::string program, const std::string& file) : words_{std::move(program)} {
    if (trim(file).empty()) return;
    file_ = in_context(fmt::format("{} on the machine", engine_file), [&] { return parse_json(file); });
  }

  bool file_has(const std::string& key) const { return file_.is_object() && file_.contains(key); }
  bool file_wants_containerd_images() const {
    return file_has("features") && file_.at("features").value("containerd-snapshotter", false);
  }
  std::vector<std::string> in_file(const std::string& key) const { return texts_of(file_.at(key)); }
  void add(std::initializer_list<std::string> words) { words_.insert(words_.end(), words); }

  /// Adds an option, unless the file says the same.
  void add_one(const std::string& flag, const std::string& key, const std::string& value) {
    if (!file_has(key)) return add({flag, value});
    const auto there = in_file(key);
    if (there != std::vector{value}) refuse(key, value);
  }
  /// Makes sure that the file has this value.
  void require(const std::string& key, const std::string& value) const {
    if (!file_has(key)) {
      throw Error(fmt::format(
          "{} on the machine sets some of the engine's TLS options, but not \"{}\". Remove \"tls\", "
          "\"tlsverify\", \"tlscacert\", \"tlscert\" and \"tlskey\" from the file",
          engine_file, key));
    }
    if (in_file(key) != std::vector{value}) refuse(key, value);
  }
  /// Adds an option for each value, unless the file has them all.
  void add_all(const std::string& flag, const std::string& key, const std::vector<std::string>& values) {
    if (!file_has(key)) {
      for (const auto& value : values) add({flag, value});
      return;
    }
    const auto there = in_file(key);
    for (const auto& value : values) {
      if (!among(there, value)) refuse(key, value);
    }
  }
  void add_hosts(const std::vector<std::string>& addresses) {
    if (!file_has("hosts")) return add_all("-H", "hosts", addresses);
    auto there = in_file("hosts");
    std::ranges::transform(there, there.begin(), plain_address);
    for (const auto& address : addresses) {
      if (!among(there, plain_address(address))) refuse("hosts", address);
    }
  }
  /// Adds what the user gave with --engine-opt: "name=value", "name value" or "name".
  void add_free(const std::string& option) {
    const auto end = option.find_first_of("= ");
    const std::string name = option.substr(0, end);
    const std::string value = end == std::string::npos ? "true" : option.substr(end + 1);
    // Options that may be repeated are in the file under their plural.
    for (const auto& key : {name, name + "s"}) {
      if (!file_has(key)) continue;
      if (!among(in_file(key), value)) refuse(key, option);
      return;
    }
    if (end != std::string::npos && option[end] == ' ') return add({"--" + name, std::string(trim(value))});
    add({"--" + option});
  }

  std::vector<std::string> words() && { return std::move(words_); }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& value) const {
    throw Error(
        fmt::format("{} on the machine sets \"{}\" to {}, which goes against {}: the engine takes this "
                    "setting from one place only. Remove \"{}\" from the file, or give the same value",
                    engine_file, key, file_.at(key).dump(), go_quote(value), key));
  }

  std::vector<std::string> words_;
  Json file_;
};

void add_storage_driver(CommandLine& line, const EngineOptions& options, const MachineFacts& facts,
                        const std::string& usual) {
  const auto& wanted = options.storage_driver;
  const bool said_otherwise = line.file_has("storage-driver") || line.file_wants_containerd_images() ||
                              std::ranges::any_of(options.arbitrary_flags, [](const std::string& option) {
                                return option.substr(0, option.find_first_of("= ")) == "storage-driver";
                              });
  if (wanted.empty() && said_otherwise) return;
  if (const auto driver = choose_storage_driver(wanted, facts, usual)) {
    line.add_one("--storage-driver", "storage-driver", *driver);
  }
}

void add_labels(CommandLine& line, const ProvisionRequest& request, Task& task) {
  const std::string ours = "provider=" + request.driver_name;
  auto labels = request.engine.labels;
  if (line.file_has("labels") && !among(line.in_file("labels"), ours)) {
    task.warn(fmt::format("The label {} is not set, since {} on the machine has labels of its own.", ours,
                          engine_file));
  } else {
    labels.push_back(ours);
  }
  line.add_all("--label", "labels", labels);
}

/// All of TLS from us, or all of it from the file: from "tlsverify" in the file and --tlskey the engine makes
/// nothing.
void add_tls(CommandLine& line, const std::string& folder) {
  const std::vector<std::pair<std::string, std::string>> files{{"tlscacert", folder + "/ca.pem"},
                                                               {"tlscert", folder + "/server.pem"},
                                                               {"tlskey", folder + "/server-key.pem"}};
  const bool in_file = line.file_has("tls") || line.file_has("tlsverify") ||
                       std::ranges::any_of(files, [&](const auto& row) { return line.file_has(row.first); });
  if (in_file) {
    line.require("tlsverify", "true");
    for (const auto& [key, path] : files) line.require(key, path);
    return;
  }
  line.add({"--tlsverify"});
  for (const auto& [key, path] : files) line.add({"--" + key, path});
}

}  // namespace

std::optional<std::string> choose_storage_driver(const std::string& wanted, const MachineFacts& facts,
                                                 const std::string& usual) {
  if (!wanted.empty()) return wanted;
  // The original always forces overlay2, and so made the images of engines with another driver vanish. An
  // engine that runs keeps what it has, in so many words; unless its images are in containerd's store (the
  // default since Docker 29), which naming a storage driver would switch off.
  if (facts.containerd_images) return std::nullopt;
  if (facts.engine_running && !facts.storage_driver.empty()) return facts.storage_driver;
  // An engine that does not run, but did: what it has left tells. If that is ambiguous, the engine knows
  // best.
  if (among(facts.stored_with, usual)) return usual;
  if (!facts.stored_with.empty()) return std::nullopt;
  // overlay2 cannot lie on these: the engine has to find something that works.
  static const std::set<std::string> unfit{"overlayfs", "aufs", "ecryptfs", "zfs", "nfs", "btrfs"};
  if (facts.file_system.empty() || unfit.contains(facts.file_system)) return std::nullopt;
  return usual;
}

std::vector<std::string> engine_command(const ProvisionRequest& request, const MachineFacts& facts,
                                        const std::string& usual, const std::string& certificates,
                                        Task& task) {
  CommandLine line(facts.engine_program, facts.engine_file);
  line.add_hosts({fmt::format("tcp://0.0.0.0:{}", request.engine_port), std::string(local_socket)});
  add_storage_driver(line, request.engine, facts, usual);
  add_tls(line, certificates);
  add_labels(line, request, task);
  line.add_all("--insecure-registry", "insecure-registries", request.engine.insecure_registry);
  line.add_all("--registry-mirror", "registry-mirrors", request.engine.registry_mirror);
  for (const auto& option : request.engine.arbitrary_flags) line.add_free(option);
  return std::move(line).words();
}

}  // namespace dm
