// The one loop over many machines.
#include "operations/many.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace dm {
namespace {
constexpr size_t at_once = 32;
}

std::vector<std::string> on_each(const std::vector<std::string>& names,
                                 const std::function<void(const std::string&)>& work) {
  std::vector<std::string> failures;
  std::mutex lock;
  std::atomic<size_t> next{0};
  std::atomic<bool> cancelled{false};
  const auto worker = [&] {
    for (size_t i = next++; i < names.size() && !cancelled; i = next++) {
      try {
        work(names[i]);
      } catch (const Cancelled&) {
        cancelled = true;
      } catch (const std::exception& error) {
        const std::scoped_lock guard(lock);
        failures.emplace_back(error.what());
      }
    }
  };
  if (names.size() == 1) {
    worker();
  } else {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(at_once, names.size()); ++i) threads.emplace_back(worker);
  }
  if (cancelled) throw Cancelled();
  return failures;
}

}  // namespace dm
