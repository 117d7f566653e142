// Templates that are wrong, and the errors about them.
#include "text_template/test_values.h"

namespace dm::text_template {

namespace {

// Every row was made by Go 1.19.
constexpr Golden errors[] = {
    {"{{nope .}}", R"(template: :1: function "nope" not defined)"},
    {"{{json .}}", R"(template: :1: function "json" not defined)"},
    {"{{break}}", "template: :1: {{break}} outside {{range}}"},
    {"{{continue}}", "template: :1: {{continue}} outside {{range}}"},
    {"{{break 1}}", R"(template: :1: unexpected "1" in {{break}})"},
    {"{{range .EngineOptions.Labels}}{{.}}{{else}}{{break}}{{end}}",
     "template: :1: {{break}} outside {{range}}"},
    {"{{$x}}", R"(template: :1: undefined variable "$x")"},
    {"{{if true}}{{$y := 3}}{{end}}{{$y}}", R"(template: :1: undefined variable "$y")"},
    {"{{if}}a{{end}}", "template: :1: missing value for if"},
    {"{{if .Name}}a", "template: :1: unexpected EOF"},
    {"{{if .Name}}a{{else}}b{{else}}c{{end}}", "template: :1: expected end; found {{else}}"},
    {"{{end}}", "template: :1: unexpected {{end}}"},
    {"{{else}}", "template: :1: unexpected {{else}}"},
    {"{{if .Name}}{{else if}}{{end}}", "template: :1: missing value for if"},
    {"{{range .Name}}{{else if .X}}{{end}}", "template: :1: unexpected <if> in input"},
    {"{{with .Name}}{{else if .X}}{{end}}", "template: :1: unexpected <if> in input"},
    {"{{/* c }}", "template: :1: unclosed comment"},
    {"{{/* c */ }}", "template: :1: comment ends before closing delimiter"},
    {"{{3-}}", R"(template: :1: bad number syntax: "3-")"},
    {"{{", "template: :1: unclosed action"},
    {"{{.Name", "template: :1: unclosed action"},
    {"{{.", R"(template: :1: illegal number syntax: ".")"},
    {"{{.Name}", "template: :1: bad character U+007D '}'"},
    {"{{.Name }", R"(template: :1: unexpected "}" in operand)"},
    {"{{ | .Name}}", R"(template: :1: unexpected "|" in command)"},
    {"{{}}", "template: :1: missing value for command"},
    {R"({{"abc}})", "template: :1: unterminated quoted string"},
    {R"({{"abc\q"}})", "template: :1: invalid syntax"},
    {R"({{"\'"}})", "template: :1: invalid syntax"},
    {R"({{"\u12"}})", "template: :1: invalid syntax"},
    {R"({{"\ud800"}})", "template: :1: invalid syntax"},
    {R"({{"\400"}})", "template: :1: invalid syntax"},
    {"{{`raw", "template: :1: unterminated raw quoted string"},
    {"{{'ab'}}", "template: :1: malformed character constant: 'ab'"},
    {"{{''}}", "template: :1: invalid syntax"},
    {R"({{'\"'}})", "template: :1: invalid syntax"},
    {"{{'a", "template: :1: unterminated character constant"},
    {"{{089}}", R"(template: :1: integer overflow: "089")"},
    {"{{1__0}}", R"(template: :1: illegal number syntax: "1__0")"},
    {"{{1_}}", R"(template: :1: illegal number syntax: "1_")"},
    {"{{_1}}", R"(template: :1: function "_1" not defined)"},
    {"{{0x}}", R"(template: :1: illegal number syntax: "0x")"},
    {"{{0b12}}", R"(template: :1: bad number syntax: "0b12")"},
    {"{{1e}}", R"(template: :1: illegal number syntax: "1e")"},
    {"{{1a}}", R"(template: :1: bad number syntax: "1a")"},
    {"{{1.2.3}}", R"(template: :1: unexpected ".3" in operand)"},
    {"{{0x1.8}}", R"(template: :1: illegal number syntax: "0x1.8")"},
    {"{{18446744073709551616}}", R"(template: :1: integer overflow: "18446744073709551616")"},
    {"{{-9223372036854775809}}", R"(template: :1: integer overflow: "-9223372036854775809")"},
    {"{{1e400}}", R"(template: :1: illegal number syntax: "1e400")"},
    {"{{1 | 2}}", "template: :1: non executable command in pipeline stage 2"},
    {R"({{.Name | "a"}})", "template: :1: non executable command in pipeline stage 2"},
    {"{{.Name | .}}", "template: :1: non executable command in pipeline stage 2"},
    {"{{.Name | nil}}", "template: :1: non executable command in pipeline stage 2"},
    {"{{(.Name}}", "template: :1: unclosed left paren"},
    {"{{.Name)}}", R"~(template: :1: unexpected ")" in command)~"},
    {"{{()}}", "template: :1: missing value for parenthesized pipeline"},
    {"{{.Name.}}", "template: :1: unexpected <.> in operand"},
    {"{{..Name}}", R"(template: :1: unexpected . after term ".")"},
    {"{{.Name+1}}", "template: :1: bad character U+002B '+'"},
    {"{{.Name,.URL}}", R"(template: :1: unexpected "," in operand)"},
    {"{{$x,$y := .Name}}", "template: :1: too many declarations in command"},
    {"{{range $x,$y,$z := .Name}}{{end}}", "template: :1: too many declarations in range"},
    {"{{range $x,1 := .Name}}{{end}}", "template: :1: range can only initialize variables"},
    {"{{range $x,}}{{end}}", "template: :1: missing value for range"},
    {"{{$x := }}", "template: :1: missing value for command"},
    {"{{$x :}}", R"(template: :1: undefined variable "$x")"},
    {"{{:= 1}}", R"(template: :1: unexpected ":=" in command)"},
    {"{{= 1}}", R"(template: :1: unexpected "=" in command)"},
    {R"({{"a".Foo}})", R"(template: :1: unexpected . after term "\"a\"")"},
    {"{{1.Foo}}", R"(template: :1: bad number syntax: "1.F")"},
    {"{{nil.Foo}}", R"(template: :1: unexpected . after term "nil")"},
    {"{{@}}", R"(template: :1: unexpected "@" in command)"},
    {"{{.Name & .URL}}", R"(template: :1: unexpected "&" in operand)"},
    {"{{é}}", R"(template: :1: function "é" not defined)"},
    {"{{“foo”}}", "template: :1: unrecognized character in action: U+201C '“'"},
    {R"({{foo"bar"}})", R"(template: :1: bad character U+0022 '"')"},
    {R"({{print"bar"}})", R"(template: :1: bad character U+0022 '"')"},
    {R"({{.Name .URL "a rather long string" )}})", R"~(template: :1: unexpected ")" in command)~"},
    {"{{.Name\n}}{{nope}}", R"(template: :2: function "nope" not defined)"},
    {"{{.Name\n\n", "template: :3: unclosed action started at :1"},
    {"{{.Name\n+", R"(template: :2: illegal number syntax: "+")"},
    {"{{\"a\nb\"}}", "template: :1: unterminated quoted string"},
    {"{{if\n.Name}}x{{nope}}{{end}}", R"(template: :2: function "nope" not defined)"},
    {"a\n\n{{if .Name}}\n", "template: :4: unexpected EOF"},
    {"{{- \n.Name\n -}}\n\n x {{nope}}", R"(template: :5: function "nope" not defined)"},
    {"x\n {{- .Name}}{{nope}}", R"(template: :2: function "nope" not defined)"},
    {"{{/* a\n*/}}\n{{nope}}", R"(template: :3: function "nope" not defined)"},
    {"{{(\n.Name", "template: :2: unclosed action started at :1"},
    {"{{if true}}\n{{/* x", "template: :2: unclosed comment in action started at :1"},
    {"{{\n\"x}}", "template: :2: unterminated quoted string in action started at :1"},
};

TEST(Parser, SaysWhatGoSays) {
  for (const Golden& row : errors) {
    try {
      Template::parse(row.text);
      ADD_FAILURE() << "no error for " << row.text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), row.result) << "template: " << row.text;
    }
  }
}

TEST(Parser, RefusesNestingThatWouldExhaustTheStack) {
  const auto repeated = [](std::string_view part, int count) {
    std::string text;
    for (int index = 0; index < count; ++index) text += part;
    return text;
  };
  const std::string error = "template: :1: template is nested too deeply";
  EXPECT_EQ(result_of("{{" + repeated("(", 5'000), {}), error);
  EXPECT_EQ(result_of(repeated("{{if 1}}", 5'000), {}), error);
  EXPECT_EQ(result_of("{{if 0}}" + repeated("{{else if 1}}", 5'000) + "{{end}}", {}), error);
  EXPECT_EQ(result_of("{{" + repeated("(", 200) + "1" + repeated(")", 200) + "}}", {}), "1");
}

}  // namespace

}  // namespace dm::text_template
