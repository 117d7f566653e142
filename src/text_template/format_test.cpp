// Printing and formatting of values.
#include "text_template/test_values.h"

namespace dm::text_template {

namespace {

// Every row was made by Go 1.19.
constexpr Golden formats[] = {
    {R"({{printf "%s %d %z %t" 1 "a" 1 1}})", "%!s(int=1) %!d(string=a) %!z(int=1) %!t(int=1)"},
    {R"({{printf "%d %s %v %T" nil nil nil nil}})", "%!d(<nil>) %!s(<nil>) <nil> <nil>"},
    {R"({{printf "%d %d" 1}} {{printf "%d" 1 2 "x" nil}})",
     "1 %!d(MISSING) 1%!(EXTRA int=2, string=x, <nil>)"},
    {R"({{printf "%"}} {{printf "%5"}} {{printf "%%"}} {{printf "%!"}} {{printf "100%"}})",
     "%!(NOVERB) %!(NOVERB) % %!!(MISSING) 100%!(NOVERB)"},
    {R"({{printf "%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%b|%c|%q|%U" 42 42 42 42 42 42 42 42 42 42 42 42 42 42}})",
     "   42|42   |00042|+42| 42|2a|2A|0x2a|52|052|101010|*|'*'|U+002A"},
    {R"({{printf "%O %#b %#X %#U %05x %+05d % 05d %.3d %8.3d|%-8.3d|%08.3d" 8 5 255 8364 255 7 7 7 7 7 7}})",
     "0o10 0b101 0XFF U+20AC '€' 000ff +0007  0007 007      007|007     |     007"},
    {R"({{printf "%5d|%-5d|%05d|%x|%d" -42 -42 -42 -42 -9223372036854775808}})",
     "  -42|-42  |-0042|-2a|-9223372036854775808"},
    {R"({{printf "%f|%.1f|%8.2f|%-8.2f|%08.2f|%e|%.2e|%g|%.3g|%E|%G|%+f|% f" 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 1e10 3.14159 3.14159}})",
     "3.141590|3.1|    3.14|3.14    "
     "|00003.14|3.141590e+00|3.14e+00|3.14159|3.14|3.141590E+00|1E+10|+3.141590| 3.141590"},
    {R"({{printf "%08.2f|%+08.2f|%8.0f|%.0f|%.10g|%g|%g|%v" -3.14159 3.14159 2.5 2.5 100000.0 1e20 1e21 123456789.0}})",
     "-0003.14|+0003.14|       2|2|100000|1e+20|1e+21|1.23456789e+08"},
    {R"({{printf "%s|%10s|%-10s|%.2s|%q|%x|%X|% x|%#x|%# x|%5.1s|%+q|%#q" "abc" "abc" "abc" "abc" "a\"b" "abc" "abc" "abc" "abc" "abc" "abc" "é" "raw"}})",
     R"(abc|       abc|abc       |ab|"a\"b"|616263|616263|61 62 63|0x616263|0x61 0x62 0x63|    a|"\u00e9"|`raw`)"},
    {R"({{printf "%010s|%05t|%6t|%-6t|%t" "abc" true true true false}})",
     "0000000abc|0true|  true|true  |false"},
    {R"({{printf "%*d|%-*d|%*d|%.*f|" 5 1 5 1 -5 1 2 1.5}} {{printf "%*d %.*f" "a" 1 -2 1.5}})",
     "    1|1    |1    |1.50| %!(BADWIDTH)1 %!(BADPREC)1.500000"},
    {R"({{printf "%v %#v %#v %#v %#v" 1 1 1.5 "x" true}})", R"(1 1 1.5 "x" true)"},
    {R"({{printf "é%5s|%-5s|%6.2f%%" "é" "é" 12.345}})", "é    é|é    | 12.35%"},
    {R"({{printf "%q %q %q %c %c" 97 10 8364 8364 -1}})", R"('a' '\n' '€' € �)"},
    {R"({{printf "%q" "a\x00\x7f\u00a0\u2028\U0001F600\xff"}})", R"("a\x00\x7f\u00a0\u2028😀\xff")"},
    {R"({{printf "%d %s" 3.5 3.5}} {{printf "%d|%q|%x|%5s" .EngineOptions.Labels .EngineOptions.Labels .EngineOptions.Labels .EngineOptions.Labels}})",
     R"(%!d(float64=3.5) %!s(float64=3.5) [%!d(string=a=b) %!d(string=c=<d>)]|["a=b" "c=<d>"]|[613d62 633d3c643e]|[  a=b c=<d>])"},
    {R"({{printf "%#v %T" .EngineOptions.Labels .EngineOptions.Labels}})",
     R"([]string{"a=b", "c=<d>"} []string)"},
};

// Plain numbers are this program's own: Go has none of these results.
constexpr Golden plain[] = {
    {"{{.Driver.DropletID}} {{.Driver.Neg}} {{.Driver.SSHPort}} {{.Driver.Ratio}} {{.Driver.Tiny}}",
     "3164444 -1500000 22 0.25 1.2e-06"},
    {R"({{printf "%v %d %6d|%.0f %e" .Driver.DropletID .Driver.DropletID .Driver.SSHPort .Driver.DropletID 1.0}})",
     "3164444 3164444     22|3164444 1.000000e+00"},
    {"{{range .Driver.Tags}}{{.}},{{end}} {{print .Driver.DropletID}} {{html .Driver.DropletID}}",
     "a,b c,3,<no value>,map[k:v],[x], 3164444 3164444"},
    {R"({{printf "%T %d" .Driver.DropletID .Driver.Ratio}})", "float64 %!d(float64=0.25)"},
    {"{{1e6}} {{1e18}} {{1e19}}", "1000000 1000000000000000000 1e+19"},
};

TEST(Format, WritesWhatGoWrites) { expect_golden(formats, sample_machine()); }

TEST(Format, WritesPlainNumbersWhenAsked) {
  for (const Golden& row : plain) {
    EXPECT_EQ(result_of(row.text, sample_document(), {}, Numbers::plain), row.result) << row.text;
  }
}

TEST(Format, RefusesHugeWidths) {
  EXPECT_EQ(result_of(R"({{printf "%99999999d|" 1}})", {}), "%!(NOVERB)%!(EXTRA int=1)");
}

}  // namespace

}  // namespace dm::text_template
