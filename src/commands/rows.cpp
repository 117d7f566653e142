// Rows of values as lines, by a template.
#include "commands/rows.h"

#include "base/strings.h"
#include "cli/columns.h"
#include "text_template/template.h"

namespace dm {

std::string rendered_rows(std::string format, const text_template::Value& titles, size_t count,
                          const std::function<text_template::Value(size_t)>& row) {
  const bool table = format.starts_with("table");
  if (table) format = trim(format.substr(5));
  format = replace_all(replace_all(format, "\\t", "\t"), "\\n", "\n");
  const auto parsed = text_template::Template::parse(format);
  std::string text;
  if (table) text += parsed.execute(titles) + "\n";
  for (size_t i = 0; i < count; ++i) text += parsed.execute(row(i)) + "\n";
  return table ? align_columns(text, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '}) : text;
}

}  // namespace dm
