#pragma once
#include <string>
#include <string_view>

namespace dm {

/// How cells are padded to a column.
struct ColumnStyle {
  size_t minimum = 0;  ///< least width of a column, padding included
  size_t tab = 8;      ///< distance of tab stops, if `fill` is a tab
  size_t padding = 1;  ///< added to the widest cell
  char fill = '\t';
};

/// Aligns text whose cells end in tabs, byte for byte as Go's text/tabwriter does: a column is a run of lines
/// that have a cell there, and what follows a line's last tab belongs to no column. Widths count UTF-8
/// characters.
std::string align_columns(std::string_view text, const ColumnStyle& style = {});

}  // namespace dm
