#!/usr/bin/python3
"""Runs the simulator until its standard input or a signal ends it. Prints the addresses of its two servers."""

import argparse
import signal
import sys
import threading
from dataclasses import fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from do_simulator import Settings, Simulator
from do_simulator.hook_program import HookProgram  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the API; 0 for a free one")
    parser.add_argument("--control-port", type=int, default=0, help="of the control; 0 for a free one")
    parser.add_argument("--hooks", metavar="COMMAND", help="a program that makes droplets lead to hosts")
    for setting in fields(Settings):
        kind = type(setting.default)
        parser.add_argument(f"--{setting.name.replace('_', '-')}", default=setting.default,
                            type=(lambda text: text == "true") if kind is bool else kind)
    arguments = vars(parser.parse_args())
    hooks = HookProgram(arguments["hooks"]) if arguments["hooks"] else None
    settings = {setting.name: arguments[setting.name] for setting in fields(Settings)}
    simulator = Simulator(hooks, port=arguments["port"], control_port=arguments["control_port"], **settings)
    print(f"api {simulator.url}\ncontrol {simulator.control_url}", flush=True)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    simulator.close()
    if hooks:
        hooks.close()
    simulator.check()


if __name__ == "__main__":
    main()
