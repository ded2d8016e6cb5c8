"""The small pages of the HTTPS port and of the admin listener, as curl and promtool see them."""

import json

import pytest

from causeway import Server
from programs import run


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


def test_promtool_finds_nothing_wrong_with_the_metrics(server):
    metrics = server.admin("/metrics")
    done = run("promtool", "check", "metrics", stdin=metrics)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert {"derp_accepts 0", "causeway_nodes 0"} <= set(metrics.splitlines())


def test_stats_are_json_and_the_command_shows_them(server):
    assert server.stats()["coordination"]["nodes"] == 0
    shown = server.command("stats").stdout
    assert "0 in 1 networks, 0 online" in shown, shown
