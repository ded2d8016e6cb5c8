"""Runs tailcat, which carries Tailscale's data plane, and EasyTier in the scenarios' networks beside Causeway.

    pip install easytier-pyo3==0.1.3
    CAUSEWAY_BIN=… python Tests/EndToEnd/scenarios_compare.py [words of scenario names, each of which chooses some]

The far side is up; the clock runs from the start of the near side's program (`causeway up` with a join line and then
`causeway ping --until-direct`, `tailcat ping --until-direct`, an EasyTier node) to its first direct answer. Causeway and tailcat
use the same server. EasyTier has a node of its own in the server's place, which both join over TCP, and asks the server's STUN.
The verdict is the kernel's count of the bytes of a transfer after its connection had time to find a path: 3 s with Causeway,
whose node has one already, 10 s with tailcat, whose sender is a program that starts anew, and with EasyTier what its clock took.
"""

import concurrent.futures
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time

import causeway
import scenarios_report
from easytier import EasyTier
from programs import ProgramError, wait_until
from scenarios import SCENARIOS
from scenarios_run import JUDGED, World, verdict
from scenarios_stream import SIZE, Capture, Service, Stream
from tailcat import Tailcat

PATIENCE = 30
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


def easytier_times(directory, build):
    """Verdict, and seconds to direct."""
    with World(directory, build) as world, contextlib.ExitStack() as stack:
        topology = world.topology
        captures = [stack.enter_context(Capture(host)) for host in world.hosts]
        service = stack.enter_context(Service(topology.bob, "0.0.0.0"))
        stun = topology.stun + [f"{address}:3479" for address in topology.server_addresses[1:2] if topology.ipv4]
        EasyTier(topology.server, 1, stun)
        relay = topology.listen[0].rsplit(":", 1)[0]
        far = EasyTier(topology.bob, 2, stun, relay)
        time.sleep(5)
        begin = time.monotonic()
        EasyTier(topology.alice, 3, stun, relay)
        stream = Stream(topology.alice, f"{far.address}:{service.port}")
        stack.callback(stream.stop)

        def direct():
            firsts = [capture.first_data(parties, begin) for capture, parties in zip(captures, world.parties)]
            return None if None in firsts else max(firsts)

        try:
            cold = wait_until(direct, PATIENCE, "it comes directly") - begin
        except ProgramError:
            cold = None
        if not stream.arrivals:
            return "no answer", None
        time.sleep(1)
        before, sent = received(world), len(stream.sent)
        time.sleep(JUDGED)
        return verdict(before, received(world), (len(stream.sent) - sent) * SIZE), cold


def received(world):
    """Bytes that came to each host by whatever protocol: from the peer's side, from the server."""
    return [
        tuple(meter.received(party, "udp") + meter.received(party, "tcp") for party in ("peer", "server"))
        for meter in world.meters]


def attempt(measure, build):
    """What the measurement answers, or the error in one line in place of a verdict."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            return measure(pathlib.Path(directory), build)
        except Exception as error:  # One program that does not run in one network must not end the comparison.
            return (f"{type(error).__name__}: {error}".splitlines()[0][:80], None)


PROGRAMS = {"Causeway": causeway_times, "tailcat": tailcat_times, "EasyTier": easytier_times}
HEAD = ["scenario", "theory"] + [word for name in PROGRAMS for word in (name, "direct after")]


def compare(scenario):
    results = [attempt(measure, scenario.build) for measure in PROGRAMS.values()]
    print(f"{scenario.name}: {results}", file=sys.stderr, flush=True)
    return [scenario.name, scenario.expected] + [
        field for judged, cold in results for field in (judged, scenarios_report.seconds(cold))]


if __name__ == "__main__":
    chosen = [
        scenario for scenario in SCENARIOS
        if scenario.is_comparable and (not sys.argv[1:] or any(word in scenario.name for word in sys.argv[1:]))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        print(scenarios_report.markdown(HEAD, list(pool.map(compare, chosen))))
