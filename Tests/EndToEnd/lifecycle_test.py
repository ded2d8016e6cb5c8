"""Ends and beginnings: drain, reload, restart, and what connected parties notice of them."""

import ssl
import signal
import socket
import time

import pytest

from causeway import Node, Server, two_nodes
from certificate import Authority
from foreign_node import ForeignNode
from programs import wait_until


def foreign(server, name="foreign"):
    node = ForeignNode(server.invite(), name)
    node.register()
    node.log_in()
    return node


def test_sigterm_tells_relay_clients_to_come_back_and_ends_within_five_seconds(tmp_path):
    server = Server(tmp_path / "server")
    node = foreign(server)
    stream = node.stream()
    assert stream.readline()
    half_open = socket.create_connection((node.host, node.port))
    started = time.monotonic()
    server.send(signal.SIGTERM)
    kind, payload = node.read_frame()
    assert kind == 0x15 and len(payload) == 8
    reconnect_in, try_for = (int.from_bytes(part, "big") for part in (payload[:4], payload[4:]))
    assert 0 <= reconnect_in <= 10_000 and 0 < try_for <= 600_000
    with pytest.raises((EOFError, OSError)):
        node.read_frame()
    while stream.readline():
        pass
    assert server.wait(6) == 0
    assert time.monotonic() - started < 5
    assert not (server.data / "admin.sock").exists()
    half_open.close()


def test_a_client_that_reads_nothing_does_not_hold_up_the_end(tmp_path):
    server = Server(tmp_path / "server")
    deaf, loud = foreign(server, "deaf"), foreign(server, "loud")
    loud.link.settimeout(1)
    try:
        for _ in range(500):
            loud.send(bytes(deaf.key.public_key), b"x" * 65536)
    except (TimeoutError, OSError):
        # The relay pushes back, or has cut the deaf one off.
        pass
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5


def certificate_of(server):
    host, port = server.facts["listen"][0].rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)))


def test_sighup_takes_in_a_renewed_certificate_without_dropping_a_connection(tmp_path):
    authority = Authority(tmp_path)
    chain, key = authority.issue("relay.example", "first")
    server = Server(
        tmp_path / "server", "--tls-certificate", chain, "--tls-key", key, "--public-host", "127.0.0.1")
    try:
        node = ForeignNode(server.invite(), "foreign")
        node.register()
        node.log_in()
        stream = node.stream()
        assert stream.readline()
        before = certificate_of(server)
        renewed, renewed_key = authority.issue("relay.example", "second")
        chain.write_bytes(renewed.read_bytes())
        key.write_bytes(renewed_key.read_bytes())
        server.send(signal.SIGHUP)
        wait_until(lambda: certificate_of(server) != before, 5, "the renewed certificate")
        assert certificate_of(server) == renewed.read_text()
        node.write_frame(0x12, b"pingpong")
        assert node.read_frame() == (0x13, b"pingpong")
        second = ForeignNode(server.invite(), "second")
        second.register()
        assert read_event(stream, "added")

        key.write_text("this is no key")
        server.send(signal.SIGHUP)
        server.wait_for_line("nothing was reloaded")
        assert certificate_of(server) == renewed.read_text()
    finally:
        assert server.stop() == 0


def read_event(stream, name):
    while line := stream.readline().decode():
        if line.strip() == f"event: {name}":
            return True
    return False


def test_a_node_runs_again_without_the_line_and_is_the_same(tmp_path):
    server = Server(tmp_path / "server")
    alice, bob = two_nodes(server, tmp_path)
    key = alice.status()["nodeKey"]
    assert alice.stop() == 0
    again = Node(alice.state, None, "alice")
    again.wait_for_peer("bob")
    assert again.status()["nodeKey"] == key
    assert [peer["name"] for peer in bob.status()["peers"]] == ["alice"]
    done = again.command("ping", "bob", "--count", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (alice.state / "node.json").stat().st_mode & 0o777 == 0o600
    for program in (again, bob, server):
        assert program.stop() == 0


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_a_server_restart_heals_by_itself(tmp_path, end):
    server = Server(tmp_path / "server")
    alice, bob = two_nodes(server, tmp_path)
    assert alice.command("ping", "bob", "--count", "1").returncode == 0
    if end == "SIGTERM":
        assert server.stop() == 0
    else:
        server.kill()
    again = Server(server.data, listen=server.facts["listen"], stun=server.facts["stun"])

    def healed():
        return all(node.status()["relay"]["isConnected"] and node.status()["isCoordinated"] for node in (alice, bob))

    wait_until(healed, 10, "both nodes are connected again")
    done = alice.command("ping", "bob", "--count", "1", "--timeout", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    for program in (alice, bob, again):
        assert program.stop() == 0
