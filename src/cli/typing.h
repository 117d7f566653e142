#pragma once
#include <span>
#include <string>
#include <vector>

#include "model/flag.h"

namespace dm {

/// What somebody is typing at the end of an unfinished command line.
struct Typing {
  enum class Part { flag, value, word };
  Part part = Part::word;
  std::string before;              ///< what stands in front of `text` in the same word: "--flag=", or nothing
  std::string text;                ///< the unfinished text itself
  const Flag* flag = nullptr;      ///< the flag whose value it is
  std::vector<std::string> words;  ///< the finished words that are no flags
  std::vector<const Flag*> flags;  ///< the flags that were given
  bool flags_ended = false;        ///< "--" was given
};

/// Reads a line whose last word is unfinished (perhaps empty), as parse_arguments does, but refuses nothing.
Typing typing_of(std::span<const std::string> line, std::span<const Flag> flags);

/// The unfinished line up to the command: what is typed if no command is there yet.
struct GlobalTyping {
  Typing typing;
  std::string command;                ///< "" while it is being typed
  std::span<const std::string> rest;  ///< what follows the command
  std::string storage_path;           ///< the last value given to a flag "storage-path", or nothing
};
GlobalTyping global_typing_of(std::span<const std::string> line, std::span<const Flag> flags);

}  // namespace dm
