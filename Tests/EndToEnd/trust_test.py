"""Whom our client believes: the pinned certificate, the system's roots, and the relay key that coordination named."""

import os
import socket
import ssl
import struct
import threading

import pytest

from causeway import Node, Server
from certificate import Authority
from foreign_node import DERP_MAGIC
from programs import wait_until


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "server")
    yield running
    assert running.stop() == 0


def refused(node, *words):
    """The line with which the node refuses to join."""
    assert node.wait(10) == 5, node.text()
    assert len(node.err) == 1 and all(word in node.err[0] for word in words), node.text()
    return node.err[0]


def with_port(line, port):
    head, tail = line.split("/cwj_")
    return f"{head.rsplit(':', 1)[0]}:{port}/cwj_{tail}"


def test_a_certificate_that_does_not_fit_the_pin_is_refused(server, tmp_path):
    other = Server(tmp_path / "other")
    line = with_port(server.invite(), other.facts["listen"][0].rsplit(":", 1)[1])
    refused(Node(tmp_path / "alice", line, "alice"), "certificate", "not trusted")
    assert other.stats()["coordination"]["nodes"] == 0
    assert other.stop() == 0


def test_a_line_without_pin_needs_a_certificate_of_the_systems_roots(tmp_path):
    authority = Authority(tmp_path)
    chain, key = authority.issue("localhost", "leaf")
    server = Server(tmp_path / "server", "--tls-certificate", chain, "--tls-key", key, "--public-host", "localhost")
    try:
        refused(Node(tmp_path / "alice", server.invite(), "alice"), "certificate", "not trusted")
        bob = Node(tmp_path / "bob", server.invite(), "bob", env={"SSL_CERT_FILE": str(authority.certificate)})
        wait_until(lambda: (bob.status() or {}).get("isCoordinated"), 10, "bob is up")
        assert bob.stop() == 0
    finally:
        assert server.stop() == 0


def test_a_certificate_for_another_name_is_refused(tmp_path):
    authority = Authority(tmp_path)
    chain, key = authority.issue("relay.example", "leaf")
    server = Server(tmp_path / "server", "--tls-certificate", chain, "--tls-key", key, "--public-host", "localhost")
    try:
        node = Node(tmp_path / "alice", server.invite(), "alice", env={"SSL_CERT_FILE": str(authority.certificate)})
        refused(node, "certificate", "not trusted")
    finally:
        assert server.stop() == 0


class OtherRelay:
    """In front of a server, with that server's own certificate: passes everything on, but is the relay itself, with another key."""

    def __init__(self, server):
        self.upstream = server.facts["listen"][0].rsplit(":", 1)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(server.data / "certificate.pem", server.data / "certificate.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        # How each relay connection went on after the greeting with the other key.
        self.outcomes = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as client:
            first = client.recv(65536)
            if first.startswith(b"GET /derp "):
                self._relay(client, first)
            else:
                self._pass_on(client, first)

    def _relay(self, client, request):
        if b"fast-start" not in request.lower():
            client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n")
        greeting = DERP_MAGIC + os.urandom(32)
        client.sendall(struct.pack(">BI", 0x01, len(greeting)) + greeting)
        client.settimeout(5)
        received = b""
        try:
            while piece := client.recv(65536):
                received += piece
            self.outcomes.append(("closed", received))
        except TimeoutError:
            self.outcomes.append(("stayed", received))
        except OSError:
            self.outcomes.append(("closed", received))

    def _pass_on(self, client, first):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection((self.upstream[0], int(self.upstream[1])))) as server:
            server.sendall(first)

            def back():
                try:
                    while piece := server.recv(65536):
                        client.sendall(piece)
                    client.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

            threading.Thread(target=back, daemon=True).start()
            try:
                while piece := client.recv(65536):
                    server.sendall(piece)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def test_a_relay_with_another_key_than_coordination_named_is_refused(server, tmp_path):
    relay = OtherRelay(server)
    node = Node(tmp_path / "alice", with_port(server.invite(), relay.port), "alice")
    wait_until(lambda: len(relay.outcomes) >= 2, 15, "two connections to the relay")
    assert all(outcome == ("closed", b"") for outcome in relay.outcomes), relay.outcomes
    assert node.status()["relay"]["isConnected"] is False
    assert any("key" in line for line in node.err), node.text()
    assert node.stop() == 0
    relay.close()
