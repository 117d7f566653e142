// Values made of JSON, and JSON made of values.
#include "text_template/test_values.h"

namespace dm::text_template {

namespace {

// Every row was made by Go 1.19.
constexpr Golden documents[] = {
    {"{{.DriverName}} {{.Driver.SSHPort}} {{.Driver.DropletID}} {{.Driver.Neg}} {{.Driver.Ratio}} "
     "{{.Driver.Tiny}} {{.Driver.SwarmMaster}}",
     "digitalocean 22 3.164444e+06 -1.5e+06 0.25 1.2e-06 false"},
    {R"({{json .Driver.DropletID}} {{printf "%.0f" .Driver.DropletID}} {{printf "%d" .Driver.SSHPort}} {{.Name | json}})",
     R"(3164444 3164444 %!d(float64=22) "m \"1\"")"},
    {"{{json .HostOptions}}",
     R"({"AuthOptions":{},"Disk":0,"EngineOptions":{"Env":[],"InstallURL":"https://h?a=1\u0026b=\u003cc\u003e","Labels":["x=1","y=2"]},"SwarmOptions":null})"},
    {"{{prettyjson .HostOptions}}",
     "{\n    \"AuthOptions\": {},\n    \"Disk\": 0,\n    \"EngineOptions\": {\n        \"Env\": [],\n        "
     "\"InstallURL\": \"https://h?a=1\\u0026b=\\u003cc\\u003e\",\n        \"Labels\": [\n            "
     "\"x=1\",\n            \"y=2\"\n        ]\n    },\n    \"SwarmOptions\": null\n}"},
    {R"({{json .Driver.Tags}} {{json .Nope}} {{json nil}} {{json 1}} {{json 1.5}} {{json "a<b"}} {{json true}})",
     R"(["a","b c",3,null,{"k":"v"},["x"]] null null 1 1.5 "a\u003cb" true)"},
    {"{{json}}", R"(template: :1:2: executing "" at <json>: wrong number of args for json: want 1 got 0)"},
    {"{{json 1 2}}",
     R"(template: :1:2: executing "" at <json>: wrong number of args for json: want 1 got 2)"},
    {"{{json.Foo}}",
     R"(template: :1:2: executing "" at <json>: wrong number of args for json: want 1 got 0)"},
    {"{{.Nope}} {{.Nope.A.B}} {{.HostOptions.SwarmOptions}}", "<no value> <no value> <no value>"},
    {"{{.HostOptions.SwarmOptions.Master}}",
     R"(template: :1:14: executing "" at <.HostOptions.SwarmOptions.Master>: nil pointer evaluating interface {}.Master)"},
    {"{{.DriverName.Foo}}",
     R"(template: :1:13: executing "" at <.DriverName.Foo>: can't evaluate field Foo in type interface {})"},
    {"{{.Driver.SSHPort.Foo}}",
     R"(template: :1:9: executing "" at <.Driver.SSHPort.Foo>: can't evaluate field Foo in type interface {})"},
    {"{{(.Driver.SSHPort).Foo}}",
     R"(template: :1:10: executing "" at <.Driver.SSHPort>: can't evaluate field Foo in type float64)"},
    {"{{.Driver.Tags.x}}",
     R"(template: :1:9: executing "" at <.Driver.Tags.x>: can't evaluate field x in type interface {})"},
    {"{{.Driver.SSHPort 1}}",
     R"(template: :1:9: executing "" at <.Driver.SSHPort>: SSHPort is not a method but has arguments)"},
    {"{{1 | .Driver}}",
     R"(template: :1:6: executing "" at <.Driver>: Driver is not a method but has arguments)"},
    {"{{.Nope.A 1}}", "<no value>"},
    {"{{.Driver.Tags}} {{.HostOptions}}",
     "[a b c 3 <nil> map[k:v] [x]] map[AuthOptions:map[] Disk:0 EngineOptions:map[Env:[] "
     "InstallURL:https://h?a=1&b=<c> Labels:[x=1 y=2]] SwarmOptions:<nil>]"},
    {"{{range .Driver.Tags}}[{{.}}]{{end}}", "[a][b c][3][<no value>][map[k:v]][[x]]"},
    {"{{range $k, $v := .Driver}}{{$k}}={{$v}} {{end}}",
     "DropletID=3.164444e+06 Empty= IPAddress=10.0.0.7 Neg=-1.5e+06 Ratio=0.25 SSHPort=22 SwarmMaster=false "
     "Tags=[a b c 3 <nil> map[k:v] [x]] Tiny=1.2e-06 "},
    {"{{range $k, $v := .HostOptions}}{{$k}}:{{range $a, $b := $v}}{{$a}}={{$b}},{{end}};{{end}}",
     R"(template: :1:57: executing "" at <$v>: range can't iterate over 0)"},
    {"{{range .HostOptions.EngineOptions.Labels}}{{.Foo}}{{end}}",
     R"(template: :1:45: executing "" at <.Foo>: can't evaluate field Foo in type interface {})"},
    {"{{range $v := .HostOptions.EngineOptions.Labels}}{{$v.Foo}}{{end}}",
     R"(template: :1:53: executing "" at <$v.Foo>: can't evaluate field Foo in type interface {})"},
    {"{{range .Driver.Tags}}{{len .}}{{end}}",
     R"(template: :1:24: executing "" at <len .>: error calling len: len of type float64)"},
    {"{{range .HostOptions.EngineOptions.Env}}x{{else}}none{{end}} {{range "
     ".HostOptions.AuthOptions}}x{{else}}none{{end}}",
     "none none"},
    {"{{range .HostOptions.SwarmOptions}}x{{else}}none{{end}} {{range .Nope}}x{{else}}none{{end}}",
     "none none"},
    {"{{range .Driver.DropletID}}x{{end}}",
     R"(template: :1:15: executing "" at <.Driver.DropletID>: range can't iterate over 3.164444e+06)"},
    {"{{with $d := .Driver}}{{$d.IPAddress}}{{.SSHPort}}{{$.Name}}{{end}} {{with "
     ".HostOptions.SwarmOptions}}x{{else}}y{{end}}",
     R"(10.0.0.722m "1" y)"},
    {"{{if .HostOptions.Disk}}x{{else}}y{{end}}{{if .Driver.SwarmMaster}}x{{else}}y{{end}}{{if "
     ".Driver.Empty}}x{{else}}y{{end}}{{if .Nope}}x{{else}}y{{end}}",
     "yyyy"},
    {R"({{index . "Driver" "IPAddress"}} {{index .Driver "Nope"}} {{index .Driver.Tags 1}} {{index .Driver.Tags 4 "k"}} {{index .Driver.Tags 3}})",
     "10.0.0.7 <no value> b c v <no value>"},
    {"{{index .Driver.Tags .Driver.SSHPort}}",
     R"(template: :1:2: executing "" at <index .Driver.Tags .Driver.SSHPort>: error calling index: cannot index slice/array with type float64)"},
    {"{{index .Driver.Tags 3 1}}",
     R"(template: :1:2: executing "" at <index .Driver.Tags 3 1>: error calling index: index of nil pointer)"},
    {R"({{index .Nope "a"}})",
     R"(template: :1:2: executing "" at <index .Nope "a">: error calling index: index of untyped nil)"},
    {"{{index .Driver 1}}",
     R"(template: :1:2: executing "" at <index .Driver 1>: error calling index: value has type int; should be string)"},
    {"{{index .Driver nil}}",
     R"(template: :1:2: executing "" at <index .Driver nil>: error calling index: value is nil; should be of type string)"},
    {"{{index .Driver.SSHPort 1}}",
     R"(template: :1:2: executing "" at <index .Driver.SSHPort 1>: error calling index: can't index item of type float64)"},
    {"{{(index .Driver.Tags 4).k}} {{(index .Driver.Tags 4).z}} {{(.Nope).A}}", "v <no value> <no value>"},
    {"{{(index .Driver.Tags 0).k}}",
     R"(template: :1:22: executing "" at <0>: can't evaluate field k in type string)"},
    {"{{len .Driver}} {{len .Driver.Tags}} {{len .Unicode}}", "9 6 10"},
    {"{{len .Nope}}",
     R"(template: :1:2: executing "" at <len .Nope>: error calling len: reflect: call of reflect.Value.Type on zero Value)"},
    {"{{len .HostOptions.SwarmOptions}}",
     R"(template: :1:2: executing "" at <len .HostOptions.SwarmOptions>: error calling len: len of nil pointer)"},
    {"{{len .Driver.SSHPort}}",
     R"(template: :1:2: executing "" at <len .Driver.SSHPort>: error calling len: len of type float64)"},
    {R"({{eq .DriverName "digitalocean"}} {{eq .Driver.SSHPort 22.0}} {{gt .Driver.DropletID 5.0}} {{eq .Nope "a"}} {{eq .Nope nil}} {{eq .Driver nil}})",
     "true true true false true false"},
    {"{{eq .Driver.SSHPort 22}}",
     R"(template: :1:2: executing "" at <eq .Driver.SSHPort 22>: error calling eq: incompatible types for comparison)"},
    {"{{eq .Driver .Driver.Tags}}",
     R"(template: :1:2: executing "" at <eq .Driver .Driver.Tags>: error calling eq: non-comparable types map[DropletID:%!s(float64=3.164444e+06) Empty: IPAddress:10.0.0.7 Neg:%!s(float64=-1.5e+06) Ratio:%!s(float64=0.25) SSHPort:%!s(float64=22) SwarmMaster:%!s(bool=false) Tags:[a b c %!s(float64=3) <nil> map[k:v] [x]] Tiny:%!s(float64=1.2e-06)]: map[string]interface {}, []interface {}: [a b c 3 <nil> map[k:v] [x]])"},
    {"{{eq .Driver.Tags .Driver.Tags}}",
     R"(template: :1:2: executing "" at <eq .Driver.Tags .Driver.Tags>: error calling eq: non-comparable type [a b c %!s(float64=3) <nil> map[k:v] [x]]: []interface {})"},
    {"{{lt .Nope 1}}",
     R"(template: :1:2: executing "" at <lt .Nope 1>: error calling lt: invalid type for comparison)"},
    {R"({{or .Nope "default"}} {{or .HostOptions.SwarmOptions .Driver.Empty "d"}} {{and .Nope 1}} {{or .Nope .Nope}} {{.Nope | or false}})",
     "default d <no value> <no value> <no value>"},
    {"{{print .Nope}} {{println .Nope .HostOptions.SwarmOptions .Driver.Tags}}",
     "<nil> <nil> <nil> [a b c 3 <nil> map[k:v] [x]]\n"},
    {R"({{printf "%v %s %d %q" .Nope .Nope .Nope .Nope}} {{.Nope | printf "%v"}})",
     "<nil> %!s(<nil>) %!d(<nil>) %!q(<nil>) <nil>"},
    {"{{printf .Nope}}", R"(template: :1:9: executing "" at <.Nope>: invalid value; expected string)"},
    {"{{printf .HostOptions.SwarmOptions}}",
     R"(template: :1:21: executing "" at <.HostOptions.SwarmOptions>: wrong type for value; expected string; got interface {})"},
    {"{{printf .Driver.SSHPort}}",
     R"(template: :1:16: executing "" at <.Driver.SSHPort>: wrong type for value; expected string; got float64)"},
    {"{{.Nope | printf}}", R"(template: :1:10: executing "" at <printf>: invalid value; expected string)"},
    {R"({{printf "%T %T %T %T %T %T" .Driver .Driver.Tags .Driver.SSHPort .Name .Driver.SwarmMaster .Nope}})",
     "map[string]interface {} []interface {} float64 string bool <nil>"},
    {R"({{printf "%#v" .Driver.Tags}})",
     R"([]interface {}{"a", "b c", 3, interface {}(nil), map[string]interface {}{"k":"v"}, []interface {}{"x"}})"},
    {R"({{printf "%s|%d|%q|%5v|%-8v|%08.3f" .Driver.Tags .Driver.Tags .Driver.Tags .Driver.SSHPort .Driver.Ratio .Driver.Ratio}})",
     R"([a b c %!s(float64=3) <nil> map[k:v] [x]]|[%!d(string=a) %!d(string=b c) %!d(float64=3) <nil> map[%!d(string=k):%!d(string=v)] [%!d(string=x)]]|["a" "b c" %!q(float64=3) <nil> map["k":"v"] ["x"]]|   22|0.25    |0000.250)"},
    {"{{html .HostOptions.EngineOptions.InstallURL}} {{.HostOptions.EngineOptions.InstallURL | urlquery}} "
     "{{js .HostOptions.EngineOptions.InstallURL}}",
     R"(https://h?a=1&amp;b=&lt;c&gt; https%3A%2F%2Fh%3Fa%3D1%26b%3D%3Cc%3E https://h?a\u003D1\u0026b\u003D\u003Cc\u003E)"},
    {R"({{js .Ctl}} {{html .Ctl}} {{urlquery .Ctl}} {{printf "%q" .Ctl}} {{json .Ctl}})",
     "a\\u0001\\u0009\\u000A\\'\\\\ a\001\t\n&#39;\\ a%01%09%0A%27%5C \"a\\x01\\t\\n'\\\\\" "
     "\"a\\u0001\\t\\n'\\\\\""},
    {R"({{printf "%q %+q %.3s|%8s|" .Unicode .Unicode .Unicode .Unicode}} {{urlquery .Unicode}} {{js .Unicode}} {{json .Unicode}})",
     R"("héllo €" "h\u00e9llo \u20ac" hél| héllo €| h%C3%A9llo+%E2%82%AC héllo € "héllo €")"},
    {"{{html .HostOptions}} {{html .Nope}} {{js .Nope}} {{urlquery .Nope}}",
     R"(map[AuthOptions:map[] Disk:0 EngineOptions:map[Env:[] InstallURL:https://h?a=1&amp;b=&lt;c&gt; Labels:[x=1 y=2]] SwarmOptions:&lt;nil&gt;] &lt;no value&gt; \u003Cno value\u003E %3Cno+value%3E)"},
    {"{{slice .Driver.Tags 1 3}} {{slice .Name 2}}", R"([b c 3] "1")"},
    {"{{slice .Nope}}",
     R"(template: :1:2: executing "" at <slice .Nope>: error calling slice: slice of untyped nil)"},
    {"{{slice .Driver}}",
     R"(template: :1:2: executing "" at <slice .Driver>: error calling slice: can't slice item of type map[string]interface {})"},
    {"{{slice .Name .Driver.SSHPort}}",
     R"(template: :1:2: executing "" at <slice .Name .Driver.SSHPort>: error calling slice: cannot index slice/array with type interface {})"},
    {"{{slice .Name .HostOptions.SwarmOptions}}",
     R"(template: :1:2: executing "" at <slice .Name .HostOptions.SwarmOptions>: error calling slice: cannot index slice/array with type interface {})"},
    {"{{$x := .Nope}}{{$x.Foo}}{{$x}} {{$y := .Driver}}{{$y.IPAddress}}{{$y.IPAddress.Foo}}",
     R"(template: :1:69: executing "" at <$y.IPAddress.Foo>: can't evaluate field Foo in type interface {})"},
    {"{{$x := index .Driver.Tags 0}}{{$x.Foo}}",
     R"(template: :1:34: executing "" at <$x.Foo>: can't evaluate field Foo in type string)"},
    {"{{call .HostOptions.SwarmOptions}}",
     R"(template: :1:2: executing "" at <call .HostOptions.SwarmOptions>: error calling call: call of nil)"},
    {"{{call .Driver.SSHPort 1}}",
     R"(template: :1:2: executing "" at <call .Driver.SSHPort 1>: error calling call: non-function of type float64)"},
    {"{{or .HostOptions.SwarmOptions.Foo 1}}",
     R"(template: :1:17: executing "" at <.HostOptions.SwarmOptions.Foo>: nil pointer evaluating interface {}.Foo)"},
};

TEST(Value, OfJsonIsWhatGoDecodes) { expect_golden(documents, sample_document(), json_functions()); }

TEST(Value, BecomesJsonAgain) {
  const Json json = parse_json(R"({"b": [1, -2.5, "x", null, true, {}], "a": 3164444})");
  EXPECT_EQ(go_json(Value::from_json(json).to_json(), 0), R"({"a":3164444,"b":[1,-2.5,"x",null,true,{}]})");
}

TEST(Value, OfRecordsBecomesJsonInTheirOrder) {
  const Value record = Value::record("T", {{"Z", 1}, {"A", Value::null_pointer_to(Value::record("U", {}))}});
  EXPECT_EQ(record.to_json().dump(), R"({"Z":1,"A":null})");
}

TEST(Value, NamesItsGoType) {
  EXPECT_EQ(Value().type(), "<nil>");
  EXPECT_EQ(Value(1).type(), "int");
  EXPECT_EQ(Value(1.5).type(), "float64");
  EXPECT_EQ(Value(true).type(), "bool");
  EXPECT_EQ(Value("x").type(), "string");
  EXPECT_EQ(Value::list(Value::List{}).type(), "[]interface {}");
  EXPECT_EQ(Value::list(std::vector<std::string>{"a"}).type(), "[]string");
  EXPECT_EQ(sample_headers().type(), "map[string]string");
  EXPECT_EQ(sample_document().type(), "map[string]interface {}");
  EXPECT_EQ(sample_machine().type(), "commands.HostListItem");
  EXPECT_EQ(sample_machine().field("EngineOptions")->type(), "*engine.Options");
  EXPECT_EQ(sample_machine().field("State")->type(), "state.State");
}

}  // namespace

}  // namespace dm::text_template
