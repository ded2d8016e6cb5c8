"""What a node may publish, and what the server makes of a body that is no candidate list."""

import json

import pytest

from causeway import Server
from foreign_node import ForeignNode, Refused


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # A server on nothing but loopback would take loopback candidates, for trying everything on one machine.
    running = Server(tmp_path_factory.mktemp("server"), "--public-host", "127.0.0.1", listen=("0.0.0.0:0",))
    yield running
    assert running.stop() == 0


@pytest.fixture
def node(server):
    registered = ForeignNode(server.invite(), "node")
    registered.register()
    yield registered
    registered.request("DELETE", "/v1/nodes/self", headers=registered.bearer)


def published(node):
    itself = node.request("GET", "/v1/peers", headers=node.bearer)["self"]
    return [candidate["endpoint"] for candidate in itself["candidates"]]


def put(node, body):
    node.request("PUT", "/v1/nodes/self/candidates", body, headers=node.bearer)


@pytest.mark.parametrize("endpoint", [
    "127.0.0.1:41641", "127.8.9.10:41641", "[::1]:41641",
    "169.254.1.1:41641", "[fe80::1]:41641",
    "224.0.0.251:5353", "[ff02::1]:41641", "255.255.255.255:9",
    "0.0.0.0:41641", "[::]:41641",
    "[::ffff:127.0.0.1]:41641", "[::ffff:169.254.169.254]:80", "[::ffff:224.0.0.1]:41641", "[::ffff:0.0.0.0]:41641",
    "198.51.100.7:0",
])
def test_an_address_that_no_peer_may_probe_is_refused(node, endpoint):
    with pytest.raises(Refused) as refused:
        node.publish(1, "198.51.100.7:41641", endpoint)
    assert (refused.value.status, refused.value.problem) == (422, "candidate-refused")
    assert published(node) == []


def test_a_stale_or_repeated_sequence_is_refused_and_changes_nothing(node):
    node.publish(10, "198.51.100.7:41641")
    for stale in (10, 9, 1):
        with pytest.raises(Refused) as refused:
            node.publish(stale, "198.51.100.8:41641")
        assert (refused.value.status, refused.value.problem) == (409, "sequence-stale")
    assert published(node) == ["198.51.100.7:41641"]
    node.publish(11, "198.51.100.9:41641")
    assert published(node) == ["198.51.100.9:41641"]


def test_more_than_64_candidates_are_refused(node):
    with pytest.raises(Refused) as refused:
        node.publish(1, *(f"198.51.100.7:{1024 + number}" for number in range(65)))
    assert (refused.value.status, refused.value.problem) == (422, "too-many-candidates")


@pytest.mark.parametrize("body, status", [
    (b'{"sequence": 1000, "candidates": [], "padding": "' + b"x" * (1 << 20) + b'"}', 413),
    (b" " * (64 << 10) + b"{}", 413),
    (b"[" * 60_000, 400),
    (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    (b'{"sequence": "ten", "candidates": []}', 400),
    (b'{"sequence": 1e400, "candidates": []}', 400),
    (b'{"sequence": 1.5, "candidates": []}', 400),
    (b'{"sequence": -1, "candidates": []}', 400),
    (b'{"sequence": 1000, "candidates": {}}', 400),
    (b'{"sequence": 1000, "candidates": [null]}', 400),
    (b'{"sequence": 1000, "candidates": [{"type": 4, "endpoint": [], "priority": {}}]}', 400),
    (b'{"sequence": 1000, "candidates": [{"type": "host", "endpoint": "198.51.100.7:70000", "priority": 1}]}', 400),
    (b'{"sequence": 1000}', 400),
    (b"null", 400), (b"7", 400), (b"", 400), (b"\xff\xfe", 400), (b'{"sequence": 1000', 400),
])
def test_a_body_that_is_no_candidate_list_gets_a_problem_document(server, node, body, status):
    with pytest.raises(Refused) as refused:
        put(node, body)
    assert refused.value.status == status, refused.value
    assert json.loads(refused.value.args[1])["type"].startswith("urn:causeway:problem:")
    assert server.process.poll() is None


def test_a_body_without_end_is_cut_off_at_the_limit(server, node):
    connection = node.connect()
    connection.sendall(
        b"PUT /v1/nodes/self/candidates HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {node.token}\r\n".encode() + b"Transfer-Encoding: chunked\r\n\r\n")
    sent = 0
    try:
        while sent < 64 << 20:
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000
    except OSError:
        pass
    # What had been on its way when the server closed, socket buffers included.
    assert sent < 32 << 20
    connection.close()
    assert published(node) == []
