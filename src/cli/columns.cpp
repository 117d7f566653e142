// Cells that end in tabs, aligned.
#include "cli/columns.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/strings.h"

namespace dm {
namespace {

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

using Line = std::vector<std::string>;

/// Whether `line` has a cell in `column`: the text after the last tab is none.
bool has_cell(const Line& line, size_t column) { return column + 1 < line.size(); }

/// Pads the cells of `column` and of those right of it, in place.
void align(std::span<Line> lines, size_t column, const ColumnStyle& style) {
  for (size_t from = 0; from < lines.size();) {
    size_t to = from;
    size_t width = style.minimum;
    for (; to < lines.size() && has_cell(lines[to], column); ++to) {
      width = std::max(width, width_of(lines[to][column]) + style.padding);
    }
    if (to == from) {
      ++from;
      continue;
    }
    const bool tabs = style.fill == '\t';
    if (tabs) width = (width + style.tab - 1) / style.tab * style.tab;
    for (Line& line : lines.subspan(from, to - from)) {
      const size_t missing = width - width_of(line[column]);
      line[column].append(tabs ? (missing + style.tab - 1) / style.tab : missing, style.fill);
    }
    align(lines.subspan(from, to - from), column + 1, style);
    from = to;
  }
}

}  // namespace

std::string align_columns(std::string_view text, const ColumnStyle& style) {
  std::vector<Line> lines;
  for (const auto& line : split(text, '\n')) lines.push_back(split(line, '\t'));
  // Go takes a last line without a line break to end with its last tab, if nothing follows that.
  if (lines.back().size() > 1 && lines.back().back().empty()) lines.back().pop_back();
  align(lines, 0, style);
  std::vector<std::string> aligned;
  aligned.reserve(lines.size());
  for (const auto& line : lines) aligned.push_back(join(line, ""));
  return join(aligned, "\n");
}

}  // namespace dm
