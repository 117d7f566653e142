#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dm {

std::vector<std::string> split(std::string_view text, char separator);
/// Without white space (blank, tab, CR, LF) at both ends.
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// ASCII letters lowered.
std::string lower(std::string_view text);
/// ASCII letters raised.
std::string upper(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
/// One word for a POSIX shell, whatever the text holds: 'it'\''s'. Plain words stay bare.
std::string shell_quote(std::string_view text);
/// As Go's %q writes it: in double quotes, control characters and quotes escaped.
std::string go_quote(std::string_view text);
/// `digits` random hexadecimal digits from the system's random source.
std::string random_hex(int digits);
/// errno's meaning as Go writes it, e.g. "no such file or directory".
std::string error_text(int code);
/// "HOST:PORT", an IPv6 host in brackets.
std::string host_port(std::string_view host, int port);
/// Decimal digits only, of a sensible length; otherwise -1.
int number_or_minus_one(std::string_view text);

}  // namespace dm
