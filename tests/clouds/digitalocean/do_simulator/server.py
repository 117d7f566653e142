"""The simulator as two servers on loopback: DigitalOcean's API, and a second one with which a test rules over it."""

import json
import threading
from dataclasses import asdict, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .account import Clock, Settings
from .api import Api, Rule
from .owner import Owner


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer in one packet.
    wbufsize = -1
    timeout = 60

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def _content(self):
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _send(self, status, headers, body):
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        if content:
            self.send_header("content-type", "application/json; charset=utf-8")
        if status != 204:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _any(self):
        try:
            self._answer(self._content())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any


def _api_handler(api, url):
    class Handler(_Handler):
        def _answer(self, content):
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = api.handle(self.command, self.path, headers, content, url())
            if answer is None:
                self.close_connection = True
            else:
                self._send(answer.status, answer.headers, answer.body)
    return Handler


def _control_handler(simulator):
    class Handler(_Handler):
        def _answer(self, content):
            try:
                self._send(200, {}, simulator.control(self.command, self.path, json.loads(content or "{}")))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._send(400, {}, {"error": repr(error)})
    return Handler


class Simulator:
    """One account and its API. Ends with `close`; as a context it also checks, at its end, that nobody broke the document.

    Any argument that is not named here is a setting.
    """

    def __init__(self, hooks=None, clock=None, port=0, control_port=None, **settings):
        self.settings, self.clock = Settings(**settings), clock or Clock()
        self.api = Api(self.settings, self.clock, hooks)
        self.account = self.api.account
        self.owner = Owner(self.account)
        self._servers = []
        self.url = self._serve(_api_handler(self.api, lambda: self.url), port)
        self.control_url = None if control_port is None else self._serve(_control_handler(self), control_port)
        self._closing = threading.Event()
        if hooks:
            # Hosts change also while no client asks.
            threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while not self._closing.wait(0.2):
            self.api.settle()

    def _serve(self, handler, port):
        server = _Server(("127.0.0.1", port), handler)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            self.check()

    def close(self):
        self._closing.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self.account.close()

    @property
    def requests(self):
        """All requests so far; see `Api.requests`."""
        return self.api.requests

    def fail(self, operation=".*", **rule):
        """The next request of an operation (a regular expression for its name) goes wrong; see `Rule`."""
        self.api.rules.append(Rule(operation=operation, **rule))

    def left(self):
        """What exists in the account, by kind."""
        with self.account.lock:
            self.account.settle()
            return self.account.left()

    def take_violations(self):
        """What the client did against the document since the last call; forgotten with it."""
        taken, self.api.violations[:] = list(self.api.violations), []
        return taken

    def take_faults(self):
        """The same for the simulator's own and its hooks' faults."""
        taken, self.account.faults[:] = list(self.account.faults), []
        return taken

    def check(self):
        self.api.check()

    def set(self, **settings):
        """Changes settings."""
        known = {field.name for field in fields(Settings)}
        for name, value in settings.items():
            if name not in known:
                raise KeyError(f"no setting {name}")
            setattr(self.settings, name, value)

    def control(self, method, path, body):
        """One request of the second server; the README lists them."""
        steps = path.strip("/").split("/")
        if method == "GET":
            return {"left": self.left, "requests": lambda: self.requests, "settings": lambda: asdict(self.settings),
                    "problems": lambda: {"violations": self.api.violations, "faults": self.account.faults}}[steps[0]]()
        if steps[0] == "droplets" and method == "POST":
            getattr(self.owner, self.owner.allowed(steps[2]))(int(steps[1]), **body)
        else:
            {"settings": self.set, "fail": self.fail, "advance": self.clock.advance}[steps[0]](**body)
        return {}
