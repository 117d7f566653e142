#pragma once
#include "base/file.h"

namespace dm {

/// A new folder that only the user may enter, and that goes with all that is in it when this object does.
class TemporaryFolder {
 public:
  /// In `parent`, or where the system keeps temporary files. Its name begins with "." in the former case.
  explicit TemporaryFolder(const fs::path& parent = {});
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace dm
