"""`causeway netcheck` behind every class of NAT, which coturn's client has been shown to see in the same way."""

import json

import pytest

from causeway import Node, Server
from lab import Lab

pytestmark = pytest.mark.lab


def examine(directory, is_running=True, **gateway):
    """What netcheck says behind a gateway, beside a running node or from the state of one that has ended."""
    with Lab() as internet:
        space = internet.server()
        host = internet.host("host", internet.gateway("gateway", **gateway))
        server = Server(
            directory / "server", "--stun-alternate", "203.0.113.3:3479", space=space, listen=("203.0.113.2:443",),
            stun=("203.0.113.2:3478",))
        node = Node(directory / "node", server.invite(), "node", space=host)
        node.wait_for_line("is up in network")
        if not is_running:
            assert node.stop() == 0
        done = node.command("netcheck", "--json")
        assert done.returncode == 0, done.stderr
        assert (node.stop(), server.stop()) == (0, 0)
        return json.loads(done.stdout)


EIM, ADM, APDM = "endpoint-independent", "address-dependent", "address-and-port-dependent"


@pytest.mark.parametrize("nat, mapping, filtering, keeps_ports", [
    ("eim", EIM, APDM, True), ("eim-random", EIM, APDM, False), ("full-cone", EIM, EIM, True), ("adf", EIM, ADM, True),
    ("adm", ADM, APDM, False), ("apdm", APDM, APDM, False)])
def test_every_nat_is_named_by_mapping_and_filtering(tmp_path, nat, mapping, filtering, keeps_ports):
    report = examine(tmp_path, nat=nat)
    assert report["udp"] and report["isTranslated"]
    assert (report["mapping"], report["filtering"]) == (mapping, filtering), report
    assert (report["portAllocation"] == "preserving") == keeps_ports, report
    assert report["mappingVariesByDestination"] == (mapping != EIM)
    assert report["mappedIPv4"].startswith("198.51.100.18:")
    assert report["relayMilliseconds"] > 0


def test_it_works_without_a_running_node(tmp_path):
    report = examine(tmp_path, is_running=False, nat="eim")
    assert (report["mapping"], report["filtering"]) == (EIM, APDM), report


def test_blocked_udp_is_told_and_the_relay_is_still_there(tmp_path):
    report = examine(tmp_path, nat="eim", block_udp=True)
    assert not report["udp"] and "mappedIPv4" not in report
    assert report["relayMilliseconds"] > 0
