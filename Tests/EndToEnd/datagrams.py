"""A UDP application of its own: an echo service, and a client that sends to it through whatever is in between."""

import os
import socket
import threading


def udp_socket(space=None):
    words = (socket.AF_INET, socket.SOCK_DGRAM)
    return space.socket(*words) if space else socket.socket(*words)


class EchoService:
    """Answers every datagram with the same bytes, on loopback; use it as a context manager."""

    def __init__(self, space=None):
        self.socket = udp_socket(space)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            data, source = self.socket.recvfrom(65536)
            if data == b"end" and source == self.socket.getsockname():
                return
            self.received += 1
            self.socket.sendto(data, source)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"end", self.socket.getsockname())
        self._thread.join(5)
        self.socket.close()


def exchange(address, count=50, size=1000, space=None, seconds=3):
    """Sends datagrams one after another and counts those that come back unchanged; `address` is "127.0.0.1:5000"."""
    host, port = address.rsplit(":", 1)
    echoed = 0
    with udp_socket(space) as sock:
        sock.settimeout(seconds)
        sock.connect((host, int(port)))
        for _ in range(count):
            data = os.urandom(size)
            sock.send(data)
            try:
                echoed += sock.recv(65536) == data
            except TimeoutError:
                break
    return echoed
