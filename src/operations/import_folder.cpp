// Machines out of a folder that came from another computer as it was.
#include "operations/import_folder.h"

#include <fmt/core.h>

#include "base/temporary_folder.h"
#include "operations/export_machines.h"

namespace dm {
namespace {

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// A store that shows folders of others as if they lay in it; goes with this object.
class View {
 public:
  std::string path() const { return folder_.path().string(); }
  void show_certs(const fs::path& folder) const {
    if (is_folder(folder)) fs::create_directory_symlink(fs::absolute(folder), folder_.path() / "certs");
  }
  /// The record is copied, since one of an old version is rewritten when it is read.
  void show_machine(const fs::path& folder, const std::string& name) const {
    const fs::path place = folder_.path() / "machines" / name;
    make_folders(place);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const fs::path name_here = place / entry.path().filename();
      if (entry.path().filename() == "config.json")
        write_file(name_here, read_file(entry.path()), private_file);
      else
        fs::create_symlink(fs::absolute(entry.path()), name_here);
    }
  }

 private:
  TemporaryFolder folder_;
};

/// The name that the machine's file gives it, which is its folder's unless somebody renamed that.
std::string name_in(const fs::path& folder) {
  const std::string name = text_of(parse_json(read_file(folder / "config.json")), "Name");
  return name.empty() ? fs::absolute(folder).lexically_normal().filename().string() : name;
}

fs::path certs_near(const fs::path& machine) {
  const fs::path folder = fs::absolute(machine).lexically_normal();
  for (const auto& place : {folder / "certs", folder / ".." / "certs", folder / ".." / ".." / "certs"}) {
    if (is_folder(place)) return place.lexically_normal();
  }
  return {};
}

void show(const View& view, const fs::path& folder) {
  std::error_code ignored;
  if (is_folder(folder / "machines")) {
    view.show_certs(folder / "certs");
    for (const auto& name : sub_folders(folder / "machines")) {
      if (!name.starts_with('.')) view.show_machine(folder / "machines" / name, name);
    }
  } else if (fs::exists(folder / "config.json", ignored)) {
    view.show_certs(certs_near(folder));
    view.show_machine(folder, name_in(folder));
  } else {
    throw Error(
        fmt::format("{} is neither a store nor a machine's folder: it has no folder \"machines\" and no "
                    "config.json",
                    folder.string()),
        Reason::not_found);
  }
}

/// Those that can move; of the others the log tells why not.
std::vector<std::string> movable(const Store& store, const Task& task) {
  std::vector<std::string> names;
  for (const auto& name : store.names()) {
    const std::string why = why_bound_to_computer(store.load(name).driver_name);
    if (why.empty()) {
      names.push_back(name);
    } else {
      task.warn(fmt::format("Machine \"{}\" cannot move, since {}: it is left out", name, why));
    }
  }
  if (names.empty()) throw Error("There is no machine in it that can move", Reason::not_found);
  return names;
}

Packing packing_of(Origin origin) {
  if (origin == Origin::stranger) {
    return {.credentials = Credentials::withheld,
            .authority_key = AuthorityKey::travels,
            .unknown_driver = UnknownDriver::is_refused,
            .reach = Reach::store};
  }
  return {.credentials = Credentials::as_they_are,
          .authority_key = AuthorityKey::travels,
          .unknown_driver = UnknownDriver::is_taken,
          .reach = Reach::computer};
}

}  // namespace

std::vector<std::string> import_folder(const Runtime& runtime, const std::string& path, const NewNames& names,
                                       Origin origin, Task& task) {
  const View view;
  in_context(path, [&] { show(view, path); });
  const Store store(view.path());
  const Runtime there{store, runtime.services};
  const Bundle bundle = in_context(
      path, [&] { return collect_machines(there, movable(store, task), packing_of(origin), task); });
  return import_machines(runtime, bundle, names, origin, task);
}

}  // namespace dm
