#pragma once
#include <string>

#include "base/task.h"

namespace dm {

/// Does `work(task)` with a task that ends after `limit`. If it is this limit that passed, and not the task's
/// own, Error(timed_out) says `advice`.
template <typename Work>
auto with_patience(const Task& task, Milliseconds limit, const std::string& advice, Work&& work) {
  Task limited = task.within(limit);
  try {
    return work(limited);
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out || task.left().count() == 0) throw;
    throw Error(advice, Reason::timed_out);
  }
}

}  // namespace dm
