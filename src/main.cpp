// Where the process begins: signals, streams, and the application.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "app/application.h"
#include "app/docker_plugin.h"
#include "app/signals.h"
#include "base/process.h"

namespace {

/// Opens the standard descriptors that our caller has closed, so that no other file takes their numbers.
/// For reading only: what is written there counts as lost.
void fill_standard_descriptors() {
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = open("/dev/null", O_RDONLY);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

/// Whether nobody reads what we write any more (`| head -1`).
bool is_reader_gone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

/// The exit code of a run that has succeeded, but not all of its output was written.
int code_of_lost_output(dm::Console& console) {
  // As if the signal that we ignore had ended us: who closed the pipe has all that they wanted.
  if (is_reader_gone()) return 128 + SIGPIPE;
  console.line(dm::Level::error, "",
               "Cannot write to the standard output, and some of it is lost: is the disk full?");
  return 1;
}

}  // namespace

int main(int count, char** words) {
  fill_standard_descriptors();
  std::ios::sync_with_stdio(false);
  // Never destroyed, not even by exit(): a look-up or the signals' thread may still run then.
  static dm::StopSignal& stop = *new dm::StopSignal;
  static dm::Console& console = *new dm::Console(std::cout, std::cerr);
  dm::stop_on_signals(stop);
  // A list of many machines asks all of them at once.
  dm::raise_open_files_limit();
  dm::Process process{.arguments = {words, words + count},
                      .environment = dm::Environment::of_process(),
                      .in = std::cin,
                      .out = std::cout,
                      .console = console,
                      .stop = stop};
  dm::stop_with_docker(process.environment, stop);
  const int code = dm::run_application(process);
  return code == 0 && !process.out.good() ? code_of_lost_output(console) : code;
}
