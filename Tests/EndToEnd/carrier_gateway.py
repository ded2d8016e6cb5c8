"""A home router that maps ports by NAT-PMP (RFC 6886) though its own address is not public, as miniupnpd will not."""

import ipaddress
import socket
import struct
import threading
import time

_TABLE = """
table ip mapped {
  map ports { type inet_service : ipv4_addr . inet_service; }
  chain destination {
    type nat hook prerouting priority -110; policy accept;
    iifname "wan" meta l4proto udp dnat to udp dport map @ports
  }
}
"""


class NATPMPGateway:
    """Answers until the lab closes; `ports` are those that it has mapped: {port: "address:port"}."""

    def __init__(self, router):
        self.router, self.mapped = router, {}
        self.begin = time.monotonic()
        router.nft(_TABLE)
        self.socket = router.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((f"{router.lan4}1", 5351))
        threading.Thread(target=self._serve, daemon=True).start()

    def ports(self):
        return dict(self.mapped)

    def _serve(self):
        while True:
            request, source = self.socket.recvfrom(1100)
            answer = self._answer(request, source[0])
            if answer:
                self.socket.sendto(answer, source)

    def _answer(self, request, client):
        epoch = int(time.monotonic() - self.begin)
        if request == b"\0\0":
            return struct.pack(">BBHI", 0, 128, 0, epoch) + ipaddress.IPv4Address(self.router.ipv4).packed
        if request[:2] == b"\0\1" and len(request) == 12:
            inside, outside, lifetime = struct.unpack_from(">HHI", request, 4)
            self._map(client, inside, outside or inside, lifetime)
            return struct.pack(">BBHIHHI", 0, 129, 0, epoch, inside, outside or inside, lifetime)
        # PCP is a version that it does not have.
        return struct.pack(">BBHI", 0, 128, 1, epoch) if request[:1] != b"\0" else None

    def _map(self, client, inside, outside, lifetime):
        for port, target in list(self.mapped.items()):
            if target == f"{client}:{inside}":
                self.router.nft(f"delete element ip mapped ports {{ {port} }}\n")
                del self.mapped[port]
        if lifetime:
            self.router.nft(f"add element ip mapped ports {{ {outside} : {client} . {inside} }}\n")
            self.mapped[outside] = f"{client}:{inside}"
