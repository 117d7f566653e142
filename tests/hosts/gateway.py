"""A TLS end in front of a real engine, which refuses versions of the API as engines of another age do."""

import http.client
import http.server
import json
import re
import socket
import threading
from dataclasses import dataclass

from tls import client_context, server_context

VERSIONED = re.compile(r"/v(\d+)\.(\d+)(/.*)")
#: Hop by hop, or made anew.
OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Age:
    """Which engine the gateway makes of the real one: the oldest and newest API that it speaks, and its version."""

    oldest: str
    newest: str
    version: str

    def refusal(self, api):
        """What an engine says to a client that names this version of the API; None if it serves it."""
        if number(api) < number(self.oldest):
            return (f"client version {api} is too old. Minimum supported API version is {self.oldest}, "
                    "please upgrade your client to a newer version")
        if number(api) > number(self.newest):
            return f"client version {api} is too new. Maximum supported API version is {self.newest}"
        return None


def number(api):
    return tuple(map(int, api.split(".")))


class UnixConnection(http.client.HTTPConnection):
    """HTTP to an engine's socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def unix(path):
    """The way to an engine's socket."""
    return lambda: UnixConnection(path)


def tls(store, address, port):
    """The way to an engine that docker-machine has set up with the certificates of this store."""
    return lambda: http.client.HTTPSConnection(address, port, timeout=30, context=client_context(store))


class Gateway:
    """Listens on 127.0.0.1. `connect` makes an HTTPConnection to the real engine; `age` is None for its own age."""

    def __init__(self, store, connect=None, age=None):
        self.connect = connect  # may be set later, when the engine's address is known
        self.age = age
        self.requests = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # The handshake comes with the first read, which is in the connection's own thread.
        self._server.socket = server_context(store, "IP:127.0.0.1").wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.url = f"tcp://127.0.0.1:{self.port}"
        self._server.handle_error = lambda *_: None  # refused or gone: the test looks at what the client says
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method, path, headers, body):
        """(status, headers, body) of the real engine, or the refusal."""
        self.requests.append(f"{method} {path}")
        versioned = VERSIONED.fullmatch(path)
        if versioned and self.age:
            api = f"{versioned[1]}.{versioned[2]}"
            refusal = self.age.refusal(api)
            if refusal:
                return 400, {"Content-Type": "application/json"}, json.dumps({"message": refusal}).encode() + b"\n"
            path = versioned[3]  # in the version of the API that the real engine likes best
        engine = self.connect()
        try:
            engine.request(method, path, body, headers)
            response = engine.getresponse()
            got = {name: value for name, value in response.getheaders() if name.lower() not in OWN_HEADERS}
            return response.status, *self._aged(path, got, response.read())
        finally:
            engine.close()

    def _aged(self, path, headers, body):
        if self.age:
            headers["Api-Version"] = self.age.newest
            if path == "/version":
                document = json.loads(body)
                document.update(Version=self.age.version, ApiVersion=self.age.newest, MinAPIVersion=self.age.oldest)
                body = json.dumps(document).encode()
        return headers, body

    def _handler(gateway):  # noqa: N805: `self` is the handler's
        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 30

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
                passed = {name: value for name, value in self.headers.items() if name.lower() not in OWN_HEADERS}
                status, headers, answer = gateway.answer(self.command, self.path, passed, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_HEAD = do_POST = serve

            def log_message(self, *_):
                pass

        return Handler
