#pragma once
#include <string>

#include "base/file.h"
#include "drivers/driver.h"
#include "drivers/qemu/command_line.h"

namespace dm {

/// Where a disk image comes from.
struct ImageSource {
  std::string location;  ///< a path, or a file://, http:// or https:// URL
  std::string checksum;  ///< "sha512:HEX" or "sha256:HEX"; empty: not checked
};

/// The image that is used when the user names none: Debian 12's cloud image, of a certain day.
ImageSource default_image(Architecture architecture);
/// Error(usage) if the checksum is not of that form.
void check_form(const std::string& checksum);
/// The path that the location means if it lies on this computer, else nothing.
std::optional<fs::path> local_path(const std::string& location);

/// Whether something exists under that path; Error if that cannot be told.
bool file_exists(const fs::path& path);

/// Disk images in STORE/cache, on which machines' disks are laid; each comes there once and never changes
/// afterwards. Thread-safe, also among processes.
class ImageCache {
 public:
  explicit ImageCache(fs::path folder) : folder_(std::move(folder)) {}

  /// The image's file in the cache, downloaded or copied there first if need be, with progress. A file of the
  /// user is copied, so that he may do with it what he likes; if he changes it, the next machine gets the new
  /// one.
  fs::path obtain(const ImageSource& source, const Services& services, Task& task) const;

 private:
  fs::path folder_;
};

/// What qemu-img says of an image.
struct ImageFacts {
  std::string format;
  long long virtual_size = 0;  ///< bytes
};

/// Error if it is no image that a machine can be made of: broken, or only a part that refers to other files.
ImageFacts inspect_image(const fs::path& image, const Services& services, Task& task);
/// Makes a disk of `megabytes` on top of an image; both paths as seen from `folder`, where the disk comes.
void make_overlay(const fs::path& folder, const std::string& disk, const std::string& image,
                  const ImageFacts& facts, long long megabytes, const Services& services, Task& task);

}  // namespace dm
