// Tags and names that tell whose a droplet, a key or a firewall is.
#include "drivers/digitalocean/marks.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace dm {
namespace {

std::string tag_prefix(const std::string& store_id) { return "docker-machine:" + store_id + ":"; }
std::string firewall_prefix(const std::string& store_id) { return "docker-machine-" + store_id + "-"; }

/// A machine's name without dots and capitals: "_" begins what stands for one.
std::string encoded(const std::string& machine) {
  std::string text;
  for (const char letter : machine) {
    if (letter == '.') {
      text += "__";
    } else if (std::isupper(static_cast<unsigned char>(letter)) != 0) {
      text += std::string("_") + lower(std::string(1, letter));
    } else {
      text += letter;
    }
  }
  return text;
}

std::string decoded(const std::string& text) {
  std::string machine;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_' || i + 1 == text.size()) {
      machine += text[i];
      continue;
    }
    ++i;
    machine += text[i] == '_' ? '.' : static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
  }
  return machine;
}

std::optional<std::string> behind(const std::string& prefix, const std::string& text) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
  return text.substr(prefix.size());
}

bool starts_with_id(const std::string& text) {
  return text.size() > id_digits + 1 && text[id_digits] == '-' &&
         std::all_of(text.begin(), text.begin() + id_digits,
                     [](char letter) { return std::string_view("0123456789abcdef").contains(letter); });
}

}  // namespace

std::string store_tag(const std::string& store_id) { return "docker-machine-store:" + store_id; }

std::string machine_mark(const std::string& store_id, const std::string& machine) {
  return tag_prefix(store_id) + encoded(machine);
}

std::string machine_tag(const std::string& store_id, const std::string& machine, const std::string& id) {
  return machine_mark(store_id, machine) + (id.empty() ? "" : ":" + id);
}

std::optional<std::string> machine_of_tag(const std::string& store_id, const std::string& tag) {
  const auto name = behind(tag_prefix(store_id), tag);
  return name ? std::optional(decoded(name->substr(0, name->find(':')))) : std::nullopt;
}

std::string firewall_name(const std::string& store_id, const std::string& machine, const std::string& id) {
  return firewall_prefix(store_id) + (id.empty() ? "" : id + "-") + machine;
}

std::optional<std::string> machine_of_firewall(const std::string& store_id, const std::string& name) {
  auto rest = behind(firewall_prefix(store_id), name);
  if (rest && starts_with_id(*rest)) rest->erase(0, id_digits + 1);
  return rest;
}

}  // namespace dm
