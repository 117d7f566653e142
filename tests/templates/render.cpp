// Renders templates as `inspect` and `ls` do, with the input and output of go/main.go. With a second argument
// "plain", whole numbers are written as inspect writes them.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "commands/ls_row.h"
#include "model/machine.h"
#include "text_template/json_functions.h"
#include "text_template/template.h"

namespace {

using namespace dm;
using text_template::Functions;
using text_template::Numbers;
using text_template::Template;
using text_template::Value;

Value row_of(const Json& source) {
  SurveyRow row;
  row.name = source["Name"];
  row.driver_name = source["Driver"];
  row.url = source["URL"];
  row.engine_version = source["Version"];
  row.error = source["Error"];
  row.state = static_cast<State>(source["State"].get<int>());
  row.took = Milliseconds(source["Milliseconds"].get<int>());
  if (!source["Options"].is_null()) {
    row.machine = machine_from_document(row.name, {{"ConfigVersion", 3},
                                                   {"Driver", Json::object()},
                                                   {"DriverName", row.driver_name},
                                                   {"HostOptions", source["Options"]},
                                                   {"Name", row.name}});
  }
  return row_value(row, {row}, "");
}

std::string hexadecimal(std::string_view text) {
  std::string digits;
  for (const char byte : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

Json result_of(const std::string& text, const Functions& functions, const Value& data, Numbers numbers) {
  try {
    return {{"output", hexadecimal(Template::parse(text, functions).execute(data, numbers))}};
  } catch (const Error& error) {
    return {{"error", hexadecimal(error.what())}};
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::ifstream file(arguments[1]);
  const Json sources = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
  const Numbers numbers = count > 2 ? Numbers::plain : Numbers::as_go;
  std::map<std::string, std::pair<Functions, Value>> data{{"titles", {{}, row_titles()}}};
  for (const auto& [name, document] : sources["Documents"].items()) {
    data[name] = {text_template::json_functions(), Value::from_json(document)};
  }
  for (const auto& [name, row] : sources["Rows"].items()) data[name] = {{}, row_of(row)};

  for (std::string line; std::getline(std::cin, line);) {
    const Json next = parse_json(line);
    const auto& [functions, value] = data.at(next["data"]);
    std::cout << result_of(next["text"], functions, value, numbers) << "\n";
  }
}
