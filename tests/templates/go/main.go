// Renders templates with Go's own text/template. Reads the data file that its argument names; on standard input a case
// per line, {"data": NAME, "text": TEMPLATE}; writes a result per line, {"output": HEX}, {"error": HEX}, or
// {"address": true} if it shows where in memory something lies.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"os"
	"reflect"
	"strings"
	"text/template"
	"time"

	"original/commands"
	"original/engine"
	"original/state"
	"original/swarm"
)

type row struct {
	Name, Driver, URL, Version, Error string
	State                             int
	Milliseconds                      int64
	Options                           *struct {
		EngineOptions engine.Options
		SwarmOptions  swarm.Options
	}
}

type sources struct {
	Documents map[string]interface{}
	Rows      map[string]row
	Titles    map[string]string
}

type request struct{ Data, Text string }

type result struct {
	Output *string `json:"output,omitempty"` // in hexadecimal: it need not be UTF-8
	Error  *string `json:"error,omitempty"`
}

type address struct {
	Address bool `json:"address"`
}

// What the original offers in inspect's templates.
var inspectFunctions = template.FuncMap{
	"json":       func(v interface{}) string { return marshalled(json.Marshal(v)) },
	"prettyjson": func(v interface{}) string { return marshalled(json.MarshalIndent(v, "", "    ")) },
}

func marshalled(text []byte, _ error) string { return string(text) }

func (r row) item() commands.HostListItem {
	item := commands.HostListItem{Name: r.Name, DriverName: r.Driver, State: state.State(r.State), URL: r.URL,
		Error: r.Error, DockerVersion: r.Version, ResponseTime: time.Duration(r.Milliseconds) * time.Millisecond}
	if r.Options != nil {
		item.Active = "-"
		e, s := &r.Options.EngineOptions, &r.Options.SwarmOptions
		clip(&e.ArbitraryFlags, &e.Dns, &e.Env, &e.InsecureRegistry, &e.Labels, &e.RegistryMirror, &s.ArbitraryFlags,
			&s.ArbitraryJoinFlags, &s.Env)
		item.EngineOptions = &r.Options.EngineOptions
		item.SwarmOptions = &r.Options.SwarmOptions
	}
	return item
}

// Cuts off what the decoder leaves room for behind a list, where the slice function reaches it: how much is chance.
func clipped(value interface{}) interface{} {
	switch value := value.(type) {
	case []interface{}:
		for index := range value {
			value[index] = clipped(value[index])
		}
		return value[:len(value):len(value)]
	case map[string]interface{}:
		for key := range value {
			value[key] = clipped(value[key])
		}
	}
	return value
}

func clip(lists ...*[]string) {
	for _, list := range lists {
		*list = (*list)[:len(*list):len(*list)]
	}
}

func render(text string, functions template.FuncMap, data interface{}) result {
	parsed, err := template.New("").Funcs(functions).Parse(text)
	var output strings.Builder
	if err == nil {
		err = parsed.Execute(&output, data)
	}
	if err != nil {
		message := hex.EncodeToString([]byte(err.Error()))
		return result{Error: &message}
	}
	written := hex.EncodeToString([]byte(output.String()))
	return result{Output: &written}
}

func load(path string) (all sources) {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		log.Fatal(err)
	}
	return all
}

func (all sources) answer(next request) result {
	if document, ok := all.Documents[next.Data]; ok {
		return render(next.Text, inspectFunctions, clipped(document))
	}
	if row, ok := all.Rows[next.Data]; ok {
		return render(next.Text, nil, row.item())
	}
	if next.Data != "titles" {
		log.Fatalf("There is no data %q.", next.Data)
	}
	return render(next.Text, nil, all.Titles)
}

func main() {
	// The same values at two places: a result that depends on the place is none.
	here, there := load(os.Args[1]), load(os.Args[1])
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	buffer := bufio.NewWriter(os.Stdout)
	defer buffer.Flush()
	out := json.NewEncoder(buffer)
	for {
		var next request
		if err := in.Decode(&next); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		var answer interface{} = here.answer(next)
		if !reflect.DeepEqual(answer, there.answer(next)) {
			answer = address{true}
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
