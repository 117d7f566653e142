"""A TCP proxy that is as bad as a test asks for: slow, hanging, cutting, refusing; and that counts.

In a test: `with Proxy(host.address, 22, round_trip=0.1) as proxy: ...proxy.port...`. By hand, or for a benchmark:

    python3 proxy.py --to 192.0.2.7:22 --delay 100

prints the port that it listens on, and on SIGTERM or Ctrl-C a line of JSON with what it counted.
"""

import argparse
import asyncio
import json
import signal
import socket
import struct
import threading
import time
from dataclasses import dataclass

BLOCK = 65536
LIMIT = 10  # seconds for anything that the proxy itself has to do
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


@dataclass
class Counts:
    """What went through since the start. Bytes are counted when they are passed on; up is towards the host."""

    connections: int = 0  # accepted
    open: int = 0
    most_open: int = 0
    bytes_up: int = 0
    bytes_down: int = 0


class Proxy:
    """Listens on 127.0.0.1:port and forwards to host:port, in a thread of its own.

    The attributes may be changed while it runs, and hold for what happens from then on:

    round_trip              seconds that a question and its answer take longer; also paid once for the handshake
    hang_after_bytes        of one connection, both ways together: the following bytes are swallowed, the connection
                            stays open
    cut_after_bytes         likewise: the connection is reset
    hang_after_connections  so many connections are served, later ones are accepted and never answered
    cut_after_connections   so many connections are served, later ones are reset at once
    """

    def __init__(self, host, port, *, round_trip=0.0, hang_after_bytes=None, cut_after_bytes=None,
                 hang_after_connections=None, cut_after_connections=None, listen="127.0.0.1", listen_port=0):
        self.target = (host, port)
        self.round_trip = round_trip
        self.hang_after_bytes = hang_after_bytes
        self.cut_after_bytes = cut_after_bytes
        self.hang_after_connections = hang_after_connections
        self.cut_after_connections = cut_after_connections
        self.address = listen
        self.port = listen_port
        self._counts = Counts()
        self._links = set()
        self.hanging = False
        self._socket = None
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        try:
            self._do(self._listen())
        except BaseException:
            self.close()
            raise

    @property
    def counts(self):
        """A copy of the counters."""
        return Counts(**vars(self._counts))

    def count(self, counter, number):
        setattr(self._counts, counter, getattr(self._counts, counter) + number)

    def hang(self):
        """From now on nothing is passed on, on no connection; nothing is closed either."""
        self.hanging = True

    def resume(self):
        """Ends hang(). What was swallowed meanwhile is lost, so connections of that time are of no more use."""
        self.hanging = False

    def cut(self):
        """Resets all connections; new ones are served."""
        self._do(self._cut())

    def refuse(self):
        """From now on a connect is refused. The port stays ours; connections that exist go on."""
        self._do(self._refuse())

    def accept(self):
        """Ends refuse()."""
        self._do(self._listen())

    def close(self):
        if self._loop.is_closed():
            return
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT)

    def _bind(self):
        if self._socket:
            self._socket.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.address, self.port))
        self.port = self._socket.getsockname()[1]

    async def _listen(self):
        if self._server:
            return
        if not self._socket:
            self._bind()
        self._server = await asyncio.start_server(self._serve, sock=self._socket, backlog=128)

    async def _refuse(self):
        if self._server:
            self._server.close()  # closes the socket too
            self._server = None
            self._socket = None
        self._bind()  # bound and not listening: the kernel refuses, and nobody else gets the port

    async def _cut(self):
        for link in list(self._links):
            link.reset()

    async def _shut(self):
        if self._server:
            self._server.close()
            self._server = self._socket = None
        if self._socket:
            self._socket.close()
            self._socket = None
        links = list(self._links)
        for link in links:
            link.reset()
        if links:
            await asyncio.wait([link.task for link in links], timeout=LIMIT)

    async def _serve(self, reader, writer):
        counts = self._counts
        counts.connections += 1
        number = counts.connections
        if self.cut_after_connections is not None and number > self.cut_after_connections:
            reset(writer)
            return
        link = _Link(self, asyncio.current_task(), writer)
        link.hanging = self.hang_after_connections is not None and number > self.hang_after_connections
        self._links.add(link)
        counts.open += 1
        counts.most_open = max(counts.most_open, counts.open)
        try:
            await link.run(reader)
        except asyncio.CancelledError:
            pass  # reset() asked for it
        finally:
            counts.open -= 1
            self._links.discard(link)


class _Link:
    """One connection through the proxy. Lives in the proxy's loop."""

    def __init__(self, proxy, task, client):
        self.proxy = proxy
        self.task = task
        self.hanging = False
        self.passed = 0
        self._writers = [client]

    async def run(self, client_reader):
        client = self._writers[0]
        try:
            if self.hanging:
                while await client_reader.read(BLOCK):
                    pass
                return
            await asyncio.sleep(self.proxy.round_trip)
            try:
                host_reader, host = await asyncio.open_connection(*self.proxy.target)
            except OSError:
                reset(client)
                return
            self._writers.append(host)
            for writer in self._writers:
                writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(client_reader, host, "bytes_up"))
                both.create_task(self._pass(host_reader, client, "bytes_down"))
        except* OSError:
            self._abort()
        finally:
            for writer in self._writers:
                writer.close()

    async def _pass(self, reader, writer, counter):
        """Passes on one direction. Every block waits for its own time, so that a delay costs no throughput."""
        queue = asyncio.Queue(maxsize=256)

        async def take():
            block = b"-"
            while block and isinstance(block, bytes):
                try:
                    block = await reader.read(BLOCK)
                except ConnectionError as error:
                    block = error
                await queue.put((time.monotonic() + self.proxy.round_trip / 2, block))

        taking = asyncio.create_task(take())
        try:
            while True:
                due, block = await queue.get()
                await asyncio.sleep(due - time.monotonic())
                if isinstance(block, ConnectionError):
                    raise block
                if not block:
                    return await self._end(writer, counter)
                await self._send(block, writer, counter)
        finally:
            taking.cancel()

    async def _end(self, writer, counter):
        """One side has said all: so does the other, unless it must not hear of it."""
        if not self.silent:
            writer.write_eof()
        elif counter == "bytes_up":
            raise ConnectionAbortedError("the client left a connection that hangs")

    @property
    def silent(self):
        return self.hanging or self.proxy.hanging

    async def _send(self, block, writer, counter):
        proxy = self.proxy
        limit = min((n for n in (proxy.hang_after_bytes, proxy.cut_after_bytes) if n is not None), default=None)
        room = len(block) if limit is None else max(0, limit - self.passed)
        if self.silent:
            return
        part = block[:room]
        if part:
            writer.write(part)
            await writer.drain()
            self.passed += len(part)
            proxy.count(counter, len(part))
        if len(part) < len(block):
            if limit == proxy.cut_after_bytes:
                await asyncio.sleep(0.05)  # a reset overtakes what the kernel has not sent yet
                self.reset()
            else:
                self.hanging = True

    def reset(self):
        self._abort()
        self.task.cancel()

    def _abort(self):
        for writer in self._writers:
            reset(writer)


def reset(writer):
    """Closes with RST, as a host that lost its memory does."""
    connection = writer.get_extra_info("socket")
    if connection and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def main():
    parser = argparse.ArgumentParser(description="Forward 127.0.0.1:PORT to an address, as badly as told.")
    parser.add_argument("--to", required=True, metavar="HOST:PORT")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="ADDRESS:PORT")
    parser.add_argument("--delay", type=float, default=0, metavar="MS", help="milliseconds added to a round trip")
    parser.add_argument("--hang-after-bytes", type=int)
    parser.add_argument("--cut-after-bytes", type=int)
    parser.add_argument("--hang-after-connections", type=int)
    parser.add_argument("--cut-after-connections", type=int)
    chosen = parser.parse_args()
    host, _, port = chosen.to.rpartition(":")
    listen, _, listen_port = chosen.listen.rpartition(":")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Proxy(host, int(port), round_trip=chosen.delay / 1000, hang_after_bytes=chosen.hang_after_bytes,
               cut_after_bytes=chosen.cut_after_bytes, hang_after_connections=chosen.hang_after_connections,
               cut_after_connections=chosen.cut_after_connections,
               listen=listen, listen_port=int(listen_port)) as proxy:
        print(proxy.port, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        print(json.dumps(vars(proxy.counts)), flush=True)


if __name__ == "__main__":
    main()
