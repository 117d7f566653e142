"""Templates picked by hand: what scripts in the wild ask for, and the corners of the language one by one."""

DOCUMENTS = ("machine", "small")
ROWS = ("running", "stopped", "broken")

# Of scripts and programs that drive docker-machine, of its documentation and of questions on the web.
INSPECT_IN_THE_WILD = r"""
{{.Driver.IPAddress}}
{{ .Driver.IPAddress }}
{{.Driver.SSHUser}}@{{.Driver.IPAddress}}
{{.Driver.SSHKeyPath}}
{{.Driver.SSHPort}}
{{.Driver.MachineName}}
{{.Driver.Memory}}
{{.DriverName}}
{{.Name}}
{{json .Driver}}
{{prettyjson .Driver}}
{{prettyjson .}}
{{json .HostOptions.EngineOptions}}
{{.HostOptions.EngineOptions}}
{{range .HostOptions.EngineOptions.Labels}}{{println .}}{{end}}
{{range .HostOptions.EngineOptions.Env}}{{.}} {{end}}
{{join .HostOptions.EngineOptions.Labels ","}}
{{index .HostOptions.EngineOptions.Labels 0}}
{{.HostOptions.AuthOptions.StorePath}}
{{.HostOptions.AuthOptions.ClientCertPath}}
{{.HostOptions.SwarmOptions.Discovery}}
{{if .HostOptions.SwarmOptions}}swarm{{else}}none{{end}}
{{with .HostOptions.SwarmOptions}}{{.Master}}{{else}}none{{end}}
{{if .HostOptions.EngineOptions.TlsVerify}}1{{end}}
{{printf "%s:%.0f" .Driver.IPAddress .Driver.SSHPort}}
{{printf "%v" .Driver.DropletID}} {{printf "%.0f" .Driver.DropletID}}
ssh -p {{.Driver.SSHPort}} {{.Driver.SSHUser}}@{{.Driver.IPAddress}}
{{range $key, $value := .Driver}}{{$key}}={{$value}}
{{end}}
{{.Nope}} {{.Nope.Nope}} {{.Driver.Nope.Nope}}
"""

LS_IN_THE_WILD = r"""
{{.Name}}
{{.NAME}}
{{ .Name }}: {{ .DriverName }}
{{.Name}} {{.State}} {{.URL}}
{{if eq .State "Running"}}{{.Name}}{{end}}
{{if eq .State.String "Running"}}{{.Name}}{{end}}
{{if eq (print .State) "Running"}}{{.Name}}{{end}}
{{if .ActiveHost}}*{{end}}{{.Name}}
{{with .Error}}{{.}}{{else}}fine{{end}}
{{.ResponseTime}} {{.ResponseTime.Seconds}} {{.ResponseTime.Milliseconds}}
{{if gt .ResponseTime.Seconds 1.0}}slow{{end}}
{{.SwarmOptions.Master}}
{{if .SwarmOptions}}{{.SwarmOptions.Discovery}}{{end}}
{{range .EngineOptions.Labels}}{{.}},{{end}}
{{with .EngineOptions}}{{.StorageDriver}}{{end}}
{{with .EngineOptions}}{{with .Labels}}{{index . 0}}{{end}}{{end}}
{{.EngineOptions}}
{{.SwarmOptions}}
{{printf "%-10s|%10s|" .Name .State}}
{{printf "%#v" .EngineOptions}}
{{printf "%+v" .EngineOptions}}
{{printf "%#v %#v" .SwarmOptions .State}}
{{printf "%T %T %T %T" . .State .ResponseTime .EngineOptions}}
{{eq . .}} {{ne . .}} {{eq .EngineOptions .EngineOptions}}
{{eq .EngineOptions nil}}
{{eq .EngineOptions.Labels .EngineOptions.Labels}}
{{.ResponseTime.Abs}} {{.ResponseTime.Hours}} {{.ResponseTime.Minutes}} {{.ResponseTime.Nanoseconds}}
{{json .}}
"""

# For each kind of data.
LANGUAGE = r"""
a{{- /* c */ -}} b
a {{- 1 -}} b
a {{- "x" }} b {{ "y" -}}  c
{{/* c */}}{{- /* d */}}
{{ /* c */ }}
{{/* c }}
{{-1}} {{- 1}} {{ -1}} {{1 -}} {{1-}}
{{3}} {{-3}} {{+3}} {{0x1F}} {{0X1f}} {{0b11}} {{0B11}} {{0o17}} {{017}} {{1_000}} {{0x_1F}} {{08}}
{{1.5}} {{.5}} {{1.}} {{1e3}} {{1E+3}} {{1e-9}} {{0x1p4}} {{0x1.8p1}} {{1_0.5}} {{1e1000}}
{{1i}} {{-1i}} {{1+2i}} {{1.5-2.5e1i}} {{0i}} {{1_0i}}
{{1i+2i}}
{{1+2}}
{{0x1+2i}}
{{1__0}}
{{1_}}
{{0x}}
{{0b12}}
{{9223372036854775807}} {{-9223372036854775808}}
{{9223372036854775808}}
{{-9223372036854775809}}
{{18446744073709551616}}
{{'a'}} {{'é'}} {{'\n'}} {{'\''}} {{'\x41'}} {{'\u00e9'}} {{'\U0001F600'}} {{'\101'}}
{{'ab'}}
{{''}}
{{'\"'}}
{{'a}}
{{"a\tb"}} {{"\x41\101\u00e9\U0001F600\\\""}} {{`a\n"`}}
{{"\'"}}
{{"\q"}}
{{"\ud800"}}
{{"\400"}}
{{"a
b"}}
{{`a
b`}}
{{"a}}
{{`a}}
{{true}} {{false}} {{not true}} {{nil}}
{{print nil}} {{print nil nil 1 nil}} {{println}} {{print}} {{printf ""}}
{{print 1 2 "a" 3 "b" "c" 4 5.5 true}}
{{println 1 "a" nil true}}|
{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}
{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}
{{$x := 1}}{{range $x := $.Nope}}{{end}}{{$x}}
{{$x}}
{{$x = 1}}
{{$ := 1}}{{$}}
{{$x, $y := 1}}
{{range $x, $y, $z := .}}{{end}}
{{range $x, 1 := .}}{{end}}
{{range $x, := .}}{{end}}
{{range $x, $y = .}}{{end}}
{{if $x := 1}}{{$x}}{{else}}{{$x}}{{end}}
{{if $x := 0}}{{$x}}{{else}}{{$x}}{{end}}
{{if $x := 1}}{{end}}{{$x}}
{{with $x := "a"}}{{$x}}{{.}}{{$.Name}}{{end}}
{{with ""}}a{{else}}b{{end}}
{{with 1}}a{{else with 2}}b{{end}}
{{if false}}a{{else if true}}b{{else}}c{{end}}
{{if false}}a{{else if false}}b{{else}}c{{end}}
{{if false}}a{{else if false}}b{{end}}
{{if true}}a{{else}}b{{else}}c{{end}}
{{if}}a{{end}}
{{if true}}
{{if true}}{{else}}
{{end}}
{{else}}
{{else if true}}
{{range}}{{end}}
{{range 3}}{{end}}
{{range "abc"}}{{end}}
{{range nil}}{{end}}
{{range .Nope}}a{{else}}b{{end}}
{{break}}
{{continue}}
{{if true}}{{break}}{{end}}
{{range .}}{{define "x"}}{{end}}{{end}}
{{define "x"}}{{break}}{{end}}
{{range "a"}}{{block "x" .}}{{break}}{{end}}{{end}}
{{break 1}}
{{define "x"}}X{{.}}{{end}}{{template "x"}}{{template "x" 1}}{{template "x" "a" | len}}
{{template "x" 1}}{{define "x"}}{{.}}{{$}}{{end}}
{{define "x"}}{{.Nope.Nope}}{{$.Name}}{{end}}{{template "x" .}}
{{define "x"}}{{$y := 1}}{{end}}{{template "x"}}{{$y}}
{{$y := 1}}{{define "x"}}{{$y}}{{end}}
{{define "x"}}a{{end}}{{define "x"}}b{{end}}
{{define "x"}} {{end}}{{define "x"}}b{{end}}{{template "x"}}
{{define "x"}}a{{end}}{{define "x"}} {{end}}{{template "x"}}
{{define "x"}}{{else}}{{end}}
{{define "x"}}
{{define x}}{{end}}
{{define}}{{end}}
{{define "x" 1}}{{end}}
{{define "x\q"}}{{end}}
{{if true}}{{define "x"}}{{end}}{{end}}
{{define ""}}{{end}}a
{{define ""}}a{{end}}
{{define ""}}a{{end}}b
{{template}}
{{template x}}
{{template "nope"}}
{{template "nope" 1 2}}
{{template "x" 1 | nope}}
{{block "x" 1}}{{.}}{{end}}{{template "x" 2}}
{{block "x"}}{{end}}
{{block "x" .}}{{else}}{{end}}
{{block "x" $y := 1}}{{.}}{{end}}{{$y}}
{{template "x" $y := 1}}{{$y}}{{define "x"}}{{.}}{{end}}
{{define "x"}}{{template "x" .}}{{end}}{{template "x" 1}}
{{define "x"}}{{if true}}{{with 1}}{{template "x" .}}{{end}}{{end}}{{end}}{{template "x" 1}}
{{define "a%d\n\"b"}}{{.Nope.X 1}}{{nil}}{{end}}{{template "a%d\n\"b"}}
{{and}}
{{and 1}} {{and 0 1}} {{and 1 0}} {{and 1 2}} {{or 0 "" 3 nope}}
{{and 1 2}} {{or 0 ""}} {{or 0 3}} {{or 1 .Name.X.Y}} {{and 0 .Name.X.Y}}
{{1 | and 0}} {{1 | or 0}} {{0 | and 1}}
{{or 0 .Name.X.Y}}
{{not}}
{{not 1 2}}
{{len "abc"}} {{len "é"}} {{len ""}}
{{len 1}}
{{len nil}}
{{len true}}
{{len .Nope}}
{{index "abc" 1}} {{printf "%c %T %#v %x" (index "abc" 1) (index "abc" 1) (index "abc" 1) (index "abc" 1)}}
{{index "abc" 3}}
{{index "abc" 4}}
{{index "abc" -1}}
{{index "abc" "a"}}
{{index "abc" 1.0}}
{{index "abc" nil}}
{{index nil 1}}
{{index 1 1}}
{{index 1}}
{{index}}
{{index "abc" 1 1}}
{{slice "abcde" 1 3}} {{slice "abcde" 1}} {{slice "abcde"}} {{slice "abcde" 5}}
{{slice "abcde" 1 3 4}}
{{slice "abcde" 3 1}}
{{slice "abcde" 6}}
{{slice "abcde" -1}}
{{slice "abcde" "a"}}
{{slice "é" 0 1}}|{{printf "%q %x %s" (slice "é" 0 1) (slice "é" 1) (slice "é" 0 1)}}
{{slice 1}}
{{slice nil}}
{{slice}}
{{slice "abc" 0 1 2 3}}
{{html "<a href='x'>&\"</a>"}} {{html 1 "a" true}} {{html nil}} {{html}}
{{js "a'b\"c\\<>&=\n\t\x00\x7fé\u2028\u00a0😀"}} {{js 1}} {{js}}
{{urlquery "a b&c=d/é?+~-_.*"}} {{urlquery 1 "a"}} {{urlquery}}
{{call 1}}
{{call nil}}
{{call}}
{{call "x" 1}}
{{call .Nope}}
{{eq 1 1}} {{eq 1 2}} {{eq 1 2 1}} {{eq "a" "a"}} {{eq true true}} {{eq 1.5 1.5}} {{eq 1i 1i}} {{ne 1i 2i}} {{eq nil nil}}
{{eq 1 1.0}}
{{eq 1 "1"}}
{{eq 1}}
{{eq}}
{{eq 1 nil}}
{{eq nil 1}} {{ne nil 1}}
{{eq (index "abc" 0) 97}} {{eq 97 (index "abc" 0)}} {{eq -1 (index "abc" 0)}} {{eq (index "a" 0) (index "a" 0)}}
{{lt (index "abc" 0) 98}} {{lt 1 (index "abc" 0)}} {{le 97 (index "abc" 0)}} {{ge (index "abc" 0) (index "abc" 1)}}
{{lt 1 2}} {{lt 2 1}} {{le 1 1}} {{gt 2 1}} {{ge 1 1}} {{lt "a" "b"}} {{lt 1.5 2.5}} {{gt "b" "a"}}
{{lt 1 1.0}}
{{lt true false}}
{{lt 1i 2i}}
{{le 1i 1i}}
{{lt nil 1}}
{{lt 1}}
{{lt 1 2 3}}
{{ne 1}}
{{1 | printf "%d"}} {{"a" | printf "%s %s" "b"}} {{"a" | len | printf "%03d"}}
{{1 | 2}}
{{1 | .}}
{{1 | nil}}
{{1 | true}}
{{1 | "a"}}
{{1 | $}}
{{1 | (print)}}
{{1 | (2)}}
{{1 2}}
{{"a" 1}}
{{nil}}
{{nil.X}}
{{1.X}}
{{"a".X}}
{{true.X}}
{{.X.}}
{{..}}
{{.X.Y.Z}}
{{$.X.Y}}
{{(1).X}}
{{(nil).X}}
{{("a").X}}
{{(print "a").X}}
{{print.X}}
{{(.Name).X}}
{{((1))}}
{{()}}
{{(1}}
{{1)}}
{{(1))}}
{{}}
{{ }}
{{|}}
{{1|}}
{{|1}}
{{1||2}}
{{,}}
{{1,2}}
{{=}}
{{:=}}
{{:}}
{{$x:=1}}{{$x}}
{{$x := }}
{{#}}
{{é}}
{{.é}}
{{.a-b}}
{{.a+b}}
{{"x"y}}
{{1a}}
{{printa}}
{{print"a"}}
{{print("a")}}
{{print .Name"a"}}
{{ifx}}
{{if(true)}}a{{end}}
{{endx}}
{{.Name
}}
{{print
"a"
1}}
{{"
{{
{{.
{{/*
a }} b
a }}{{ b
{{{1}}}
{{1}}}
{{ {1} }}
{{nope}}
{{nope 1}}
{{1 | nope}}
a
b {{nope}}
{{.Name}}
 {{printf "%d" .Name.X.Y}}
{{printf}}
{{printf 1}}
{{printf nil}}
{{printf .Nope}}
{{1 | printf}}
{{printf "%s" nil}} {{printf "%v" nil}} {{printf "%d" nil}} {{printf "%T" nil}} {{printf "%p" nil}} {{printf "%q" nil}}
{{printf "%p %p %p" 1 "a" true}}
{{printf "%"}} {{printf "%!"}} {{printf "%z" 1}} {{printf "%é" 1}} {{printf "a%" 1}} {{printf "%-"}} {{printf "%5"}} {{printf "%."}}
{{printf "%d %d" 1}} {{printf "%d" 1 2}} {{printf "x" 1 "a" nil true}}
{{printf "%[2]d %[1]d" 1 2}} {{printf "%[2]*[1]d" 1 5}} {{printf "%[3]*.[2]*[1]f" 12.0 2 6}} {{printf "%[1]d %d" 1 2}}
{{printf "%[5]d" 1}} {{printf "%[0]d" 1}} {{printf "%[x]d" 1}} {{printf "%[1" 1}} {{printf "%[]d" 1}} {{printf "%[1]" 1}} {{printf "%[-1]d" 1}}
{{printf "%[1]5d" 1}} {{printf "%[1].2f" 1.5}} {{printf "%5[1]d" 1}} {{printf "%.2[1]f" 1.5}} {{printf "%[2]d" 1 2}}
{{printf "%*d|%-*d|%0*d" 5 1 5 1 5 1}} {{printf "%*d" -5 1}} {{printf "%*d" "a" 1}} {{printf "%*d" 10000000 1}} {{printf "%.*f" 2 1.555}} {{printf "%.*f" -1 1.5}}
{{printf "%99999999d" 1}} {{printf "%.99999999d|" 1}}
{{printf "%d %+d % d %05d %-5d| %x %X %#x %o %#o %O %b %#b %c %q %U %#U" 42 42 42 42 42 42 42 42 42 42 42 42 42 97 97 97 97}}
{{printf "%d %05d %x %b %o %c %q %U" -42 -42 -42 -42 -42 -1 -1 -1}}
{{printf "%.3d|%8.3d|%-8.3d|%08.3d|%+.3d|%.0d|%.0d|%#.3x" 5 5 5 5 5 0 1 5}}
{{printf "%v %g %f %e %E %G %F %b %x %X" 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5}}
{{printf "%.2f %8.2f %-8.2f| %08.2f %+.2f % .2f %.0f %#.0f" 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 2.5 2.5}}
{{printf "%g %g %g %g %g %g %g" 100000.0 1000000.0 1e20 1e21 1e-4 1e-5 123456789.0}}
{{printf "%.3g %.10g %#g %#.3g %#v %#v %#x" 1234.5 1234.5 1.0 1.0 1.0 1e6 1.0}}
{{printf "%x %.2x %.0x %X %x %x" 0.0 1.999 1.999 -0.1 1e300 1e-300}}
{{printf "%b %b %b" 0.0 -1.5 1e300}}
{{printf "%06.2f|%-06.2f|%+06.2f|% 06.2f" 1.5 1.5 1.5 1.5}}
{{printf "%s %d" 1.5 1.5}}
{{printf "%v %.1f %g %s %d %x" 1+2i 1+2i 1+2i 1+2i 1+2i 1+2i}}
{{printf "%s %q %x %X % x %#x %# x %.1s %5s %-5s| %05s %+q %#q %#+q" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "aé" "a`"}}
{{printf "%d %t %f %c" "a" "a" "a" "a"}}
{{printf "%q %+q %x" "a\x00\n\u2028\u00ad\x7f\xff" "😀" "\xff"}}
{{printf "%c%q%#U%c%#U" 1000000 1000000 1000000 128512 128512}} {{printf "%c" 1000000 | js}}
{{printf "%t %v %5t %-7t| %s %d %q" true true true true true true true}}
{{printf "%T %T %T %T %T %5T %.2T" 1 1.5 "a" true 1i 1 1.5}}
{{printf "%v %+v %#v" "a" "a" "a"}} {{printf "%#v %#v %#v %#v" 1 true nil 'a'}}
{{printf "%w %w" 1 "a"}}
{{printf "%%|%5%|%-%|%[1]%" 1}}
{{printf "%s" .}}
{{printf "%v" .Name}} {{printf "%q" .Name}} {{printf "%x" .Name}} {{printf "%d" .Name}} {{printf "%10.2s|" .Name}}
{{.}}
{{.Name}}{{.Name.X}}
{{.Name 1}}
{{1 | .Name}}
{{$.Name 1}}
{{(.Name) 1}}
{{.Nope 1}}
"""

DOCUMENT = r"""
{{.Driver.Tags}} {{len .Driver.Tags}} {{index .Driver.Tags 0}} {{index .Driver.Tags 2}}
{{index .Driver.Tags 99}}
{{index .Driver.Tags -1}}
{{index .Driver.Tags "a"}}
{{index .Driver.Tags 1.0}}
{{index .Driver.Tags .Number}}
{{index .Driver "SSHPort"}} {{index .Driver "Nope"}} {{index .Driver 1}}
{{index . "Driver" "IPAddress"}} {{index . "Driver" "Tags" 1}}
{{index .Driver nil}}
{{index .Nope "x"}}
{{index .Nope}}
{{index .Driver "Nope" "x"}}
{{(index .Driver "SSHPort").X}}
{{(index .Driver.Rules 0).port}} {{(index .Driver.Rules 1).open}} {{(index .Driver.Rules 0).open}}
{{(index .Driver.Tags 0).X}}
{{(index .Matrix 0)}} {{index .Matrix 0 1}} {{index (index .Matrix 1) 0}}
{{slice .Driver.Tags 1 2}} {{slice .Driver.Tags 1}} {{slice .Driver.Tags}} {{slice .Driver.Tags 0 1 2}} {{slice (slice .Driver.Tags 0 1) 0 2}}
{{slice .Driver.Tags 2 1}}
{{slice .Driver.Tags 0 99}}
{{slice .Driver}}
{{slice .Driver.SSHPort}}
{{slice .Name 0 1}}
{{range .Driver.Tags}}<{{.}}>{{end}}
{{range $i, $e := .Driver.Tags}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}
{{range $k, $v := .Driver.Mixed}}{{$k}}={{$v}};{{end}}
{{range $k, $v := .Driver.Map}}{{$k}}={{$v}};{{end}}
{{range .Driver.Tags}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}
{{range .HostOptions.EngineOptions.Labels}}{{if eq . "x=1"}}{{continue}}{{end}}{{.}}{{end}}
{{range .Driver.EmptyList}}a{{else}}b{{end}} {{range .Driver.EmptyMap}}a{{else}}b{{end}} {{range .Driver.None}}a{{else}}b{{end}}
{{range .Driver.SSHPort}}a{{end}}
{{range .Name}}a{{end}}
{{range .Driver.On}}a{{end}}
{{$x := 0}}{{range .Driver.Tags}}{{$x = .}}{{end}}{{$x}}
{{range $i, $e := .Matrix}}{{range $j, $f := $e}}{{$i}}{{$j}}{{$f}} {{end}}{{end}}
{{with .Driver}}{{.SSHPort}} {{$.Name}}{{end}}
{{with .Driver.Tags}}{{index . 0}}{{end}}
{{json .}}
{{prettyjson .}}
{{json .Driver.Tags}} {{json .Nope}} {{json nil}} {{json 1}} {{json 1.5}} {{json "a<b>&\u2028\n\t\b\f\x00é\xff"}} {{json true}} {{json 'a'}}
{{json 1i}}|{{json 1e21}} {{json 1e20}} {{json 123456789012345678.0}} {{json 1e-6}} {{json 1e-7}} {{json 1.5e-10}} {{json -0.0}} {{json -1e22}} {{json 0.1}}
{{json .Driver.EmptyList}} {{json .Driver.EmptyMap}} {{prettyjson .Driver.EmptyList}} {{prettyjson .Driver.EmptyMap}} {{json (slice .Name 0 1)}}
{{json}}
{{json 1 2}}
{{.Driver | json}} {{.Driver.Tags | prettyjson | html}} {{json .Driver | printf "%.5s"}} {{json .Driver | len}}
{{json (index .Name 0)}} {{json (len .Name)}} {{json (slice .HostOptions.EngineOptions.Labels 0 1)}}
{{print .Driver}}
{{printf "%v %+v %#v" .Driver .Driver .Driver}}
{{printf "%s" .Driver}}
{{printf "%d" .Driver}}
{{printf "%q" .Driver.Tags}} {{printf "%x" .Driver.Tags}} {{printf "%5v" .Driver.Tags}} {{printf "%t" .Driver.Tags}} {{printf "%T" .Driver.Tags}}
{{printf "%#v" .HostOptions.EngineOptions.Labels}} {{printf "%#v" .Driver.EmptyList}} {{printf "%#v" .Driver.EmptyMap}}
{{printf "%w" .Driver.Tags}}
{{printf "%d %s %x %v %.1f %5.0f|" .Driver.SSHPort .Driver.SSHPort .Driver.SSHPort .Driver.SSHPort .Driver.SSHPort .Driver.SSHPort}}
{{printf "%*d" .Driver.SSHPort 1}}
{{.Driver.Ratio}} {{.Driver.Tiny}} {{.Driver.Huge}} {{.Driver.Beyond}} {{.Driver.Small}} {{.Driver.Third}} {{.Driver.Negative}} {{.Driver.DropletID}}
{{eq .Driver.SSHPort 22.0}} {{lt .Driver.SSHPort 100.0}}
{{eq .Driver.SSHPort 22}}
{{lt .Driver.SSHPort 22}}
{{eq .Name "m1"}} {{ne .Name "m1"}} {{eq .DriverName "a" "digitalocean" "generic"}} {{eq .Driver.On true}}
{{eq .Driver.Tags .Driver.Tags}}
{{eq .Driver .Driver}}
{{eq .Driver.None nil}} {{eq .HostOptions.SwarmOptions nil}} {{eq nil .Driver.None}}
{{eq .Driver nil}}
{{eq .Nope nil}} {{eq .Nope .Nope}} {{eq .Nope 1}} {{ne .Nope 1}}
{{lt .Nope 1}}
{{eq .Driver.Tags 1}}
{{eq .Driver .Driver.Tags}}
{{len .Driver}} {{len .Name}} {{len .Unicode}}
{{len .Driver.SSHPort}}
{{len .Driver.On}}
{{len .Driver.None}}
{{len .HostOptions.SwarmOptions}}
{{not .Driver.None}} {{not .Driver.Tags}} {{not .Driver.Empty}} {{not .Driver.SSHPort}} {{not .Nope}}
{{and .Driver.On .Name}} {{or .Driver.Empty .Driver.None "x"}} {{and .Nope 1}} {{or .Nope .Nope}}
{{if and .Driver.On (eq .Name "m1")}}a{{else}}b{{end}}
{{if or (eq .DriverName "generic") (eq .DriverName "none")}}a{{else}}b{{end}}
{{.HostOptions.SwarmOptions.Master}}
{{.HostOptions.SwarmOptions}}
{{.Driver.None.X}}
{{.Driver.Tags.X}}
{{.Driver.SSHPort.X}}
{{.Name.X.Y}}
{{(index .Driver.Tags 3).X}}
{{html .Driver.Tags}} {{html .Unicode}} {{js .Control}} {{urlquery .Unicode .Name}} {{html .Nope}} {{js .Nope}} {{urlquery .Driver.None}}
{{.Unicode}} {{.Control}} {{printf "%q" .Control}} {{printf "%+q" .Unicode}} {{printf "%.3s|%10.3s|%-20s|" .Unicode .Unicode .Unicode}}
{{call .Name}}
{{call .Driver.None}}
{{call .Driver.Tags 1}}
{{.Driver.SSHPort 1}}
{{.Driver.Tags.X 1}}
{{range .Driver.Rules}}{{.port}}/{{.proto}}{{if .open}}!{{end}} {{end}}
{{define "t"}}{{.}},{{end}}{{range .Driver.Tags}}{{template "t" .}}{{end}}
{{define "tree"}}{{range .}}({{printf "%v" .}}){{end}}{{end}}{{template "tree" .Matrix}}
"""


# For each kind of data.
SEVERAL_LINES = ["{{print\n\"a\"\n1}}", "{{`a\nb`}}", "{{\"a\nb\"}}", "{{.Name\n}}", "a\n\nb {{nope}}", "a\nb {{.Name.X.Y 1}}", "{{/* a\nb */}}{{nope}}",
                 "{{if true}}\n{{else}}\n{{nope", "{{if true\n}}\n{{range}}", "{{.Name}}\n{{.Name\n", "{{\n\"a", "a\n{{- 1 -}}\n b", "{{range\n.Nope\n}}\n{{",
                 "{{define \"x\"}}\n{{.Name.X.Y}}\n{{end}}\n{{template \"x\" .}}", "{{block\n\"x\"\n.}}\n{{break}}\n{{end}}", "\n{{define \"x\"}}a\n{{end}}\n{{define \"x\"}}b{{end}}",
                 "{{`a\r\nb`}}", "{{(\n1", "{{1 |\n2}}", "{{'\n'}}", "é\n é{{.Name.X.Y}}", "{{range $k, $v := .}}{{$k}}={{$v}}\n{{end}}"]


def lines(text):
    return [line for line in text.split("\n") if line]


def pairs():
    """(data, template) pairs."""
    every = DOCUMENTS + ROWS + ("titles",)
    picked = [(data, text) for data in every for text in lines(LANGUAGE) + SEVERAL_LINES]
    picked += [(data, text) for data in DOCUMENTS for text in lines(INSPECT_IN_THE_WILD) + lines(DOCUMENT)]
    picked += [(data, text) for data in ROWS + ("titles",) for text in lines(LS_IN_THE_WILD)]
    return picked
