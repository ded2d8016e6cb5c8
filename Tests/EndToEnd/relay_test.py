"""The relay as a real process, towards clients that misbehave and nodes that may not talk to each other."""

import socket
import time

import pytest
from nacl.public import PrivateKey

from causeway import Server
from foreign_node import ForeignNode, Refused

DISCO = "TS💬".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    running.command("network", "create", "other")
    yield running
    assert running.stop() == 0


@pytest.fixture
def join(server):
    """Makes registered nodes that are gone, with their connections, when the test is over."""
    made = []

    def joined(name, *words, log_in=True):
        node = ForeignNode(server.invite(*words), name)
        node.register()
        made.append(node)
        if log_in:
            node.log_in()
        return node

    yield joined
    for node in made:
        try:
            node.request("DELETE", "/v1/nodes/self", headers=node.bearer)
        except Refused:
            # The test has removed it.
            assert server.process.poll() is None


def key(node):
    return bytes(node.key.public_key)


def ends(node, data=b"", seconds=3):
    """Whether the relay closes the connection in this time, at the latest after this data; frames before that do not matter."""
    node.link.settimeout(seconds)
    try:
        node.link.sendall(data)
        while node.link.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def frame(kind, payload=b"", length=None):
    return bytes([kind]) + (len(payload) if length is None else length).to_bytes(4, "big") + payload


def test_packets_of_every_legal_size_arrive_unchanged(join):
    alice, bob = join("alice"), join("bob")
    for size in (0, 1, 1400, 65536):
        alice.send(key(bob), b"x" * size)
        assert bob.read_frame() == (0x05, key(alice) + b"x" * size)


def test_frames_cut_into_single_bytes_are_read(join):
    alice, bob = join("alice"), join("bob")
    for byte in frame(0x04, key(bob) + b"slowly"):
        alice.link.sendall(bytes([byte]))
    assert bob.read_frame() == (0x05, key(alice) + b"slowly")


@pytest.mark.parametrize("bad", [
    frame(0x04, b"k" * 31),
    frame(0x04, b"k" * 32 + b"x" * 65537),
    frame(0x04, length=0xFFFFFFFF),
    frame(0x07, b""), frame(0x07, b"\1\1"),
    frame(0x12, b"1234567"), frame(0x12, b"x" * 1001),
    frame(0x0A, b"k" * 64 + b"x"), frame(0x10), frame(0x11, b"k" * 32),
], ids=["short key", "64 KiB + 1", "4 GiB", "empty note", "long note", "short ping", "long ping", "forward", "watch", "close peer"])
def test_a_frame_that_is_not_allowed_ends_the_connection(join, bad):
    node = join("node")
    assert ends(node, bad)


def test_unknown_frames_and_a_second_login_are_skipped(join):
    node = join("node")
    node.write_frame(0x02, node.client_info())
    node.write_frame(0x7F, b"z" * 300_000)
    node.write_frame(0x06, b"")
    node.write_frame(0x13, b"12345678")
    node.write_frame(0x12, b"pingpong")
    assert node.read_frame() == (0x13, b"pingpong")


@pytest.mark.parametrize("login", [
    lambda node: (0x04, b"k" * 32 + b"before login"),
    lambda node: (0x12, b"12345678"),
    lambda node: (0x02, node.client_info()[:55]),
    lambda node: (0x02, node.client_info()[:-1] + b"\0"),
    lambda node: (0x02, key(node)[:-1] + b"\0" + node.client_info()[32:]),
    lambda node: (0x02, b"\1" + b"\0" * 31 + node.client_info()[32:]),
    lambda node: (0x02, b"\0" * 32 + node.client_info()[32:]),
    lambda node: (0x02, node.client_info("null")),
    lambda node: (0x02, node.client_info('{"version": -2}')),
    lambda node: (0x02, node.client_info('{"version": 2, "meshKey": "abcd"}')),
    lambda node: (0x02, node.client_info("[" * 100_000)),
    lambda node: (0x02, b"k" * ((256 << 10) + 1)),
], ids=[
    "packet", "ping", "short", "spoiled box", "foreign key", "low order key", "zero key", "null", "negative version", "short mesh key",
    "deep nesting", "257 KiB"])
def test_a_login_that_is_none_ends_the_connection(server, join, login):
    node = join("node", log_in=False)
    node.upgrade()
    assert ends(node, frame(*login(node)))
    assert server.process.poll() is None


def test_a_stranger_is_not_admitted(server):
    stranger = ForeignNode(server.invite(), "stranger")
    stranger.upgrade()
    stranger.write_frame(0x02, stranger.client_info())
    assert ends(stranger)


def test_silence_in_the_login_ends_after_ten_seconds(server, join):
    """All three silences at once: before TLS, before the request, before the login."""
    node = join("node", log_in=False)
    started = time.monotonic()
    host, port = server.facts["listen"][0].rsplit(":", 1)
    quiet = {"TCP": socket.create_connection((host, int(port))), "TLS": node.connect()}
    node.upgrade()
    quiet["DERP"] = node.link
    ended = {}
    for name, connection in quiet.items():
        connection.settimeout(20)
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            pass
        ended[name] = time.monotonic() - started
        connection.close()
    assert all(9 < seconds < 13 for seconds in ended.values()), ended


def test_a_node_of_another_network_is_invisible_and_unreachable_by_relay(server, join):
    alice, bob, mallory = join("alice"), join("bob"), join("mallory", "--network", "other")
    assert [peer["name"] for peer in alice.peers()] == ["bob"]
    assert mallory.peers() == []
    mallory.send(key(alice), b"from another network")
    mallory.send(key(alice), DISCO + b"d" * 80)
    assert mallory.read_frame() == (0x08, key(alice) + b"\1"), "as for a key that is not there"
    bob.send(key(alice), b"from the same")
    assert alice.read_frame() == (0x05, key(bob) + b"from the same")
    alice.send(key(mallory), b"the other way round")
    mallory.write_frame(0x12, b"pingpong")
    assert mallory.read_frame() == (0x13, b"pingpong")


def test_a_peer_that_goes_is_reported_to_those_who_heard_from_it(join):
    alice, bob, carol = join("alice"), join("bob"), join("carol")
    alice.send(key(bob), b"hello")
    assert bob.read_frame() == (0x05, key(alice) + b"hello")
    alice.link.close()
    assert bob.read_frame() == (0x08, key(alice) + b"\0")
    carol.write_frame(0x12, b"pingpong")
    assert carol.read_frame() == (0x13, b"pingpong")


def test_a_disco_packet_to_nobody_is_answered_and_a_plain_one_is_not(join):
    node = join("node")
    nobody = bytes(PrivateKey.generate().public_key)
    node.send(nobody, b"plain")
    node.send(nobody, DISCO + b"d" * 80)
    assert node.read_frame() == (0x08, nobody + b"\1")
    node.write_frame(0x12, b"pingpong")
    assert node.read_frame() == (0x13, b"pingpong")


def test_a_revoked_node_loses_relay_and_stream_within_a_second(server, join):
    node = join("doomed")
    stream = node.stream()
    assert stream.readline()
    started = time.monotonic()
    server.command("node", "remove", "doomed")
    node.link.settimeout(5)
    assert ends(node)
    relay = time.monotonic() - started
    while stream.readline():
        pass
    assert relay < 1 and time.monotonic() - started < 1.5
    with pytest.raises(Refused) as refused:
        node.peers()
    assert refused.value.status == 401
    node.upgrade()
    node.write_frame(0x02, node.client_info())
    assert ends(node)
