#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <span>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "text_template/duration.h"
#include "text_template/json_functions.h"
#include "text_template/template.h"

namespace dm::text_template {

/// A template, and what Go's text/template makes of it: its output, or the text of its error.
struct Golden {
  const char* text;
  const char* result;
};

/// A row of `ls`: a running machine without swarm.
inline Value sample_machine() {
  const Value engine =
      Value::record("engine.Options", {{"Labels", Value::list(std::vector<std::string>{"a=b", "c=<d>"})},
                                       {"StorageDriver", "overlay2"},
                                       {"TLSVerify", true}});
  const Value swarm = Value::record("swarm.Options", {{"Master", false}});
  return Value::record("commands.HostListItem",
                       {{"Name", "m1"},
                        {"Active", "-"},
                        {"ActiveHost", false},
                        {"ActiveSwarm", true},
                        {"DriverName", "generic"},
                        {"State", Value(1).as("state.State").printed_as("Running")},
                        {"URL", "tcp://10.0.0.1:2376"},
                        {"SwarmOptions", Value::null_pointer_to(swarm)},
                        {"Swarm", ""},
                        {"EngineOptions", Value::pointer_to(engine)},
                        {"Error", ""},
                        {"DockerVersion", "v20.10.5"},
                        {"ResponseTime", duration_value(std::chrono::milliseconds(1500))}});
}

/// A row of `ls`: a swarm master that says nothing else of itself.
inline Value sample_master() {
  const Value swarm =
      Value::record("swarm.Options", {{"IsSwarm", false},
                                      {"Address", ""},
                                      {"Master", true},
                                      {"Heartbeat", 7},
                                      {"Overcommit", 0.05},
                                      {"ArbitraryFlags", Value::list(Value::List{}, Elements::text)}});
  const Value engine =
      Value::record("engine.Options", {{"Labels", Value::list(Value::List{}, Elements::text)}});
  return Value::record("commands.HostListItem",
                       {{"Name", "it's <b>"},
                        {"State", Value(0).as("state.State").printed_as("")},
                        {"SwarmOptions", Value::pointer_to(swarm)},
                        {"EngineOptions", Value::null_pointer_to(engine)},
                        {"ResponseTime", duration_value(std::chrono::milliseconds(0))}});
}

/// The header line of `ls`: a map whose values are strings.
inline Value sample_headers() { return Value::map({{"Name", "NAME"}, {"State", "STATE"}}, Elements::text); }

/// What `inspect` shows.
inline Value sample_document() {
  return Value::from_json(parse_json(R"json({
    "Name": "m \"1\"", "DriverName": "digitalocean",
    "Driver": {"IPAddress": "10.0.0.7", "SSHPort": 22, "DropletID": 3164444, "Neg": -1500000, "Ratio": 0.25,
               "Tiny": 0.0000012, "SwarmMaster": false, "Empty": "",
               "Tags": ["a", "b c", 3, null, {"k": "v"}, ["x"]]},
    "HostOptions": {"Disk": 0,
                    "EngineOptions": {"Labels": ["x=1", "y=2"], "InstallURL": "https://h?a=1&b=<c>", "Env": []},
                    "SwarmOptions": null, "AuthOptions": {}},
    "Unicode": "héllo €", "Ctl": "a\u0001\t\n'\\"})json"));
}

/// The output or the error's text.
inline std::string result_of(std::string_view text, const Value& data, const Functions& functions = {},
                             Numbers numbers = Numbers::as_go) {
  try {
    return Template::parse(text, functions).execute(data, numbers);
  } catch (const Error& error) {
    return error.what();
  }
}

/// Compares every row with Go's result.
inline void expect_golden(std::span<const Golden> rows, const Value& data, const Functions& functions = {}) {
  for (const Golden& row : rows) {
    EXPECT_EQ(result_of(row.text, data, functions), row.result) << "template: " << row.text;
  }
}

}  // namespace dm::text_template
