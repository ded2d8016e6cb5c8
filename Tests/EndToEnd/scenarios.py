"""The scenarios: networks, what happens in them, and how theory says they end. One table for tests, report and comparison."""

import dataclasses
import os
import signal
import time
import typing

import scenarios_mapping as mapping
import scenarios_pressure as pressure
import scenarios_topology as topology
from miniupnpd import NAT_PMP, PCP, UPNP
from scenarios_run import Result, Run

# A cut is noticed within 3 s of silence under traffic, at once when the kernel reports an error, and a roaming host is back
# within 2 s. To each the interval of the stream and the polling of a busy machine is added.
NOTICED, REPORTED, ROAMED = 3.0, 0.2, 2.0
ALLOWANCE = 0.15

# How long a path may take to come back after the network is whole again.
TO_HEAL = 20

# The same for a node that stood still in a network that was whole all the time.
THAWED, THAW_MARGIN = 5, 0.5


def stays(run, result):
    """Nothing happens."""
    run.settle(result)
    run.finish(result)


def loses(run, result):
    """The network loses one datagram in ten; a direct path is found all the same."""
    run.settle(result)
    run.finish(result, may_lose=True)
    result.expect(result.lost < 0.3 * result.sent, f"{result.lost} of {result.sent} datagrams were lost at 10 % each way")


def is_held(run, result):
    """The stream pauses for a minute but for a datagram every 15 s, longer than the NATs remember a mapping."""
    run.settle(result)
    run.stream.pause()
    begin = time.monotonic()
    for _ in range(4):
        time.sleep(15)
        run.stream.send()
    time.sleep(1)
    held = [packet for packet in run.captures[1].packets
            if packet.time > begin and not packet.is_outgoing and packet.kind == "data" and packet.party in run.parties[1]]
    run.finish(result)
    result.expect(len(held) >= 4, f"{len(held)} of 4 datagrams came directly")


def _cut(run, verdict, one_way=False):
    """Rules for the core that keep the two sites' UDP from each other, in silence or with an ICMP answer."""
    sites = [(space.ipv4, other.ipv4) for space, other in _sites(run)]
    rules = [f"    ip saddr {source} ip daddr {target} meta l4proto udp {verdict}" for source, target in sites]
    if one_way:
        rules = rules[:1]
    run.lab.core.nft("\n".join([
        "table inet cut {", "  chain forward {", "    type filter hook forward priority 0; policy accept;", *rules, "  }", "}", ""]))


def _sites(run):
    routers = run.topology.routers
    return [(routers["a"], routers["b"]), (routers["b"], routers["a"])] if routers else [
        (run.topology.alice, run.topology.bob), (run.topology.bob, run.topology.alice)]


def is_cut(verdict="drop", one_way=False, noticed=NOTICED):
    """The direct path stops carrying anything, and some seconds later it carries again."""
    def story(run, result):
        run.settle(result)
        moment = time.monotonic()
        _cut(run, verdict, one_way)
        time.sleep(noticed + 2)
        during = run.judge()
        result.gap = run.gap_since(moment)
        result.expect(during == "relay", f"while the path was cut the stream went by {during}")
        result.expect(result.gap < noticed + ALLOWANCE, f"silence of {result.gap:.2f} s after the cut, {noticed} s are allowed")
        moment = time.monotonic()
        run.lab.core.nft("delete table inet cut\n")
        result.healed = run.wait_for_direct(moment, TO_HEAL)
        result.expect(result.healed is not None, f"not direct again within {TO_HEAL} s after the path was restored")
        time.sleep(0.5)
        result.verdict = run.judge()
        result.expect(result.verdict == "direct", f"after the path was restored the stream went by {result.verdict}")
        run.finish(result, may_lose=True)
    return story


def moves(change, allowed=ROAMED):
    """Alice's network changes under the stream, and there is another direct path at once."""
    def story(run, result):
        run.settle(result)
        moment = time.monotonic()
        change(run)
        # What was on its way at the change still comes over the old path.
        changed = time.monotonic()
        healed = run.wait_for_direct(changed + 0.05, TO_HEAL)
        result.healed = healed + 0.05 + changed - moment if healed is not None else None
        time.sleep(1)
        result.gap = run.gap_since(moment)
        result.expect(result.gap < allowed + ALLOWANCE, f"silence of {result.gap:.2f} s after the change, {allowed} s are allowed")
        result.expect(result.healed is not None, f"not direct again within {TO_HEAL} s after the change")
        result.verdict = run.judge()
        result.expect(result.verdict == "direct", f"after the change the stream went by {result.verdict}")
        run.finish(result, may_lose=True)
    return story


# How long a node is stopped: twice as long as the NATs of its row remember a mapping.
FROZEN = 20


def is_frozen(run, result):
    """Alice's node stands still, as in a sleep of the machine, until every mapping of it is forgotten, and goes on."""
    run.settle(result)
    os.kill(run.alice.pid, signal.SIGSTOP)
    time.sleep(FROZEN)
    moment = time.monotonic()
    os.kill(run.alice.pid, signal.SIGCONT)
    result.healed = run.wait_for_direct(moment, TO_HEAL)
    result.expect(result.healed is not None and result.healed < THAWED, f"direct again after {result.healed} s")
    time.sleep(1)
    # The freeze itself ends with the first datagram behind it.
    result.gap = run.gap_since(moment + THAW_MARGIN)
    result.expect(result.gap < ROAMED + ALLOWANCE, f"silence of {result.gap:.2f} s after the end of the freeze")
    result.verdict = run.judge()
    result.expect(result.verdict == "direct", f"after the freeze the stream went by {result.verdict}")
    run.finish(result, may_lose=True)


def _roam(run):
    """Out of one LAN, into another."""
    run.topology.alice.ip("link", "del", "eth0")
    run.lab.join_lan(run.topology.routers["c"], run.topology.alice, "eth1")


def _unplug(run):
    """The cable of the first uplink is pulled."""
    run.topology.routers["a"].ip("link", "set", "port1", "down")


def _silence(run):
    """The first uplink stays up and carries nothing."""
    run.topology.routers["a"].nft("table inet dead { chain forward { type filter hook forward priority -20; policy drop; }\n}\n")


def _forget(run):
    """Alice's gateway forgets its mappings, as a restart does; new ones get other ports."""
    run.topology.routers["a"].exec("conntrack", "-F")


def _restart(run):
    """The far node ends and comes back with other ports."""
    run.bob.stop()
    run.bob = run.far_node(None)


def _block(lab_build, rules):
    """A network with rules of its own in the core."""
    def build(lab):
        built = lab_build(lab)
        lab.core.nft(
            "table inet scenario { chain forward { type filter hook forward priority 0; policy accept;\n" + rules(built) + "\n}\n}\n")
        return built
    return build


def _between_peers(built):
    hosts = built.alice.ipv4, built.bob.ipv4
    return "\n".join(f"ip saddr {a} ip daddr {b} meta l4proto udp drop" for a, b in (hosts, reversed(hosts)))


def _short_lifetime(*kinds):
    def build(lab):
        built = topology.pair(*kinds)(lab)
        for router in built.routers.values():
            for key in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
                router.sysctl(f"net.netfilter.{key}", 10)
        return built
    return build


def _lossy(built):
    return "meta l4proto udp numgen random mod 10 == 0 drop"


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    build: typing.Callable
    expected: str
    story: typing.Callable = stays
    # Why theory says so, where that is not plain.
    note: str = ""
    # Whether another program can be run in the same network for comparison: nothing happens in it.
    is_comparable: bool = True
    # Whether chance, or somebody else's program, has a say in it, so that one run tells little.
    is_hard: bool = False

    def run(self, directory):
        result = Result(self.name, self.expected, note=self.note)
        try:
            with Run(directory, self.build) as run:
                self.story(run, result)
        except Exception as error:  # A row of the table says what went wrong, and its test fails by it.
            result.failures.append(f"{type(error).__name__}: {error}")
        return result


def _change(name, build, story):
    return Scenario(name, build, "direct", story, is_comparable=False)


def _mapped(name, protocols, story, expected="direct", note="by the mapping", is_comparable=False, **options):
    return Scenario(
        f"APDM on both sides, {name}", topology.mapped(*protocols, **options), expected, story, note, is_comparable, is_hard=True)


SCENARIOS = [
    # Controls first: had the judge a blind eye, these would look direct.
    Scenario("control: open hosts, UDP between them dropped", _block(topology.open_hosts, _between_peers), "relay",
             note="negative control"),
    Scenario("mapping lifetime of 10 s, held for 60 s", _short_lifetime(), "direct", is_held, is_comparable=False),
    Scenario("open", topology.open_hosts, "direct"),
    Scenario("firewalls only", topology.firewalls, "direct"),
    Scenario("EIM/APDF on both sides", topology.pair(), "direct"),
    Scenario("EIM/APDF, gateways reject by ICMP", topology.pair(rejects=True), "direct"),
    Scenario("EIM/APDF, gateways without INPUT drop", topology.pair(input_drop=False), "direct"),
    Scenario("EIM/APDF with random ports on both sides", topology.pair("eim-random", "eim-random"), "direct"),
    Scenario("full cone on both sides", topology.pair("full-cone", "full-cone"), "direct"),
    Scenario("full cone against ADF", topology.pair("full-cone", "adf"), "direct"),
    Scenario("full cone against APDM", topology.pair("full-cone", "apdm"), "direct", note="peer-reflexive"),
    Scenario("ADF against APDM", topology.pair("adf", "apdm"), "direct", note="peer-reflexive"),
    Scenario("EIM/APDF against APDM", topology.pair("eim", "apdm"), "direct", note="by guessing ports", is_hard=True),
    Scenario("EIM/APDF against ADM", topology.pair("eim", "adm"), "direct", note="by guessing ports", is_hard=True),
    Scenario("EIM/APDF against APDM, small tables, nothing gets through", pressure.small_tables, "relay", pressure.is_survived,
             is_comparable=False),
    Scenario("APDM on both sides", topology.pair("apdm", "apdm"), "relay"),
    Scenario("CGNAT on one side", topology.carrier_on_one_side, "direct"),
    Scenario("one CGNAT, no hairpin", topology.one_carrier(hairpin=False), "relay"),
    Scenario("one CGNAT with hairpin", topology.one_carrier(hairpin=True), "direct"),
    Scenario("same LAN", topology.same_lan, "direct"),
    Scenario("both hosts have the same private address", topology.same_private_address, "direct"),
    Scenario("UDP blocked on one side", topology.blocked_on_one_side, "relay"),
    Scenario("UDP blocked on both sides", topology.pair(block_udp=True), "relay"),
    Scenario("IPv6 only, firewalls", topology.pair("firewall", "firewall", ipv4=False, ipv6=True), "direct"),
    Scenario("dual stack, hard IPv4", topology.pair("apdm", "apdm", ipv6=True), "direct", note="over IPv6"),
    Scenario("two uplinks, the first one hard", topology.two_uplinks("apdm"), "direct", note="over the second"),
    Scenario("loss of 10 %", _block(topology.pair(), _lossy), "direct", loses),
    _change("direct path cut and restored", topology.pair(), is_cut()),
    _change("cut one way only", topology.pair(), is_cut(one_way=True)),
    _change("cut with ICMP answers", topology.pair(), is_cut("reject with icmpx type host-unreachable", noticed=REPORTED)),
    _change("roaming to another LAN", topology.roaming, moves(_roam)),
    _change("two uplinks, the first one unplugged", topology.two_uplinks(), moves(_unplug)),
    _change("two uplinks, the first one falls silent", topology.two_uplinks(), moves(_silence, NOTICED)),
    _change("far node restarted", topology.pair(), moves(_restart, NOTICED)),
    _change("far node restarted, gateways without INPUT drop", topology.pair(input_drop=False), moves(_restart, NOTICED)),
    _change("node frozen for 20 s, mapping lifetime of 10 s", _short_lifetime("eim-random", "eim"), is_frozen),
    _change("gateway forgets its mappings", topology.pair("eim-random", "eim"), moves(_forget, NOTICED)),
    _mapped("PCP", [PCP], mapping.is_mapped("pcp"), is_comparable=True),
    _mapped("NAT-PMP", [NAT_PMP], mapping.is_mapped("nat-pmp", "natpmpc", shows="Public IP address : {address}"),
            is_comparable=True),
    _mapped("UPnP", [UPNP], mapping.is_mapped("upnp", "upnpc", "-l", shows=" UDP {port:>5}->"), is_comparable=True),
    _mapped("all three", [PCP, NAT_PMP, UPNP], mapping.is_mapped("pcp", "upnpc", "-l", shows=" UDP {port:>5}->")),
    _mapped("PCP leases of 8 s", [PCP], mapping.is_renewed, lifetime=mapping.SHORT_LEASE),
    _mapped("gateway restarted", [PCP], mapping.is_made_again(NOTICED + ALLOWANCE)),
    _mapped("mapping switched off", [PCP, NAT_PMP, UPNP], mapping.is_not_asked_for, "relay", "negative control",
            words=("--no-port-mapping",)),
    Scenario("dual stack, hard IPv4, PCP opens the IPv6 firewall", topology.pinholed, "direct", mapping.is_let_in,
             note="over IPv6"),
    Scenario("two NATs on one side, the inner one maps ports", topology.double_nat("eim-random", "eim"), "direct",
             mapping.is_behind_another),
    Scenario("two NATs on one side, all hard, the inner one maps ports",
             topology.double_nat("apdm", "apdm", outer_lan="203.0.115."), "relay", mapping.is_behind_another),
    Scenario("one CGNAT, no hairpin, a home router maps ports", topology.one_carrier_mapping, "direct",
             mapping.is_behind_another, note="across the carrier's network"),
    Scenario("one CGNAT, no hairpin, one host without a router", topology.one_carrier_without_router, "direct",
             note="across the carrier's network"),
    Scenario("gateways that lie", topology.hostile, "relay", mapping.is_lied_to, is_comparable=False),
    Scenario("NAT64 against EIM/APDF, server has IPv4", topology.nat64(), "direct", mapping.is_translated),
    Scenario("NAT64 against EIM/APDF, server has both", topology.nat64(ipv6=True), "direct", mapping.is_translated),
    Scenario("NAT64 against dual stack, server has IPv6", topology.nat64(ipv4=False, ipv6=True), "direct", mapping.is_translated,
             note="over IPv6"),
]
