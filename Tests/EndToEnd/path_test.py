"""Two nodes across real NATs: which pairs become direct, judged by byte counters in the hosts and never by a log."""

import contextlib

import pytest

from causeway import Forward, Server, two_nodes
from datagrams import EchoService, exchange
from lab import Lab
from meter import Meter

pytestmark = pytest.mark.lab

# 50 datagrams of 1,000 bytes, there and back.
PAYLOAD = 100_000


class Pair:
    """Alice and Bob, each behind a gateway, with meters at both."""

    def __init__(self, directory, alice_nat, bob_nat, **options):
        self.lab = Lab()
        try:
            self._build(directory, alice_nat, bob_nat, options)
        except BaseException:
            self.lab.close()
            raise

    def _build(self, directory, alice_nat, bob_nat, options):
        space = self.lab.server()
        self.gateways = [self.lab.gateway("gw-a", nat=alice_nat, **options), self.lab.gateway("gw-b", nat=bob_nat, **options)]
        self.hosts = [self.lab.host(name, gateway) for name, gateway in zip(("alice", "bob"), self.gateways)]
        self.meters = [
            Meter(host, peer=[other.ipv4, *far.addresses], server=["203.0.113.2", "203.0.113.3"])
            for host, other, far in zip(self.hosts, reversed(self.gateways), reversed(self.hosts))]
        self.server = Server(
            directory / "server", "--stun-alternate", "203.0.113.3:3479", space=space, listen=("203.0.113.2:443",),
            stun=("203.0.113.2:3478",))
        self.echo = EchoService(self.hosts[1])
        allow = ("--allow", f"udp/{self.echo.port}")
        self.alice, self.bob = two_nodes(self.server, directory, *self.hosts, bob=allow)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as stack:
            stack.callback(self.lab.close)
            stack.enter_context(self.echo)

    def carry(self):
        """Sends the payload through `forward`, and returns the bytes that each meter saw with the peer and with the server."""
        before = [self.read(meter) for meter in self.meters]
        with Forward(self.alice, "bob", self.echo.port) as forward:
            assert exchange(forward.address, space=self.hosts[0]) == 50
        after = [self.read(meter) for meter in self.meters]
        return [(direct - d, relayed - r) for (direct, relayed), (d, r) in zip(after, before)]

    @staticmethod
    def read(meter):
        return meter.bytes("peer", "udp"), meter.bytes("server", "tcp")


def lines(done):
    return done.stdout.strip().splitlines()


@pytest.mark.parametrize(
    "alice_nat, bob_nat",
    [("eim", "eim"), ("eim-random", "eim"), ("full-cone", "adf"), ("adf", "apdm"), ("eim", "apdm")],
)
def test_a_pair_starts_by_relay_and_becomes_direct(tmp_path, alice_nat, bob_nat):
    with Pair(tmp_path, alice_nat, bob_nat) as pair:
        done = pair.alice.command("ping", "bob", "--until-direct")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "via relay" in lines(done)[0], done.stdout
        assert lines(done)[-1].startswith(f"reply from bob: via {pair.gateways[1].ipv4}:"), done.stdout
        assert " direct " in lines(done)[-1], done.stdout
        for direct, relayed in pair.carry():
            assert direct > PAYLOAD, (direct, relayed)
            assert relayed < PAYLOAD / 10, (direct, relayed)


@pytest.mark.parametrize("alice_nat, bob_nat, options", [("apdm", "apdm", {}), ("eim", "eim", {"block_udp": True})])
def test_a_pair_that_cannot_be_direct_stays_relayed_and_data_flows(tmp_path, alice_nat, bob_nat, options):
    with Pair(tmp_path, alice_nat, bob_nat, **options) as pair:
        done = pair.alice.command("ping", "bob", "--until-direct", "--timeout", "5")
        assert done.returncode == 7, done.stdout + done.stderr
        assert lines(done) and all("via relay" in line for line in lines(done)), done.stdout
        assert "by relay only" in done.stderr
        for direct, relayed in pair.carry():
            assert relayed > PAYLOAD, (direct, relayed)
            assert direct < PAYLOAD / 10, (direct, relayed)
