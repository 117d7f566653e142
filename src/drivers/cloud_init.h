#pragma once
#include <string>

#include "base/json.h"

namespace dm {

/// An entry of cloud-config's "users": may log in with the key, use the engine, and become root without a
/// password.
Json login_user(const std::string& name, const std::string& authorized_key);

/// cloud-init's user-data: the cloud-config `ours`, and the user's own text merged with it in a way that
/// lists are joined and what we say stays. Error(usage) if `own` is of no kind that cloud-init knows; empty:
/// there is none.
std::string merged_user_data(const Json& ours, const std::string& own);

/// An entry of `bootcmd` that lets the SSH server listen on `port` alone, also where systemd or SELinux have
/// a say in that. At every boot, since an update may replace the server's settings; it changes nothing twice.
Json listen_for_ssh_on(long long port);

}  // namespace dm
