// The one thread that waits for signals.
#include "app/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/process.h"

namespace dm {
namespace {

constexpr int exit_code_of_signals = 128;

bool is_ignored(int number) {
  struct sigaction action {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

void stop_on_signals(StopSignal& stop) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(number)) sigaddset(&wanted, number);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  std::thread([wanted, &stop] {
    while (true) {
      int number = 0;
      if (sigwait(&wanted, &number) != 0 || left_to_foreground_child(number)) continue;
      if (stop.raised()) _exit(exit_code_of_signals + number);
      stop.raise();
    }
  }).detach();
}

}  // namespace dm
