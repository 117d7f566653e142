"""Hooks in another program: a line of JSON to its standard input for each event, and a line from it for each answer."""

import itertools
import json
import subprocess
import threading
from concurrent.futures import Future

from .account import NoHooks

# A host may have to be made from nothing.
DEADLINE_SECONDS = 600


class HookProgram(NoHooks):
    """Runs a program that answers `{"call":N,"event":...}` with `{"call":N}`, or with an "address" or "error" in it."""

    def __init__(self, command):
        self._process = subprocess.Popen(command, shell=True, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._calls, self._waiting, self._lock = itertools.count(1), {}, threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def close(self):
        """Ends the program, which sees the end of its input first."""
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["call"]).set_result(answer)
        for call in list(self._waiting):
            self._waiting.pop(call).set_result({"error": "the program of the hooks has ended"})

    def _call(self, event, **details):
        number, answer = next(self._calls), Future()
        self._waiting[number] = answer
        with self._lock:
            self._process.stdin.write(json.dumps({"call": number, "event": event, **details}) + "\n")
        result = answer.result(DEADLINE_SECONDS)
        if "error" in result:
            raise RuntimeError(result["error"])
        return result.get("address")

    def create(self, order):
        return self._call("create", droplet=order)

    def power(self, droplet_id, event):
        self._call("power", droplet_id=droplet_id, power=event)

    def destroy(self, droplet_id):
        self._call("destroy", droplet_id=droplet_id)

    def network(self, droplet_id, addresses, rules):
        self._call("network", droplet_id=droplet_id, addresses=addresses, rules=rules)
