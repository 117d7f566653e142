// One more SSH key that may log in.
#include "provision/login_key.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

constexpr std::string_view code = R"sh(home=$(getent passwd "$user" 2>/dev/null | cut -d: -f6)
[ -n "$home" ] || home=$(sed -n "s/^$user:[^:]*:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/p" /etc/passwd)
[ -d "$home" ] || fail "The user $user has no home folder on the machine, where a key could be authorized"
file=$home/.ssh/authorized_keys
own() { chown "$(id -u "$user"):$(id -g "$user")" "$1"; }
if [ ! -d "$home/.ssh" ]; then mkdir "$home/.ssh" && chmod 700 "$home/.ssh" && own "$home/.ssh"; fi
if [ ! -e "$file" ]; then : >"$file" && chmod 600 "$file" && own "$file"; fi
why=$( (cp -p "$file" "$file.new" && { grep -vF -- " $mark" "$file"; printf '%s\n' "$line"; } >"$file.new" &&
  mv -f "$file.new" "$file") 2>&1) || fail "Error writing $file: $why"
)sh";

}  // namespace

void authorize_key(RemoteHost& host, const MachineFacts& facts, const std::string& public_line,
                   const std::string& mark, Task& task) {
  check_rights(facts);
  Script script;
  script.add(
      {"authorizing an SSH key", fmt::format("user={}\nmark={}\nline={}\n", shell_quote(facts.user),
                                             shell_quote(mark), shell_quote(public_line + " " + mark)) +
                                     std::string(code)});
  run_script(host, script, facts.privilege, task);
}

}  // namespace dm
