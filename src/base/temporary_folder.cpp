// Folders that nobody finds afterwards.
#include "base/temporary_folder.h"

#include "base/strings.h"

namespace dm {

TemporaryFolder::TemporaryFolder(const fs::path& parent)
    : path_(parent.empty() ? fs::temp_directory_path() / ("docker-machine-" + random_hex(16))
                           : parent / (".temporary." + random_hex(16))) {
  make_folders(parent);
  if (!make_folder(path_)) throw Error("there is a folder already: " + path_.string());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace dm
