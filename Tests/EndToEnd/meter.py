"""Counts a host's bytes with named parties by nftables: the judge of which way data really took."""

import json


class Meter:
    """Counts, inside a namespace, the IP bytes sent to and received from each party, a name for a list of addresses.

    UDP and TCP are told apart, and so are the directions: `meter.bytes("bob", "udp")`, `meter.received("bob", "udp")`.
    """

    def __init__(self, space, **parties):
        self.space = space
        counters, outgoing, incoming = [], [], []
        for name, addresses in parties.items():
            for protocol in ("udp", "tcp"):
                counter = f"{name}_{protocol}"
                counters += [f"  counter {counter}_{direction} {{ }}" for direction in ("in", "out")]
                for address in addresses:
                    family = "ip6" if ":" in address else "ip"
                    match = f"meta l4proto {protocol} counter name {counter}"
                    outgoing.append(f"    {family} daddr {address} {match}_out")
                    incoming.append(f"    {family} saddr {address} {match}_in")
        space.nft("\n".join([
            "table inet traffic {", *counters,
            "  chain outgoing {", "    type filter hook output priority 300; policy accept;", *outgoing, "  }",
            "  chain incoming {", "    type filter hook input priority 300; policy accept;", *incoming, "  }",
            "}", ""]))

    def bytes(self, party, protocol):
        """Bytes of both directions since the meter was made."""
        return self._read(f"{party}_{protocol}_in") + self._read(f"{party}_{protocol}_out")

    def sent(self, party, protocol):
        return self._read(f"{party}_{protocol}_out")

    def received(self, party, protocol):
        return self._read(f"{party}_{protocol}_in")

    def _read(self, counter):
        listing = json.loads(self.space.exec("nft", "-j", "list", "counter", "inet", "traffic", counter))
        return next(item["counter"]["bytes"] for item in listing["nftables"] if "counter" in item)
