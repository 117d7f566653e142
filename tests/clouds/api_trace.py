"""An HTTP proxy between docker-machine and a provider's API: it keeps what was said, and misbehaves when told.

    with ApiTrace(port, ec2_call) as trace:
        trace.at("RunInstances", kill_after())
        ... docker-machine ... --amazonec2-endpoint trace.url ...
        assert trace.problems == []
"""

import http.client
import http.server
import json
import os
import signal
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field

LIMIT = 60  # seconds for an answer of the provider
HELD_LIMIT = 120  # seconds that a request is held at most
VICTIM_LIMIT = 10
HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "upgrade")


@dataclass
class Call:
    """One request and what became of it. `id` names it among the calls of one command; a poll repeats an earlier question."""

    method: str
    path: str
    headers: dict
    body: bytes
    kind: str = ""  # "RunInstances", "POST /v2/droplets"
    parameters: dict = field(default_factory=dict)
    reads: bool = False
    poll: bool = False
    id: str = ""
    began: float = 0.0
    forwarded: bool = False
    status: int = 0  # of the answer that docker-machine got; 0 if it got none
    answer: bytes = b""


def ec2_call(call):
    """Fills in what a request to EC2's query interface is about."""
    query = urllib.parse.urlsplit(call.path).query
    text = call.body.decode("utf-8", "replace") if call.method == "POST" else query
    call.parameters = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
    # EC2 Instance Connect is another service, which speaks JSON.
    target = dict((name.lower(), value) for name, value in call.headers).get("x-amz-target", "")
    call.kind = call.parameters.get("Action") or target.rpartition(".")[2] or f"{call.method} {call.path}"
    call.reads = call.kind.startswith(("Describe", "Get", "List"))


def rest_call(call):
    """Fills in what a request to a REST interface is about; numbers and UUIDs in the path are of no kind."""
    parts = urllib.parse.urlsplit(call.path)
    words = ["ID" if index > 1 and any(letter.isdigit() for letter in word) else word
             for index, word in enumerate(parts.path.split("/")[1:])]
    call.kind = f"{call.method} /{'/'.join(words)}"
    call.parameters = {"path": call.path, "body": call.body.decode("utf-8", "replace")}
    call.reads = call.method in ("GET", "HEAD")


# What may happen to a call. Each is a function of (trace, call, forward) and gives (status, headers, body), or None: cut.

def answer(status, body=b"", headers=()):
    """The provider is not asked; this is the answer."""
    return lambda trace, call, forward: (status, list(headers), body)


def ec2_error(code, message="As the test asked for.", status=400):
    """EC2's way to say no; with 503 and RequestLimitExceeded it is throttling."""
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>'
            "</Errors><RequestID>ea966190-f9aa-478e-9ede-example00000</RequestID></Response>")
    return answer(status, text.encode(), [("Content-Type", "text/xml;charset=UTF-8")])


def throttled():
    return ec2_error("RequestLimitExceeded", "Request limit exceeded.", 503)


def rest_throttled(seconds):
    """429 with the headers that say when to come again."""
    headers = [("Content-Type", "application/json"), ("ratelimit-limit", "5000"), ("ratelimit-remaining", "0"),
               ("ratelimit-reset", str(int(time.time() + seconds))), ("retry-after", str(seconds))]
    return answer(429, b'{"id":"too_many_requests","message":"API Rate limit exceeded."}', headers)


def lose_answer():
    """The provider does it, and the line is cut before docker-machine hears of it."""
    def act(_, __, forward):
        forward()
    return act


def cut():
    """The line is cut before the provider hears anything."""
    return lambda *_: None


def hang():
    """The provider is not asked, and nothing comes back, until the trace is closed or the client leaves."""
    def act(trace, *_):
        trace.closing.wait(HELD_LIMIT)
    return act


def delay(seconds):
    def act(trace, _, forward):
        trace.closing.wait(seconds)
        return forward()
    return act


def kill_before():
    """docker-machine dies (kill -9) when it has sent the request, which never arrives."""
    def act(trace, *_):
        trace.kill()
    return act


def kill_after():
    """docker-machine dies when the provider has done what was asked, without hearing so."""
    def act(trace, _, forward):
        forward()
        trace.kill()
    return act


class ApiTrace:
    """Listens on 127.0.0.1:port and forwards to a provider. `describe` fills in a Call; `check(call)` gives its problems."""

    def __init__(self, provider_port, describe, check=None, provider="127.0.0.1"):
        self.calls = []
        self.problems = []
        self.closing = threading.Event()
        self._provider = (provider, provider_port)
        self._describe, self._check = describe, check
        self._faults = []
        self._lock = threading.Lock()
        self._victim, self._victim_known = None, threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Request)
        self._server.daemon_threads = True
        self._server.trace = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="api trace", daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if not self.closing.is_set():
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()

    def at(self, which, fault, times=1):
        """What happens to the next `times` calls of that kind or id (None: of any)."""
        with self._lock:
            self._faults.append([which, fault, times])

    def forget(self):
        """Begins anew: no calls, no faults, nobody to kill. Problems stay."""
        with self._lock:
            self.calls, self._faults = [], []
            self._victim = None
            self._victim_known.clear()

    def watch(self, running):
        """Says which command kill_before() and kill_after() end; a call that is to be its last waits for this."""
        self._victim = running.pid
        self._victim_known.set()

    def kill(self):
        if not self._victim_known.wait(VICTIM_LIMIT):
            raise RuntimeError("there is a call to die at, and watch() was not called")
        os.kill(self._victim, signal.SIGKILL)

    @property
    def asked(self):
        """The ids of all calls besides polls, in their order."""
        return [call.id for call in self.calls if not call.poll]

    @property
    def polls(self):
        return [call for call in self.calls if call.poll]

    def count(self, kind):
        """How many calls of a kind there were, polls included."""
        return sum(call.kind == kind for call in self.calls)

    def table(self):
        """All calls, a line each, for a failure's text."""
        start = self.calls[0].began if self.calls else 0
        return "\n".join(f"{call.began - start:7.2f} s  {'poll  ' if call.poll else '      '}{call.id:40} {call.status}"
                         for call in self.calls)

    def take(self, call):
        """Runs in the thread of the request; (status, headers, body), or None for a cut."""
        self._describe(call)
        with self._lock:
            call.began = time.monotonic()
            call.poll = call.reads and any(old.kind == call.kind and old.parameters == call.parameters for old in self.calls)
            number = Counter(old.kind for old in self.calls if not old.poll)[call.kind] + 1
            call.id = f"{call.kind} again" if call.poll else f"{call.kind} {number}"
            self.calls.append(call)
            fault = self._fault_for(call)
        made = fault(self, call, lambda: self._forward(call)) if fault else self._forward(call)
        call.status, call.answer = (made[0], made[2]) if made else (0, call.answer)
        if self._check:
            self.problems += self._check(call)
        return made

    def _fault_for(self, call):
        for row in self._faults:
            if row[0] in (None, call.kind, call.id):
                row[2] -= 1
                if row[2] == 0:
                    self._faults.remove(row)
                return row[1]
        return None

    def _forward(self, call):
        connection = http.client.HTTPConnection(*self._provider, timeout=LIMIT)
        try:
            connection.putrequest(call.method, call.path, skip_host=True, skip_accept_encoding=True)
            for name, value in call.headers:
                if name.lower() not in HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(call.body)
            call.forwarded = True
            got = connection.getresponse()
            call.answer, call.status = got.read(), got.status
            return got.status, [row for row in got.getheaders() if row[0].lower() not in (*HOP_BY_HOP, "content-length")], call.answer
        finally:
            connection.close()


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        made = self.server.trace.take(Call(self.command, self.path, self.headers.items(), body))
        if made is None:
            self.close_connection = True
            return
        status, headers, content = made
        try:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True  # who asked has left

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST

    def log_message(self, *_):
        pass


def check_ec2(model):
    """A check for ApiTrace: every request and every answer against EC2's model."""
    def check(call):
        problems = [] if call.method == "POST" else [f"{call.kind}: sent as {call.method}"]
        if "Action" not in call.parameters and call.kind == "SendSSHPublicKey":
            return problems + [f"{call.kind}: no {name}" for name in ("InstanceId", "InstanceOSUser", "SSHPublicKey")
                               if not json.loads(call.body).get(name)]
        problems += model.check_request(call.parameters)
        if call.status and call.forwarded and not problems:
            problems += model.check_answer(call.kind, call.status, call.answer)
        return problems
    return check


def as_json(call):
    """The JSON of an answer."""
    return json.loads(call.answer)
