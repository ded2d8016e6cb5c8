"""The small pages of the HTTPS port and of the admin listener, as curl and promtool see them."""

import json
import re

import pytest

from causeway import Server
from foreign_node import ForeignNode
from programs import run, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0


def curl(server, path, *words):
    """Status, headers by lower-case name, and body."""
    done = run(
        "curl", "-sS", "-i", "--max-time", "5", "--cacert", server.data / "certificate.pem", *words, server.facts["url"] + path)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition("\n\n")
    first, *fields = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("path", ["/derp/probe", "/derp/latency-check"])
@pytest.mark.parametrize("words", [(), ("--head",)])
def test_probes_are_empty_and_any_page_may_read_them(server, path, words):
    status, headers, body = curl(server, path, *words)
    assert (status, body, headers["access-control-allow-origin"]) == (200, "", "*")


@pytest.mark.parametrize("path", ["/", "/derp", "/derp/probe", "/derp/latency-check", "/generate_204", "/robots.txt", "/v1/server"])
def test_a_method_that_a_page_does_not_have_gets_405_and_the_ones_it_has(server, path):
    status, headers, _ = curl(server, path, "-X", "POST")
    assert status == 405
    assert "GET" in headers["allow"]


def test_the_relay_without_an_upgrade_gets_426(server):
    status, headers, body = curl(server, "/derp")
    assert (status, headers["upgrade"]) == (426, "DERP")
    assert body.startswith("DERP requires connection upgrade")


def test_the_captive_portal_page_answers_a_challenge(server):
    status, headers, body = curl(server, "/generate_204", "-H", "X-Tailscale-Challenge: ts_relay-1.example:443")
    assert (status, body) == (204, "")
    assert headers["x-tailscale-response"] == "response ts_relay-1.example:443"
    assert headers["cache-control"] == "no-cache, no-store, must-revalidate, no-transform, max-age=0"


def test_bootstrap_names_are_served_beside_the_dns(tmp_path):
    file = tmp_path / "causeway-server.yaml"
    file.write_text("bootstrap-dns: [localhost, unknown.invalid]\n")
    running = Server(tmp_path / "data", "--config", file)
    everything = wait_until(lambda: json.loads(curl(running, "/bootstrap-dns")[2]), 10, "the addresses of localhost")
    assert set(everything) == {"localhost"} and "127.0.0.1" in everything["localhost"]
    status, headers, body = curl(running, "/bootstrap-dns?q=LocalHost")
    assert (status, headers["connection"], json.loads(body)) == (200, "close", everything)
    assert running.stop() == 0


@pytest.mark.parametrize("challenge", ["<script>", "x" * 65, "a b"])
def test_the_captive_portal_page_does_not_echo_what_it_should_not(server, challenge):
    status, headers, _ = curl(server, "/generate_204", "-H", f"X-Tailscale-Challenge: {challenge}")
    assert status == 204
    assert "x-tailscale-response" not in headers


def test_robots_are_kept_away(server):
    status, _, body = curl(server, "/robots.txt")
    assert (status, body.split()) == (200, ["User-agent:", "*", "Disallow:", "/"])


def test_an_unknown_path_gets_404(server):
    status, headers, body = curl(server, "/no/such/page")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["status"] == 404


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/v1/server", "/v1/openapi.yaml", "/derpmap.json"])
def test_public_pages_are_there(server, path):
    status, _, body = curl(server, path)
    assert status == 200 and body


@pytest.mark.parametrize("garbage", [
    b"\0\1\2\3" * 100, b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    b"POST /v1/nodes HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/nodes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /v1/nodes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
], ids=[
    "binary", "no request", "no path", "unknown version", "no colon", "long path", "many headers", "negative length", "two lengths",
    "no chunk", "HTTP/2"])
def test_http_garbage_is_refused_or_cut_off(server, garbage):
    node = ForeignNode(server.invite(), "garbage")
    with node.connect() as connection:
        connection.settimeout(5)
        answer = b""
        try:
            connection.sendall(garbage)
            while piece := connection.recv(65536):
                answer += piece
        except OSError as error:
            assert not isinstance(error, TimeoutError), "the connection stays open"
    assert answer == b"" or re.match(rb"HTTP/1\.1 (4\d\d|505) ", answer), answer[:200]
    assert b" 200 OK" not in answer
    assert curl(server, "/healthz")[0] == 200


def test_promtool_finds_nothing_wrong_with_the_metrics(server):
    metrics = server.admin("/metrics")
    done = run("promtool", "check", "metrics", stdin=metrics)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert {"derp_accepts 0", "causeway_nodes 0"} <= set(metrics.splitlines())


def test_stats_are_json_and_the_command_shows_them(server):
    assert server.stats()["coordination"]["nodes"] == 0
    shown = server.command("stats").stdout
    assert "0 in 1 networks, 0 online" in shown, shown
