"""One scenario from its network to its verdict: the two nodes, the stream between them, and what is measured on the way.

The verdict is the kernel's: nftables counters in both hosts say whether the stream's bytes came as UDP from the peer's side or
over TCP from the server. Times come from a capture of the hosts' interfaces, on the one clock of the machine.
"""

import contextlib
import dataclasses
import time

import causeway
import nat64
from lab import Lab
from meter import Meter
from programs import ProgramError, wait_until
from scenarios_stream import SIZE, Capture, Delivery, Service, Stream, longest_gap

# How long the stream runs while the judge counts, and how long a pair may look for a direct path.
JUDGED = 1.5
TO_DIRECT = 20
RELAYED = 6


@dataclasses.dataclass
class Result:
    """A row of the table; times in seconds, None where there is nothing to tell."""

    name: str
    expected: str
    verdict: str = "-"
    first_byte: float = None
    to_direct: float = None
    probes: tuple = None
    sent: int = 0
    lost: int = None
    duplicates: int = None
    # The longest silence that a reader saw after the event, and the time until both directions were direct again.
    gap: float = None
    healed: float = None
    note: str = ""
    failures: list = dataclasses.field(default_factory=list)

    def expect(self, holds, text):
        if not holds:
            self.failures.append(text)


class World:
    """A scenario's network with its server and the judges; use it as a context manager."""

    def __init__(self, directory, build, *server_words):
        self.directory = directory
        self._stack = contextlib.ExitStack()
        try:
            self._open(build, server_words)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, build, server_words):
        self.lab = self._stack.enter_context(Lab(self.directory))
        self.topology = topology = build(self.lab)
        self.hosts = topology.alice, topology.bob
        self.parties = [self._parties(host) for host in self.hosts]
        self.meters = [
            Meter(host, peer=sorted(parties), server=nat64.seen(topology.server_addresses))
            for host, parties in zip(self.hosts, self.parties)]
        alternate = ("--stun-alternate", "203.0.113.3:3479") if topology.ipv4 else ()
        self.server = causeway.Server(
            self.directory / "server", *alternate, *server_words, space=topology.server, listen=topology.listen,
            stun=topology.stun)

    def _parties(self, host):
        """Every address that is neither the host's own nor the server's: the peer's, and those of all gateways, which a host
        behind a NAT64 sees translated."""
        others = [space for space in self.lab.namespaces if space not in (self.topology.server, self.lab.core, host)]
        return set(nat64.seen(address for space in others for address in space.addresses)) - set(host.addresses)

    def received(self):
        """Bytes that came to each host so far: as UDP from the peer's side, over TCP from the server."""
        return [(meter.received("peer", "udp"), meter.received("server", "tcp")) for meter in self.meters]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


class Run(World):
    """A world with both nodes up: call `settle` and the verbs that follow it."""

    def _open(self, build, server_words):
        super()._open(build, server_words)
        self.captures = [self._stack.enter_context(Capture(host)) for host in self.hosts]
        self.service = self._stack.enter_context(Service(self.topology.bob))
        self.alice = causeway.Node(
            self.directory / "alice", self.server.invite(), "alice", *self.topology.words, space=self.topology.alice)
        self.bob = self.far_node(self.server.invite())
        self.alice.wait_for_peer("bob")
        self.bob.wait_for_peer("alice")
        # Both know their own candidates and behaviour before the first packet, as nodes do that did not start this second.
        time.sleep(1)

    def far_node(self, line):
        """Bob, who joins with a line or comes back without one."""
        return causeway.Node(
            self.directory / "bob", line, "bob", "--allow", f"udp/{self.service.port}", *self.topology.words,
            space=self.topology.bob)

    def start(self):
        """Opens the forward and starts the stream."""
        forward = self._stack.enter_context(causeway.Forward(self.alice, "bob", self.service.port))
        self.stream = Stream(self.topology.alice, forward.address)
        self._stack.callback(self.stream.stop)

    def direct_since(self, moment):
        """When the stream had come directly in both directions, counted from a moment on; None while it has not."""
        firsts = [capture.first_data(parties, moment) for capture, parties in zip(self.captures, self.parties)]
        return None if None in firsts else max(firsts)

    def wait_for_direct(self, moment, seconds):
        """Seconds from the moment until the stream came directly in both directions; None when it did not in time."""
        try:
            return wait_until(lambda: self.direct_since(moment), seconds, "the stream comes directly") - moment
        except ProgramError:
            return None

    def judge(self):
        """direct, relay, both or nothing: what the hosts' byte counters say of the next `JUDGED` seconds of the stream."""
        before, sent = self.received(), len(self.stream.sent)
        time.sleep(JUDGED)
        payload = (len(self.stream.sent) - sent) * SIZE
        return verdict(before, self.received(), payload)

    def gap_since(self, moment):
        """The longest silence after a moment, at the end that saw the longer one."""
        end = time.monotonic()
        return max(longest_gap(list(arrivals), moment, end) for arrivals in (self.service.arrivals, self.stream.arrivals))

    def settle(self, result):
        """Runs the stream until the pair is where theory puts it, and notes the verdict."""
        self.start()
        begin = self.stream.sent[0] if self.stream.sent else time.monotonic()
        wait_until(lambda: self.stream.arrivals, 10, "the first datagram comes back")
        result.first_byte = self.service.arrivals[0][1] - self.stream.sent[0]
        result.to_direct = self.wait_for_direct(begin, TO_DIRECT if result.expected == "direct" else RELAYED)
        time.sleep(0.5)
        result.verdict = self.judge()
        result.expect(result.verdict == result.expected, f"it ended {result.verdict}, theory says {result.expected}")

    def finish(self, result, may_lose=False):
        """Stops the stream and counts: what was lost and doubled either way, and the probes that both hosts sent."""
        self.stream.pause()
        there = Delivery(self.stream.sent, list(self.service.arrivals))
        back = Delivery(self.stream.sent, list(self.stream.arrivals))
        result.sent = there.sent
        # What was lost on the way there cannot come back, so the echo's count holds both directions.
        result.lost, result.duplicates = len(back.lost), max(there.duplicates, back.duplicates)
        result.expect(result.duplicates == 0, f"{result.duplicates} datagrams came twice")
        result.expect(may_lose or result.lost == 0, f"{result.lost} of {result.sent} datagrams were lost: {spans(back.lost)}")
        result.probes = tuple(capture.count("disco") for capture in self.captures)


def verdict(before, after, payload, hosts=slice(None)):
    """How `payload` bytes came to the hosts between two readings: direct, relay, both, or nothing."""
    spent = [(direct - d, relayed - r) for (direct, relayed), (d, r) in zip(after, before)][hosts]
    most, least = payload * 0.7, payload * 0.2
    if all(direct > most and relayed < least for direct, relayed in spent):
        return "direct"
    if all(relayed > most and direct < least for direct, relayed in spent):
        return "relay"
    return "nothing" if all(direct + relayed < least for direct, relayed in spent) else "both"


def spans(numbers):
    """Consecutive numbers as spans: 3-5, 9."""
    parts = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in parts[:8])
