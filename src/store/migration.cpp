// Files of older versions of docker-machine. What the original took from an empty path (and so got wrong:
// "certs",
// ".") comes from where the file lies.
#include "store/migration.h"

#include <map>

#include "base/error.h"
#include "base/strings.h"

namespace dm {
namespace {

constexpr int newest_version = 3;

/// A value of an object, or null.
Json part(const Json& object, const char* key) {
  return object.is_object() ? object.value(key_in(object, key), Json()) : Json();
}

/// The machine's own folder as the file knows it: the computer or the place may have been another one then.
std::string written_folder(const Json& document, const Json& auth, const std::string& name,
                           const std::string& folder) {
  const std::string suffix = "/machines/" + name;
  for (const auto& path : {text_of(document, "StorePath"), text_of(auth, "StorePath")}) {
    if (path.ends_with(suffix)) return path;
  }
  // Some files of version 2 name the store here instead of the machine's folder.
  const auto store = text_of(auth, "StorePath");
  if (!store.empty() && text_of(auth, "CertDir") == store + "/certs") return store + suffix;
  return folder;
}

std::string store_of(const std::string& folder, const std::string& name) {
  const std::string suffix = "/machines/" + name;
  return folder.ends_with(suffix) ? folder.substr(0, folder.size() - suffix.size()) : folder;
}

/// The driver's object with its keys sorted, as the original's own migration leaves it.
Json driver_of(const Json& document, const std::string& store) {
  const Json old = part(document, "Driver");
  std::map<std::string, Json> keys;
  if (old.is_object()) {
    for (const auto& item : old.items()) keys[item.key()] = item.value();
  }
  keys[key_in(old, "StorePath")] = store;
  Json driver = Json::object();
  for (auto& [key, value] : keys) driver[key] = std::move(value);
  return driver;
}

Json engine_of_version_0() {
  return {{"ArbitraryFlags", nullptr},
          {"Dns", nullptr},
          {"GraphDir", ""},
          {"Env", nullptr},
          {"Ipv6", false},
          {"InsecureRegistry", nullptr},
          {"Labels", nullptr},
          {"LogLevel", ""},
          {"StorageDriver", ""},
          {"SelinuxEnabled", false},
          {"TlsVerify", true},
          {"RegistryMirror", nullptr},
          {"InstallURL", "https://get.docker.com"}};
}

Json swarm_of_version_0(const Json& document) {
  return {{"IsSwarm", false},
          {"Address", ""},
          {"Discovery", text_of(document, "SwarmDiscovery")},
          {"Agent", false},
          {"Master", part(document, "SwarmMaster") == true},
          {"Host", text_of(document, "SwarmHost")},
          {"Image", ""},
          {"Strategy", ""},
          {"Heartbeat", 0},
          {"Overcommit", 0},
          {"ArbitraryFlags", nullptr},
          {"ArbitraryJoinFlags", nullptr},
          {"Env", nullptr},
          {"IsExperimental", false}};
}

Json auth_of(const Json& old, const std::string& folder, const std::string& store) {
  const auto said = [&](const char* key, const std::string& otherwise) {
    const auto text = text_of(old, key);
    return text.empty() ? otherwise : text;
  };
  const std::string certs = said("CertDir", store + "/certs");
  return {{"CertDir", certs},
          {"CaCertPath", said("CaCertPath", certs + "/ca.pem")},
          {"CaPrivateKeyPath", said("CaPrivateKeyPath", said("PrivateKeyPath", certs + "/ca-key.pem"))},
          {"CaCertRemotePath", said("CaCertRemotePath", "")},
          {"ServerCertPath", said("ServerCertPath", folder + "/server.pem")},
          {"ServerKeyPath", said("ServerKeyPath", folder + "/server-key.pem")},
          {"ClientKeyPath", said("ClientKeyPath", certs + "/key.pem")},
          {"ServerCertRemotePath", said("ServerCertRemotePath", "")},
          {"ServerKeyRemotePath", said("ServerKeyRemotePath", "")},
          {"ClientCertPath", said("ClientCertPath", certs + "/cert.pem")},
          {"ServerCertSANs", part(old, "ServerCertSANs")},
          {"StorePath", folder}};
}

}  // namespace

int config_version_of(const Json& document) {
  const auto version = number_of(document, "ConfigVersion");
  if (version > newest_version) {
    throw Error("config version is from the future -- you should upgrade your Docker Machine client");
  }
  return static_cast<int>(version < 0 ? 0 : version);
}

Json migrated(const Json& document, const std::string& name, const std::string& folder) {
  if (!document.is_object()) throw Error("config.json is no JSON object");
  const bool flat = config_version_of(document) == 0;
  const Json options = part(document, "HostOptions");
  // Version 0 has the keys of AuthOptions at the top, and what HostOptions it has counts for nothing.
  const Json old_auth = flat ? document : part(options, "AuthOptions");
  const std::string old_folder = written_folder(document, flat ? Json() : old_auth, name, folder);
  const std::string store = store_of(old_folder, name);
  return {{"ConfigVersion", newest_version},
          {"Driver", driver_of(document, store)},
          {"DriverName", text_of(document, "DriverName")},
          {"HostOptions",
           {{"Driver", ""},
            {"Memory", 0},
            {"Disk", 0},
            {"EngineOptions", flat ? engine_of_version_0() : part(options, "EngineOptions")},
            {"SwarmOptions", flat ? swarm_of_version_0(document) : part(options, "SwarmOptions")},
            {"AuthOptions", auth_of(old_auth, old_folder, store)}}},
          {"Name", name}};
}

}  // namespace dm
