// Words of a command line and variables of the environment into the values of flags.
#include "cli/arguments.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/strings.h"
#include "cli/literals.h"

namespace dm {
namespace {

Error usage_error(const std::string& message) { return Error(message, Reason::usage); }

const Flag& help_flag() {
  static const Flag flag{.name = "help", .kind = FlagKind::boolean, .aliases = {"h"}};
  return flag;
}

std::vector<std::string> names_of(const Flag& flag) {
  std::vector<std::string> names{flag.name};
  names.insert(names.end(), flag.aliases.begin(), flag.aliases.end());
  return names;
}

bool looks_like_flag(std::string_view word) { return word.size() > 1 && word.starts_with('-'); }

/// A word that starts with a dash, taken apart.
struct Spelling {
  std::string name;
  std::optional<std::string> value;  ///< what follows "="
};

Spelling spelling_of(std::string_view word) {
  std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
  if (name.empty() || name.starts_with('-') || name.starts_with('=')) {
    throw usage_error(fmt::format("bad flag syntax: {}", word));
  }
  const auto equals = name.find('=');
  if (equals == std::string_view::npos) return {.name = std::string(name), .value = std::nullopt};
  return {.name = std::string(name.substr(0, equals)), .value = std::string(name.substr(equals + 1))};
}

/// A text from the command line as a value of this flag's kind; a list has this one part.
FlagValue value_of(const Flag& flag, const std::string& name, const std::string& text) {
  switch (flag.kind) {
    case FlagKind::boolean: {
      const auto value = boolean_of(text);
      if (value) return *value;
      throw usage_error(fmt::format("invalid boolean value {} for -{}: parse error", go_quote(text), name));
    }
    case FlagKind::number: {
      const auto number = number_of(text);
      if (number.value) return *number.value;
      throw usage_error(fmt::format("invalid value {} for flag -{}: {}", go_quote(text), name, number.fault));
    }
    case FlagKind::list:
      return std::vector<std::string>{text};
    case FlagKind::text:
      break;
  }
  return text;
}

/// What the flag's variable says; nothing if it is unset or cannot be understood.
std::optional<FlagValue> value_from(const Environment& environment, const Flag& flag) {
  // A plugin may name several variables, separated by commas: the first that is set counts.
  std::optional<std::string> text;
  for (const auto& variable : split(flag.variable, ',')) {
    text = environment.variable(std::string(trim(variable)));
    if (text) break;
  }
  if (!text) return std::nullopt;
  switch (flag.kind) {
    case FlagKind::boolean:
      return boolean_of(*text);
    case FlagKind::number:
      return number_of(*text).value;
    case FlagKind::text:
      return text;
    case FlagKind::list:
      break;
  }
  auto parts = split(*text, ',');
  for (auto& part : parts) part = std::string(trim(part));
  return parts;
}

/// Collects what the flags on a command line say.
class Reader {
 public:
  explicit Reader(std::span<const Flag> flags) : flags_(flags) {
    for (const auto& flag : flags) {
      for (const auto& name : names_of(flag)) known_.emplace(name, &flag);
    }
    for (const auto& name : names_of(help_flag())) known_.emplace(name, &help_flag());
  }

  /// Reads the flag at `at` and gives the place of the word after it and its value.
  size_t read(std::span<const std::string> words, size_t at) {
    auto [name, value] = spelling_of(words[at]);
    ++at;
    const auto found = known_.find(name);
    if (found == known_.end()) throw usage_error("flag provided but not defined: -" + name);
    const Flag& flag = *found->second;
    if (!value && flag.kind == FlagKind::boolean) value = "true";
    if (!value) {
      if (at == words.size()) throw usage_error("flag needs an argument: -" + name);
      value = words[at++];
    }
    store(flag, value_of(flag, name, *value));
    spelled_.insert(name);
    return at;
  }

  /// A value for every declared flag: from the command line, else its variable, else the default.
  Arguments finish(const Environment& environment) const {
    refuse_two_forms();
    Arguments arguments;
    for (const auto& flag : flags_) {
      const auto said = said_.find(&flag);
      auto value = said != said_.end() ? std::optional(said->second) : value_from(environment, flag);
      if (value) arguments.flags.mark_given(flag.name);
      arguments.flags.set(flag.name, value ? std::move(*value) : default_value(flag));
    }
    const auto help = said_.find(&help_flag());
    arguments.help = help != said_.end() && std::get<bool>(help->second);
    return arguments;
  }

 private:
  void store(const Flag& flag, FlagValue value) {
    const auto [place, fresh] = said_.try_emplace(&flag, value);
    if (fresh) return;
    if (flag.kind != FlagKind::list) {
      place->second = std::move(value);
      return;
    }
    auto& part = std::get<std::vector<std::string>>(value).front();
    std::get<std::vector<std::string>>(place->second).push_back(std::move(part));
  }

  void refuse_two_forms() const {
    for (const auto& flag : flags_) {
      const std::string* first = nullptr;
      const auto names = names_of(flag);
      for (const auto& name : names) {
        if (!spelled_.contains(name)) continue;
        if (first != nullptr) {
          throw usage_error("Cannot use two forms of the same flag: " + name + " " + *first);
        }
        first = &name;
      }
    }
  }

  std::span<const Flag> flags_;
  std::map<std::string, const Flag*> known_;
  std::map<const Flag*, FlagValue> said_;
  std::set<std::string> spelled_;
};

}  // namespace

Arguments parse_arguments(std::span<const std::string> arguments, std::span<const Flag> flags,
                          const Environment& environment) {
  Reader reader(flags);
  std::vector<std::string> words;
  std::optional<size_t> before_dashes;
  for (size_t at = 0; at < arguments.size();) {
    const std::string& word = arguments[at];
    if (word == "--") {
      before_dashes = words.size();
      words.insert(words.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
      break;
    }
    if (looks_like_flag(word)) {
      at = reader.read(arguments, at);
    } else {
      words.push_back(word);
      ++at;
    }
  }
  Arguments result = reader.finish(environment);
  result.before_dashes = before_dashes.value_or(words.size());
  result.words = std::move(words);
  return result;
}

GlobalLine parse_global(std::span<const std::string> arguments, std::span<const Flag> flags,
                        const Environment& environment) {
  Reader reader(flags);
  size_t at = 0;
  while (at < arguments.size() && looks_like_flag(arguments[at]) && arguments[at] != "--") {
    at = reader.read(arguments, at);
  }
  if (at < arguments.size() && arguments[at] == "--") ++at;

  GlobalLine line{.global = reader.finish(environment), .command = {}, .rest = {}};
  if (at == arguments.size()) return line;
  line.command = arguments[at];
  line.rest.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
  return line;
}

}  // namespace dm
