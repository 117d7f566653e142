#pragma once
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "drivers/driver.h"
#include "model/endpoint.h"
#include "model/flag.h"

namespace dm {

/// The nine keys that begin every driver's record.
struct CommonSettings {
  std::string address;
  std::string machine_name;
  std::string ssh_user;
  long long ssh_port = 0;
  std::string ssh_key_path;
  std::string store_path;
  bool swarm_master = false;
  std::string swarm_host, swarm_discovery;
};

/// One row of a driver's table of settings. `Settings` is the driver's own struct.
template <typename Settings>
struct Setting {
  /// Where the value lives.
  using Member = std::variant<std::string Settings::*, long long Settings::*, bool Settings::*,
                              std::vector<std::string> Settings::*>;
  std::string key;  ///< in config.json
  Member member;
  std::string flag;      ///< without dashes; empty: not settable, only kept in the record
  std::string variable;  ///< environment variable; may be empty
  std::string help;
  bool required = false;          ///< an empty value is refused
  bool secret = false;            ///< a credential, which does not travel with a machine unless asked for
  Change change = Change::fixed;  ///< what it takes to change it later
  std::string key_ends = {};      ///< as in LivingSetting
  std::string instead = {};       ///< as in LivingSetting
};

/// The row of a setting that can change later.
template <typename Settings>
Setting<Settings> changing(Change change, Setting<Settings> row) {
  row.change = change;
  return row;
}

/// A driver's settings, declared once: out of the rows come the flags with their defaults (those of a
/// default-constructed `Settings`), the record in and out. Unknown keys of a record survive; known ones may
/// be written in upper and lower case as they like.
template <typename Settings>
class SettingsTable {
 public:
  SettingsTable(std::string driver, std::vector<Setting<Settings>> rows)
      : driver_(std::move(driver)), rows_(std::move(rows)) {}

  const std::vector<Setting<Settings>>& rows() const { return rows_; }

  std::vector<Flag> flags() const {
    const Settings defaults;
    std::vector<Flag> flags;
    for (const auto& row : rows_) {
      if (row.flag.empty()) continue;
      std::visit([&](auto member) { flags.push_back(flag_of(row, defaults.*member)); }, row.member);
    }
    return flags;
  }

  /// The settings of a record, for modify.
  std::vector<LivingSetting> living(const Json& record) const {
    const Settings defaults, present = from_record(record);
    std::vector<LivingSetting> settings;
    for (const auto& row : rows_) {
      if (row.flag.empty()) continue;
      std::visit(
          [&](auto member) {
            settings.push_back({flag_of(row, defaults.*member), present.*member, row.change, row.secret,
                                row.key_ends, row.instead});
          },
          row.member);
    }
    return settings;
  }

  /// The keys of the rows that hold credentials.
  std::vector<SecretKey> secret_keys() const {
    std::vector<SecretKey> keys;
    for (const auto& row : rows_) {
      if (row.secret) keys.push_back({row.key, row.variable});
    }
    return keys;
  }

  /// Error "DRIVER driver requires the --FLAG option" for a required one without a value.
  Settings from_flags(const FlagValues& values) const { return with_flags({}, values); }

  /// The settings of a record with other values for those flags that `values` knows; Errors as of
  /// from_flags().
  Settings changed(const Json& record, const FlagValues& values) const {
    return with_flags(from_record(record), values);
  }

  Settings from_record(const Json& record) const {
    Settings settings;
    for (const auto& row : rows_) {
      const auto found = record.is_object() ? record.find(key_in(record, row.key)) : record.end();
      if (!record.is_object() || found == record.end() || found->is_null()) continue;
      std::visit(
          [&](auto member) {
            using Value = std::remove_reference_t<decltype(settings.*member)>;
            try {
              settings.*member = found->template get<Value>();
            } catch (const Json::exception&) {
              throw Error(driver_ + " driver: \"" + row.key + "\" in config.json is of the wrong type");
            }
          },
          row.member);
    }
    return settings;
  }

  /// Puts the settings into `record`, in the order of the rows; other keys stay.
  void to_record(const Settings& settings, Json& record) const {
    for (const auto& row : rows_) {
      std::visit([&](auto member) { record[key_in(record, row.key)] = settings.*member; }, row.member);
    }
  }

 private:
  Settings with_flags(const Settings& before, const FlagValues& values) const {
    Settings settings = before;
    for (const auto& row : rows_) {
      if (row.flag.empty() || !values.knows(row.flag)) continue;
      std::visit(
          [&](auto member) {
            using Value = std::remove_reference_t<decltype(settings.*member)>;
            settings.*member = std::get<Value>(values.value(row.flag));
            if constexpr (std::is_same_v<Value, std::string>) {
              if (row.required && (settings.*member).empty()) {
                throw Error(driver_ + " driver requires the --" + row.flag + " option", Reason::usage);
              }
            }
          },
          row.member);
    }
    return settings;
  }

  template <typename Value>
  static Flag flag_of(const Setting<Settings>& row, const Value& otherwise) {
    Flag flag{.name = row.flag, .help = row.help, .variable = row.variable, .otherwise = otherwise};
    if constexpr (std::is_same_v<Value, bool>) flag.kind = FlagKind::boolean;
    if constexpr (std::is_same_v<Value, long long>) flag.kind = FlagKind::number;
    if constexpr (std::is_same_v<Value, std::vector<std::string>>) flag.kind = FlagKind::list;
    return flag;
  }

  std::string driver_;
  std::vector<Setting<Settings>> rows_;
};

/// The common keys in and out of a record.
CommonSettings common_from_record(const Json& record);
void common_to_record(const CommonSettings& common, Json& record);
/// The common part of a new machine's record.
CommonSettings common_of(const NewMachine& machine);
/// Files of the machine: STORE/machines/NAME/FILE.
std::string machine_file(const CommonSettings& common, const std::string& file);
/// The name that a user's key file has among the machine's files: its own, unless the machine has another use
/// for that.
std::string imported_key_name(const std::string& key_file);
/// How to log in, with the base's defaults: root, port 22, key STORE/machines/NAME/id_rsa, the machine's
/// known_hosts.
SshTarget ssh_target_of(const CommonSettings& common);
/// "tcp://HOST:PORT", an IPv6 address in brackets; empty if there is no address.
std::string docker_url_of(const std::string& address, int port);

/// The port that the engine listens on unless a driver's setting says otherwise.
inline constexpr int default_engine_port = 2376;

}  // namespace dm
