#pragma once
#include <string>
#include <vector>

#include "base/json.h"

namespace dm {

/// What the user wants of the Docker engine. Field for field "EngineOptions" in config.json, as far as it is
/// used.
struct EngineOptions {
  std::vector<std::string> arbitrary_flags;  ///< `--engine-opt`, e.g. "dns=8.8.8.8"; becomes --dns=8.8.8.8
  std::vector<std::string> environment;      ///< `--engine-env`, "VAR=value"
  std::vector<std::string> insecure_registry;
  std::vector<std::string> labels;  ///< `--engine-label`, without the automatic provider=DRIVER
  std::vector<std::string> registry_mirror;
  std::string storage_driver;  ///< only what the user gave
  std::string install_url;
  std::string version;  ///< `--engine-version`; "" for the newest. A saved machine's lies in notes.json
};

/// Classic swarm's settings: kept and shown, field for field "SwarmOptions".
struct SwarmOptions {
  bool is_swarm = false;
  std::string address, discovery;
  bool agent = false, master = false;
  std::string host = "tcp://0.0.0.0:3376", image = "swarm:latest", strategy = "spread";
  std::vector<std::string> arbitrary_flags, arbitrary_join_flags;
  bool is_experimental = false;
};

/// Where certificates lie on this computer, field for field "AuthOptions".
struct AuthOptions {
  std::string cert_dir, ca_cert_path, ca_private_key_path;
  std::string server_cert_path, server_key_path, client_key_path, client_cert_path;
  std::vector<std::string> server_cert_sans;  ///< `--tls-san`
  std::string store_path;                     ///< the machine's own folder
};

/// One machine as its config.json holds it.
struct Machine {
  std::string name;
  std::string driver_name;
  Json driver;  ///< the driver's own record
  EngineOptions engine;
  SwarmOptions swarm;
  AuthOptions auth;
  Json document;  ///< the whole file as it was read, for the keys that we don't know; null for a new machine
};

/// Reads a config.json of version 3. The text is taken as it is; Error if it is none.
Machine machine_from_document(const std::string& name, const Json& document);
/// The whole config.json: `machine.document` with our values in it. Unknown keys keep their place.
Json document_of(const Machine& machine);

}  // namespace dm
