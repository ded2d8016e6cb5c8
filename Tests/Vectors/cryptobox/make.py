"""Writes boxes.json: NaCl boxes made by PyNaCl, for the golden tests of CryptoBox. Keys and nonces are fixed."""
import hashlib
import json
import pathlib

from nacl.public import Box, PrivateKey

examples = []
for number, size in enumerate([0, 1, 16, 32, 63, 64, 65, 1000]):
    alice, bob = (PrivateKey(hashlib.sha256(f"example key: {name} {number}".encode()).digest()) for name in ("alice", "bob"))
    nonce = hashlib.sha256(f"example nonce: {number}".encode()).digest()[:24]
    plaintext = bytes(index % 251 for index in range(size))
    examples.append(
        {
            "alicePrivate": bytes(alice).hex(),
            "alicePublic": bytes(alice.public_key).hex(),
            "bobPrivate": bytes(bob).hex(),
            "bobPublic": bytes(bob.public_key).hex(),
            "plaintext": plaintext.hex(),
            "sealed": bytes(Box(alice, bob.public_key).encrypt(plaintext, nonce)).hex(),
        }
    )
pathlib.Path(__file__).with_name("boxes.json").write_text(json.dumps(examples, indent=1) + "\n")
