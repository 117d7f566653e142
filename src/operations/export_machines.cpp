// Packing machines for another computer.
#include "operations/export_machines.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "drivers/catalogue.h"
#include "drivers/settings.h"
#include "operations/credentials.h"
#include "operations/foreign_authority.h"

namespace dm {
namespace {

/// Drivers of the original's that make virtual machines on the computer they are called on.
constexpr std::array local_drivers{
    "virtualbox", "vmwarefusion", "vmwareworkstation", "parallels", "hyperv", "xhyve", "hyperkit",
    "kvm",        "kvm2",         "libvirt",           "vmware",    "fusion"};

DriverType* known_driver(const std::string& name) {
  const auto types = built_in_drivers();
  const auto found = std::ranges::find_if(types, [&](DriverType* type) { return type->name() == name; });
  return found == types.end() ? nullptr : *found;
}

/// One machine on its way into a bundle.
class Packer {
 public:
  Packer(const Runtime& runtime, const Packing& packing, Bundle& bundle, Task& task)
      : runtime_(runtime), packing_(packing), bundle_(bundle), task_(task) {}

  void add(const std::string& name) {
    machine_ = runtime_.store.load(name);
    folder_ = runtime_.store.machine_folder(name);
    check_can_move();
    facts_ = Json{{"Name", name}, {"Root", root()}};
    for (const char* file : {"notes.json", "known_hosts", "server.pem"}) add_if_there(file, folder_ / file);
    if (packing_.personal) {
      add_personal_login(*packing_.personal);
    } else {
      add_if_there("server-key.pem", folder_ / "server-key.pem");
      add_login();
    }
    facts_["Authority"] = add_authority();
    facts_["Withheld"] = credentials();
    put("config.json", go_json(document_of(machine_), 4));
    bundle_.facts["Machines"].push_back(facts_);
  }

 private:
  std::string root() const {
    const std::string folder = folder_.string(), suffix = "/machines/" + machine_.name;
    return folder.substr(0, folder.size() - suffix.size());
  }

  void put(const std::string& file, std::string content, unsigned mode = private_file) {
    bundle_.files["machines/" + machine_.name + "/" + file] = {.content = std::move(content), .mode = mode};
  }

  bool add_if_there(const std::string& file, const fs::path& path) {
    auto content = read_named(path);
    if (!content) return false;
    put(file, *std::move(content), file == "server.pem" ? readable_file : private_file);
    return true;
  }

  /// The content of a file that the record names, where it may name it.
  std::optional<std::string> read_named(const fs::path& path) const {
    const fs::path inside = fs::path(root()).lexically_normal() / "";
    if (packing_.reach == Reach::store && !path.lexically_normal().string().starts_with(inside.string()))
      return std::nullopt;
    return read_file_if_there(path);
  }

  void check_can_move() {
    if (const std::string why = dm::why_bound_to_computer(machine_.driver_name); !why.empty()) {
      throw Error(fmt::format("Machine \"{}\" cannot move, since {}", machine_.name, why));
    }
    if (packing_.unknown_driver == UnknownDriver::is_refused) driver_named(machine_.driver_name);
  }

  /// The SSH key with its public half, wherever it lies.
  void add_login() {
    const std::string path = common_from_record(machine_.driver).ssh_key_path;
    // A folder of another computer may name its files in that computer's way.
    std::string file = path.substr(path.find_last_of("/\\") + 1);
    fs::path found = folder_ / file;
    std::error_code ignored;
    const bool is_inside = !file.empty() && fs::is_regular_file(found, ignored);
    if (!is_inside && path.empty()) file = "id_rsa", found = folder_ / file;
    if (!is_inside && !path.empty()) file = "ssh-key", found = path;
    if (add_if_there(file, found)) {
      add_if_there(file + ".pub", found.string() + ".pub");
      facts_["Key"] = file;
    } else if (!path.empty()) {
      throw Error(fmt::format("the SSH key of machine \"{}\" is not there: {}", machine_.name, path));
    } else if (has_login()) {
      task_.warn(
          fmt::format("\"{}\" has no SSH key of its own: whoever imports it logs in with their own "
                      "ssh-agent or keys",
                      machine_.name));
    }
  }

  void add_personal_login(const PersonalKeys& keys) {
    if (!keys.ssh) return;
    const std::string file = "id_rsa";
    put(file, keys.ssh->private_pem);
    put(file + ".pub", keys.ssh->public_ssh_line + "\n");
    facts_["Key"] = file;
  }

  bool has_login() const {
    DriverType* const type = known_driver(machine_.driver_name);
    return type != nullptr && type->open(machine_.driver, runtime_.services)->endpoint().ssh.has_value();
  }

  std::string text_of_either(const std::string& path, const char* copy) const {
    if (auto text = read_named(path)) return *std::move(text);
    if (auto text = read_file_if_there(folder_ / copy)) return *std::move(text);
    throw Error(fmt::format("machine \"{}\" lacks a file: open {}: no such file or directory", machine_.name,
                            path.empty() ? copy : path),
                Reason::not_found);
  }

  CertificateAndKey client() const {
    if (packing_.personal) return packing_.personal->client;
    return {.certificate = text_of_either(machine_.auth.client_cert_path, "cert.pem"),
            .key = text_of_either(machine_.auth.client_key_path, "key.pem")};
  }

  std::string add_authority() {
    const AuthOptions& auth = machine_.auth;
    const auto [certificate, key] = client();
    AuthorityFiles files{.authority = text_of_either(auth.ca_cert_path, "ca.pem"),
                         .certificate = certificate,
                         .key = key,
                         .ca_key = std::nullopt};
    if (packing_.authority_key == AuthorityKey::travels) {
      files.ca_key = read_named(auth.ca_private_key_path);
      if (!files.ca_key)
        task_.warn(fmt::format("The private key of the authority of \"{}\" is not here: {}", machine_.name,
                               auth.ca_private_key_path));
    }
    const std::string id = id_of(files), place = "authorities/" + id + "/";
    bundle_.files[place + "ca.pem"] = {.content = files.authority, .mode = readable_file};
    bundle_.files[place + "cert.pem"] = {.content = files.certificate, .mode = readable_file};
    bundle_.files[place + "key.pem"] = {.content = files.key, .mode = private_file};
    if (files.ca_key) bundle_.files[place + "ca-key.pem"] = {.content = *files.ca_key, .mode = private_file};
    return id;
  }

  /// Leaves credentials out of the record, or looks them up; gives the keys of those that were left out.
  Json credentials() {
    DriverType* const type = known_driver(machine_.driver_name);
    if (type == nullptr || packing_.credentials == Credentials::as_they_are) return Json::array();
    if (packing_.credentials == Credentials::withheld)
      return take_out_credentials(machine_.driver, type->secret_keys());
    look_up_credentials(machine_.driver, type->secret_keys(), runtime_.services, task_);
    return Json::array();
  }

  const Runtime& runtime_;
  const Packing& packing_;
  Bundle& bundle_;
  Task& task_;
  Machine machine_;
  fs::path folder_;
  Json facts_;
};

}  // namespace

std::string why_bound_to_computer(const std::string& driver_name) {
  if (DriverType* const type = known_driver(driver_name)) return type->why_bound_to_computer();
  if (std::ranges::find(local_drivers, driver_name) == local_drivers.end()) return {};
  return fmt::format("it is a virtual machine of the computer that made it (driver \"{}\")", driver_name);
}

Bundle collect_machines(const Runtime& runtime, const std::vector<std::string>& names, const Packing& packing,
                        Task& task) {
  Bundle bundle{
      .kind = BundleKind::machines, .creator = {}, .facts = {{"Machines", Json::array()}}, .files = {}};
  for (const auto& name : std::set(names.begin(), names.end()))
    Packer(runtime, packing, bundle, task).add(name);
  return bundle;
}

Bundle export_machines(const Runtime& runtime, const std::vector<std::string>& names, const Packing& packing,
                       Task& task) {
  std::vector<FileLock> locks;
  for (const auto& name : std::set(names.begin(), names.end())) {
    runtime.store.load(name);
    locks.push_back(runtime.store.lock_machine(name, task));
  }
  return collect_machines(runtime, names, packing, task);
}

}  // namespace dm
