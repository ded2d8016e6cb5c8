"""The networks of the scenarios: who stands behind what. Each function fills a `Lab` and answers a `Topology`."""

import dataclasses

from lab import Namespace

SERVER4, SERVER6 = "203.0.113.2", "2001:db8:0::2"
# Public-looking LANs of the sites that have a firewall and no NAT; the core has routes to them.
ROUTED = ("203.0.114.", "203.0.115.")
CARRIER = "100.64.0."


@dataclasses.dataclass
class Topology:
    server: Namespace
    alice: Namespace
    bob: Namespace
    # The routers that the story of a scenario acts on, by name.
    routers: dict = dataclasses.field(default_factory=dict)
    ipv4: bool = True
    ipv6: bool = False

    @property
    def listen(self):
        return [f"{SERVER4}:443"] * self.ipv4 + [f"[{SERVER6}]:443"] * self.ipv6

    @property
    def stun(self):
        return [f"{SERVER4}:3478"] * self.ipv4 + [f"[{SERVER6}]:3478"] * self.ipv6

    @property
    def server_addresses(self):
        return [SERVER4, "203.0.113.3"] * self.ipv4 + [SERVER6, "2001:db8::3"] * self.ipv6


def open_hosts(lab):
    """Both have public addresses and nothing in between."""
    server, alice, bob = lab.server(), lab.namespace("alice"), lab.namespace("bob")
    for host in (alice, bob):
        host.ipv4, host.ipv6 = lab.attach(host)
    return Topology(server, alice, bob)


def pair(alice="eim", bob="eim", **options):
    """Each behind a gateway of the class."""
    def build(lab):
        server = lab.server(ipv4=options.get("ipv4", True), ipv6=options.get("ipv6", False))
        gateways = [lab.gateway(name, nat=kind, **options) for name, kind in (("gw-a", alice), ("gw-b", bob))]
        hosts = [lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)]
        return Topology(
            server, *hosts, routers={"a": gateways[0], "b": gateways[1]}, ipv4=options.get("ipv4", True),
            ipv6=options.get("ipv6", False))
    return build


def blocked_on_one_side(lab):
    server = lab.server()
    gateways = [lab.gateway("gw-a", block_udp=True), lab.gateway("gw-b")]
    return Topology(server, *[lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)])


def firewalls(lab):
    """Public addresses behind stateful firewalls."""
    server = lab.server()
    gateways = [lab.gateway(name, nat="firewall", lan4=prefix) for name, prefix in zip(("gw-a", "gw-b"), ROUTED)]
    for gateway, prefix in zip(gateways, ROUTED):
        lab.core.ip("route", "add", f"{prefix}0/24", "via", gateway.ipv4)
    return Topology(server, *[lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)])


def carrier_on_one_side(lab):
    """Alice's home router is itself behind a carrier's NAT."""
    server = lab.server()
    carrier = lab.gateway("carrier", nat="eim-random", lan4=CARRIER)
    gateways = [lab.gateway("gw-a", outer=carrier), lab.gateway("gw-b")]
    return Topology(server, *[lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)])


def one_carrier(hairpin):
    """Two home routers behind the same carrier's NAT, which does or does not send packets to its own address back in."""
    def build(lab):
        server = lab.server()
        carrier = lab.gateway("carrier", nat="full-cone" if hairpin else "eim-random", lan4=CARRIER, hairpin=hairpin)
        gateways = [lab.gateway(name, outer=carrier) for name in ("gw-a", "gw-b")]
        return Topology(server, *[lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)])
    return build


def same_lan(lab):
    server, gateway = lab.server(), lab.gateway("gw")
    return Topology(server, lab.host("alice", gateway), lab.host("bob", gateway))


def same_private_address(lab):
    """Two homes with the same LAN: both hosts are 192.168.1.11."""
    return pair(lan4="192.168.1.")(lab)


def roaming(lab):
    """A third gateway waits for Alice."""
    topology = pair()(lab)
    topology.routers["c"] = lab.gateway("gw-c")
    return topology


def two_uplinks(first="eim"):
    """Alice has an interface in the LANs of two gateways; the first has the default route."""
    def build(lab):
        server = lab.server()
        routers = {"a": lab.gateway("gw-a", nat=first), "b": lab.gateway("gw-b"), "c": lab.gateway("gw-c")}
        alice = lab.namespace("alice")
        lab.join_lan(routers["a"], alice, "eth0", metric=100)
        lab.join_lan(routers["c"], alice, "eth1", metric=200)
        return Topology(server, alice, lab.host("bob", routers["b"]), routers=routers)
    return build
