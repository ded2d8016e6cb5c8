"""Writes handshakes.json: Noise_IK_25519_ChaChaPoly_SHA256 as PyPI `noiseprotocol` speaks it.

    pip install noiseprotocol==0.3.1 && python3 make.py

Keys, prologues and payloads follow from the number of each handshake, so every run writes the same file.
"""

import hashlib
import json
import pathlib
from importlib.metadata import version

from noise.connection import Keypair, NoiseConnection

NAME = b"Noise_IK_25519_ChaChaPoly_SHA256"


def key(label):
    return hashlib.sha256(f"example key: {label}".encode()).digest()


def public(private):
    return NoiseConnection.from_name(NAME).noise_protocol.dh_fn.klass.from_private_bytes(private).public_bytes


def handshake(number):
    names = ["init_static", "init_ephemeral", "resp_static", "resp_ephemeral"]
    keys = {name: key(f"noise {number} {name}") for name in names}
    prologue = b"causeway session 1" if number % 2 == 0 else bytes(range(number))
    initiator, responder = NoiseConnection.from_name(NAME), NoiseConnection.from_name(NAME)
    initiator.set_as_initiator()
    responder.set_as_responder()
    initiator.set_keypair_from_private_bytes(Keypair.STATIC, keys["init_static"])
    initiator.set_keypair_from_private_bytes(Keypair.EPHEMERAL, keys["init_ephemeral"])
    initiator.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, public(keys["resp_static"]))
    responder.set_keypair_from_private_bytes(Keypair.STATIC, keys["resp_static"])
    responder.set_keypair_from_private_bytes(Keypair.EPHEMERAL, keys["resp_ephemeral"])
    for side in (initiator, responder):
        side.set_prologue(prologue)
        side.start_handshake()

    messages = []
    for sender, receiver, payload in (
        (initiator, responder, bytes(range(12 if number % 2 == 0 else number))),
        (responder, initiator, bytes(4 if number % 2 == 0 else 3 * number)),
    ):
        message = bytes(sender.write_message(payload))
        assert bytes(receiver.read_message(message)) == payload
        messages.append({"payload": payload.hex(), "ciphertext": message.hex()})

    # Transport messages with explicit counters, as packets carry them: not in order, and up to the last ones.
    packets = []
    for counter in (0, 1, 2, 7, 300, 2**32, 2**63 + 5, 2**64 - 2):
        for sender, receiver, from_initiator in ((initiator, responder, True), (responder, initiator, False)):
            payload = f"{number}/{counter}".encode() * (counter % 5)
            sender.noise_protocol.cipher_state_encrypt.n = counter
            receiver.noise_protocol.cipher_state_decrypt.n = counter
            ciphertext = bytes(sender.encrypt(payload))
            assert bytes(receiver.decrypt(ciphertext)) == payload
            packets.append(
                {
                    "fromInitiator": from_initiator,
                    "counter": str(counter),
                    "payload": payload.hex(),
                    "ciphertext": ciphertext.hex(),
                }
            )
    assert initiator.get_handshake_hash() == responder.get_handshake_hash()
    return {
        **{name: value.hex() for name, value in keys.items()},
        "prologue": prologue.hex(),
        "handshake_hash": initiator.get_handshake_hash().hex(),
        "messages": messages,
        "packets": packets,
    }


document = {
    "description": "Whole handshakes with fixed keys, and transport messages under explicit counters.",
    "producedBy": f"PyPI noiseprotocol {version('noiseprotocol')}",
    "handshakes": [handshake(number) for number in range(12)],
}
path = pathlib.Path(__file__).with_name("handshakes.json")
path.write_text(json.dumps(document, indent=1) + "\n")
