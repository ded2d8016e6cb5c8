"""The STUN responder against clients that others wrote, for RFC 3489, 5389, 5780 and 8489."""

import asyncio
import re
import socket

import aiostun
import pytest
import stun as pystun

import lab
from causeway import Server
from programs import run


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with_addresses = Server(
        tmp_path_factory.mktemp("server"), "--stun-alternate", "127.0.0.2:0", stun=("127.0.0.1:0",))
    yield with_addresses
    assert with_addresses.stop() == 0


def address(server):
    host, port = server.facts["stun"][0].rsplit(":", 1)
    return host, int(port)


def test_coturns_client_learns_its_address(server):
    host, port = address(server)
    done = run("turnutils_stunclient", "-p", port, host)
    assert "UDP reflexive addr: 127.0.0.1:" in done.stdout, done.stdout + done.stderr


def test_coturns_nat_discovery_sees_no_nat_and_all_four_sockets(server):
    host, port = address(server)
    done = run("turnutils_natdiscovery", "-m", "-f", "-p", port, host, seconds=60)
    assert "Other addr: : 127.0.0.2:" in done.stdout, done.stdout
    assert "NAT with Endpoint Independent Mapping" in done.stdout or "no NAT" in done.stdout.lower(), done.stdout
    assert "Endpoint Independent Filtering" in done.stdout, done.stdout


def test_an_rfc_3489_client_without_the_cookie_is_answered(server):
    host, port = address(server)
    done = run("stun", f"{host}:{port}", "-v", seconds=60)
    assert "Primary: Open" in done.stdout, done.stdout + done.stderr
    assert re.search(r"MappedAddress = 127\.0\.0\.1:\d+", done.stderr), done.stderr


def test_pystun3_without_the_cookie_learns_its_address(server):
    host, port = address(server)
    _, external, _ = pystun.get_ip_info("127.0.0.1", 0, host, port)
    assert external == "127.0.0.1"


def test_aiostun_learns_its_address(server):
    host, port = address(server)

    async def ask():
        async with aiostun.Client(host=host, port=port) as client:
            return await client.get_mapped_address()

    answer = asyncio.run(ask())
    assert answer["ip"] == "127.0.0.1"


def test_garbage_and_indications_get_nothing(server):
    host, port = address(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        sock.connect((host, port))
        cookie = bytes.fromhex("2112a442")
        for datagram in (b"", b"\0", b"hello" * 200, b"\x00\x11\x00\x00" + cookie + b"i" * 12, b"\x01\x01\x00\x00" + cookie + b"r" * 12):
            sock.send(datagram)
        with pytest.raises(TimeoutError):
            sock.recv(2048)
        sock.send(b"\x00\x01\x00\x00" + cookie + b"q" * 12)
        assert sock.recv(2048)[8:20] == b"q" * 12


def test_an_ipv4_client_of_a_dual_stack_socket_gets_family_one(tmp_path):
    server = Server(tmp_path, stun=("[::]:0",))
    port = int(server.facts["stun"][0].rsplit(":", 1)[1])
    try:
        for family, host, number, size in ((socket.AF_INET, "127.0.0.1", 1, 4), (socket.AF_INET6, "::1", 2, 16)):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.settimeout(2)
                sock.sendto(b"\x00\x01\x00\x00" + bytes.fromhex("2112a442") + b"q" * 12, (host, port))
                reply, source = sock.recvfrom(2048)
                assert source[:2] == (host, port)
                assert reply[20:22] == b"\x00\x20" and reply[25] == number and len(reply) == 28 + size
    finally:
        server.stop()


@pytest.mark.lab
@pytest.mark.parametrize(
    "nat, mapping, filtering",
    [
        ("eim", "Endpoint Independent Mapping", "Address and Port Dependent Filtering"),
        ("full-cone", "Endpoint Independent Mapping", "Endpoint Independent Filtering"),
        ("adf", "Endpoint Independent Mapping", "Address Dependent Filtering"),
        # coturn takes its third destination from the second reply's OTHER-ADDRESS, which leads back to the first address:
        # it cannot tell address-dependent mapping apart.
        ("adm", "Address and Port Dependent Mapping", "Address and Port Dependent Filtering"),
        ("apdm", "Address and Port Dependent Mapping", "Address and Port Dependent Filtering"),
    ],
)
def test_coturn_classifies_every_nat_through_our_responder(tmp_path, nat, mapping, filtering):
    with lab.Lab() as internet:
        space = internet.server()
        gateway = internet.gateway("gateway", nat=nat)
        host = internet.host("host", gateway)
        server = Server(
            tmp_path, "--stun-alternate", "203.0.113.3:3479", space=space,
            listen=("203.0.113.2:443",), stun=("203.0.113.2:3478",))
        done = run("turnutils_natdiscovery", "-m", "-f", "203.0.113.2", space=host, seconds=60)
        assert f"NAT with {mapping}!" in done.stdout, done.stdout
        assert f"NAT with {filtering}!" in done.stdout, done.stdout
        assert server.stop() == 0
