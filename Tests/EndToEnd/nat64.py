"""A NAT64 with its DNS64 on a gateway of the lab: tayga translates, and names of the IPv4 Internet get IPv6 addresses."""

import ipaddress
import socket
import struct
import subprocess
import threading

# tayga refuses private IPv4 addresses under the well-known prefix 64:ff9b::/96 (RFC 6052 §3.1).
PREFIX = "2001:db8:64::/96"
_POOL = "192.168.255"
_IPV4_ONLY = b"\x08ipv4only\x04arpa\x00"
# RFC 7050 §8.
_WELL_KNOWN = ("192.0.0.170", "192.0.0.171")
_AAAA, _IN = 28, 1


def synthesize(address):
    """The IPv6 address that stands for an IPv4 one (RFC 6052 §2.2)."""
    return ipaddress.IPv6Network(PREFIX)[int(ipaddress.IPv4Address(address))]


def seen(addresses):
    """The addresses, and what a host behind the NAT64 sees in place of those of IPv4."""
    addresses = list(addresses)
    return addresses + [str(synthesize(address)) for address in addresses if ":" not in address]


class NAT64:
    """Runs until the lab closes; the gateway's NAT for IPv4 stands behind it and decides how its mappings are."""

    def __init__(self, gateway):
        configuration = gateway.lab.directory / f"{gateway.name}-tayga.conf"
        configuration.write_text("\n".join([
            "tun-device nat64", f"ipv4-addr {_POOL}.1", f"prefix {PREFIX}", f"dynamic-pool {_POOL}.0/24",
            f"data-dir {gateway.lab.directory}", ""]))
        gateway.exec("tayga", "-c", configuration, "--mktun")
        gateway.ip("link", "set", "nat64", "up")
        gateway.ip("route", "add", f"{_POOL}.0/24", "dev", "nat64")
        gateway.ip("route", "add", PREFIX, "dev", "nat64")
        log = configuration.with_suffix(".log").open("w")
        gateway.popen("tayga", "-c", configuration, "-d", "-n", stdout=log, stderr=subprocess.STDOUT)
        self.name_server = DNS64(gateway)


class DNS64:
    """A name server on the gateway's LAN address that knows one name, ipv4only.arpa, which tells the prefix (RFC 7050)."""

    def __init__(self, gateway):
        self.address = f"{gateway.lan6}1"
        self.socket = gateway.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, source = self.socket.recvfrom(1500)
            self.socket.sendto(answer(query), source)


def answer(query):
    """The answer to a query with one question (RFC 1035 §4.1): two AAAA records, or no such name."""
    end = query.index(0, 12) + 1
    question, (kind, _) = query[12:end + 4], struct.unpack_from(">HH", query, end)
    is_known = question[:-4].lower() == _IPV4_ONLY
    records = [
        struct.pack(">HHHIH", 0xC00C, _AAAA, _IN, 60, 16) + synthesize(address).packed
        for address in _WELL_KNOWN if is_known and kind == _AAAA]
    flags = 0x8180 if is_known else 0x8183
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)
