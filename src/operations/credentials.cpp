// Credentials in drivers' records, when machines travel.
#include "operations/credentials.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/secret.h"

namespace dm {

std::vector<std::string> take_out_credentials(Json& record, const std::vector<SecretKey>& keys) {
  std::vector<std::string> taken_out;
  for (const auto& secret : keys) {
    const std::string key = key_in(record, secret.key);
    if (text_of(record, key).empty()) continue;
    record[key] = "";
    taken_out.push_back(secret.key);
  }
  return taken_out;
}

void look_up_credentials(Json& record, const std::vector<SecretKey>& keys, const Services& services,
                         Task& task) {
  for (const auto& secret : keys) {
    const std::string key = key_in(record, secret.key), value = text_of(record, key);
    if (!value.empty()) record[key] = resolved_secret(value, services, task);
  }
}

std::vector<SecretKey> refer_to_environment(Json& record, const std::vector<SecretKey>& keys,
                                            const std::vector<std::string>& taken_out) {
  std::vector<SecretKey> found;
  for (const auto& secret : keys) {
    if (std::ranges::find(taken_out, secret.key) == taken_out.end()) continue;
    record[key_in(record, secret.key)] = secret.variable.empty() ? "" : "env:" + secret.variable;
    found.push_back(secret);
  }
  return found;
}

void refuse_references(const Json& record, const std::string& machine) {
  Json copy = record;
  each_text(copy, [&](const std::string& text) {
    const bool refers = text.starts_with("command:") || text.starts_with("env:") ||
                        (text.starts_with("file:") && !text.starts_with("file://"));
    if (refers) {
      throw Error(
          fmt::format("the bundle is not to be trusted: the record of machine \"{}\" refers to "
                      "something on this computer, {}",
                      machine, go_quote(text)));
    }
  });
}

void each_text(Json& value, const std::function<void(std::string&)>& visit) {
  if (value.is_structured()) {
    for (auto& part : value) each_text(part, visit);
  } else if (value.is_string()) {
    visit(value.get_ref<std::string&>());
  }
}

}  // namespace dm
