#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "provision/engine_configuration.h"
#include "provision/gentle_restart.h"
#include "provision/provision.h"

namespace dm {

/// The smallest change of an engine's own configuration by which it listens at a port for whoever has a
/// certificate that its authority signed.
struct EngineChange {
  int port = 0;
  std::string engine_file;              ///< the new content of daemon.json; "": it stays as it is
  std::vector<std::string> new_keys;    ///< the keys that are new or other in it
  std::string drop_in;                  ///< the content of a further drop-in of the unit; "": none is needed
  std::vector<std::string> added;       ///< the options that it appends to the engine's command line
  std::vector<std::string> command;     ///< the engine's command line after the change, to be validated
  std::vector<std::string> were_plain;  ///< TCP addresses that asked for no certificate so far

  bool is_empty() const { return engine_file.empty() && drop_in.empty(); }
};

/// The drop-in that adopted engines get where their command line has to change.
inline constexpr auto adopted_drop_in = "/etc/systemd/system/docker.service.d/zz-docker-machine.conf";

/// What has to change so that the engine listens at `port` with the files of the folder `certificates`. Each
/// setting stays where it is, on the command line or in daemon.json, since the engine refuses to start when
/// both have it. Error if the engine is started in a way that cannot be added to.
EngineChange smallest_change(const EngineConfiguration& configuration, const std::string& certificates,
                             int port);

/// Brings certificates and the change to an engine and restarts it, by which its containers run on, or
/// nothing is done (see Containers). If the engine does not listen afterwards, everything is put back as it
/// was, and the engine runs with that: Error.
void change_engine(RemoteHost& host, const MachineFacts& facts, const EngineChange& change,
                   const EngineCertificates& certificates, Containers containers, Task& task);

/// The same for an engine that keeps its own configuration and may have lost the change since.
void adapt_engine(RemoteHost& host, const MachineFacts& facts, const ProvisionRequest& request, Task& task);

/// A JSON object's text with one member set; all other bytes stay.
std::string with_member(const std::string& text, const std::string& key, const Json& value);

}  // namespace dm
