"""A name server that knows a few names, for resolvers that ask the usual port of an address of this computer."""

import random
import socket
import struct
import threading


class NameServer:
    """Answers A questions from `names` ({name: IPv4 address}), all others with NXDOMAIN. `asked` has the names."""

    def __init__(self, names):
        self._names = names
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Any address below 127.0.0.0/8 is this computer's: one that nobody else listens on.
        self.address = ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, sender = self._socket.recvfrom(512)
            except OSError:
                return
            if question:
                self._socket.sendto(self._answer(question), sender)

    def _answer(self, packet):
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += packet[at] + 1
        kind = struct.unpack(">H", packet[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append(name)
        found = kind == 1 and name in self._names
        known = name in self._names
        header = packet[:2] + struct.pack(">HHHHH", 0x8580 | (0 if known else 3), 1, 1 if found else 0, 0, 0)
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(self._names[name]) if found else b""
        return header + packet[12:at + 5] + answer
