// Templates as a whole: fields, control structures, literals, functions of the caller.
#include "text_template/test_values.h"

namespace dm::text_template {

namespace {

// Every row was made by Go 1.19.
constexpr Golden fields[] = {
    {"{{.Name}} {{ .Active }} {{.DriverName}} {{ .State }} {{ .URL }} {{ .Swarm }} {{ .DockerVersion }} {{ "
     ".Error}}",
     "m1 - generic Running tcp://10.0.0.1:2376  v20.10.5 "},
    {"{{.ActiveHost}} {{.ActiveSwarm}}", "false true"},
    {"{{.Nope}}",
     R"(template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
    {"{{.Name.X}}", R"(template: :1:7: executing "" at <.Name.X>: can't evaluate field X in type string)"},
    {"{{.Name 1}}",
     R"(template: :1:2: executing "" at <.Name>: Name has arguments but cannot be invoked as function)"},
    {"{{.Name | .URL}}",
     R"(template: :1:10: executing "" at <.URL>: URL has arguments but cannot be invoked as function)"},
    {R"({{"x" | .Name}})",
     R"(template: :1:8: executing "" at <.Name>: Name has arguments but cannot be invoked as function)"},
    {"{{.State.String}}", "Running"},
    {"{{.State.Nope}}",
     R"(template: :1:8: executing "" at <.State.Nope>: can't evaluate field Nope in type state.State)"},
    {"{{.State.String 1}}",
     R"(template: :1:8: executing "" at <.State.String>: wrong number of args for String: want 0 got 1)"},
    {R"({{"x" | .State.String}})",
     R"(template: :1:14: executing "" at <.State.String>: wrong number of args for String: want 0 got 1)"},
    {R"({{printf "%s|%v|%d|%q|%x|%T" .State .State .State .State .State .State}})",
     R"(Running|Running|1|"Running"|52756e6e696e67|state.State)"},
    {R"({{if eq (print .State) "Running"}}yes{{else}}no{{end}})", "yes"},
    {"{{.SwarmOptions}}", "<nil>"},
    {"{{.SwarmOptions.Master}}",
     R"(template: :1:15: executing "" at <.SwarmOptions.Master>: nil pointer evaluating *swarm.Options.Master)"},
    {"{{.SwarmOptions.Nope}}",
     R"(template: :1:15: executing "" at <.SwarmOptions.Nope>: can't evaluate field Nope in type *swarm.Options)"},
    {"{{.EngineOptions}}", "{[a=b c=<d>] overlay2 true}"},
    {"{{.EngineOptions.Labels}} {{.EngineOptions.TLSVerify}} {{.EngineOptions.StorageDriver}}",
     "[a=b c=<d>] true overlay2"},
    {"{{.EngineOptions.Nope}}",
     R"(template: :1:16: executing "" at <.EngineOptions.Nope>: can't evaluate field Nope in type *engine.Options)"},
    {"{{.EngineOptions.StorageDriver.Foo}}",
     R"(template: :1:16: executing "" at <.EngineOptions.StorageDriver.Foo>: can't evaluate field Foo in type string)"},
    {"{{.EngineOptions . }}",
     R"(template: :1:2: executing "" at <.EngineOptions>: EngineOptions has arguments but cannot be invoked as function)"},
    {R"({{printf "%T %T %T" . .EngineOptions .SwarmOptions}})",
     "commands.HostListItem *engine.Options *swarm.Options"},
    {R"({{printf "%v|%+v|%#v" .EngineOptions .EngineOptions .EngineOptions}})",
     R"(&{[a=b c=<d>] overlay2 true}|&{Labels:[a=b c=<d>] StorageDriver:overlay2 TLSVerify:true}|&engine.Options{Labels:[]string{"a=b", "c=<d>"}, StorageDriver:"overlay2", TLSVerify:true})"},
    {R"({{printf "%v|%+v|%#v|%s" .SwarmOptions .SwarmOptions .SwarmOptions .SwarmOptions}})",
     "<nil>|<nil>|(*swarm.Options)(nil)|%!s(*swarm.Options=<nil>)"},
    {"{{print .EngineOptions}}", "&{[a=b c=<d>] overlay2 true}"},
    {"{{html .EngineOptions}} {{html .SwarmOptions}}", "{[a=b c=&lt;d&gt;] overlay2 true} &lt;nil&gt;"},
    {"{{.ResponseTime}} {{.ResponseTime.Seconds}} {{.ResponseTime.Minutes}} {{.ResponseTime.Hours}}",
     "1.5s 1.5 0.025 0.0004166666666666667"},
    {"{{.ResponseTime.Nanoseconds}} {{.ResponseTime.Milliseconds}} {{.ResponseTime.Microseconds}} "
     "{{.ResponseTime.String}}",
     "1500000000 1500 1500000 1.5s"},
    {R"({{printf "%d %v %s %T %.2f" .ResponseTime .ResponseTime .ResponseTime .ResponseTime .ResponseTime.Seconds}})",
     "1500000000 1.5s 1.5s time.Duration 1.50"},
    {"{{gt .ResponseTime 1}} {{lt .ResponseTime.Seconds 2.0}}", "true true"},
    {"{{(.EngineOptions).Labels}} {{((.Name))}}", "[a=b c=<d>] m1"},
    {"{{(.EngineOptions).Nope}}",
     R"(template: :1:3: executing "" at <.EngineOptions>: can't evaluate field Nope in type *engine.Options)"},
    {"{{(index .EngineOptions.Labels 0).Foo}}",
     R"(template: :1:31: executing "" at <0>: can't evaluate field Foo in type string)"},
    {"{{(.Name) 1}}",
     R"(template: :1:2: executing "" at <(.Name) 1>: can't give argument to non-function .Name)"},
    {"{{$.Name}} {{$.Nope}}",
     R"(template: :1:14: executing "" at <$.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
    {"{{$.Name.Foo}}",
     R"(template: :1:3: executing "" at <$.Name.Foo>: can't evaluate field Foo in type string)"},
    {"a\nb {{.Nope}}",
     R"(template: :2:4: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
    {"{{.Name}}{{/* multi\nline */}}{{.Nope}}",
     R"(template: :2:11: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
    {"{{`a\nb`}} {{.Nope}}",
     R"(template: :2:7: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
    {"é{{.Nope}}",
     R"(template: :1:4: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem)"},
};

constexpr Golden fields_of_master[] = {
    {"{{.SwarmOptions}} {{.EngineOptions}}", "{false  true 7 0.05 []} <nil>"},
    {"{{print .SwarmOptions}}", "&{false  true 7 0.05 []}"},
    {"{{.SwarmOptions.Master}} {{.SwarmOptions.Heartbeat}} {{.SwarmOptions.Overcommit}} "
     "{{.SwarmOptions.ArbitraryFlags}}",
     "true 7 0.05 []"},
    {"{{.SwarmOptions.Master 1}}",
     R"(template: :1:15: executing "" at <.SwarmOptions.Master>: Master has arguments but cannot be invoked as function)"},
    {"{{.EngineOptions.Labels}}",
     R"(template: :1:16: executing "" at <.EngineOptions.Labels>: nil pointer evaluating *engine.Options.Labels)"},
    {"{{with .SwarmOptions}}{{.Nope}}{{end}}",
     R"(template: :1:24: executing "" at <.Nope>: can't evaluate field Nope in type *swarm.Options)"},
    {"{{if and .SwarmOptions .SwarmOptions.Master}}m{{end}}", "m"},
    {"{{.ResponseTime}} {{.ResponseTime.Seconds}}", "0s 0"},
    {R"({{.State}}|{{if .State}}x{{end}}|{{printf "%s|%v|%q|%T" .State .State .State .State}})",
     R"(||||""|state.State)"},
    {R"({{printf "%+v" .SwarmOptions}})",
     "&{IsSwarm:false Address: Master:true Heartbeat:7 Overcommit:0.05 ArbitraryFlags:[]}"},
    {R"({{printf "%#v" .SwarmOptions}})",
     R"(&swarm.Options{IsSwarm:false, Address:"", Master:true, Heartbeat:7, Overcommit:0.05, ArbitraryFlags:[]string{}})"},
};

constexpr Golden fields_of_headers[] = {
    {"{{.Name}} {{.State}} {{.Nope}}", "NAME STATE <no value>"},
    {"{{.State.String}}",
     R"(template: :1:8: executing "" at <.State.String>: can't evaluate field String in type string)"},
    {"{{.ResponseTime.Seconds}}", "<no value>"},
    {"{{.Name 1}}", R"(template: :1:2: executing "" at <.Name>: Name is not a method but has arguments)"},
    {R"({{.}} {{printf "%T %#v" . .}})",
     R"(map[Name:NAME State:STATE] map[string]string map[string]string{"Name":"NAME", "State":"STATE"})"},
    {R"({{index . "Nope"}}|)", "|"},
    {"{{range $k,$v := .}}{{$k}}{{$v}}{{$v.Foo}}{{end}}",
     R"(template: :1:36: executing "" at <$v.Foo>: can't evaluate field Foo in type string)"},
};

constexpr Golden control[] = {
    {"{{if .Swarm}}a{{else if .Name}}b{{else}}c{{end}}", "b"},
    {"{{if .Swarm}}a{{else if .Error}}b{{else if .ActiveHost}}c{{else}}d{{end}}", "d"},
    {"{{if .SwarmOptions}}a{{else}}b{{end}}", "b"},
    {"{{with .SwarmOptions}}{{.Master}}{{else}}none{{end}}", "none"},
    {"{{with .Name}}{{.}}{{$.URL}}{{end}}", "m1tcp://10.0.0.1:2376"},
    {"{{with $x := .Name}}{{$x}}{{.}}{{end}}", "m1m1"},
    {"{{range .EngineOptions.Labels}}<{{.}}>{{end}}", "<a=b><c=<d>>"},
    {"{{range $i, $e := .EngineOptions.Labels}}{{if $i}}, {{end}}{{$e}}{{end}}", "a=b, c=<d>"},
    {"{{range $x := .EngineOptions.Labels}}{{$x}}{{$.Name}}{{else}}none{{end}}", "a=bm1c=<d>m1"},
    {R"({{range .EngineOptions.Labels}}{{if eq . "a=b"}}{{continue}}{{end}}{{.}}{{end}})", "c=<d>"},
    {"{{range .EngineOptions.Labels}}{{.}}{{break}}{{end}}", "a=b"},
    {"{{range .EngineOptions.Labels}}{{.Foo}}{{end}}",
     R"(template: :1:33: executing "" at <.Foo>: can't evaluate field Foo in type string)"},
    {"{{range .Name}}x{{end}}", R"(template: :1:8: executing "" at <.Name>: range can't iterate over m1)"},
    {"{{range 3}}x{{end}}", R"(template: :1:8: executing "" at <3>: range can't iterate over 3)"},
    {"{{range .State}}x{{end}}",
     R"(template: :1:8: executing "" at <.State>: range can't iterate over Running)"},
    {"{{range .SwarmOptions}}x{{else}}y{{end}}",
     R"(template: :1:8: executing "" at <.SwarmOptions>: range can't iterate over <nil>)"},
    {"{{range .EngineOptions}}x{{end}}",
     R"(template: :1:8: executing "" at <.EngineOptions>: range can't iterate over {[a=b c=<d>] overlay2 true})"},
    {"{{range nil}}x{{end}}", R"(template: :1:8: executing "" at <nil>: nil is not a command)"},
    {R"({{$x := .Name}}{{$x}}{{$x = "n"}}{{$x}})", "m1n"},
    {"{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{end}}{{$x}}", "2"},
    {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
    {"{{$x = 1}}", R"(template: :1:7: executing "" at <1>: undefined variable: $x)"},
    {"{{$x := .Name}}{{$x 1}}",
     R"(template: :1:17: executing "" at <$x>: can't give argument to non-function $x)"},
    {R"({{$x := .Name}}{{"y" | $x}})",
     R"(template: :1:23: executing "" at <$x>: can't give argument to non-function $x)"},
    {"{{$x := 1 }}{{$x.Foo}}",
     R"(template: :1:16: executing "" at <$x.Foo>: can't evaluate field Foo in type int)"},
    {"{{$v := 0}}{{range $v = .EngineOptions.Labels}}{{$v}}{{end}}{{$v}}", "a=bc=<d>c=<d>"},
    {"{{$a := 1}}{{$b := 2}}{{range $a, $b = .EngineOptions.Labels}}{{$a}}{{$b}}{{end}}", "0a=b1c=<d>"},
    {"a {{- .Name -}} b", "am1b"},
    {R"(a {{- " x " -}} b)", "a x b"},
    {"a  {{- /* c */ -}}  b", "ab"},
    {"a {{/* c */}} b", "a  b"},
    {"{{- 3}}|{{-3}}|{{ -3 -}} |{{3 -}}  x", "3|-3|-3|3x"},
    {"{{- range .EngineOptions.Labels -}} {{.}} {{- end -}}", "a=bc=<d>"},
    {"{{{.Name}}}", R"(template: :1: unexpected "{" in command)"},
    {R"({ {.Name} }} {{"}}"}}{{"{{"}})", "{ {.Name} }} }}{{"},
    {"", ""},
    {"plain text\n", "plain text\n"},
    {"{{- \n.Name\n -}}\n\n x", "m1x"},
    {"x\n {{- .Name}}", "xm1"},
    {"{{.Name}}\r\n{{`a\r\nb`}}", "m1\r\na\nb"},
    {"{{range .EngineOptions.Labels}}\n{{.}}\n{{end}}\n", "\na=b\n\nc=<d>\n\n"},
    {"{{printf \"%s\"\n .Name}}", "m1"},
    {"{{ .Name | }}", "m1"},
    {"{{.Näme}}",
     R"(template: :1:2: executing "" at <.Näme>: can't evaluate field Näme in type commands.HostListItem)"},
};

constexpr Golden literals[] = {
    {"{{1}} {{-1}} {{+1}} {{0x1F}} {{0X1f}} {{0b101}} {{0o17}} {{017}} {{1_000}} {{0x_1F}}",
     "1 -1 1 31 31 5 15 15 1000 31"},
    {"{{1.5}} {{.5}} {{1e3}} {{1e6}} {{1e-7}} {{-2.50}} {{0x1p4}} {{1.}} {{1_0.5}} {{123456.789}} {{1e20}} "
     "{{1e21}} {{0.0001}} {{0.00001}}",
     "1.5 0.5 1000 1e+06 1e-07 -2.5 16 1 10.5 123456.789 1e+20 1e+21 0.0001 1e-05"},
    {"{{9223372036854775807}} {{-9223372036854775808}} {{-0}} {{-0.0}}",
     "9223372036854775807 -9223372036854775808 0 -0"},
    {"{{9223372036854775808}}",
     R"(template: :1:2: executing "" at <9223372036854775808>: 9223372036854775808 overflows int)"},
    {R"({{'a'}} {{'\n'}} {{'é'}} {{'\''}} {{'\x41'}} {{'"'}})", "97 10 233 39 65 34"},
    {R"({{"\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600"}})", "\007\010\014\n\r\t\013\\\"AAé😀"},
    {R"({{`raw\n"x"`}})", R"(raw\n"x")"},
    {"{{true}} {{false}}", "true false"},
    {"{{nil}}", R"(template: :1:2: executing "" at <nil>: nil is not a command)"},
};

TEST(Template, ReadsFieldsOfRecords) { expect_golden(fields, sample_machine()); }

TEST(Template, ReadsFieldsBehindPointers) { expect_golden(fields_of_master, sample_master()); }

TEST(Template, ReadsKeysOfMaps) { expect_golden(fields_of_headers, sample_headers()); }

TEST(Template, ControlsWhatIsWritten) { expect_golden(control, sample_machine()); }

TEST(Template, ReadsLiterals) { expect_golden(literals, sample_machine()); }

TEST(Template, CanBeExecutedSeveralTimes) {
  const Template name = Template::parse("{{$x := .Name}}{{$x}}");
  EXPECT_EQ(name.execute(sample_machine()), "m1");
  EXPECT_EQ(name.execute(sample_headers()), "NAME");
  EXPECT_EQ(name.execute(sample_machine()), "m1");
}

TEST(Template, CallsFunctionsOfTheCaller) {
  const Functions functions{
      {"join",
       {2, [](std::span<const Value> words) -> Value { return words[0].text() + "+" + words[1].text(); }}},
      {"len", {1, [](std::span<const Value>) -> Value { return "my own"; }}}};
  EXPECT_EQ(result_of(R"({{join .Name "x"}} {{"y" | join "x"}} {{len 3}})", sample_machine(), functions),
            "m1+x x+y my own");
  EXPECT_EQ(result_of("{{join .Name}}", sample_machine(), functions),
            "template: :1:2: executing \"\" at <join>: wrong number of args for join: want 2 got 1");
}

TEST(Template, NamesTheFunctionThatFails) {
  const Functions functions{
      {"fail", {1, [](std::span<const Value> words) -> Value { throw Error("no " + words[0].text()); }}}};
  EXPECT_EQ(result_of("a {{fail .Name}}", sample_machine(), functions),
            "template: :1:4: executing \"\" at <fail .Name>: error calling fail: no m1");
}

TEST(Template, LetsCancellationThrough) {
  const Functions functions{{"stop", {0, [](std::span<const Value>) -> Value { throw Cancelled(); }}}};
  const Template stop = Template::parse("{{stop}}", functions);
  EXPECT_THROW(stop.execute({}), Cancelled);
}

TEST(Template, KeepsItsFunctions) {
  Functions functions{{"five", {0, [](std::span<const Value>) -> Value { return 5; }}}};
  const Template five = Template::parse("{{five}}", functions);
  functions.clear();
  EXPECT_EQ(five.execute({}), "5");
}

// Made by Go 1.19. tests/templates has thousands of such rows.
constexpr Golden named[] = {
    {R"({{define "x"}}<{{.}}>{{end}}{{template "x" 1}}{{template "x"}})", "<1><<no value>>"},
    {R"({{block "x" "a"}}{{.}}{{end}}{{template "x" 2}})", "a2"},
    {R"({{define "x"}}a{{end}}{{define "x"}}b{{end}})",
     R"(template: :1: template: multiple definition of template "x")"},
    {R"({{$y := 1}}{{define "x"}}{{.Nope}}{{end}}{{range "a" | printf "%c" | len}}{{end}}{{template "x" .}})",
     R"(template: :1:69: executing "" at <len>: range can't iterate over 13)"},
    {R"({{with $y := 1}}{{template "x" "a"}}{{end}}{{define "x"}}{{.X}}{{end}})",
     R"(template: :1:59: executing "x" at <.X>: can't evaluate field X in type string)"},
    {R"({{define "x"}}{{template "x" .}}{{end}}{{template "x"}})",
     R"(template: :1:25: executing "x" at <{{template "x" .}}>: exceeded maximum template depth (100000))"},
};

TEST(Template, CallsNamedTemplates) { expect_golden(named, sample_machine()); }

}  // namespace

}  // namespace dm::text_template
