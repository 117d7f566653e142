// `import`: machines, or an authority, from another computer.
#include "commands/bundle_file.h"
#include "commands/machines.h"
#include "operations/backup.h"
#include "operations/import_folder.h"
#include "operations/share_authority.h"

namespace dm {
namespace {

int run(Context& context) {
  if (context.arguments.words.size() != 1)
    refuse_with_help(context, "Expected one file, folder, or \"-\" for the standard input");
  const std::string& word = context.arguments.words[0];
  const NewNames names = new_names(context);
  if (is_folder(word)) {
    import_folder(context.runtime, word, names, Origin::user, context.task);
    return 0;
  }
  const Bundle bundle = read_bundle(context, word);
  switch (bundle.kind) {
    case BundleKind::machines:
      import_machines(context.runtime, bundle, names, Origin::stranger, context.task);
      break;
    case BundleKind::store:
      import_backup(context.runtime, bundle, names, context.task);
      break;
    case BundleKind::authority:
      import_authority(context.runtime, bundle, context.task);
      break;
  }
  return 0;
}

std::vector<Flag> flags() {
  std::vector<Flag> all = reading_flags();
  all.push_back(
      {.name = "as", .kind = FlagKind::list, .help = "Another name for the machine here: NEW or OLD=NEW"});
  return all;
}

}  // namespace

extern const Command import_command;
const Command import_command{
    .syntax = {.name = "import",
               .summary = "Add machines from another computer",
               .arguments = "Argument is a file that export or backup has written, \"-\" for "
                            "the standard input, or a folder that was copied.",
               .flags = flags()},
    .run = run,
    .operands = Operands::locations};

}  // namespace dm
