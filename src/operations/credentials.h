#pragma once
#include <string>
#include <vector>

#include "drivers/driver.h"

namespace dm {

/// Takes credentials out of a driver's record; gives the keys of those that were there.
std::vector<std::string> take_out_credentials(Json& record, const std::vector<SecretKey>& keys);

/// Puts in place of what the record refers to ("env:NAME", …) what is found there; Error if there is nothing.
void look_up_credentials(Json& record, const std::vector<SecretKey>& keys, const Services& services,
                         Task& task);

/// Lets the record refer to the environment for those credentials that were taken out, where a variable gives
/// them; gives what they are.
std::vector<SecretKey> refer_to_environment(Json& record, const std::vector<SecretKey>& keys,
                                            const std::vector<std::string>& taken_out);

/// Error if anything in a record of somebody else's making refers to this computer: it would make the driver
/// run a command, or read a file and send it to an address of the same record.
void refuse_references(const Json& record, const std::string& machine);

/// Calls `visit` with every text in the value.
void each_text(Json& value, const std::function<void(std::string&)>& visit);

}  // namespace dm
