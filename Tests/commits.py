"""Measures how fast SQLite alone commits what a coordination server stores: commits.py DATABASE BATCH.

The database is a copy of the server's own, on the same file system: the same tables and indexes, the same journal and durability. Every
transaction holds BATCH registrations or updates, as many as a load keeps under way. Prints one line of JSON.
"""

import json
import os
import sqlite3
import sys
import time

SECONDS = 2


def rate(database, batch, store):
    """How many times a second `store` can be called with a number, in transactions of `batch`."""
    count, start = 0, time.monotonic()
    while time.monotonic() - start < SECONDS:
        with database:
            for _ in range(batch):
                store(count)
                count += 1
    return count / (time.monotonic() - start)


def main(path, batch):
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    first = database.execute("SELECT max(id) FROM node").fetchone()[0] + 1
    audit = database.execute("SELECT max(id) FROM audit").fetchone()[0] + 1
    publication = database.execute("SELECT candidates, nat FROM publication LIMIT 1").fetchone()
    nodes = [row[0] for row in database.execute("SELECT node FROM publication")]

    def register(number):
        keys = [os.urandom(32) for _ in range(3)]
        database.execute(
            "INSERT INTO node SELECT ?, network, ?, ?, ?, ?, join_key, ephemeral, created, expires, last_seen FROM node LIMIT 1",
            (first + number, f"bare-{number}", *keys))
        database.execute("UPDATE join_key SET used = used + 1 WHERE id = (SELECT max(id) FROM join_key)")
        database.execute(
            "INSERT INTO audit SELECT ?, time, actor, action, subject, detail, source FROM audit WHERE id = ?",
            (audit + number, audit - 1))

    def update(number):
        database.execute(
            "UPDATE publication SET sequence = sequence + 1, candidates = ?, nat = ? WHERE node = ?",
            (*publication, nodes[number % len(nodes)]))

    registrations = rate(database, batch, register)
    updates = rate(database, batch, update)
    print(json.dumps({"command": "commits", "registrationsPerSecond": registrations, "updatesPerSecond": updates}))


main(sys.argv[1], int(sys.argv[2]))
