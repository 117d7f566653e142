// A machine's config.json, version 3: each key is named once here, with the member that it belongs to.
#include "model/machine.h"

#include "base/error.h"

namespace dm {
namespace {

using Texts = std::vector<std::string>;

/// Visits the pairs of key and member, in the file's order. `Self` is const for writing.
template <typename Self, typename Visit>
void engine_keys(Self& engine, Visit&& visit) {
  visit.member("ArbitraryFlags", engine.arbitrary_flags);
  visit.fixed("Dns", Json());
  visit.fixed("GraphDir", "");
  visit.member("Env", engine.environment);
  visit.fixed("Ipv6", false);
  visit.member("InsecureRegistry", engine.insecure_registry);
  visit.member("Labels", engine.labels);
  visit.fixed("LogLevel", "");
  visit.member("StorageDriver", engine.storage_driver);
  visit.fixed("SelinuxEnabled", false);
  visit.fixed("TlsVerify", true);
  visit.member("RegistryMirror", engine.registry_mirror);
  visit.member("InstallURL", engine.install_url);
  visit.moved("Version", engine.version);
}

template <typename Self, typename Visit>
void swarm_keys(Self& swarm, Visit&& visit) {
  visit.member("IsSwarm", swarm.is_swarm);
  visit.member("Address", swarm.address);
  visit.member("Discovery", swarm.discovery);
  visit.member("Agent", swarm.agent);
  visit.member("Master", swarm.master);
  visit.member("Host", swarm.host);
  visit.member("Image", swarm.image);
  visit.member("Strategy", swarm.strategy);
  visit.fixed("Heartbeat", 0);
  visit.fixed("Overcommit", 0);
  visit.member("ArbitraryFlags", swarm.arbitrary_flags);
  visit.member("ArbitraryJoinFlags", swarm.arbitrary_join_flags);
  visit.fixed("Env", Json());
  visit.member("IsExperimental", swarm.is_experimental);
}

template <typename Self, typename Visit>
void auth_keys(Self& auth, Visit&& visit) {
  visit.member("CertDir", auth.cert_dir);
  visit.member("CaCertPath", auth.ca_cert_path);
  visit.member("CaPrivateKeyPath", auth.ca_private_key_path);
  visit.fixed("CaCertRemotePath", "");
  visit.member("ServerCertPath", auth.server_cert_path);
  visit.member("ServerKeyPath", auth.server_key_path);
  visit.member("ClientKeyPath", auth.client_key_path);
  visit.fixed("ServerCertRemotePath", "");
  visit.fixed("ServerKeyRemotePath", "");
  visit.member("ClientCertPath", auth.client_cert_path);
  visit.member("ServerCertSANs", auth.server_cert_sans);
  visit.member("StorePath", auth.store_path);
}

/// Takes members out of a JSON object; absent, null and foreign values leave the default.
struct Reader {
  const Json& object;
  void fixed(const char*, const Json&) const {}
  template <typename Member>
  void moved(const char* key, Member& value) const {
    member(key, value);
  }
  template <typename Member>
  void member(const char* key, Member& member) const {
    if (!object.is_object()) return;
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return;
    try {
      member = found->template get<Member>();
    } catch (const Json::exception& error) {
      throw Error(std::string(key) + ": " + error.what());
    }
  }
};

/// Puts members into a JSON object; what is there and equal in meaning is left as it was written.
struct Writer {
  Json& object;
  void fixed(const char* key, const Json& value) const {
    if (!object.contains(key)) object[key] = value;
  }
  /// A key of earlier versions of ours, which the original would drop: kept until it has moved to notes.json.
  void moved(const char* key, const std::string& value) const {
    if (value.empty()) object.erase(key);
  }
  template <typename Member>
  void member(const char* key, const Member& member) const {
    // An absent list is null in files of the original, and stays so.
    if constexpr (std::is_same_v<Member, Texts>) {
      if (member.empty() && object.contains(key) && object[key].is_null()) return;
    }
    object[key] = member;
  }
};

Json& object_at(Json& parent, const char* key) {
  Json& value = parent[key];
  if (!value.is_object()) value = Json::object();
  return value;
}

}  // namespace

Machine machine_from_document(const std::string& name, const Json& document) {
  if (!document.is_object()) throw Error("config.json is no JSON object");
  Machine machine;
  machine.name = name;
  machine.driver_name = text_of(document, "DriverName");
  machine.driver = document.value("Driver", Json::object());
  machine.document = document;
  const Json options = document.value("HostOptions", Json::object());
  const auto part = [&](const char* key) {
    return options.is_object() ? options.value(key, Json()) : Json();
  };
  const Json engine = part("EngineOptions"), swarm = part("SwarmOptions"), auth = part("AuthOptions");
  engine_keys(machine.engine, Reader{engine});
  swarm_keys(machine.swarm, Reader{swarm});
  auth_keys(machine.auth, Reader{auth});
  return machine;
}

Json document_of(const Machine& machine) {
  Json document = machine.document.is_object() ? machine.document : Json::object();
  const bool fresh = document.empty();
  if (!document.contains("ConfigVersion")) document["ConfigVersion"] = 3;
  document["Driver"] = machine.driver;
  document["DriverName"] = machine.driver_name;
  Json& options = object_at(document, "HostOptions");
  const Writer writer{options};
  writer.fixed("Driver", "");
  writer.fixed("Memory", 0);
  writer.fixed("Disk", 0);
  // A part that is null in the file stays null as long as nobody sets anything in it.
  const auto has_part = [&](const char* key) {
    return fresh || !options.contains(key) || options[key].is_object();
  };
  if (has_part("EngineOptions")) engine_keys(machine.engine, Writer{object_at(options, "EngineOptions")});
  if (has_part("SwarmOptions")) swarm_keys(machine.swarm, Writer{object_at(options, "SwarmOptions")});
  if (has_part("AuthOptions")) auth_keys(machine.auth, Writer{object_at(options, "AuthOptions")});
  document["Name"] = machine.name;
  return document;
}

}  // namespace dm
