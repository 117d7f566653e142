// The one thread that waits for signals.
#include "app/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace dm {
namespace {

constexpr int exit_code_of_signals = 128;

}  // namespace

void stop_on_signals(StopSignal& stop) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&wanted, number);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  std::thread([wanted, &stop] {
    int number = 0;
    sigwait(&wanted, &number);
    stop.raise();
    sigwait(&wanted, &number);
    _exit(exit_code_of_signals + number);
  }).detach();
}

}  // namespace dm
