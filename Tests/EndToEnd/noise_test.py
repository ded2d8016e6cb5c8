"""Causeway's node against a node out of other people's libraries: PyNaCl for DERP and proofs, noiseprotocol for sessions."""

import struct
import threading

import pytest

from causeway import Node, Server
from foreign_node import ForeignNode


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "server")
    yield running
    assert running.stop() == 0


@pytest.fixture
def alice(server, tmp_path):
    node = Node(tmp_path / "alice", server.invite(), "alice")
    yield node
    assert node.stop() == 0


def test_a_foreign_initiator_is_answered_inside_the_session(server, alice):
    foreign = ForeignNode(server.invite(), "foreign")
    foreign.register()
    foreign.log_in()
    alice.wait_for_peer("foreign")
    peer = next(peer for peer in foreign.peers() if peer["name"] == "alice")
    key = bytes.fromhex(peer["nodeKey"].removeprefix("nodekey:"))

    session = foreign.open_session(key)
    for sequence in range(3):
        session.send(b"\x01" + struct.pack(">Q", sequence))
        assert session.receive() == b"\x02" + struct.pack(">Q", sequence)


def test_our_initiator_pings_a_foreign_responder(server, alice):
    foreign = ForeignNode(server.invite(), "foreign")
    foreign.register()
    foreign.log_in()
    alice.wait_for_peer("foreign")
    answered = []

    def respond():
        session = foreign.accept_session()
        while len(answered) < 2:
            message = session.receive()
            if message[0] == 1:
                session.send(b"\x02" + message[1:])
                answered.append(message)

    thread = threading.Thread(target=respond, daemon=True)
    thread.start()
    done = alice.command("ping", "foreign", "--count", "2", "--timeout", "10")
    thread.join(10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("via relay") == 2, done.stdout
    assert len(answered) == 2
