"""The demonstration of the README: it shows the whole story and leaves nothing behind."""

import os
import pathlib

import pytest

from programs import BIN, ROOT, run


def leftovers(directory):
    """What a demonstration that kept its files in the directory has left: programs, network namespaces, files."""
    programs = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            # It has ended.
            continue
        if str(directory).encode() in words:
            programs.append(words)
    spaces = [space for space in run("ip", "netns", "list").stdout.split() if space.startswith("cwdemo")]
    return programs, spaces, list(directory.iterdir())


def demonstrate(directory, *prefix):
    done = run(
        *prefix, ROOT / "Deploy/demo.sh", seconds=90, env={"CAUSEWAY_BIN": str(BIN.resolve()), "TMPDIR": str(directory)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftovers(directory) == ([], [], [])
    replies = [line for line in done.stdout.splitlines() if line.startswith("reply from bob: ")]
    assert "via relay" in replies[0] and "direct" in replies[-1], done.stdout
    assert len([line for line in replies if "direct" in line]) >= 4
    relayed = [line for line in done.stdout.splitlines() if line.startswith("relayed")]
    assert len(relayed) == 3 and len(set(relayed)) == 1, done.stdout
    return done.stdout


@pytest.mark.lab
def test_the_demonstration_shows_two_nodes_behind_nats_become_direct(tmp_path):
    shown = demonstrate(tmp_path)
    assert "via 198.51.100.34:" in shown


def test_the_demonstration_without_root_runs_on_loopback(tmp_path):
    # In a user namespace of its own even root is nobody, and yet can read the checkout wherever it is.
    prefix = ("unshare", "--user") if os.geteuid() == 0 else ()
    shown = demonstrate(tmp_path, *prefix)
    assert "127.0.0.1" in shown
