#pragma once
#include <span>
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// How long before its end a certificate is spoken of.
inline constexpr auto expiry_notice = std::chrono::hours(24 * 30);

/// "2029-11-11", in UTC.
std::string date_text(std::chrono::system_clock::time_point time);

/// One line about the certificates of these machines (theirs and those that they share) that have ended or
/// will within expiry_notice, and how to renew them; "" if there are none. Reads little, for it is asked by
/// each `ls`; what cannot be read is passed over.
std::string expiry_warning(const Runtime& runtime, std::span<const Machine* const> machines);

}  // namespace dm
