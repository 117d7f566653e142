// `certs`: all certificates, and what is wrong with them.
#include "base/strings.h"
#include "commands/machines.h"
#include "commands/rows.h"
#include "operations/certificate_report.h"
#include "operations/expiry.h"

namespace dm {
namespace {

using text_template::Value;

constexpr auto default_format =
    "table {{ .Machine }}\t{{ .Kind }}\t{{ .Subject }}\t{{ .Names }}\t{{ .Issuer }}\t{{ .Expires }}\t"
    "{{ .Problems }}";

std::string date_of(const CertificateRow& row, std::chrono::system_clock::time_point time) {
  return row.readable ? date_text(time) : "";
}

long long days_left(const CertificateRow& row, const Clock& clock) {
  return row.readable ? std::chrono::floor<std::chrono::days>(row.not_after - clock.now()).count() : 0;
}

Value as_value(const CertificateRow& row, const Clock& clock) {
  return Value::record("commands.Certificate", {{"Machine", row.machine},
                                                {"Kind", row.kind},
                                                {"File", row.file},
                                                {"Subject", row.subject},
                                                {"Names", join(row.names, ",")},
                                                {"Issuer", row.issuer},
                                                {"ValidFrom", date_of(row, row.not_before)},
                                                {"Expires", date_of(row, row.not_after)},
                                                {"DaysLeft", days_left(row, clock)},
                                                {"Problems", join(row.problems, "; ")}});
}

Value titles() {
  return Value::map({{"Machine", "MACHINE"},
                     {"Kind", "CERTIFICATE"},
                     {"File", "FILE"},
                     {"Subject", "SUBJECT"},
                     {"Names", "NAMES"},
                     {"Issuer", "ISSUER"},
                     {"ValidFrom", "VALID FROM"},
                     {"Expires", "EXPIRES"},
                     {"DaysLeft", "DAYS LEFT"},
                     {"Problems", "PROBLEMS"}});
}

Json as_json(const std::vector<CertificateRow>& rows, const Clock& clock) {
  Json list = Json::array();
  for (const auto& row : rows) {
    list.push_back({{"Machine", row.machine},
                    {"Kind", row.kind},
                    {"File", row.file},
                    {"Subject", row.subject},
                    {"Names", row.names},
                    {"Issuer", row.issuer},
                    {"ValidFrom", date_of(row, row.not_before)},
                    {"Expires", date_of(row, row.not_after)},
                    {"DaysLeft", days_left(row, clock)},
                    {"Problems", row.problems}});
  }
  return list;
}

int run(Context& context) {
  const Wanted wanted = context.arguments.words.empty() ? Wanted::all : Wanted::what_is_used;
  const auto rows = certificate_report(context.runtime, machines_or_all(context), wanted);
  const Clock& clock = context.runtime.services.clock;
  const std::string& format = context.arguments.flags.text("format");
  if (format == "json") {
    context.out << go_json(as_json(rows, clock), 4) << "\n";
  } else {
    context.out << rendered_rows(format.empty() ? default_format : format, titles(), rows.size(),
                                 [&](size_t i) { return as_value(rows[i], clock); });
  }
  const bool all_well = std::ranges::all_of(rows, [](const auto& row) { return row.problems.empty(); });
  return all_well ? 0 : 1;
}

}  // namespace

extern const Command certs_command;
const Command certs_command{
    .syntax = {.name = "certs",
               .summary = "Show all certificates, and what is wrong with them",
               .arguments = "Argument(s) are one or more machine names, or nothing for all.",
               .flags = {{.name = "format",
                          .help = "Pretty-print certificates using a Go template, or print them as json",
                          .aliases = {"f"}}}},
    .run = run,
    .operands = Operands::machines};

}  // namespace dm
