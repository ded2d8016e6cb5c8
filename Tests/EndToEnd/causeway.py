"""Causeway's own programs: a server with its start-up line, a client node, and the commands that talk to them."""

import json
import pathlib
import subprocess
import tempfile

import programs
from programs import BIN, Running, run, wait_until

SERVER, CLIENT = BIN / "causeway-server", BIN / "causeway"


class Server(Running):
    """`causeway-server serve` with its data in a directory; `facts` is the JSON object it prints when it listens."""

    def __init__(self, data, *words, space=None, listen=("127.0.0.1:0",), stun=("127.0.0.1:0",), admin="127.0.0.1:0", env=None):
        self.data, self.space = pathlib.Path(data), space
        flags = [word for address in listen for word in ("--listen", address)]
        flags += [word for address in stun for word in ("--stun", address)]
        super().__init__(
            SERVER, "serve", "--data", data, *flags, "--admin", admin, "--log-format", "json", *words, space=space, env=env)
        self.facts = wait_until(self._started, 15, "the server's start-up line")

    def _started(self):
        for line in list(self.out):
            try:
                facts = json.loads(line)
            except ValueError:
                continue
            if "joinLine" in facts:
                return facts
        if self.process.poll() is not None:
            raise programs.ProgramError(f"the server ended with {self.process.returncode}:\n{self.text()}")
        return None

    def command(self, *words, check=True, **options):
        """A `causeway-server` command against this server's Unix socket."""
        done = run(SERVER, *words, "--data", self.data, space=self.space, **options)
        if check and done.returncode != 0:
            raise programs.ProgramError(f"{words}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    def invite(self, *words):
        return self.command("invite", *words).stdout.strip()

    def admin(self, path):
        """The body of a page of the admin listener, read from where the server runs."""
        url = f"http://{self.facts['admin']}{path}"
        done = run("curl", "-sS", "--fail", "--max-time", "5", url, space=self.space)
        if done.returncode != 0:
            raise programs.ProgramError(f"{url}: {done.stderr}")
        return done.stdout

    def stats(self):
        return json.loads(self.admin("/stats"))


class Node(Running):
    """`causeway up` in the foreground, with its state in a directory."""

    def __init__(self, state, line, name, *words, space=None, env=None):
        self.state, self.name, self.space = pathlib.Path(state), name, space
        joined = [line] if line else []
        # Outside of the lab the gateway is a real one, which no test may ask for anything.
        words = words if space else (*words, "--no-port-mapping")
        super().__init__(CLIENT, "up", *joined, "--state", state, "--name", name, *words, space=space, env=env)

    def command(self, *words, seconds=60):
        return run(CLIENT, *words, "--state", self.state, space=self.space, seconds=seconds)

    def status(self):
        done = self.command("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_for_peer(self, name, seconds=10):
        def visible():
            status = self.status()
            return next((peer for peer in (status or {}).get("peers", []) if peer["name"] == name), None)
        try:
            return wait_until(visible, seconds, f"{self.name} sees {name}")
        except programs.ProgramError as error:
            raise programs.ProgramError(f"{error}\n{self.text()}") from None


def two_nodes(server, directory, alice_space=None, bob_space=None, alice=(), bob=()):
    """Alice and Bob, joined to the server and in sight of each other."""
    directory = pathlib.Path(directory)
    first = Node(directory / "alice", server.invite(), "alice", *alice, space=alice_space)
    second = Node(directory / "bob", server.invite(), "bob", *bob, space=bob_space)
    first.wait_for_peer("bob")
    second.wait_for_peer("alice")
    return first, second


class Forward(Running):
    """`causeway forward` on a free local port, which `address` tells; use it as a context manager."""

    def __init__(self, node, peer, port):
        super().__init__(
            CLIENT, "forward", "--listen", "127.0.0.1:0", "--peer", peer, "--to", port, "--state", node.state, space=node.space)
        self.address = self.wait_for_line(r"listening on (\S+),")[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
