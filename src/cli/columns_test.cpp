// Columns as Go's text/tabwriter aligns them; the expected texts are its output.
#include "cli/columns.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

TEST(Columns, AreFilledWithTabsToTabStops) {
  EXPECT_EQ(align_columns("a\tx\nbcdefgh\ty\n"), "a\tx\nbcdefgh\ty\n");
  EXPECT_EQ(align_columns("a\tx\nbcdefghi\ty\n"), "a\t\tx\nbcdefghi\ty\n");
  EXPECT_EQ(align_columns("a\tb\tx\nbcdefghi\t\ty\n"), "a\t\tb\tx\nbcdefghi\t\ty\n");
}

TEST(Columns, EndAtALineWithoutTheCell) {
  EXPECT_EQ(align_columns("a\tx\n\nbcdefghi\ty\n"), "a\tx\n\nbcdefghi\ty\n");
  EXPECT_EQ(align_columns("a\tx\nno cell, however long\nb\ty\n"), "a\tx\nno cell, however long\nb\ty\n");
  EXPECT_EQ(align_columns("a\tbcdefghij\tx\nc\ty\nd\te\tz\n"), "a\tbcdefghij\tx\nc\ty\nd\te\tz\n");
}

TEST(Columns, CountCharactersAndNotBytes) {
  EXPECT_EQ(align_columns("éééé\tx\nbcdefghi\ty\n"), "éééé\t\tx\nbcdefghi\ty\n");
  EXPECT_EQ(align_columns("ééééééé\tx\n"), "ééééééé\tx\n");
}

TEST(Columns, AreFilledWithBlanks) {
  const ColumnStyle style{.minimum = 5, .tab = 1, .padding = 3, .fill = ' '};
  EXPECT_EQ(align_columns("NAME\tACTIVE\tDRIVER\nx\t-\tgeneric\n", style),
            "NAME   ACTIVE   DRIVER\nx      -        generic\n");
  EXPECT_EQ(align_columns("a\tb\n", style), "a    b\n");
  EXPECT_EQ(align_columns("a\t\n", style), "a    \n");
}

TEST(Columns, LeaveTheTextsEndAlone) {
  EXPECT_EQ(align_columns(""), "");
  EXPECT_EQ(align_columns("\n\n"), "\n\n");
  EXPECT_EQ(align_columns("a\tx"), "a\tx");
  EXPECT_EQ(align_columns("a\t"), "a");
}

}  // namespace
}  // namespace dm
