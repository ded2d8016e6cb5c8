"""A database that the server cannot use: one clear line, exit code 3, and a file that is as it was."""

import hashlib
import os
import sqlite3

import pytest

from causeway import SERVER, Server
from foreign_node import ForeignNode
from programs import run


@pytest.fixture
def data(tmp_path):
    """A data directory with one registered node, of a server that has ended."""
    server = Server(tmp_path / "data")
    ForeignNode(server.invite(), "kept").register()
    assert server.stop() == 0
    return server.data


def digest(data):
    return hashlib.sha256((data / "causeway.db").read_bytes()).hexdigest()


def start_fails(data, prefix=()):
    """Starts a server that has to refuse, and returns the line with which it does."""
    done = run(
        *prefix, SERVER, "serve", "--data", data, "--listen", "127.0.0.1:0", "--stun", "127.0.0.1:0", "--admin", "off", seconds=20)
    assert done.returncode == 3, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_read_only_database_is_refused(data):
    before = digest(data)
    for file in data.glob("causeway.db*"):
        file.chmod(0o400)
    # Root writes to read-only files too, unless it gives up that right.
    prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    line = start_fails(data, prefix)
    assert "causeway.db cannot be written" in line and "write access" in line
    assert digest(data) == before
    for file in data.glob("causeway.db*"):
        file.chmod(0o600)
    assert names(data) == ["kept"]


def test_a_locked_database_is_refused(data):
    other = sqlite3.connect(data / "causeway.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("SELECT count(*) FROM sqlite_master").fetchone()
    line = start_fails(data)
    assert "locked by another program" in line
    other.execute("ROLLBACK")
    other.close()
    assert names(data) == ["kept"]


def test_a_second_server_on_the_same_data_is_refused(data):
    first = Server(data)
    try:
        assert "used by another causeway-server" in start_fails(data)
        assert "kept" in first.command("node", "list").stdout
    finally:
        assert first.stop() == 0


def test_a_database_of_a_later_version_is_refused(data):
    with sqlite3.connect(data / "causeway.db") as database:
        database.execute("INSERT INTO grdb_migrations VALUES ('v999 of the future')")
    database.close()
    before = digest(data)
    line = start_fails(data)
    assert "written by a later version" in line and "v999 of the future" in line
    assert digest(data) == before


@pytest.mark.parametrize("damage", [
    lambda content: b"this is no database at all\n" * 200,
    lambda content: content[:100] + os.urandom(8000) + content[8100:],
], ids=["other content", "spoiled pages"])
def test_a_damaged_database_is_refused(data, damage):
    file = data / "causeway.db"
    file.write_bytes(damage(file.read_bytes()))
    before = digest(data)
    line = start_fails(data)
    assert "is damaged" in line and "restore a backup" in line
    assert digest(data) == before


def test_a_database_of_another_program_is_refused(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with sqlite3.connect(data / "causeway.db") as database:
        database.execute("CREATE TABLE recipes (title TEXT)")
    database.close()
    before = digest(data)
    assert "belongs to another program" in start_fails(data)
    assert digest(data) == before


def names(data):
    """The nodes that a server on the data knows."""
    server = Server(data)
    try:
        return [line.split()[1] for line in server.command("node", "list").stdout.splitlines()[1:]]
    finally:
        assert server.stop() == 0
