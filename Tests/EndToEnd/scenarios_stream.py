"""A numbered stream of datagrams through `causeway forward`, and the packets that a host's interfaces carried meanwhile."""

import collections
import socket
import struct
import threading
import time

import datagrams

# From <linux/if_ether.h>, <linux/if_packet.h> and <linux/if_arp.h>.
ETH_P_ALL, PACKET_OUTGOING, ARPHRD_LOOPBACK = 3, 4, 772

IPV4, IPV6, UDP = 0x0800, 0x86DD, 17
DISCO_MAGIC = "TS💬".encode()
STUN_COOKIE = bytes.fromhex("2112a442")

SIZE = 400
INTERVAL = 0.01
_NUMBER = struct.Struct(">Q")


class Service:
    """The far end: keeps when each number came, and sends every datagram back; use it as a context manager."""

    def __init__(self, space, address="127.0.0.1"):
        self.socket = datagrams.udp_socket(space)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.arrivals = []
        self._is_open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while self._is_open:
            try:
                data, source = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            self.arrivals.append((_NUMBER.unpack_from(data)[0], time.monotonic()))
            self.socket.sendto(data, source)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_open = False
        self._thread.join(2)
        self.socket.close()


class Stream:
    """The near end: a datagram of `SIZE` bytes every `INTERVAL` seconds, and what came back of them."""

    def __init__(self, space, address, interval=INTERVAL):
        self.interval = interval
        self.socket = datagrams.udp_socket(space)
        host, port = address.rsplit(":", 1)
        self.socket.connect((host, int(port)))
        self.socket.settimeout(0.2)
        self.sent, self.arrivals = [], []
        self._is_sending = self._is_open = True
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        due = time.monotonic()
        while self._is_sending:
            self.send()
            due += self.interval
            time.sleep(max(0, due - time.monotonic()))

    def send(self):
        data = _NUMBER.pack(len(self.sent)).ljust(SIZE, b"\xa5")
        self.sent.append(time.monotonic())
        self.socket.send(data)

    def _receive(self):
        while self._is_open:
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            self.arrivals.append((_NUMBER.unpack_from(data)[0], time.monotonic()))

    def pause(self, settle=1.0):
        """Stops sending and leaves the last datagrams time to come back."""
        self._is_sending = False
        self._threads[0].join(2)
        time.sleep(settle)

    def stop(self):
        if self._is_sending:
            self.pause()
        self._is_open = False
        self._threads[1].join(2)
        self.socket.close()


class Delivery:
    """What became of the datagrams sent in a span of time, at one end."""

    def __init__(self, sent, arrivals):
        counts = collections.Counter(number for number, _ in arrivals)
        self.sent = len(sent)
        self.lost = [number for number in range(len(sent)) if not counts[number]]
        self.duplicates = sum(count - 1 for count in counts.values())


def longest_gap(arrivals, start, end):
    """The longest silence, in seconds, between two arrivals of which the later one is in the span; the span itself if none is."""
    times = sorted(moment for _, moment in arrivals if moment <= end)
    before = [moment for moment in times if moment < start][-1:]
    inside = before + [moment for moment in times if moment >= start]
    return max((later - earlier for earlier, later in zip(inside, inside[1:])), default=end - start)


class Packet(collections.namedtuple("Packet", "time is_outgoing party kind size")):
    """A UDP datagram on one of the host's interfaces. `party` is the other side's address; `kind` is disco, stun or data."""


class Capture:
    """All UDP of a namespace's interfaces but loopback, as its kernel saw it; use it as a context manager."""

    def __init__(self, space):
        with space.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(0.2)
        self.packets = []
        self._is_open = True
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while self._is_open:
            try:
                data, (_, protocol, kind, hardware, _) = self.socket.recvfrom(256)
            except TimeoutError:
                continue
            if hardware == ARPHRD_LOOPBACK:
                continue
            packet = parse(data, protocol, kind == PACKET_OUTGOING, time.monotonic())
            if packet:
                self.packets.append(packet)

    def count(self, kind):
        """Datagrams of one kind that the host sent."""
        return sum(1 for packet in list(self.packets) if packet.is_outgoing and packet.kind == kind)

    def first_data(self, parties, since):
        """When the first datagram of the stream came directly from one of the parties."""
        return next((packet.time for packet in list(self.packets) if packet.time >= since and is_payload(packet, parties)), None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_open = False
        self._thread.join(2)
        self.socket.close()


def is_payload(packet, parties):
    return not packet.is_outgoing and packet.kind == "data" and packet.size >= SIZE and packet.party in parties


def parse(data, protocol, is_outgoing, moment):
    """The UDP datagram in an IP packet, or None for anything else."""
    if protocol == IPV4 and len(data) >= 28 and data[9] == UDP:
        start, family, addresses = 4 * (data[0] & 15), socket.AF_INET, (data[12:16], data[16:20])
    elif protocol == IPV6 and len(data) >= 48 and data[6] == UDP:
        start, family, addresses = 40, socket.AF_INET6, (data[8:24], data[24:40])
    else:
        return None
    size = struct.unpack_from(">H", data, start + 4)[0] - 8
    payload = data[start + 8:]
    kind = "disco" if payload.startswith(DISCO_MAGIC) else "stun" if payload[4:8] == STUN_COOKIE else "data"
    return Packet(moment, is_outgoing, socket.inet_ntop(family, addresses[1 if is_outgoing else 0]), kind, size)
