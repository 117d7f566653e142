"""Servers of the tests' own: an engine's TLS end, OpenSSH's, and two kinds that never answer."""

import getpass
import json
import os
import select
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ENGINE_VERSION = "20.10.24+dfsg1"


class Engine:
    """Answers /version as an engine does, to those who show a certificate of the store's authority."""

    def __init__(self, store, address="127.0.0.1", names=None):
        self._folder = tempfile.TemporaryDirectory()
        certificate = self._make_certificate(Path(store) / "certs", names or f"IP:{address}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.load_verify_locations(Path(store) / "certs" / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self._context = context
        self._listener = socket.create_server((address, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"tcp://{address}:{self.port}"
        self.requests = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()
        self._folder.cleanup()

    def _make_certificate(self, certs, names):
        folder = Path(self._folder.name)
        (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=engine",
                "-keyout", folder / "key.pem", "-out", folder / "request.pem")
        openssl("x509", "-req", "-in", folder / "request.pem", "-CA", certs / "ca.pem", "-CAkey", certs / "ca-key.pem",
                "-set_serial", "1", "-days", "2", "-extfile", folder / "names", "-out", folder / "cert.pem")
        both = folder / "both.pem"
        both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
        return both

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        connection.settimeout(10)
        try:
            with self._context.wrap_socket(connection, server_side=True) as channel:
                request = b""
                while b"\r\n\r\n" not in request:
                    block = channel.recv(4096)
                    if not block:
                        return
                    request += block
                self.requests.append(request.split(b"\r\n")[0].decode())
                body = json.dumps({"Version": ENGINE_VERSION, "ApiVersion": "1.41", "MinAPIVersion": "1.12"}).encode()
                channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                                b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        except OSError:  # refused, or gone: what the client says of it is what the test looks at
            pass


class FullQueue:
    """Nobody takes its connections and its queue is full, so that the kernel drops whoever knocks."""

    def __enter__(self):
        self._sockets = [socket.socket()]
        self._sockets[0].bind(("", 0))
        self._sockets[0].listen(0)
        self.port = self._sockets[0].getsockname()[1]
        for _ in range(64):
            if not self._reached():
                return self
        raise AssertionError("the queue does not get full")

    def _reached(self):
        knock = socket.socket()
        self._sockets.append(knock)
        knock.setblocking(False)
        knock.connect_ex(("127.0.0.1", self.port))
        return bool(select.select([], [knock], [], 0.3)[1])

    def __exit__(self, *_):
        for one in self._sockets:
            one.close()


class SilentServer:
    """Takes connections and says nothing."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connected = threading.Event()
        self._connections = []
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def _serve(self):
        while True:
            try:
                self._connections.append(self._listener.accept()[0])
            except OSError:
                return
            self.connected.set()

    def __exit__(self, *_):
        self._listener.close()
        for connection in self._connections:
            connection.close()


class Sshd:
    """A real OpenSSH server on 127.0.0.1, for the user who runs the tests and one key."""

    user = getpass.getuser()

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        self.key = self.folder / "key"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # SHLVL: so deep down bash does not read the user's ~/.bashrc.
        (self.folder / "config").write_text(
            f"HostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/key.pub\nListenAddress 127.0.0.1\n"
            f"Port {self.port}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nMaxStartups 100\nPidFile none\nSetEnv SHLVL=5\nSubsystem sftp internal-sftp\n")
        self._start()

    def change_host_key(self):
        self.close()
        for file in ("host", "host.pub"):
            (self.folder / file).unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "host"], check=True)
        self._start()

    def close(self):
        self._process.terminate()
        self._process.wait(10)

    def _start(self):
        self._process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", self.folder / "config", "-E", self.folder / "log"],
                                         stdin=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError("sshd does not start: " + (self.folder / "log").read_text()) from None
                time.sleep(0.02)
