"""Writes what bench.sh measured as the table of README: figures.py bench.json. Each figure is a median, with the least and the greatest."""

import json
import pathlib
import statistics
import sys


class Figures:
    def __init__(self, path):
        self.runs = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]

    def of(self, run, field, command=None, **wanted):
        """The values of a field in all records of a run, those of `Spread` spread out."""
        values = []
        for record in self.runs:
            if record["run"] != run or command and record["command"] != command:
                continue
            # A run without an answer has measured nothing.
            if record.get("requestsPerSecond") == 0 or any(record.get(name) != value for name, value in wanted.items()):
                continue
            if record.get(field) is None:
                continue
            value = record[field]
            values += value["values"] if isinstance(value, dict) else [value]
        return values

    def row(self, what, target, *parts):
        print(f"| {what} | {target} | {'; '.join(part for part in parts if part)} |")


def spread(values, digits, unit="", scale=1.0):
    """`median (least…greatest) unit`; an empty text without values."""
    if not values:
        return ""
    texts = [f"{scale * value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{texts[0]} ({texts[1]}…{texts[2]}){unit}"


def ratios(first, second):
    return [a / b for a, b in zip(first, second)]


def named(name, text):
    return f"{name} {text}" if text else ""


def main(path):
    figures = Figures(path)
    of, row = figures.of, figures.row
    print("| what | target | measured: median (least…greatest) |")
    print("| --- | --- | --- |")
    ours = {"command": "comparison", "target": "ours"}
    for run, text, target in (
        ("compare-1400", "relayed packet, 1,400 B, 10 pairs, 64 in flight", "≤ 1.3 × `floor`; ≤ 0.9 × the generator"),
        ("compare-64", "the same, 64 B", "≤ 0.75 × the generator"),
        ("compare-one-in-flight", "100 pairs, one in flight, 1,400 B", "≤ 1.15 × `floor`"),
    ):
        floor = of(run, "serverToGenerator", "comparison", target="floor")
        row(
            text, target, spread(of(run, "ratio", **ours), 2, " × `floor`"),
            spread(of(run, "serverMicrosecondsPerPacket", **ours), 2, " µs"),
            named("to the generator", spread(of(run, "serverToGenerator", **ours), 2)),
            named("which is for `floor` itself", spread(floor, 2)))
    for size in (1400, 64):
        row(f"system calls per packet, {size:,} B, 10 pairs, 64 in flight", "", spread(of(f"syscalls-{size}", "serverCallsPerPacket"), 3))
    for pairs in (100, 1000):
        row(
            f"growth per packet from 10 to {pairs:,} pairs at 10,000 packets/s", "≤ 1.25 ×" if pairs == 1000 else "",
            spread(of("growth", "growth", pairs=pairs), 2, " ×"),
            named("`floor` itself grows", spread(of("growth", "floorGrowth", pairs=pairs), 2, " ×")),
            named("fairness", spread(of("growth", "fairness", pairs=pairs), 4)))
    ceiling = of("overload", "packetsPerSecond", "overload-ceiling")
    cost = [
        server + generator
        for server, generator in zip(
            of("overload", "serverMicrosecondsPerPacket", "overload-300"), of("overload", "generatorMicrosecondsPerPacket", "overload-300"))
    ]
    calm = [
        server + generator
        for server, generator in zip(
            of("overload", "serverMicrosecondsPerPacket", "overload-ceiling"),
            of("overload", "generatorMicrosecondsPerPacket", "overload-ceiling"))
    ]
    row(
        "overload, 300 % offered", "delivered ≥ 95 % of the ceiling; fairness ≥ 0.95; p99 of a modest pair ≤ 5 × unloaded",
        named("delivered", spread(ratios(of("overload", "packetsPerSecond", "overload-300"), ceiling), 1, " %", 100)),
        named("CPU of both ends per packet", spread(ratios(cost, calm), 2, " × that at the ceiling")),
        named("lost", spread(of("overload", "loss", "overload-300"), 3, " %", 100)),
        named("fairness", spread(of("overload", "fairness", "overload-300"), 4)),
        named(
            "p99 of the modest pair",
            spread(
                ratios(of("overload", "politeP99Microseconds", "overload-300"), of("overload", "politeP99Microseconds", "overload-50")),
                1, " × that at 50 %")))
    row(
        "one stalled receiver among 100 pairs", "the others lose nothing and keep ≥ 97 %",
        named("kept", spread(ratios(of("stalled-stalled", "packetsPerSecond"), of("stalled-pairs", "packetsPerSecond")), 1, " %", 100)),
        named("lost", spread(of("stalled-stalled", "loss"), 3, " %", 100)))
    row(
        "10,000 idle connections", "≤ 15 KiB of RSS each; keep-alives ≤ 1 % of a core",
        spread(of("idle", "serverResidentBytesPerConnection", connections=10000), 2, " KiB", 1 / 1024),
        named("kernel, both ends", spread(of("idle", "kernelBytesPerConnection", connections=10000), 2, " KiB", 1 / 1024)),
        spread(of("idle", "serverCPUWhileIdle", connections=10000), 2, " % of a core", 100))
    row(
        "connect: TCP, TLS, upgrade, login, end", "≤ 0.8 ms full, ≤ 0.4 ms resumed; ≤ 1.6 × a bare accept loop",
        named("full", spread(of("connect", "full"), 2, " ms")), named("resumed", spread(of("connect", "resumed"), 2, " ms")),
        named("full / bare loop", spread(of("connect", "fullRatio"), 2)),
        named("resumed / bare loop", spread(of("connect", "resumedRatio"), 2)))
    delay = [
        (flooded - calm) / 1000
        for flooded, calm in zip(of("flood", "floodedP99Microseconds"), of("flood", "calmP99Microseconds"))
    ]
    row("login beside 300 half-open handshakes per second", "≤ 50 ms more", named("p99", spread(delay, 1, " ms more")))
    stun = of("stun", "serverMicrosecondsPerRequest")
    row(
        "STUN request", "≤ 0.5 × coturn; user time ≤ 0.2 µs; no allocation", spread(stun, 2, " µs"),
        named("user time", spread([a * b for a, b in zip(stun, of("stun", "serverUserPart"))], 2, " µs")),
        spread(ratios(stun, of("coturn", "serverMicrosecondsPerRequest")), 2, " × coturn"))
    row(
        "coordination", "≥ 50 % of SQLite's batch commits; fan-out to 1,000 streams ≤ 100 ms p99",
        named(
            "registrations",
            spread(ratios(of("coordination", "registrationsPerSecond"), of("commits", "registrationsPerSecond")), 0, " %", 100)),
        named("updates", spread(ratios(of("coordination", "updatesPerSecond"), of("commits", "updatesPerSecond")), 0, " %", 100)),
        named("fan-out p99", spread(of("coordination", "fanOutP99Microseconds"), 0, " ms", 1e-3)))
    row("cold start, 100,000 nodes", "≤ 100 ms", spread(of("coldstart", "milliseconds"), 0, " ms"))


main(sys.argv[1])
