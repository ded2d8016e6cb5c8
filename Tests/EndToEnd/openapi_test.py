"""The API against requests that schemathesis generates from its own description."""

import sys

import pytest

from causeway import Server
from foreign_node import ForeignNode
from programs import run

# The fuzzer asks faster than anybody may.
LIMITS = """limits:
  requests-per-second: 1000000
  request-burst: 1000000
  anonymous-requests-per-second: 1000000
  anonymous-request-burst: 1000000
  node-requests-per-second: 1000000
  node-request-burst: 1000000
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("server")
    (directory / "causeway-server.yaml").write_text(LIMITS)
    running = Server(directory / "data", "--config", directory / "causeway-server.yaml")
    yield running
    assert running.stop() == 0


def fuzz(server, directory, *words, seconds=12):
    done = run(
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.facts['url']}/v1/openapi.yaml", "--url", server.facts["url"],
        "--tls-verify", server.data / "certificate.pem", "--checks", "all",
        # A text of the right form can still be no key, address or challenge.
        "--exclude-checks", "positive_data_acceptance", "--max-time", str(seconds), "--request-timeout", "5", "--seed", "1",
        "--warnings", "off", "--no-color", *words, seconds=120, cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.process.poll() is None
    return done.stdout


def test_the_api_keeps_its_description_towards_strangers(server, tmp_path):
    # The stream has no end.
    assert "26 selected" in fuzz(server, tmp_path, "--exclude-path", "/v1/peers/stream")


def test_the_api_keeps_its_description_towards_a_node(server, tmp_path):
    node = ForeignNode(server.invite(), "fuzzer")
    node.register()
    fuzz(
        server, tmp_path, "--include-path-regex", "^/v1/(nodes|peers)", "--exclude-path", "/v1/peers/stream",
        "--exclude-operation-id", "leave", "-H", f"Authorization: Bearer {node.token}")
    assert node.request("GET", "/v1/peers", headers=node.bearer)["self"]["name"] == "fuzzer"


def test_the_api_keeps_its_description_towards_an_operator(server, tmp_path):
    token = server.command("keygen", "admin").stdout.strip()
    fuzz(server, tmp_path, "--include-path-regex", "^/v1/admin", "-H", f"Authorization: Bearer {token}")
