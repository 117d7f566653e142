"""An HTTP proxy on the bridge, by which apt inside a host reaches the mirror that this computer reaches.

The hosts have no other way out: no route, no name server. That needs no masquerading and no forwarding on the
computer, and shows how docker-machine fares where the internet cannot be reached.
"""

import http.client
import http.server
import os
import select
import socket
import subprocess
import threading
import urllib.parse

LIMIT = 60  # seconds without a byte
PASSED_ON = ("host", "user-agent", "accept", "range", "if-range", "if-modified-since", "cache-control")
PASSED_BACK = ("content-type", "content-range", "accept-ranges", "last-modified", "etag", "location")


class Relay:
    """Serves until close(); counts the requests."""

    def __init__(self, address, port):
        self._server = http.server.ThreadingHTTPServer((address, port), _Request)
        self._server.daemon_threads = True
        self._server.upstream = upstream_proxy()
        self._server.requests = 0
        self.url = f"http://{address}:{port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="relay", daemon=True).start()

    @property
    def requests(self):
        return self._server.requests

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def upstream_proxy():
    """The proxy that this computer's apt uses, as (name, port), or None."""
    answer = subprocess.run(["apt-config", "dump", "--no-empty", "--format", "%v", "Acquire::http::Proxy"],
                            check=True, capture_output=True, text=True, timeout=30).stdout.strip()
    chosen = answer or os.environ.get("http_proxy", "")
    if not chosen or chosen == "DIRECT":
        return None
    parts = urllib.parse.urlsplit(chosen)
    return parts.hostname, parts.port or 80


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LIMIT

    def do_GET(self):
        self.server.requests += 1
        parts = urllib.parse.urlsplit(self.path)
        if parts.scheme != "http" or not parts.hostname:
            self.send_error(400, "This proxy takes absolute http addresses")
            return
        name, port = self.server.upstream or (parts.hostname, parts.port or 80)
        target = self.path if self.server.upstream else (parts.path or "/") + ("?" + parts.query if parts.query else "")
        upstream = http.client.HTTPConnection(name, port, timeout=LIMIT)
        try:
            headers = {key: value for key, value in self.headers.items() if key.lower() in PASSED_ON}
            upstream.request(self.command, target, headers=headers)
            self._pass_back(upstream.getresponse())
        except OSError as error:
            self.close_connection = True
            self.send_error(502, f"{name}: {error}")
        finally:
            upstream.close()

    do_HEAD = do_GET

    def _pass_back(self, answer):
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() in PASSED_BACK:
                self.send_header(key, value)
        length = answer.getheader("Content-Length")
        if length is not None:
            self.send_header("Content-Length", length)
        elif answer.status not in (204, 304):
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while block := answer.read(65536):
            self.wfile.write(block)

    def do_CONNECT(self):
        self.server.requests += 1
        name, _, port = self.path.rpartition(":")
        try:
            upstream = socket.create_connection(self.server.upstream or (name, int(port)), timeout=LIMIT)
        except (OSError, ValueError) as error:
            self.send_error(502, f"{self.path}: {error}")
            return
        self.close_connection = True
        with upstream:
            if self.server.upstream:
                upstream.sendall(f"CONNECT {self.path} HTTP/1.1\r\nHost: {self.path}\r\n\r\n".encode())
            else:
                self.send_response_only(200, "Connection established")
                self.end_headers()
            ends = {self.connection: upstream, upstream: self.connection}
            while ready := select.select(list(ends), [], [], LIMIT)[0]:
                for end in ready:
                    block = end.recv(65536)
                    if not block:
                        return
                    ends[end].sendall(block)

    def log_message(self, *_):
        pass  # the test's own output says what matters
