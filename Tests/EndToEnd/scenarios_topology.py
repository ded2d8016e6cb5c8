"""The networks of the scenarios: who stands behind what. Each function fills a `Lab` and answers a `Topology`."""

import dataclasses

from carrier_gateway import NATPMPGateway
from hostile_gateway import HostileGateway, Victim
from lab import Namespace
from miniupnpd import Miniupnpd
from nat64 import NAT64

SERVER4, SERVER6 = "203.0.113.2", "2001:db8:0::2"
# Public-looking LANs of the sites that have a firewall and no NAT; the core has routes to them.
ROUTED = ("203.0.114.", "203.0.115.")
CARRIER = "100.64.0."
# miniupnpd maps no port at an address that is kept for documentation; this one is public, and in the lab alone.
MAPPABLE = "203.0.114."


@dataclasses.dataclass
class Topology:
    server: Namespace
    alice: Namespace
    bob: Namespace
    # The routers that the story of a scenario acts on, by name.
    routers: dict = dataclasses.field(default_factory=dict)
    # Whether the server has addresses of each family.
    ipv4: bool = True
    ipv6: bool = False
    # What runs on the routers, by the router's name.
    services: dict = dataclasses.field(default_factory=dict)
    # Words for the nodes' programs.
    words: tuple = ()

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


def mapped(*protocols, alice="apdm", bob="apdm", words=(), **options):
    """Each behind a gateway of the class, and Bob's has miniupnpd, which answers these protocols."""
    def build(lab):
        lab.site_network = MAPPABLE
        topology = pair(alice, bob)(lab)
        topology.services["b"] = Miniupnpd(topology.routers["b"], protocols, **options)
        topology.words = words
        return topology
    return build


def pinholed(lab):
    """IPv4 behind hard NATs and IPv6 behind firewalls; Bob's gateway lets IPv6 in where it is asked to by PCP."""
    lab.site_network = MAPPABLE
    topology = pair("apdm", "apdm", ipv6=True)(lab)
    topology.services["b"] = Miniupnpd(topology.routers["b"])
    return topology


def double_nat(outer, alice, outer_lan=CARRIER):
    """Bob's router, which has miniupnpd, stands behind another router."""
    def build(lab):
        lab.site_network = MAPPABLE
        server, first = lab.server(), lab.gateway("gw-a", nat=alice)
        above = lab.gateway("gw-o", nat=outer, lan4=outer_lan)
        second = lab.gateway("gw-b", outer=above)
        return Topology(
            server, lab.host("alice", first), lab.host("bob", second), routers={"a": first, "b": second, "outer": above},
            services={"b": Miniupnpd(second)})
    return build


def one_carrier_mapping(lab):
    """Two home routers behind one carrier's NAT without hairpin; Bob's maps ports at its address in the carrier's network."""
    topology = one_carrier(hairpin=False)(lab)
    topology.routers["b"] = topology.bob.gateway
    topology.services["b"] = NATPMPGateway(topology.bob.gateway)
    return topology


def one_carrier_without_router(lab):
    """Alice's machine is on the carrier's network itself, Bob's behind a home router there; the carrier has no hairpin."""
    server, carrier = lab.server(), lab.gateway("carrier", nat="eim-random", lan4=CARRIER)
    router = lab.gateway("gw-b", outer=carrier)
    return Topology(server, lab.host("alice", carrier), lab.host("bob", router), routers={"b": router, "carrier": carrier})


def hostile(lab):
    """Gateways that lie, each with descriptions of its own."""
    topology = pair("apdm", "apdm")(lab)
    victim = Victim(lab.server("victim"))
    for name, paths in (("a", ["/redirect", "/laughs"]), ("b", ["/large", "/slow"])):
        topology.services[name] = HostileGateway(topology.routers[name], victim, paths)
    return topology


def nat64(ipv4=True, ipv6=False):
    """Alice has IPv6 alone and a NAT64, Bob has IPv4 behind a NAT; the server has addresses of the families named."""
    def build(lab):
        server = lab.server(ipv4=ipv4, ipv6=ipv6)
        # A server without IPv4 is for those who have IPv6.
        routers = {"a": lab.gateway("gw-a", ipv6=True), "b": lab.gateway("gw-b", ipv6=not ipv4)}
        alice, bob = [lab.host(name, router) for name, router in zip(("alice", "bob"), routers.values())]
        alice.ip("-4", "addr", "flush", "dev", "eth0")
        translator = NAT64(routers["a"])
        alice.use_name_server(translator.name_server.address)
        return Topology(
            server, alice, bob, routers=routers, ipv4=ipv4, ipv6=ipv6, services={"a": translator})
    return build
