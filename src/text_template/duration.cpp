// Lengths of time as values of templates.
#include "text_template/duration.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace dm::text_template {

namespace {

constexpr std::uint64_t second = 1'000'000'000;

/// The quotient with as many decimals as it needs; `unit` is a power of ten.
std::string decimal(std::uint64_t amount, std::uint64_t unit) {
  std::string text = std::to_string(amount / unit);
  if (const std::uint64_t rest = amount % unit; rest != 0) {
    // The leading 1 keeps the zeros behind the point.
    std::string decimals = std::to_string(unit + rest).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    text += "." + decimals;
  }
  return text;
}

}  // namespace

std::string go_duration(std::chrono::nanoseconds duration) {
  const auto bits = static_cast<std::uint64_t>(duration.count());
  const std::string sign = duration.count() < 0 ? "-" : "";
  const std::uint64_t amount = duration.count() < 0 ? 0 - bits : bits;
  if (amount == 0) return "0s";
  if (amount < 1'000) return sign + decimal(amount, 1) + "ns";
  if (amount < 1'000'000) return sign + decimal(amount, 1'000) + "µs";
  if (amount < second) return sign + decimal(amount, 1'000'000) + "ms";
  const std::uint64_t minutes = amount / (60 * second);
  const std::string seconds = decimal(amount % (60 * second), second) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

Value duration_value(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  // Whole and fractional part apart, as Go does it, so that the last digit agrees.
  const auto in = [count](std::int64_t unit) {
    const std::int64_t whole = count / unit;
    return static_cast<double>(whole) + static_cast<double>(count % unit) / static_cast<double>(unit);
  };
  constexpr auto seconds = static_cast<std::int64_t>(second);
  const auto plain = [](std::chrono::nanoseconds length) {
    return Value(length.count()).as("time.Duration").printed_as(go_duration(length));
  };
  return plain(duration)
      .with_method("Abs", plain(std::chrono::abs(duration)))
      .with_method("Nanoseconds", Value(count).as("int64"))
      .with_method("Microseconds", Value(count / 1'000).as("int64"))
      .with_method("Milliseconds", Value(count / 1'000'000).as("int64"))
      .with_method("Seconds", in(seconds))
      .with_method("Minutes", in(60 * seconds))
      .with_method("Hours", in(3600 * seconds));
}

}  // namespace dm::text_template
