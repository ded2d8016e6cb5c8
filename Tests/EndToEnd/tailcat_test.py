"""Tailscale's data plane through our relay and STUN, with the DERP map that our server gives out."""

import hashlib
import http.server
import json
import random
import re
import subprocess
import threading
import time

import pytest

from causeway import Server
from lab import Lab
from meter import Meter
from programs import run
from tailcat import Tailcat

# Text, since the programs' output is kept by lines.
TEXT = "\n".join(f"{number:099d}" for number in random.Random(1).sample(range(10**9), 50_000)) + "\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "server", "--admission", "open")
    yield running
    assert running.stop() == 0


def parties(server, directory, relay_only=True, spaces=(None, None), map_url=None):
    return [
        Tailcat(directory / name, map_url or f"{server.facts['url']}/derpmap.json", server.data / "certificate.pem", space, relay_only)
        for name, space in zip(("listener", "sender"), spaces)]


def received(listening):
    assert listening.wait(30) == 0
    return hashlib.sha256("".join(line + "\n" for line in listening.out).encode()).hexdigest()


def test_five_megabytes_forced_over_the_relay_arrive_unchanged(server, tmp_path):
    listener, sender = parties(server, tmp_path)
    listening = listener.listen()
    sending = sender.connect(listening.address, subprocess.PIPE)
    sending.process.stdin.write(TEXT)
    sending.process.stdin.close()
    assert sending.wait(30) == 0, sending.text()
    assert received(listening) == DIGEST
    relay = server.stats()["relay"]
    assert relay["logins"] == 2
    assert relay["bytesReceived"] > len(TEXT) == 5_000_000


def test_a_relay_restart_in_mid_transfer_is_survived(server, tmp_path):
    listener, sender = parties(server, tmp_path)
    listening = listener.listen()
    sending = sender.connect(listening.address, subprocess.PIPE)
    half = len(TEXT) // 2
    sending.process.stdin.write(TEXT[:half])
    sending.process.stdin.flush()
    listening.wait_for_line(r"^\d{99}$", 15)
    assert server.stop() == 0
    again = Server(server.data, "--admission", "open", listen=server.facts["listen"], stun=server.facts["stun"])
    try:
        sending.process.stdin.write(TEXT[half:])
        sending.process.stdin.close()
        assert sending.wait(40) == 0, sending.text()
        assert received(listening) == DIGEST
        assert again.stats()["relay"]["bytesReceived"] > half
    finally:
        again.stop()


def test_the_right_pin_is_accepted(server, tmp_path):
    listener, sender = parties(server, tmp_path)
    node = json.loads(run("curl", "-sSk", sender.map_url).stdout)["Regions"]["900"]["Nodes"][0]
    assert re.fullmatch(r"sha256-raw:[0-9a-f]{64}", node["CertName"])
    listening = listener.listen()
    done = sender.ping(listening.address)
    assert done.returncode == 0 and "via DERP(causeway)" in done.stdout, done.stdout + done.stderr
    listening.kill()


def test_a_wrong_pin_is_refused(server, tmp_path):
    derp_map = json.loads(run("curl", "-sSk", f"{server.facts['url']}/derpmap.json").stdout)
    derp_map["Regions"]["900"]["Nodes"][0]["CertName"] = "sha256-raw:" + "0" * 64
    with MapServer(derp_map) as url:
        listener, sender = parties(server, tmp_path, relay_only=False, map_url=url)
        listening = listener.listen()
        done = sender.ping(listening.address, "--timeout", "3s")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "cert hash does not match" in listening.text()
        assert server.stats()["relay"]["logins"] == 0
        listening.kill()


@pytest.mark.lab
def test_two_tailscale_nodes_behind_nats_become_direct_with_our_stun(tmp_path):
    with Lab() as internet:
        space = internet.server()
        gateways = [internet.gateway(name) for name in ("gw-a", "gw-b")]
        hosts = [internet.host(name, gateway) for name, gateway in zip(("alice", "bob"), gateways)]
        meter = Meter(hosts[0], peer=[gateways[1].ipv4], server=["203.0.113.2"])
        server = Server(
            tmp_path / "server", "--admission", "open", space=space, listen=("203.0.113.2:443",), stun=("203.0.113.2:3478",))
        listener, sender = parties(server, tmp_path, relay_only=False, spaces=reversed(hosts))
        listening = listener.listen()
        done = sender.ping(listening.address, "--until-direct")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"via {gateways[1].ipv4}:" in done.stdout.splitlines()[-1], done.stdout
        sending = sender.connect(listening.address, subprocess.PIPE)
        # The sender is a party of its own, which begins by relay: a trickle first, until that goes directly.
        sent = 0
        while meter.sent("peer", "udp") < 20_000:
            sending.process.stdin.write(TEXT[sent:sent + 1_000])
            sending.process.stdin.flush()
            sent += 1_000
            assert sent < 300_000, "no data goes directly"
            time.sleep(0.05)
        sending.process.stdin.write(TEXT[sent:])
        sending.process.stdin.close()
        assert sending.wait(30) == 0, sending.text()
        assert received(listening) == DIGEST
        assert meter.sent("peer", "udp") > len(TEXT) * 0.75
        assert meter.sent("server", "tcp") < len(TEXT) * 0.1
        assert server.stop() == 0


class MapServer:
    """Serves one DERP map over plain HTTP; a context manager that gives its URL."""

    def __init__(self, derp_map):
        body = json.dumps(derp_map).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/derpmap.json"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
