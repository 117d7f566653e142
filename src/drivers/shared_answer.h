#pragma once
#include <functional>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/task.h"

namespace dm {

/// One answer for many processes that wait for the same thing: whoever comes first asks, and all others get
/// that answer until it is older than `age`. It lies in a file of `folder`, named after `key`, for this user
/// only; it must hold no secret. Errors of `ask` reach whoever asked, and the next one asks again.
Json shared_answer(const fs::path& folder, const std::string& key, Milliseconds age, Task& task,
                   const std::function<Json()>& ask);

}  // namespace dm
