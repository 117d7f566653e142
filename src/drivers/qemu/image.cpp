// Disk images: the cache, downloads, copies, and what qemu-img does with them.
#include "drivers/qemu/image.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "base/strings.h"
#include "drivers/qemu/patience.h"
#include "keys/digest.h"

namespace dm {
namespace {

constexpr size_t copy_block = size_t{4} << 20;

/// "NAME" of "…/NAME?QUERY", fit for a file name that no program misreads.
std::string plain_name(const std::string& location) {
  const std::string path = location.substr(0, location.find_first_of("?#"));
  std::string name = path.substr(path.rfind('/') + 1).substr(0, 80);
  for (char& letter : name) {
    const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                       (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_' || letter == '.';
    if (!plain) letter = '_';
  }
  return name.empty() ? "image" : name;
}

/// Names the image's content as well as can be told without reading all of it.
std::string identity_of(const ImageSource& source, const std::optional<fs::path>& local) {
  if (!local) return source.location + "\n" + source.checksum;
  struct stat status {};
  if (stat(local->c_str(), &status) != 0) {
    throw Error(fmt::format("cannot read the image \"{}\": {}", local->string(), error_text(errno)),
                Reason::not_found);
  }
  std::error_code code;
  const fs::path real = fs::canonical(*local, code);
  if (code) {
    throw Error(fmt::format("cannot read the image \"{}\": {}", local->string(), error_text(code.value())));
  }
  return fmt::format("{}\n{}\n{} {} {} {}.{:09}", real.string(), source.checksum, status.st_dev,
                     status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/// Shows "TEXT 34 %", and nothing any more when its scope is left.
class Progress {
 public:
  Progress(std::string text, const Task& task) : text_(std::move(text)), task_(task) {}
  ~Progress() {
    if (!shown_.empty()) task_.progress("");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(long long done, long long total) {
    const std::string now = total > 0 ? fmt::format("{} %", std::min(100LL, done * 100 / total))
                                      : fmt::format("{} MB", done / 1'000'000);
    if (now != shown_) task_.progress(text_ + " " + now);
    shown_ = now;
  }

 private:
  std::string text_, shown_;
  const Task& task_;
};

/// Checks bytes against "KIND:HEX" as they pass.
class Checksum {
 public:
  explicit Checksum(const std::string& wanted)
      : wanted_(lower(wanted)),
        digest_(wanted_.starts_with("sha256:") ? DigestKind::sha256 : DigestKind::sha512) {}

  bool is_wanted() const { return !wanted_.empty(); }
  void update(std::string_view bytes) {
    if (is_wanted()) digest_.update(bytes);
  }
  void verify(const std::string& location) {
    if (!is_wanted()) return;
    const std::string found = wanted_.substr(0, 7) + digest_.hex();
    if (found == wanted_) return;
    throw Error(fmt::format("the image \"{}\" is not the expected one: its checksum is {}, and not {}",
                            location, found, wanted_));
  }

 private:
  std::string wanted_;
  Digest digest_;
};

/// A file under a temporary name until it is complete; without keep(), nothing of it stays.
class NewImage {
 public:
  explicit NewImage(fs::path path)
      : path_(std::move(path)), part_(path_.parent_path() / ("." + path_.filename().string() + ".part")) {
    unlink(part_.c_str());  // of a run that was killed
    descriptor_ = open(part_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, private_file);
    if (descriptor_ < 0) fail(errno);
  }
  ~NewImage() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(part_.c_str());
  }
  NewImage(const NewImage&) = delete;
  NewImage& operator=(const NewImage&) = delete;

  int descriptor() const { return descriptor_; }
  [[noreturn]] void fail(int code) const {
    throw Error(fmt::format("cannot write \"{}\": {}", path_.string(), error_text(code)));
  }
  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno != EINTR) fail(errno);
      if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
    }
  }
  void keep() {
    // Machines are laid upon it: nobody writes to it any more.
    if (fchmod(descriptor_, 0400) != 0 || fsync(descriptor_) != 0) fail(errno);
    if (rename(part_.c_str(), path_.c_str()) != 0) fail(errno);
    close(std::exchange(descriptor_, -1));
  }

 private:
  fs::path path_, part_;
  int descriptor_ = -1;
};

long long announced_size(const HttpRequest& request, const Services& services, Task& task) {
  HttpRequest question = request;
  question.method = "HEAD";
  question.content = nullptr;
  try {
    Task limited = task.within(std::chrono::seconds(20));
    const auto answer = services.http.send(question, limited);
    const auto found = answer.headers.find("content-length");
    if (answer.status == 200 && found != answer.headers.end()) return std::stoll(found->second);
  } catch (const Error&) {
    task.check();  // it is only for the percentage
  } catch (const std::logic_error&) {
    task.debug("the server announces a size that is no number");
  }
  return 0;
}

void download(const ImageSource& source, NewImage& image, const Services& services, Task& task) {
  task.info(fmt::format("Downloading the image {}...", source.location));
  if (source.checksum.empty() && source.location.starts_with("http://")) {
    task.warn("The image comes over plain HTTP and without a checksum: see --qemu-image-checksum.");
  }
  HttpRequest request{.url = source.location, .follow_redirects = true};
  const long long total = announced_size(request, services, task);
  Progress progress("Downloading " + plain_name(source.location), task);
  Checksum checksum(source.checksum);
  long long done = 0;
  request.content = [&](std::string_view bytes) {
    image.append(bytes);
    checksum.update(bytes);
    done += static_cast<long long>(bytes.size());
    progress.show(done, total);
  };
  const auto answer =
      in_context("cannot download the image", [&] { return services.http.send(request, task); });
  if (answer.status != 200) {
    throw Error(
        fmt::format(
            "cannot download the image \"{}\": the server answers with status {}. Another image can be "
            "named with --qemu-image.",
            source.location, answer.status),
        answer.status == 404 ? Reason::not_found : Reason::failed);
  }
  if (total > 0 && done != total) {
    throw Error(
        fmt::format("cannot download the image \"{}\": {} of {} bytes came", source.location, done, total),
        Reason::unreachable);
  }
  checksum.verify(source.location);
}

/// A user's image, open for reading.
class OpenImage {
 public:
  explicit OpenImage(const fs::path& path)
      : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) {
      close(descriptor_);
      throw Error(fmt::format("the image \"{}\" is no file", path.string()));
    }
    size_ = status.st_size;
  }
  ~OpenImage() { close(descriptor_); }
  OpenImage(const OpenImage&) = delete;
  OpenImage& operator=(const OpenImage&) = delete;

  int descriptor() const { return descriptor_; }
  off_t size() const { return size_; }
  [[noreturn]] void fail(int code) const {
    throw Error(fmt::format("cannot read the image \"{}\": {}", path_.string(), error_text(code)),
                code == ENOENT ? Reason::not_found : Reason::failed);
  }

 private:
  fs::path path_;
  int descriptor_;
  off_t size_ = 0;
};

/// Copies one stretch inside the kernel, which shares the blocks where the file system can; false if it
/// cannot at all.
bool copied_by_kernel(const OpenImage& from, const NewImage& to, off_t begin, off_t end, const Sink& advance,
                      const Task& task) {
  for (off_t in = begin, out = begin; in < end;) {
    task.check();
    const auto block = std::min<size_t>(static_cast<size_t>(end - in), copy_block * 8);
    const auto count = copy_file_range(from.descriptor(), &in, to.descriptor(), &out, block, 0);
    if (count > 0) advance({});
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    if (count < 0 && in == begin &&
        (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
      return false;
    }
    count == 0 ? from.fail(EIO) : to.fail(errno);
  }
  return true;
}

void copy_by_hand(const OpenImage& from, NewImage& to, off_t begin, off_t end, const Sink& advance,
                  const Task& task) {
  std::string block(copy_block, '\0');
  if (lseek(to.descriptor(), begin, SEEK_SET) < 0) to.fail(errno);
  for (off_t at = begin; at < end;) {
    task.check();
    const auto wanted = std::min<size_t>(block.size(), static_cast<size_t>(end - at));
    const auto count = pread(from.descriptor(), block.data(), wanted, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) from.fail(count == 0 ? EIO : errno);
    const std::string_view bytes(block.data(), static_cast<size_t>(count));
    to.append(bytes);
    advance(bytes);
    at += count;
  }
}

void copy(const ImageSource& source, const fs::path& path, NewImage& image, const Task& task) {
  const OpenImage from(path);
  task.info(fmt::format("Copying the image {}...", path.string()));
  Progress progress("Copying " + plain_name(source.location), task);
  Checksum checksum(source.checksum);
  const auto advance = [&](std::string_view bytes) {
    checksum.update(bytes);
    progress.show(lseek(image.descriptor(), 0, SEEK_CUR), from.size());
  };
  if (ftruncate(image.descriptor(), from.size()) != 0) image.fail(errno);
  if (checksum.is_wanted()) {
    copy_by_hand(from, image, 0, from.size(), advance, task);
    return checksum.verify(source.location);
  }
  // Holes stay holes: an image of 20 GB may hold 1 GB only.
  for (off_t begin = 0; begin < from.size();) {
    begin = lseek(from.descriptor(), begin, SEEK_DATA);
    if (begin < 0) break;  // only a hole is left
    const off_t end = lseek(from.descriptor(), begin, SEEK_HOLE);
    off_t done = begin;
    const auto count = [&](std::string_view) { progress.show(done, from.size()); };
    for (; done < end; done = std::min<off_t>(end, done + static_cast<off_t>(copy_block * 8))) {
      const off_t next = std::min<off_t>(end, done + static_cast<off_t>(copy_block * 8));
      if (!copied_by_kernel(from, image, done, next, count, task))
        copy_by_hand(from, image, done, next, count, task);
    }
    begin = end;
  }
}

CommandResult qemu_img(std::vector<std::string> arguments, const fs::path& folder, const Services& services,
                       Task& task) {
  arguments.insert(arguments.begin(), "qemu-img");
  const LocalCommand command{.arguments = std::move(arguments), .folder = folder};
  return with_patience(
      task, std::chrono::minutes(2),
      fmt::format("\"qemu-img {}\" does not end: try it by hand in \"{}\", whose file system may hang",
                  command.arguments[1], folder.string()),
      [&](Task& limited) { return services.processes.run(command, limited); });
}

}  // namespace

// The checksums are those of SHA512SUMS in the same folder of cloud.debian.org.
ImageSource default_image(Architecture architecture) {
  constexpr std::string_view day = "20260712-2537";
  const bool arm = architecture == Architecture::arm64;
  return {.location = fmt::format(
              "https://cloud.debian.org/images/cloud/bookworm/{0}/debian-12-genericcloud-{1}-{0}.qcow2", day,
              arm ? "arm64" : "amd64"),
          .checksum = arm ? "sha512:52eb678130e85a9bf9f3cf4f7181e060fa60a5db45373717474c5ff9305645c5"
                            "e6cab8b05ca042bcfa7921d2ca29cf9fd2e815f75abe2d168557ad7207af127b"
                          : "sha512:6c2607f1846ee86040830c87d0b723f0967da3e884ea4673d9db4aa8eee13a4b"
                            "7c663524bfa42082c16fc6919f3aa1bf425c004d07ff06c53a319ad0c42647bb"};
}

void check_form(const std::string& checksum) {
  if (checksum.empty()) return;
  const auto colon = checksum.find(':');
  const std::string kind = lower(checksum.substr(0, colon));
  const std::string digits = colon == std::string::npos ? "" : checksum.substr(colon + 1);
  const size_t wanted = kind == "sha512" ? 128 : kind == "sha256" ? 64 : 0;
  if (wanted == 0 || digits.size() != wanted ||
      lower(digits).find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(
        fmt::format(
            "--qemu-image-checksum \"{}\" is none: give sha512: and 128, or sha256: and 64 hexadecimal "
            "digits",
            checksum),
        Reason::usage);
  }
}

std::optional<fs::path> local_path(const std::string& location) {
  if (location.starts_with("file://")) return location.substr(std::string_view("file://").size());
  if (location.starts_with("http://") || location.starts_with("https://")) return std::nullopt;
  return location;
}

bool file_exists(const fs::path& path) {
  std::error_code code;
  const bool there = fs::exists(path, code);
  if (code) throw Error(fmt::format("cannot look at \"{}\": {}", path.string(), error_text(code.value())));
  return there;
}

fs::path ImageCache::obtain(const ImageSource& source, const Services& services, Task& task) const {
  const auto local = local_path(source.location);
  const std::string key = hex_digest(DigestKind::sha256, identity_of(source, local)).substr(0, 16);
  const std::string name = fmt::format("qemu-{}-{}", key, plain_name(source.location));
  fs::path file = folder_ / name;
  if (file_exists(file)) return file;
  make_folders(folder_);
  const fs::path lock_file = folder_ / fmt::format(".{}.lock", name);
  auto lock = FileLock::try_acquire(lock_file);
  if (!lock) {
    task.info("Waiting for another docker-machine, which is fetching the image...");
    lock = with_patience(
        task, std::chrono::minutes(60),
        fmt::format("another docker-machine has been fetching the image for an hour (\"{}\" is locked): end "
                    "it and try again",
                    lock_file.string()),
        [&](const Task& limited) { return FileLock::acquire(lock_file, limited); });
  }
  if (file_exists(file)) return file;
  NewImage image(file);
  if (local) {
    copy(source, *local, image, task);
  } else {
    download(source, image, services, task);
  }
  image.keep();
  return file;
}

ImageFacts inspect_image(const fs::path& image, const Services& services, Task& task) {
  const auto result =
      qemu_img({"info", "--output=json", image.filename().string()}, image.parent_path(), services, task);
  if (!result.ok()) {
    throw Error(fmt::format("qemu-img cannot read the image \"{}\": {}", image.string(), trim(result.error)));
  }
  const Json facts = in_context("qemu-img's answer", [&] { return parse_json(result.output); });
  const Json details = facts.value("format-specific", Json::object()).value("data", Json::object());
  // Besides, an image from elsewhere could name any file of this computer as its other part.
  if (facts.contains("backing-filename") || details.contains("data-file")) {
    throw Error(fmt::format(
        "the image \"{}\" is only a part, which needs another file: make a whole one with \"qemu-img "
        "convert\"",
        image.string()));
  }
  return {.format = text_of(facts, "format"), .virtual_size = number_of(facts, "virtual-size")};
}

void make_overlay(const fs::path& folder, const std::string& disk, const std::string& image,
                  const ImageFacts& facts, long long megabytes, const Services& services, Task& task) {
  const long long megabyte = 1 << 20;
  if (megabytes * megabyte < facts.virtual_size) {
    throw Error(
        fmt::format("a disk of {} MB is too small for the image, which needs {} MB: see --qemu-disk-size",
                    megabytes, (facts.virtual_size + megabyte - 1) / megabyte));
  }
  const auto result = qemu_img(
      {"create", "-q", "-f", "qcow2", "-F", facts.format, "-b", image, disk, fmt::format("{}M", megabytes)},
      folder, services, task);
  if (!result.ok())
    throw Error(fmt::format("qemu-img cannot make the machine's disk: {}", trim(result.error)));
}

}  // namespace dm
