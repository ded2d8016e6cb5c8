"""TLS on the one port, as openssl s_client sees it."""

import hashlib
import re
import socket
import ssl

import pytest

from causeway import Server
from certificate import Authority
from programs import run


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0


def s_client(server, *words, trusted=None):
    return run(
        "openssl", "s_client", "-connect", server.facts["listen"][0], "-CAfile", trusted or server.data / "certificate.pem",
        "-verify_return_error", *words, stdin="")


@pytest.mark.parametrize("flag, version, ciphers", [
    ("-tls1_2", "TLSv1.2", "ECDHE-ECDSA-(AES|CHACHA)"), ("-tls1_3", "TLSv1.3", "TLS_(AES|CHACHA)")])
def test_tls_1_2_and_1_3_are_spoken_and_the_certificate_is_its_own_root(server, flag, version, ciphers):
    done = s_client(server, flag, "-verify_ip", "127.0.0.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verification: OK" in done.stdout
    assert re.search(rf"New, TLSv1\.[23], Cipher is {ciphers}", done.stdout), done.stdout
    assert re.search(rf"Protocol *: {re.escape(version)}|New, {re.escape(version)},", done.stdout), done.stdout


@pytest.mark.parametrize("flag", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(server, flag):
    done = s_client(server, flag, "-cipher", "DEFAULT@SECLEVEL=0")
    assert done.returncode != 0
    assert "alert" in done.stderr


@pytest.mark.parametrize("wrong", [("-verify_hostname", "other.example"), ("-verify_ip", "127.0.0.9")])
def test_a_wrong_name_does_not_fit_the_certificate(server, wrong):
    done = s_client(server, *wrong)
    assert done.returncode != 0
    assert "mismatch" in done.stdout + done.stderr


def test_a_client_that_says_another_name_still_gets_the_certificate(server):
    done = s_client(server, "-servername", "other.example")
    assert done.returncode == 0, done.stdout + done.stderr


def test_http_2_is_never_negotiated(server):
    assert "No ALPN negotiated" in s_client(server, "-alpn", "h2").stdout
    assert "ALPN protocol: http/1.1" in s_client(server, "-alpn", "h2,http/1.1").stdout


def test_the_chain_is_the_pinned_leaf_and_the_certificate_that_names_the_relay_key(server):
    done = s_client(server, "-showcerts")
    leaf, meta = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout, re.DOTALL)
    assert server.facts["pin"] == "sha256-raw:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf)).hexdigest()
    text = run("openssl", "x509", "-noout", "-subject", "-serial", stdin=meta).stdout
    key = server.facts["relayKey"].removeprefix("nodekey:")
    assert text.splitlines() == [f"subject=CN = derpkey{key}", "serial=02"]


def test_garbage_instead_of_tls_is_answered_by_an_end(server):
    host, port = server.facts["listen"][0].rsplit(":", 1)
    for garbage in (b"\0" * 64, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\xff\xff" + b"\xaa" * 400, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.settimeout(5)
            connection.sendall(garbage)
            answer = b""
            try:
                while piece := connection.recv(4096):
                    answer += piece
            except ConnectionResetError:
                pass
            assert len(answer) < 16 and answer[:1] in (b"", b"\x15"), answer


def test_a_certificate_of_ones_own_is_served_and_the_join_line_has_no_pin(tmp_path):
    authority = Authority(tmp_path)
    chain, key = authority.issue("relay.example", "leaf")
    server = Server(tmp_path / "server", "--tls-certificate", chain, "--tls-key", key, "--public-host", "relay.example")
    try:
        done = s_client(server, "-verify_hostname", "relay.example", trusted=authority.certificate)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.fullmatch(r"causeway://relay\.example:\d+/cwj_[\w-]+", server.invite())
    finally:
        assert server.stop() == 0
