#pragma once
#include "operations/doctor_patient.h"

namespace dm::doctor {

// What `doctor --fix` can do. Each gives what it did, in words; Error if it could not.

/// Takes a private file from all but its owner.
Remedy protect_file(const std::string& path);
/// Makes a new SSH key in the place of one that is lost, and brings it to the machine through its engine.
std::string replace_key(Patient& patient, Task& task);
/// Saves where the driver says that the machine is.
std::string record_address(Patient& patient, Task& task);
/// Another server certificate for the engine, with the authority's beside it, over SSH; containers run on.
std::string renew_server(Patient& patient, Task& task);
/// Another certificate for the client.
std::string renew_client(Patient& patient, Task& task);
/// Another authority, and with it all certificates of all machines.
std::string renew_authority(Patient& patient, Task& task);
/// The copies in the machine's folder.
std::string renew_copies(Patient& patient, Task& task);

std::string start_engine_again(Patient& patient, Task& task);
std::string restart_engine_gently(Patient& patient, Task& task);
std::string enable_engine_at_boot(Patient& patient, Task& task);
/// The engine gets its options again, as `provision` gives them; only while no container runs.
std::string provision_again(Patient& patient, Task& task);
std::string free_disk_space(Patient& patient, Task& task);
std::string set_its_clock(Patient& patient, Task& task);
std::string open_engine_port(Patient& patient, Task& task);

/// Mends SSH through the engine.
std::string reopen_ssh(Patient& patient, Task& task);
/// Asks the machine through its engine, which its certificate proves, for its SSH host keys. If the server
/// that answers on the SSH port has one of them, they are pinned; else Error, and nothing is changed.
std::string prove_host_key(Patient& patient, Task& task);

}  // namespace dm::doctor
