#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace dm {

/// A JSON value whose objects keep the order of their keys.
using Json = nlohmann::ordered_json;

/// Parses a document; Error "invalid character 'x' at line 1, column 2" or "unexpected end of JSON input" if
/// it is none.
Json parse_json(std::string_view text);
/// As Go's json.MarshalIndent writes it: keys in their order, `&<>` escaped, no newline at the end. `indent`
/// 0: compact.
std::string go_json(const Json& value, int indent);
/// The name that `key` has in an object: as Go's decoder, takes one that differs in upper and lower case only
/// if `key` itself is not there; `key` if neither is.
std::string key_in(const Json& object, std::string_view key);
/// The text of a member, or "" if it is absent or no text.
std::string text_of(const Json& object, std::string_view key);
/// The number of a member, or `otherwise` if it is absent or no number.
long long number_of(const Json& object, std::string_view key, long long otherwise = 0);

}  // namespace dm
