// `__complete`: what the last word of an unfinished command line may become. Asks nobody: names are those of
// the store's folder. Words in and lines out are as cobra's programs have them, so that the docker client,
// which asks its plugins this way, understands us as well as our own shell scripts do.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "cli/typing.h"
#include "commands/command.h"

namespace dm {
namespace {

/// What the shell is to do with the answer; cobra's numbers.
enum Directive { with_files = 0, no_space = 2, no_files = 4 };

struct Candidate {
  std::string text, meaning;
};

struct Answer {
  std::vector<Candidate> candidates;
  int directive = no_files;
};

std::string dashed(const std::string& name) { return (name.size() == 1 ? "-" : "--") + name; }

Answer flag_names(const Typing& typing, std::span<const Flag> flags) {
  Answer answer;
  for (const Flag& flag : flags) {
    // A second one would be refused, or at least change nothing.
    const bool given = std::ranges::find(typing.flags, &flag) != typing.flags.end();
    if (flag.hidden || (given && flag.kind != FlagKind::list)) continue;
    answer.candidates.push_back({dashed(flag.name), flag.help});
    for (const auto& alias : flag.aliases) answer.candidates.push_back({dashed(alias), flag.help});
  }
  answer.candidates.push_back({"--help", "show help"});
  return answer;
}

/// Values like KEY=VALUE are offered in two steps: first the keys.
Answer choices_as_typed(const std::vector<std::string>& choices, const std::string& text) {
  Answer answer;
  for (const auto& choice : choices) {
    const auto equals = choice.find('=');
    const bool key_only = equals != std::string::npos && !text.contains('=');
    const std::string shown = key_only ? choice.substr(0, equals + 1) : choice;
    if (key_only) answer.directive |= no_space;
    if (!shown.empty() && shown.back() == '=' && !key_only) continue;
    if (answer.candidates.empty() || answer.candidates.back().text != shown)
      answer.candidates.push_back({shown, ""});
  }
  return answer;
}

Answer flag_values(const Typing& typing, const Command* command, const Store& store) {
  if (typing.flag == nullptr) return {};
  if (typing.flag->kind == FlagKind::boolean) return {.candidates = {{"true", ""}, {"false", ""}}};
  if (command != nullptr && command->choices != nullptr) {
    const auto choices = command->choices(typing.flag->name, store);
    if (!choices.empty()) return choices_as_typed(choices, typing.text);
  }
  // It may be a file: many are.
  return {.directive = typing.flag->kind == FlagKind::number ? no_files : with_files};
}

Answer machine_names(const Typing& typing, const Store& store) {
  Answer answer;
  for (const auto& name : store.names()) {
    if (std::ranges::find(typing.words, name) == typing.words.end()) answer.candidates.push_back({name, ""});
  }
  return answer;
}

Answer locations(const Typing& typing, const Store& store) {
  if (typing.text.contains(':')) return {};
  Answer answer{.directive = with_files | no_space};
  for (const auto& name : store.names()) answer.candidates.push_back({name + ":", ""});
  return answer;
}

Answer operands(const Typing& typing, const Command& command, const Store& store) {
  switch (command.operands) {
    case Operands::none:
      break;
    case Operands::machine:
      return typing.words.empty() ? machine_names(typing, store) : Answer{};
    case Operands::machines:
      return machine_names(typing, store);
    case Operands::locations:
      return locations(typing, store);
    case Operands::choice:
      return typing.words.empty() ? choices_as_typed(command.choices("", store), typing.text) : Answer{};
  }
  return {};
}

Answer commands(const Context& context) {
  Answer answer;
  for (const Command* command : context.application.commands) {
    if (!command->syntax.hidden) answer.candidates.push_back({command->syntax.name, command->syntax.summary});
  }
  // The shells' `use` is a function of theirs around `env`; they say whether it is there.
  if (context.runtime.services.environment.variable_or("DOCKER_MACHINE_WRAPPED", "") == "true")
    answer.candidates.push_back({"use", "Point this shell's docker client at a machine"});
  return answer;
}

Store store_of(const Context& context, std::string path) {
  if (path.empty()) return Store(context.global.flags.text("storage-path"));
  if (path == "~" || path.starts_with("~/"))  // The shell has not seen to it yet.
    path.replace(0, 1, context.runtime.services.environment.home());
  return Store(path);
}

Answer within_command(const Context& context, const Command& command, std::span<const std::string> rest,
                      const Store& store, std::string& before) {
  std::vector<Flag> flags = command.syntax.flags;
  if (command.more_flags != nullptr) {
    try {
      std::ranges::move(command.more_flags(rest, context.runtime, context.task), std::back_inserter(flags));
    } catch (const Error&) {  // A driver that we don't have: its flags are unknown, ours are not.
    }
  }
  const Typing typing = typing_of(rest, flags);
  before = typing.before;
  if (typing.part == Typing::Part::value) return flag_values(typing, &command, store);
  if (typing.part == Typing::Part::flag)
    return command.syntax.verbatim && !typing.words.empty() ? Answer{} : flag_names(typing, flags);
  return operands(typing, command, store);
}

Answer answer_to(const Context& context, std::string& before, std::string& text) {
  const auto& line = context.arguments.words;
  const auto global = global_typing_of(line, context.application.global_flags);
  const Store store = store_of(context, global.storage_path);
  if (!line.empty()) text = line.back();
  if (!global.command.empty()) {
    const Command* command = find_command(global.command == "use" ? "env" : global.command);
    return command == nullptr || command->syntax.hidden
               ? Answer{}
               : within_command(context, *command, global.rest, store, before);
  }
  before = global.typing.before;
  if (global.typing.part == Typing::Part::flag)
    return flag_names(global.typing, context.application.global_flags);
  if (global.typing.part == Typing::Part::value) return flag_values(global.typing, nullptr, store);
  return commands(context);
}

int answer(Context& context, bool with_meanings) {
  std::string before, text;
  const Answer answer = answer_to(context, before, text);
  for (const auto& [candidate, meaning] : answer.candidates) {
    const std::string whole = before + candidate;
    // A line break in a name cannot be told in lines, and nobody could complete it.
    if (!whole.starts_with(text) || whole.contains('\n')) continue;
    context.out << whole << (with_meanings && !meaning.empty() ? "\t" + meaning : "") << "\n";
  }
  context.out << ":" << answer.directive << "\n";
  return 0;
}

int run(Context& context) { return answer(context, true); }
int run_without_meanings(Context& context) { return answer(context, false); }

}  // namespace

extern const Command complete_command, complete_tersely_command;
const Command complete_command{.syntax = {.name = "__complete",
                                          .summary = "Tell what an unfinished command line may become",
                                          .verbatim = true,
                                          .hidden = true},
                               .run = run};
const Command complete_tersely_command{.syntax = {.name = "__completeNoDesc",
                                                  .summary = "The same, without descriptions",
                                                  .verbatim = true,
                                                  .hidden = true},
                                       .run = run_without_meanings};

}  // namespace dm
