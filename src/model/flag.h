#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace dm {

/// What a flag takes: nothing (a boolean), a text, a whole number, or any number of texts.
enum class FlagKind { boolean, text, number, list };

/// The value of a flag; which alternative it holds goes by the kind.
using FlagValue = std::variant<bool, std::string, long long, std::vector<std::string>>;

/// One command-line option, of a command or of a driver.
struct Flag {
  std::string name;  ///< without dashes, e.g. "engine-label"
  FlagKind kind = FlagKind::text;
  std::string help;
  std::string variable;              ///< environment variable that gives its value; may be empty
  FlagValue otherwise = {};          ///< the default; false, "", 0 or {} where not said
  std::vector<std::string> aliases;  ///< further names, e.g. "d"
  bool hidden = false;               ///< accepted, but not shown in the help
};

/// The values of all flags of a command, by the flag's first name. Every declared flag has one.
class FlagValues {
 public:
  void set(const std::string& name, FlagValue value) { values_[name] = std::move(value); }
  void mark_given(const std::string& name) { given_[name] = true; }

  bool boolean(const std::string& name) const { return std::get<bool>(values_.at(name)); }
  const std::string& text(const std::string& name) const { return std::get<std::string>(values_.at(name)); }
  long long number(const std::string& name) const { return std::get<long long>(values_.at(name)); }
  const std::vector<std::string>& list(const std::string& name) const {
    return std::get<std::vector<std::string>>(values_.at(name));
  }
  /// Whether the user said it, on the command line or by its variable.
  bool given(const std::string& name) const { return given_.contains(name); }
  const FlagValue& value(const std::string& name) const { return values_.at(name); }
  bool knows(const std::string& name) const { return values_.contains(name); }

 private:
  std::map<std::string, FlagValue> values_;
  std::map<std::string, bool> given_;
};

/// A value as it would be typed, entries of a list separated by commas.
std::string text_of(const FlagValue& value);

/// The value that a flag has when nobody says anything, of the alternative that its kind asks for.
inline FlagValue default_value(const Flag& flag) {
  switch (flag.kind) {
    case FlagKind::boolean:
      return std::holds_alternative<bool>(flag.otherwise) ? flag.otherwise : FlagValue(false);
    case FlagKind::text:
      return std::holds_alternative<std::string>(flag.otherwise) ? flag.otherwise : FlagValue(std::string());
    case FlagKind::number:
      return std::holds_alternative<long long>(flag.otherwise) ? flag.otherwise : FlagValue(0LL);
    case FlagKind::list:
      break;
  }
  return std::holds_alternative<std::vector<std::string>>(flag.otherwise)
             ? flag.otherwise
             : FlagValue(std::vector<std::string>());
}

}  // namespace dm
