// The none driver: an URL, and nothing to drive.
#include "drivers/none/none.h"

#include <array>

#include "base/strings.h"
#include "drivers/settings.h"

namespace dm {
namespace {

struct NoneSettings {
  std::string url;
};

const SettingsTable<NoneSettings>& table() {
  static const SettingsTable<NoneSettings> rows("none", {{.key = "URL",
                                                          .member = &NoneSettings::url,
                                                          .flag = "url",
                                                          .help = "URL of host when no driver is selected",
                                                          .change = Change::noted}});
  return rows;
}

/// The HOST[:PORT] of an URL as Go's net/url sees it; "" for text without a scheme.
std::string host_of(const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return "";
  const std::string rest = url.substr(scheme_end + 3);
  const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
  return authority.substr(authority.rfind('@') + 1);
}

void check_escapes(const std::string& url) {
  constexpr std::string_view hex = "0123456789abcdefABCDEF";
  for (size_t at = url.find('%'); at != std::string::npos; at = url.find('%', at + 1)) {
    const std::string escape = url.substr(at, 3);
    if (escape.size() == 3 && hex.contains(escape[1]) && hex.contains(escape[2])) continue;
    throw Error("parse " + go_quote(url) + ": invalid URL escape " + go_quote(escape), Reason::usage);
  }
}

class NoneDriver final : public Driver {
 public:
  explicit NoneDriver(Json record) : record_(std::move(record)) {}

  void create(const Save&, Task&) override {}

  void power(Power power, Task&) override {
    constexpr std::array done{"started", "stopped", "restarted", "killed"};
    throw Error(std::string("hosts without a driver cannot be ") + done.at(static_cast<size_t>(power)));
  }

  void remove(Task&) override {}

  Observation observe(Task&) override { return {State::running, endpoint()}; }

  Endpoint endpoint() const override {
    return {.address = common_from_record(record_).address, .docker_url = table().from_record(record_).url};
  }

  Json record() const override { return record_; }

 private:
  Json record_;
};

class NoneType final : public DriverType {
 public:
  const std::string& name() const override {
    static const std::string name = "none";
    return name;
  }

  std::vector<Flag> flags(const Services&, Task&) override { return table().flags(); }

  Json configure(const NewMachine& machine, const FlagValues& values, const Services&, Task&) override {
    return record_of(Json::object(), common_of(machine), table().from_flags(values));
  }

  std::vector<LivingSetting> settings(const Json& record) override { return table().living(record); }
  Json changed(const Json& record, const FlagValues& values) override {
    return record_of(record, common_from_record(record), table().changed(record, values));
  }

  std::unique_ptr<Driver> open(const Json& record, const Services&) override {
    return std::make_unique<NoneDriver>(record);
  }

  Traits traits() const override { return {.provisioned = false, .tagged = false}; }

 private:
  static Json record_of(Json record, CommonSettings common, const NoneSettings& settings) {
    if (settings.url.empty()) {
      throw Error("--url option is required when no driver is selected", Reason::usage);
    }
    check_escapes(settings.url);
    common.address = host_of(settings.url);
    common_to_record(common, record);
    table().to_record(settings, record);
    return record;
  }
};

}  // namespace

DriverType& none_driver_type() {
  static NoneType type;
  return type;
}

}  // namespace dm
