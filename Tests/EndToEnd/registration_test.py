"""Registration under hostile and unlucky circumstances."""

import concurrent.futures
import json
import os
import threading
import time

import pytest

from causeway import Server
from foreign_node import ForeignNode, Refused

# A limit per source would be met long before the registry's own rules.
LIMITS = """limits:
  requests-per-second: 100000
  request-burst: 100000
  anonymous-requests-per-second: 100000
  anonymous-request-burst: 100000
"""


@pytest.fixture
def server(tmp_path):
    running = start(tmp_path)
    yield running
    assert running.stop() == 0


def start(directory):
    (directory / "causeway-server.yaml").write_text(LIMITS)
    return Server(directory / "data", "--config", directory / "causeway-server.yaml")


def nodes(server):
    return json.loads(server.command("node", "list", "--json").stdout)["nodes"]


def test_a_join_key_used_by_fifty_nodes_at_once_admits_exactly_one(server):
    line = server.invite()
    candidates = [ForeignNode(line, f"node-{number}") for number in range(50)]
    requests = [node.registration() for node in candidates]
    gate = threading.Barrier(len(candidates))

    def register(node, request):
        gate.wait()
        try:
            node.request("POST", "/v1/nodes", *request)
            return "admitted"
        except Refused as refused:
            return refused.problem

    with concurrent.futures.ThreadPoolExecutor(len(candidates)) as pool:
        outcomes = list(pool.map(register, candidates, requests))
    assert sorted(outcomes) == ["admitted"] + ["join-key-used"] * 49
    assert len(nodes(server)) == 1


def test_a_replayed_proof_is_refused(server):
    node = ForeignNode(server.invite("--reusable"), "node")
    request = node.registration()
    node.request("POST", "/v1/nodes", *request)
    with pytest.raises(Refused) as refused:
        node.request("POST", "/v1/nodes", *request)
    assert (refused.value.status, refused.value.problem) == (403, "challenge-refused")


def test_a_proof_of_another_key_or_for_another_body_is_refused(server):
    line = server.invite("--reusable")
    node, thief = ForeignNode(line, "node"), ForeignNode(line, "thief")
    body, _ = node.registration()
    for refused_body, proof in (
        (body, thief.proof("POST", "/v1/nodes", body, thief.challenge())),
        (body + b" ", node.proof("POST", "/v1/nodes", body, node.challenge())),
        (body, node.proof("PUT", "/v1/nodes", body, node.challenge())),
        (body, {"Causeway-Proof": "AAAA"}),
        (body, {}),
    ):
        with pytest.raises(Refused) as refused:
            node.request("POST", "/v1/nodes", refused_body, proof)
        assert (refused.value.status, refused.value.problem) == (403, "proof-refused")


def test_a_challenge_that_the_server_did_not_make_is_refused(server):
    node = ForeignNode(server.invite(), "node")
    body, _ = node.registration()
    with pytest.raises(Refused) as refused:
        node.request("POST", "/v1/nodes", body, node.proof("POST", "/v1/nodes", body, os.urandom(len(node.challenge()))))
    assert refused.value.problem == "challenge-refused"


def test_registering_again_with_the_same_key_gives_a_new_token_and_voids_the_old_one(server):
    node = ForeignNode(server.invite(), "node")
    node.register()
    old = node.bearer
    node.register()
    assert len(nodes(server)) == 1
    assert node.peers() == []
    with pytest.raises(Refused) as refused:
        node.request("GET", "/v1/peers", headers=old)
    assert (refused.value.status, refused.value.problem) == (401, "unauthorized")


def test_a_low_order_node_key_is_refused(server):
    node = ForeignNode(server.invite(), "node")
    body, proof = node.registration()
    weak = json.loads(body) | {"nodeKey": "nodekey:" + "01" + "00" * 31}
    with pytest.raises(Refused) as refused:
        node.request("POST", "/v1/nodes", json.dumps(weak).encode(), proof)
    assert refused.value.problem in ("proof-refused", "key-invalid")


def test_a_killed_server_has_lost_no_registration_that_it_acknowledged(tmp_path):
    server = start(tmp_path)
    line = server.invite("--reusable")
    acknowledged, ends = [], threading.Event()

    def register_for_ever(worker):
        for number in range(10_000):
            node = ForeignNode(line, f"node-{worker}-{number}")
            try:
                node.register()
            except Exception:
                # The server has been killed, in whatever state this connection was.
                assert ends.is_set()
                return
            acknowledged.append(node)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(register_for_ever, worker) for worker in range(8)]
        deadline = time.monotonic() + 20
        while len(acknowledged) < 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        ends.set()
        server.kill()
        for worker in workers:
            worker.result()
    assert len(acknowledged) >= 100

    again = start(tmp_path)
    try:
        stored = {node["node"]["nodeKey"] for node in nodes(again)}
        assert {"nodekey:" + bytes(node.key.public_key).hex() for node in acknowledged} <= stored
        for node in acknowledged[-10:]:
            node.port = int(again.facts["listen"][0].rsplit(":", 1)[1])
            assert len(node.peers()) == len(stored) - 1
    finally:
        assert again.stop() == 0
