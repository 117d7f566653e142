// Renders templates with Go's own text/template. Reads the data file that its argument names; on standard input a case
// per line, {"data": NAME, "text": TEMPLATE}; writes a result per line, {"output": HEX} or {"error": HEX}.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"os"
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
		item.EngineOptions = &r.Options.EngineOptions
		item.SwarmOptions = &r.Options.SwarmOptions
	}
	return item
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

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var all sources
	if err := json.Unmarshal(text, &all); err != nil {
		log.Fatal(err)
	}
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
		var answer result
		if document, ok := all.Documents[next.Data]; ok {
			answer = render(next.Text, inspectFunctions, document)
		} else if item, ok := all.Rows[next.Data]; ok {
			answer = render(next.Text, nil, item.item())
		} else if next.Data == "titles" {
			answer = render(next.Text, nil, all.Titles)
		} else {
			log.Fatalf("There is no data %q.", next.Data)
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
