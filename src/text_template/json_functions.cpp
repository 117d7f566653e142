// The functions that write a value as JSON.
#include "text_template/json_functions.h"

#include "base/error.h"
#include "base/json.h"

namespace dm::text_template {

namespace {

Function as_json(int indent) {
  return {1, [indent](std::span<const Value> arguments) -> Value {
            try {
              return go_json(arguments.front().to_json(), indent);
            } catch (const Error&) {
              // The original drops the error.
              return "";
            }
          }};
}

}  // namespace

Functions json_functions() { return {{"json", as_json(0)}, {"prettyjson", as_json(4)}}; }

}  // namespace dm::text_template
