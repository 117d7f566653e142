// One row for each shell: how it sets and removes variables, and how it takes in our output.
#include "shell/shell.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace dm {

struct Shell {
  std::string_view name;
  std::string (*set)(const std::string& variable, const std::string& value);
  std::string_view before_unset, after_unset;  ///< around the variable's name
  std::string_view comment;
  std::string_view before_command, after_command;  ///< around the command line that the hint evaluates
};

namespace {

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

/// Means nothing to any of the shells, wherever it stands.
bool is_plain(char letter) {
  return is_letter_or_digit(letter) || std::string_view("/.:-_=+@,%").contains(letter);
}

/// `eval $(…)` and its like cut the output at blanks and put it together again with single ones.
bool survives_word_splitting(std::string_view value) {
  return std::ranges::none_of(value, is_control) && !value.contains("  ");
}

/// `value` with `mark` in front of each of `letters`.
std::string escaped(std::string_view value, std::string_view letters, char mark) {
  std::string text;
  for (const char letter : value) {
    if (letters.contains(letter)) text += mark;
    text += letter;
  }
  return text;
}

std::string set_posix(const std::string& variable, const std::string& value) {
  if (survives_word_splitting(value)) {
    return fmt::format("export {}=\"{}\"\n", variable, escaped(value, "\"$`\\", '\\'));
  }
  std::string octal;
  for (const char letter : value) {
    octal += is_plain(letter) ? std::string(1, letter)
                              : fmt::format("\\0{:03o}", static_cast<unsigned char>(letter));
  }
  // The dot keeps line breaks at the end, which $(…) would drop.
  return fmt::format("export {0}=\"$(printf %b '{1}.')\"; {0}=\"${{{0}%.}}\";\n", variable, octal);
}

std::string set_fish(const std::string& variable, const std::string& value) {
  std::string text;
  for (const char letter : escaped(value, "\"$\\", '\\')) {
    // The command substitution cuts lines, and within quotes there is no other way to write their end.
    text += letter == '\n' ? "\"\\n\"" : std::string(1, letter);
  }
  return fmt::format("set -gx {} \"{}\";\n", variable, text);
}

std::string set_tcsh(const std::string& variable, const std::string& value) {
  const auto fits_double_quotes = [](char letter) {
    return is_plain(letter) || std::string_view(" []*?").contains(letter);
  };
  if (survives_word_splitting(value) && std::ranges::all_of(value, fits_double_quotes)) {
    return fmt::format("setenv {} \"{}\";\n", variable, value);
  }
  std::string text;
  for (const char letter : value) {
    // eval expands braces before it looks at any backslash.
    if (is_control(letter) || letter == '{' || letter == '}') {
      text += fmt::format("$'\\{:03o}'", static_cast<unsigned char>(letter));
    } else {
      const bool bare = is_letter_or_digit(letter) || static_cast<unsigned char>(letter) >= 0x80;
      text += bare ? std::string(1, letter) : std::string{'\\', letter};
    }
  }
  return fmt::format("setenv {} {};\n", variable, text);
}

std::string set_powershell(const std::string& variable, const std::string& value) {
  // Typographic quotes end a string as plain ones do; each begins with these two bytes of UTF-8.
  constexpr std::string_view quotes_begin = "\xe2\x80";
  constexpr std::string_view quotes_end = "\x9c\x9d\x9e";
  std::string text;
  for (size_t at = 0; at < value.size(); ++at) {
    const std::string_view rest = std::string_view(value).substr(at);
    if (rest.starts_with(quotes_begin) && rest.size() > 2 && quotes_end.contains(rest[2])) text += '`';
    switch (value[at]) {
      // Every line is evaluated by itself.
      case '\n':
        text += "`n";
        break;
      case '\r':
        text += "`r";
        break;
      case '"':
      case '$':
      case '`':
        text += '`';
        [[fallthrough]];
      default:
        text += value[at];
    }
  }
  return fmt::format("$Env:{} = \"{}\"\n", variable, text);
}

// FOR puts the line in place of %i when all special characters have been dealt with, so nothing may be
// escaped. Kept in a file and called, the same line would lose percent signs; programs that read it want it
// plain as well.
std::string set_cmd(const std::string& variable, const std::string& value) {
  if (value.find_first_of("\r\n") != std::string::npos) {
    throw Error(fmt::format(
        "The value of \"{}\" holds a line break, which cmd cannot take: use another shell", variable));
  }
  return fmt::format("SET {}={}\n", variable, value);
}

std::string set_emacs(const std::string& variable, const std::string& value) {
  std::string text;
  for (const char letter : escaped(value, "\"\\", '\\')) {
    switch (letter) {
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      default:
        text += letter;
    }
  }
  return fmt::format("(setenv \"{}\" \"{}\")\n", variable, text);
}

constexpr Shell posix{.name = "sh",
                      .set = set_posix,
                      .before_unset = "unset ",
                      .after_unset = "",
                      .comment = "#",
                      .before_command = "eval $(",
                      .after_command = ")"};

constexpr std::array others{
    Shell{.name = "fish",
          .set = set_fish,
          .before_unset = "set -e ",
          .after_unset = ";",
          .comment = "#",
          .before_command = "eval (",
          .after_command = ")"},
    Shell{.name = "tcsh",
          .set = set_tcsh,
          .before_unset = "unsetenv ",
          .after_unset = ";",
          .comment = ":",
          .before_command = "eval `",
          .after_command = "`"},
    // Two backslashes, as the original writes it.
    Shell{.name = "powershell",
          .set = set_powershell,
          .before_unset = "Remove-Item Env:\\\\",
          .after_unset = "",
          .comment = "#",
          .before_command = "& ",
          .after_command = " | Invoke-Expression"},
    Shell{.name = "cmd",
          .set = set_cmd,
          .before_unset = "SET ",
          .after_unset = "=",
          .comment = "REM",
          .before_command = "\t@FOR /f \"tokens=*\" %i IN ('",
          .after_command = "') DO @%i"},
    Shell{.name = "emacs",
          .set = set_emacs,
          .before_unset = "(setenv \"",
          .after_unset = "\" nil)",
          .comment = ";;",
          .before_command = "(with-temp-buffer (shell-command \"",
          .after_command = "\" (current-buffer)) (eval-buffer))"},
};

}  // namespace

const Shell& shell_named(const std::string& name) {
  const auto* const found = std::ranges::find(others, name, &Shell::name);
  return found == others.end() ? posix : *found;
}

std::string set_line(const Shell& shell, const std::string& variable, const std::string& value) {
  return shell.set(variable, value);
}

std::string unset_line(const Shell& shell, const std::string& variable) {
  return fmt::format("{}{}{}\n", shell.before_unset, variable, shell.after_unset);
}

std::string hint(const Shell& shell, const std::string& command) {
  // A line break would end the comment, and the rest of the command line would be evaluated.
  std::string line = command;
  std::ranges::replace_if(line, is_control, ' ');
  return fmt::format("{0} Run this command to configure your shell: \n{0} {1}{2}{3}\n", shell.comment,
                     shell.before_command, line, shell.after_command);
}

}  // namespace dm
