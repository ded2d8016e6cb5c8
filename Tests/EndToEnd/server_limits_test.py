"""What a server may do to a node that trusts it: a bad one costs the node no memory without end, and status says so in one line.

The server is a fake, over plain HTTP, that registers anybody and then misbehaves.
"""

import base64
import http.server
import json
import os
import threading

import pytest

from causeway import Node
from programs import wait_until

NOW = "2026-01-01T00:00:00.000Z"
TOO_MANY = 20_010


def text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def key(kind):
    return f"{kind}key:{os.urandom(32).hex()}"


def peer(number, **known):
    return {"id": number, "name": f"peer{number}", "nodeKey": key("node"), "discoKey": key("disco"), "candidates": [],
            "lastSeen": NOW, **known}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/challenges":
            return self.answer({"challenge": text(os.urandom(32)), "expires": "2099-01-01T00:00:00.000Z",
                                "publicKey": self.server.key})
        asked = json.loads(body)
        self.server.me = peer(1, name="alice", nodeKey=asked["nodeKey"], discoKey=asked["discoKey"])
        self.answer({"token": "cwt_" + text(os.urandom(32)), "node": self.server.me, "network": {"id": 1, "name": "default"},
                     "ephemeral": False}, 201)

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({})

    def do_GET(self):
        if self.path == "/v1/server":
            return self.answer({"name": "fake", "version": "0", "publicKey": self.server.key, "time": NOW,
                                "stun": {"port": 3478, "endpoints": []}, "relays": [self.server.relay]})
        if self.path == "/generate_204":
            self.send_response(204)
            self.send_header("X-Tailscale-Response", f"response {self.headers['X-Tailscale-Challenge']}")
            return self.end_headers()
        if self.path != "/v1/peers/stream":
            return self.answer({}, 404)
        self.send_response(self.server.stream_status)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            self.server.stream(self)
        except OSError:
            pass  # The node has had enough.
        self.close_connection = True

    def send_snapshot(self, peers):
        snapshot = {"eventId": "1-1", "network": {"id": 1, "name": "default"}, "self": self.server.me, "peers": peers}
        self.wfile.write(f"event: snapshot\nid: 1-1\ndata: {json.dumps(snapshot)}\n\n".encode())

    def send_without_end(self):
        for _ in range(1 << 14):
            self.wfile.write(b"x" * (1 << 20))


class FakeServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = key("node")
        self.relay = {"id": 900, "name": "fake", "nodeKey": self.key}
        self.stream_status = 200
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def line(self):
        return f"causeway+http://127.0.0.1:{self.server_address[1]}/cwj_{text(bytes(32))}"


@pytest.fixture
def fake():
    with FakeServer() as server:
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def join(fake, tmp_path):
    """Starts a node at the fake server."""
    nodes = []

    def start():
        nodes.append(Node(tmp_path / "alice", fake.line, "alice"))
        return nodes[-1]

    yield start
    for node in nodes:
        node.stop()


def problem(node, words):
    def told():
        status = node.status() or {}
        return words in (status.get("coordinationProblem") or "") and status
    status = wait_until(told, 60, f"status says {words!r}")
    assert "\n" not in status["coordinationProblem"]
    assert words in node.command("status").stdout
    return status


def memory(node):
    """The node's resident memory in MiB."""
    with open(f"/proc/{node.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) >> 10


def test_a_server_that_names_too_many_peers_is_told_of_and_the_rest_left_out(fake, join):
    peers = [peer(number) for number in range(2, TOO_MANY + 2)]

    def stream(handler):
        handler.send_snapshot(peers)
        fake.over.wait()

    fake.stream = stream
    alice = join()
    status = problem(alice, "names more than 20000 peers: the rest is left out")
    assert len(status["peers"]) == 20_000


@pytest.mark.parametrize("status, begin", [(200, b"data: "), (200, b": "), (503, b"")], ids=["event", "comment", "refusal"])
def test_an_answer_without_end_is_given_up(fake, join, status, begin):
    def stream(handler):
        handler.wfile.write(begin)
        handler.send_without_end()

    fake.stream, fake.stream_status = stream, status
    alice = join()
    problem(alice, "answers with more than a node takes")
    assert memory(alice) < 400


def test_a_server_that_comes_back_is_asked_again_what_it_offers(fake, join):
    again = threading.Event()

    def stream(handler):
        handler.send_snapshot([])
        (fake.over if again.is_set() else again).wait()

    fake.stream = stream
    alice = join()
    wait_until(lambda: (alice.status() or {}).get("isCoordinated"), 10, "the stream is open")
    fake.relay = {**fake.relay, "url": "ftp://elsewhere.example"}
    again.set()
    wait_until(lambda: "names a relay at no usable address" in (alice.status()["relay"].get("problem") or ""), 20,
               "the node looks for the relay where the server says that it is")
