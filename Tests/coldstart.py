"""Measures how soon a server with many nodes listens: coldstart.py PROGRAM DATA NODES LISTEN STUN.

Adds nodes to the database in DATA, which has one at least, until there are so many; then starts the server five times and times each from
its start to the first connection that it accepts. Prints one line of JSON for each.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time


def fill(path, count):
    """Copies the first node under other names and keys, and what it has published."""
    with sqlite3.connect(path) as database:
        first, present = database.execute("SELECT max(id), count(*) FROM node").fetchone()
        for number in range(first + 1, first + 1 + max(0, count - present)):
            keys = [os.urandom(32) for _ in range(3)]
            database.execute(
                "INSERT INTO node SELECT ?, network, ?, ?, ?, ?, join_key, ephemeral, created, expires, last_seen FROM node LIMIT 1",
                (number, f"cold-{number}", *keys))
            database.execute(
                "INSERT INTO publication SELECT ?, sequence, candidates, home_relay, nat FROM publication LIMIT 1", (number,))


def start(program, data, listen, stun):
    """Milliseconds until the server takes a connection."""
    host, port = listen.split(":")
    begin = time.monotonic()
    server = subprocess.Popen(
        [program, "serve", "--data", data, "--listen", listen, "--stun", stun, "--admin", "off", "--log-level", "error"],
        stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None and time.monotonic() < begin + 60:
            try:
                socket.create_connection((host, int(port)), 1).close()
                return 1000 * (time.monotonic() - begin)
            except OSError:
                time.sleep(0.001)
        sys.exit("the server did not start")
    finally:
        server.terminate()
        server.wait()


def main(program, data, nodes, listen, stun):
    fill(os.path.join(data, "causeway.db"), int(nodes))
    for _ in range(5):
        print(json.dumps({"command": "coldstart", "nodes": int(nodes), "milliseconds": start(program, data, listen, stun)}))


main(*sys.argv[1:])
