// Polls of many processes that cost one call.
#include "drivers/shared_answer.h"

#include "keys/digest.h"

namespace dm {
namespace {

/// Time since the answer came; by the calendar, which is all that processes share.
Milliseconds age_of(const fs::path& file) {
  std::error_code missing;
  const auto written = fs::last_write_time(file, missing);
  if (missing) return Milliseconds::max();
  const auto age = std::chrono::duration_cast<Milliseconds>(fs::file_time_type::clock::now() - written);
  // A clock that was set back must not keep an answer for ever.
  return age.count() < 0 ? Milliseconds::max() : age;
}

std::optional<Json> answer_in(const fs::path& file, Milliseconds age) {
  if (age_of(file) > age) return std::nullopt;
  const auto text = read_file_if_there(file);
  if (!text) return std::nullopt;
  try {
    return parse_json(*text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Json shared_answer(const fs::path& folder, const std::string& key, Milliseconds age, Task& task,
                   const std::function<Json()>& ask) {
  make_folders(folder);
  const fs::path file = folder / (hex_digest(DigestKind::sha256, key).substr(0, 32) + ".json");
  if (auto answer = answer_in(file, age)) return *std::move(answer);
  const auto lock = FileLock::acquire(fs::path(file).replace_extension(".lock"), task);
  // While we waited, another one may have asked.
  if (auto answer = answer_in(file, age)) return *std::move(answer);
  Json answer = ask();
  write_file(file, answer.dump(), private_file);
  return answer;
}

}  // namespace dm
