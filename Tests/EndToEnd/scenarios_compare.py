"""Runs tailcat, which carries Tailscale's data plane, in the scenarios' networks beside Causeway, with the same server.

    CAUSEWAY_BIN=… python Tests/EndToEnd/scenarios_compare.py [words of scenario names]

The far side is up; the clock runs from the start of the near side's program (`causeway up` with a join line and then
`causeway ping --until-direct`, or `tailcat ping --until-direct`) to its first direct answer.
The verdict is the kernel's count of the bytes of a transfer after its connection had time to find a path: 3 s with Causeway, whose
node has one already, 10 s with tailcat, whose sender is a program that starts anew.
"""

import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import time

import causeway
import scenarios_report
from scenarios import SCENARIOS
from scenarios_run import JUDGED, World, verdict
from scenarios_stream import SIZE, Service, Stream
from tailcat import Tailcat

PATIENCE = 15
BLOCK = 1_000_000
LINE = "x" * 99 + "\n"


def causeway_times(directory, build):
    """Verdict, and seconds to direct."""
    with World(directory, build) as world, Service(world.topology.bob) as echo:
        bob = causeway.Node(
            directory / "bob", world.server.invite(), "bob", "--allow", f"udp/{echo.port}", space=world.topology.bob)
        bob.wait_for_line("bob is up")
        line = world.server.invite()
        time.sleep(1)
        begin = time.monotonic()
        alice = causeway.Node(directory / "alice", line, "alice", space=world.topology.alice)
        alice.wait_for_line("alice is up")
        cold = until_direct(alice, begin)
        with causeway.Forward(alice, "bob", echo.port) as forward:
            stream = Stream(world.topology.alice, forward.address)
            time.sleep(3)
            before, sent = world.received(), len(stream.sent)
            time.sleep(JUDGED)
            payload = (len(stream.sent) - sent) * SIZE
            judged = verdict(before, world.received(), payload)
            stream.stop()
            return judged, cold


def until_direct(node, begin):
    done = node.command("ping", "bob", "--until-direct", "--timeout", PATIENCE)
    return time.monotonic() - begin if done.returncode == 0 else None


def tailcat_times(directory, build):
    """Verdict, and seconds to direct."""
    with World(directory, build, "--admission", "open") as world:
        far, near = [
            Tailcat(directory / name, f"{world.server.facts['url']}/derpmap.json", world.server.data / "certificate.pem", space)
            for name, space in (("far", world.topology.bob), ("near", world.topology.alice))]
        listening = far.listen()
        time.sleep(1)
        begin = time.monotonic()
        done = near.ping(listening.address, "--until-direct", f"--timeout={PATIENCE}s")
        cold = time.monotonic() - begin if done.returncode == 0 else None
        if "via " not in done.stdout:
            return "no answer", None
        sending = near.connect(listening.address, subprocess.PIPE)
        for _ in range(100):
            sending.process.stdin.write(LINE)
            sending.process.stdin.flush()
            time.sleep(0.1)
        before = world.received()
        sending.process.stdin.write(LINE * (BLOCK // len(LINE)))
        sending.process.stdin.close()
        sending.wait(60)
        listening.wait(60)
        # The bytes flow one way, so the far side's counters tell.
        return verdict(before, world.received(), BLOCK, hosts=slice(1, 2)), cold


def attempt(measure, build):
    """What the measurement answers, or the error in one line in place of a verdict."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            return measure(pathlib.Path(directory), build)
        except Exception as error:  # One program that does not run in one network must not end the comparison.
            return (f"{type(error).__name__}: {error}".splitlines()[0][:80], None)


def compare(scenario):
    ours = attempt(causeway_times, scenario.build)
    theirs = attempt(tailcat_times, scenario.build)
    seconds = scenarios_report.seconds
    print(f"{scenario.name}: {ours}, {theirs}", file=sys.stderr, flush=True)
    return [scenario.name, scenario.expected, ours[0], seconds(ours[1]), theirs[0], seconds(theirs[1])]


HEAD = ["scenario", "theory", "Causeway", "direct after", "tailcat", "direct after"]

if __name__ == "__main__":
    chosen = [
        scenario for scenario in SCENARIOS
        if scenario.is_comparable and all(word in scenario.name for word in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        print(scenarios_report.markdown(HEAD, list(pool.map(compare, chosen))))
