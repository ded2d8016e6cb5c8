"""A node that shares no code with Causeway: coordination by `ssl` and JSON, DERP by PyNaCl, sessions by `noiseprotocol`.

It is small on purpose (one relay connection, one peer, no direct paths), and it is what proves that the wire formats are what
their documentation says.
"""

import base64
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import struct
import time

from nacl.public import Box, PrivateKey, PublicKey
from noise.connection import Keypair, NoiseConnection

DERP_MAGIC = "DERP🔑".encode()
PROLOGUE = b"causeway session 1"


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Refused(Exception):
    """The server answered with a problem document; `problem` is its stable type."""

    def __init__(self, status, text):
        super().__init__(status, text)
        self.status = status
        self.problem = json.loads(text)["type"].removeprefix("urn:causeway:problem:")


class ForeignNode:
    """Joins with a line, logs in to the relay, and answers and asks inside Noise sessions."""

    def __init__(self, line, name):
        parsed = re.fullmatch(r"causeway://(.+):(\d+)/(cwj_[\w-]+)(?:/([\w-]+))?", line)
        self.host, self.port, self.join_key = parsed[1], int(parsed[2]), parsed[3]
        # Without a pin any certificate will do: what is tested then is not this node's caution.
        self.pin = parsed[4] and base64.urlsafe_b64decode(parsed[4] + "=")
        self.name = name
        self.key = PrivateKey.generate()
        self.disco = PrivateKey.generate()

    # Coordination

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        wrapped = context.wrap_socket(socket.create_connection((self.host, self.port), 5))
        digest = hashlib.sha256(wrapped.getpeercert(True)).digest()
        assert self.pin in (None, digest), "another certificate than the line's"
        return wrapped

    def _ask(self, method, path, data, headers):
        connection = http.client.HTTPSConnection(self.host, self.port)
        connection.sock = self.connect()
        connection.request(method, path, data, {"Content-Type": "application/json", **headers})
        return connection, connection.getresponse()

    def request(self, method, path, body=None, headers={}):
        """The answer's JSON; `body` is bytes to be sent as they are, or what becomes JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        connection, reply = self._ask(method, path, data, headers)
        text = reply.read()
        connection.close()
        if reply.status >= 400:
            raise Refused(reply.status, text.decode())
        return json.loads(text) if text else None

    def challenge(self):
        challenge = self.request("POST", "/v1/challenges")
        self.server_key = PublicKey(bytes.fromhex(challenge["publicKey"].removeprefix("nodekey:")))
        return base64.urlsafe_b64decode(challenge["challenge"] + "=")

    def proof(self, method, path, data, challenge):
        """The header that proves, for this very request, that we hold the node key."""
        plaintext = (
            b"causeway-proof-v1\n\0" + challenge + hashlib.sha256(f"{method} {path}\n".encode()).digest()
            + hashlib.sha256(data).digest())
        return {"Causeway-Proof": _base64url(bytes(Box(self.key, self.server_key).encrypt(plaintext)))}

    def registration(self):
        """The body and the headers of a registration with a fresh proof."""
        body = {
            "joinKey": self.join_key,
            "nodeKey": "nodekey:" + bytes(self.key.public_key).hex(),
            "discoKey": "discokey:" + bytes(self.disco.public_key).hex(),
            "name": self.name,
        }
        data = json.dumps(body).encode()
        return data, self.proof("POST", "/v1/nodes", data, self.challenge())

    def register(self):
        answer = self.request("POST", "/v1/nodes", *self.registration())
        self.token = answer["token"]
        return answer

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.token}"}

    def peers(self):
        return self.request("GET", "/v1/peers", headers=self.bearer)["peers"]

    def publish(self, sequence, *candidates):
        """Publishes host candidates, each an `ADDRESS:PORT`."""
        listed = [{"type": "host", "endpoint": endpoint, "priority": 100} for endpoint in candidates]
        self.request(
            "PUT", "/v1/nodes/self/candidates", {"sequence": sequence, "candidates": listed}, headers=self.bearer)

    def stream(self):
        """The open peer stream, to be read by lines."""
        connection, reply = self._ask("GET", "/v1/peers/stream", b"", self.bearer)
        assert reply.status == 200, reply.status
        connection.sock.settimeout(30)
        return reply

    # DERP

    def upgrade(self):
        """Connects to the relay up to its greeting."""
        self.link = self.connect()
        self.link.settimeout(15)
        self.link.sendall(b"GET /derp HTTP/1.1\r\nHost: relay\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.link.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        kind, payload = self.read_frame()
        assert kind == 0x01 and payload[:8] == DERP_MAGIC
        self.relay_key = PublicKey(payload[8:40])

    def client_info(self, text='{"version": 2}'):
        sealed = Box(self.key, self.relay_key).encrypt(text.encode())
        return bytes(self.key.public_key) + bytes(sealed)

    def log_in(self):
        self.upgrade()
        assert self.relay_key == self.server_key
        self.write_frame(0x02, self.client_info())
        kind, payload = self.read_frame()
        assert kind == 0x03
        return json.loads(Box(self.key, self.server_key).decrypt(payload))

    def _read(self, count):
        data = b""
        while len(data) < count:
            piece = self.link.recv(count - len(data))
            if not piece:
                raise EOFError("the relay closed the connection")
            data += piece
        return data

    def read_frame(self):
        kind, length = struct.unpack(">BI", self._read(5))
        return kind, self._read(length)

    def write_frame(self, kind, payload):
        self.link.sendall(struct.pack(">BI", kind, len(payload)) + payload)

    def send(self, peer, packet):
        self.write_frame(0x04, peer + packet)

    def receive(self, first_byte, seconds=10):
        """The next packet by relay that begins with `first_byte`, and who sent it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            kind, payload = self.read_frame()
            if kind == 0x05 and payload[32] == first_byte:
                return payload[:32], payload[32:]
        raise TimeoutError(f"no packet of type {first_byte:#x}")

    # Noise

    def _noise(self):
        return NoiseConnection.from_name(b"Noise_IK_25519_ChaChaPoly_SHA256")

    def open_session(self, peer):
        """Initiates: sends the first message by relay and reads the answer."""
        noise = self._noise()
        noise.set_as_initiator()
        noise.set_prologue(PROLOGUE)
        noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes(self.key))
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, peer)
        noise.start_handshake()
        own_index = os.urandom(4)
        timestamp = struct.pack(">Q", time.time_ns())
        self.send(peer, b"\xc1\0\0\0" + bytes(noise.write_message(timestamp + own_index)))
        _, response = self.receive(0xC2)
        assert response[4:8] == own_index
        peer_index = bytes(noise.read_message(response[8:]))
        assert noise.handshake_finished
        return Session(self, noise, peer, peer_index)

    def accept_session(self):
        """Responds to the next initiation."""
        peer, initiation = self.receive(0xC1)
        noise = self._noise()
        noise.set_as_responder()
        noise.set_prologue(PROLOGUE)
        noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes(self.key))
        noise.start_handshake()
        payload = bytes(noise.read_message(initiation[4:]))
        own_index = os.urandom(4)
        self.send(peer, b"\xc2\0\0\0" + payload[8:12] + bytes(noise.write_message(own_index)))
        assert noise.handshake_finished
        return Session(self, noise, peer, payload[8:12])


class Session:
    """A finished handshake's keys, with the explicit counters of Causeway's transport packets."""

    def __init__(self, node, noise, peer, peer_index):
        self.node, self.peer, self.peer_index = node, peer, peer_index
        protocol = noise.noise_protocol
        self.outgoing, self.incoming = protocol.cipher_state_encrypt, protocol.cipher_state_decrypt
        self.counter = 0

    def send(self, message):
        self.outgoing.n = self.counter
        sealed = self.outgoing.encrypt_with_ad(b"", message)
        header = b"\xc4\0\0\0" + self.peer_index + struct.pack(">Q", self.counter)
        self.counter += 1
        self.node.send(self.peer, header + bytes(sealed))

    def receive(self):
        _, packet = self.node.receive(0xC4)
        self.incoming.n = struct.unpack(">Q", packet[8:16])[0]
        return bytes(self.incoming.decrypt_with_ad(b"", packet[16:]))
