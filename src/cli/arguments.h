#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/error.h"
#include "model/flag.h"

namespace dm {

/// How a command is written: what help shows and what the parser accepts.
struct Syntax {
  std::string name;
  std::vector<std::string> aliases;
  std::string summary;    ///< one line
  std::string arguments;  ///< what the words after the flags mean; may be empty
  std::vector<Flag> flags;
  bool verbatim = false;  ///< everything after the name belongs to the command as it stands (`ssh`)
  bool hidden = false;    ///< accepted, but not shown in the help
};

/// A command line taken apart.
struct Arguments {
  FlagValues flags;                ///< one value for every declared flag
  std::vector<std::string> words;  ///< the positional arguments, in the order typed
  size_t before_dashes = 0;        ///< how many of them stood before "--"; all if there was none
  bool help = false;               ///< -h, -help, --help was among the flags
};

/// Parses in Go's flag grammar (spec of the command line, section 3): one or two dashes, "=", booleans with
/// "=" only, "--" ends the flags and is dropped, flags anywhere among the words, values from the environment,
/// lists accumulate; a list on the command line replaces the environment's. Error(usage) with Go's texts:
/// "flag provided but not defined: -x", "flag needs an argument: -x",
/// "invalid value \"abc\" for flag -timeout: parse error",
/// "Cannot use two forms of the same flag: t timeout", ….
Arguments parse_arguments(std::span<const std::string> arguments, std::span<const Flag> flags,
                          const Environment& environment);

/// The line up to the command: global options, the command's name ("" if none), and what follows it.
struct GlobalLine {
  Arguments global;
  std::string command;
  std::vector<std::string> rest;
};

/// As parse_arguments, but stops at the first word, which is the command.
GlobalLine parse_global(std::span<const std::string> arguments, std::span<const Flag> flags,
                        const Environment& environment);

}  // namespace dm
