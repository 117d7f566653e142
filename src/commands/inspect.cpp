// `inspect`: all that is stored of a machine.
#include "commands/machines.h"
#include "text_template/json_functions.h"
#include "text_template/template.h"

namespace dm {
namespace {

using text_template::Value;

constexpr int indentation = 4;

int run(Context& context) {
  if (context.arguments.words.size() > 1) {
    refuse_with_help(context, "Error: Expected one machine name as an argument");
  }
  const Json document = document_of(context.runtime.store.load(named_machine(context)));
  const std::string& format = context.arguments.flags.text("format");
  if (format.empty()) {
    context.out << go_json(document, indentation) << "\n";
    return 0;
  }
  const auto parsed = in_context("template parsing error", [&] {
    return text_template::Template::parse(format, text_template::json_functions());
  });
  context.out << parsed.execute(Value::from_json(document), text_template::Numbers::plain) << "\n";
  return 0;
}

}  // namespace

extern const Command inspect_command;
const Command inspect_command{.syntax = {.name = "inspect",
                                         .summary = "Inspect information about a machine",
                                         .arguments = "Argument is a machine name.",
                                         .flags = {{.name = "format",
                                                    .help = "Format the output using the given go template.",
                                                    .aliases = {"f"}}}},
                              .run = run,
                              .operands = Operands::machine};

}  // namespace dm
