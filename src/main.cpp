// Where the process begins: signals, streams, and the application.
#include <iostream>

#include "app/application.h"
#include "app/signals.h"

int main(int count, char** words) {
  std::ios::sync_with_stdio(false);
  // Both outlive every thread: a look-up or the signals' thread may still run when main ends.
  static dm::StopSignal stop;
  static dm::Console console(std::cout, std::cerr);
  dm::stop_on_signals(stop);
  dm::Process process{.arguments = {words, words + count},
                      .environment = dm::Environment::of_process(),
                      .in = std::cin,
                      .out = std::cout,
                      .console = console,
                      .stop = stop};
  return dm::run_application(process);
}
