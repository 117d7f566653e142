// An unfinished command line: what is the last word going to be?
#include "cli/typing.h"

#include <algorithm>

namespace dm {
namespace {

struct Spelled {
  const Flag* flag = nullptr;
  size_t value_at = std::string::npos;  ///< where the value begins in the word, if it stands there
};

Spelled spelled(const std::string& word, std::span<const Flag> flags) {
  const size_t begin = word.starts_with("--") ? 2 : 1;
  const auto equals = word.find('=', begin);
  const std::string name = word.substr(begin, equals == std::string::npos ? equals : equals - begin);
  const auto found = std::ranges::find_if(flags, [&](const Flag& flag) {
    return flag.name == name || std::ranges::find(flag.aliases, name) != flag.aliases.end();
  });
  return {.flag = found == flags.end() ? nullptr : &*found,
          .value_at = equals == std::string::npos ? equals : equals + 1};
}

bool looks_like_flag(const std::string& word) { return word.size() > 1 && word.starts_with('-'); }

/// Goes through the finished words until the end or, if `to_first_word`, the first that is no flag, and tells
/// each value of a flag to `on_value`. Gives the place where it stopped.
template <typename OnValue>
size_t read_finished(Typing& typing, std::span<const std::string> line, std::span<const Flag> flags,
                     bool to_first_word, OnValue&& on_value) {
  const size_t end = line.size() - 1;
  for (size_t at = 0; at < end; ++at) {
    const std::string& word = line[at];
    if (typing.flags_ended || !looks_like_flag(word)) {
      if (to_first_word) return at;
      typing.words.push_back(word);
      continue;
    }
    if (word == "--") {
      typing.flags_ended = true;
      continue;
    }
    const auto [flag, value_at] = spelled(word, flags);
    if (flag == nullptr) continue;
    typing.flags.push_back(flag);
    if (value_at != std::string::npos) {
      on_value(*flag, word.substr(value_at));
    } else if (flag->kind != FlagKind::boolean) {
      if (++at == end)
        typing.flag = flag;  // Its value is what is being typed.
      else
        on_value(*flag, line[at]);
    }
  }
  return end;
}

void read_unfinished(Typing& typing, const std::string& word, std::span<const Flag> flags) {
  typing.text = word;
  if (typing.flag != nullptr) {
    typing.part = Typing::Part::value;
  } else if (!typing.flags_ended && word.starts_with('-')) {
    const auto [flag, value_at] = spelled(word, flags);
    typing.part = value_at == std::string::npos ? Typing::Part::flag : Typing::Part::value;
    if (typing.part == Typing::Part::flag) return;
    typing.flag = flag;
    typing.before = word.substr(0, value_at);
    typing.text = word.substr(value_at);
  }
}

}  // namespace

Typing typing_of(std::span<const std::string> line, std::span<const Flag> flags) {
  Typing typing;
  if (line.empty()) return typing;
  read_finished(typing, line, flags, false, [](const Flag&, const std::string&) {});
  read_unfinished(typing, line.back(), flags);
  return typing;
}

GlobalTyping global_typing_of(std::span<const std::string> line, std::span<const Flag> flags) {
  GlobalTyping global;
  if (line.empty()) return global;
  const size_t at =
      read_finished(global.typing, line, flags, true, [&](const Flag& flag, const std::string& value) {
        if (flag.name == "storage-path") global.storage_path = value;
      });
  if (at + 1 < line.size()) {
    global.command = line[at];
    global.rest = line.subspan(at + 1);
  } else {
    read_unfinished(global.typing, line.back(), flags);
  }
  return global;
}

}  // namespace dm
