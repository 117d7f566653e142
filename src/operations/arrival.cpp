// From a machine in a bundle to a machine of this store: every path and name in it is made anew.
#include "operations/arrival.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/catalogue.h"
#include "drivers/settings.h"
#include "operations/create.h"
#include "operations/credentials.h"
#include "operations/export_machines.h"
#include "ssh/known_hosts.h"

namespace dm {
namespace {

/// A prefix of paths, and what stands in its place here.
struct Rebasing {
  std::string from, to;
};

void rebase(std::string& text, const std::vector<Rebasing>& rebasings) {
  for (const auto& [from, to] : rebasings) {
    if (from.empty() || (text != from && !text.starts_with(from + "/"))) continue;
    text = to + text.substr(from.size());
    return;
  }
}

/// What stands in command lines of ssh must not be an option there, nor more than one word.
void check_login_words(const Json& record, const std::string& machine) {
  for (const char* key : {"SSHUser", "IPAddress"}) {
    const std::string word = text_of(record, key);
    const auto is_odd = [](unsigned char letter) {
      return letter <= ' ' || letter == 0x7f ||
             std::string_view("\"'`$;&|<>\\").contains(static_cast<char>(letter));
    };
    if (word.starts_with('-') || std::ranges::any_of(word, is_odd)) {
      throw Error(fmt::format("the bundle is not to be trusted: {} of machine \"{}\" is {}", key, machine,
                              go_quote(word)));
    }
  }
}

Json facts_of(const Bundle& bundle, const std::string& name) {
  for (const auto& facts : bundle.facts["Machines"]) {
    if (text_of(facts, "Name") == name) return facts;
  }
  throw Error("the bundle's manifest is damaged");
}

Machine machine_in(const Bundle& bundle, const std::string& name) {
  return in_context(fmt::format("machine \"{}\" in the bundle", name), [&] {
    const Json document = parse_json(bundle.text("machines/" + name + "/config.json"));
    Machine machine = machine_from_document(name, document);
    if (number_of(document, "ConfigVersion") != 3) throw Error("its config.json has another version than 3");
    if (!machine.driver.is_object()) throw Error("its config.json has no record of the driver's");
    return machine;
  });
}

AuthorityFiles authority_in(const Bundle& bundle, const std::string& id) {
  const std::string place = "authorities/" + id + "/";
  const auto key = bundle.files.find(place + "ca-key.pem");
  return {.authority = bundle.text(place + "ca.pem"),
          .certificate = bundle.text(place + "cert.pem"),
          .key = bundle.text(place + "key.pem"),
          .ca_key = key == bundle.files.end() ? std::nullopt : std::optional(key->second.content)};
}

/// Everything in the machine's folder of the bundle that is not made anew here.
std::vector<StoredFile> other_files(const Bundle& bundle, const std::string& old_name,
                                    const std::string& name) {
  std::vector<StoredFile> files;
  const std::string folder = "machines/" + old_name + "/";
  for (auto at = bundle.files.lower_bound(folder); at != bundle.files.end() && at->first.starts_with(folder);
       ++at) {
    const std::string file = at->first.substr(folder.size());
    if (file.contains('/') || file.starts_with('.'))
      throw Error(fmt::format("the bundle has a file that no machine has, {}", go_quote(at->first)));
    if (file == "config.json" || file == "ca.pem" || file == "cert.pem" || file == "key.pem") continue;
    std::string content = at->second.content;
    if (file == "known_hosts") content = with_other_alias(content, old_name, name);
    files.push_back({.name = file, .content = std::move(content), .mode = at->second.mode});
  }
  return files;
}

void rewrite_record(Json& record, const Store& store, const Json& facts, const std::string& name) {
  const std::string old_root = text_of(facts, "Root"), folder = store.machine_folder(name);
  const std::string suffix = "/machines/" + name;
  const std::vector<Rebasing> rebasings{
      {old_root.empty() ? "" : old_root + "/machines/" + text_of(facts, "Name"), folder},
      {old_root, folder.substr(0, folder.size() - suffix.size())}};
  each_text(record, [&](std::string& text) { rebase(text, rebasings); });
  record["MachineName"] = name;
  record["StorePath"] = store.path();
  const std::string key = text_of(facts, "Key");
  record["SSHKeyPath"] = key.empty() ? "" : folder + "/" + key;
}

/// Lets the driver look for credentials that did not travel where it would look for those of a new machine.
std::vector<SecretKey> without_credentials(Machine& machine, const Json& facts) {
  std::vector<std::string> taken_out;
  const Json keys = facts.value("Withheld", Json::array());
  for (const auto& key : keys) {
    if (key.is_string()) taken_out.push_back(key.get<std::string>());
  }
  if (taken_out.empty()) return {};
  return refer_to_environment(machine.driver, driver_named(machine.driver_name).secret_keys(), taken_out);
}

}  // namespace

std::vector<std::string> machines_in(const Bundle& bundle) {
  if (bundle.kind != BundleKind::machines) throw Error("the bundle holds no machines");
  const Json list = bundle.facts.is_object() ? bundle.facts.value("Machines", Json()) : Json();
  std::vector<std::string> names;
  if (list.is_array()) {
    for (const auto& facts : list) names.push_back(text_of(facts, "Name"));
  }
  if (names.empty()) throw Error("the bundle holds no machines");
  return names;
}

Arrival arrival_of(const Runtime& runtime, const Bundle& bundle, const std::string& old_name,
                   const std::string& name, Origin origin) {
  if (!is_machine_name(name)) {
    throw Error(
        fmt::format("{} cannot be the name of a machine: letters, digits, \"-\" and \".\" can; see --as",
                    go_quote(name)),
        Reason::usage);
  }
  const Store& store = runtime.store;
  const Json facts = facts_of(bundle, old_name);
  Arrival arrival{.old_name = old_name,
                  .name = name,
                  .machine = machine_in(bundle, old_name),
                  .authority = authority_in(bundle, text_of(facts, "Authority")),
                  .other_files = other_files(bundle, old_name, name),
                  .withheld = {}};
  Machine& machine = arrival.machine;
  if (const std::string why = why_bound_to_computer(machine.driver_name); !why.empty())
    throw Error(fmt::format("Machine \"{}\" cannot move, since {}", old_name, why));
  if (origin == Origin::stranger) {
    driver_named(machine.driver_name);
    refuse_references(machine.driver, old_name);
    check_login_words(machine.driver, old_name);
  }
  const std::string key = text_of(facts, "Key");
  if (!key.empty()) (void)bundle.text("machines/" + old_name + "/" + key);
  rewrite_record(machine.driver, store, facts, name);
  arrival.withheld = without_credentials(machine, facts);
  machine.name = name;
  const auto sans = machine.auth.server_cert_sans;
  machine.auth = is_own_authority(store, arrival.authority)
                     ? store.default_auth(name)
                     : foreign_auth(store, name, id_of(arrival.authority));
  machine.auth.server_cert_sans = sans;
  return arrival;
}

std::vector<StoredFile> files_of(const Arrival& arrival) {
  std::vector<StoredFile> files = arrival.other_files;
  // Where `env` points docker to.
  files.push_back({"ca.pem", arrival.authority.authority, readable_file});
  files.push_back({"cert.pem", arrival.authority.certificate, readable_file});
  files.push_back({"key.pem", arrival.authority.key, private_file});
  files.push_back({"config.json", go_json(document_of(arrival.machine), 4), private_file});
  return files;
}

}  // namespace dm
