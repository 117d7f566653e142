#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "operations/contexts.h"
#include "operations/foreign_authority.h"
#include "operations/runtime.h"
#include "provision/engine_change.h"

namespace dm {

/// Which host, instance or droplet is to become a machine, and how.
struct AdoptRequest {
  std::string name;
  DriverType* type = nullptr;
  FlagValues flags;                            ///< the driver's
  std::optional<AuthorityFiles> certificates;  ///< the engine's own ones, which it keeps; none: it gets ours
  std::vector<std::string> names;              ///< further ones that its new certificate shall name
  std::string host_key;                        ///< "SHA256:…" that its SSH host key must have; "": any
  Transport transport = Transport::tls;        ///< ssh: the engine is left alone, and reached over SSH
  Containers containers = Containers::run_on;  ///< what the engine's restart may do
};

/// What was found, and what would be changed for it; lines for the user.
struct AdoptionPlan {
  std::vector<std::string> found;
  std::vector<std::string> on_host, at_provider, here;  ///< what is changed
  std::vector<std::string> notes;                       ///< what is not changed, and what follows from it
};

/// The taking over of something that exists, in two steps: making one only looks, with the promise that
/// nothing is changed anywhere; carry_out() does what plan() says.
class Adoption {
 public:
  /// Error if there is nothing that could be adopted, or nobody lets us in.
  Adoption(const Runtime& runtime, AdoptRequest request, Task& task);

  const AdoptionPlan& plan() const { return plan_; }
  /// The machine appears in the store in one step, when all is done on the host; whatever breaks off before,
  /// it can be begun again.
  void carry_out(Task& task);

 private:
  /// What becomes of the engine.
  enum class Way {
    theirs,     ///< it keeps its own certificates
    ours,       ///< it has certificates of ours already, and keeps them
    over_ssh,   ///< it is reached over SSH
    new_files,  ///< it gets certificates of ours
  };

  // Looking.
  void find_existing(Task& task);
  void find_host(Task& task);
  void expect_known_host_key();
  void log_in(Task& task);
  void check_host_key();
  void look_around(Task& task);
  void choose_way(Task& task);
  bool answers_to(const TlsFiles& files, Task& task) const;
  void check_own_certificates(Task& task);
  // Telling.
  void tell_what_is_found();
  void tell_of_engine();
  void tell_of_change();
  void tell_of_login();
  // Doing.
  void bring_key(Task& task);
  void bring_certificates(Task& task);
  void fetch_certificate(Task& task);
  void keep_authority(Task& task);
  std::vector<StoredFile> files() const;
  void settle(Task& task);

  bool has_own_key() const;
  std::string file_in_store(const std::string& file) const;
  fs::path temporary(const char* file) const { return folder_.path() / file; }

  const Runtime& runtime_;
  AdoptRequest request_;
  AdoptionPlan plan_;
  const TemporaryFolder folder_;  ///< host keys and keys of ours, before the machine has a folder

  Existing existing_;
  SshTarget target_;
  bool let_in_by_provider_ = false, host_was_known_ = false;
  std::unique_ptr<RemoteHost> host_;
  MachineFacts facts_;
  EngineConfiguration configuration_;
  EngineDoor door_;
  int port_ = 0;
  Way way_ = Way::new_files;
  EngineChange change_;
  std::optional<EngineOptions> options_;  ///< docker-machine's, if it has set the engine up before
  Machine machine_;
  EngineCertificates made_;
};

}  // namespace dm
