"""Draws the results of bench.sh as SVG, without any library: plot.py bench.json FOLDER."""

import json
import pathlib
import statistics
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 320, 70, 50, 40
COLOURS = ["#1f6feb", "#d1542d", "#2da44e"]


def number(value):
    return f"{value:,.0f}" if value >= 100 or value == 0 else f"{value:.3g}"


def chart(title, labels, series, unit):
    """Lines over equally spaced labels, from zero up; `series` maps a name to its values."""
    most = max((value for values in series.values() for value in values), default=0) or 1
    step = (WIDTH - LEFT - 30) / max(1, len(labels) - 1)

    def x(index):
        return LEFT + index * step

    def y(value):
        return HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="14">{title}</text>',
    ]
    for part in range(5):
        value = most * part / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 30}" y1="{y(value)}" y2="{y(value)}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{number(value)}</text>')
    for index, label in enumerate(labels):
        parts.append(f'<text x="{x(index)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label}</text>')
    for (name, values), colour in zip(series.items(), COLOURS):
        points = " ".join(f"{x(index)},{y(value)}" for index, value in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(index)}" cy="{y(value)}" r="3" fill="{colour}"/>' for index, value in enumerate(values)]
        place = LEFT + list(series).index(name) * 170
        parts.append(f'<text x="{place}" y="{HEIGHT - 8}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="8" y="{TOP - 8}">{unit}</text></svg>')
    return "\n".join(parts) + "\n"


def main(source, folder):
    runs = [json.loads(line) for line in pathlib.Path(source).read_text().splitlines()]
    folder = pathlib.Path(folder)

    def pick(prefix):
        return [run for run in runs if run["run"].startswith(prefix) and run["command"] != "compare"]

    def draw(name, title, found, label, fields, unit):
        if found:
            series = {text: [run.get(field) or 0 for run in found] for text, field in fields.items()}
            (folder / f"{name}.svg").write_text(chart(title, [label(run) for run in found], series, unit))

    def offered(run):
        part = run["command"].removeprefix("overload-")
        return "closed loop" if part == "ceiling" else f"{part} %"

    cost = {"server": "serverMicrosecondsPerPacket", "load generator": "generatorMicrosecondsPerPacket"}
    draw("pairs", "CPU per packet, 1,400 bytes, 640 in flight in all", pick("pairs-"), lambda run: f'{run["flows"]} pairs', cost, "µs")
    draw("size", "CPU per packet by size, 10 pairs", pick("size-"), lambda run: f'{run["size"]} B', cost, "µs")
    # Of several rounds the median at each step.
    rounds = {}
    for run in pick("overload"):
        rounds.setdefault(run["command"], []).append(run)
    fields = ("packetsPerSecond", "politeP50Microseconds", "politeP99Microseconds")
    steps = [
        {"command": command, **{field: statistics.median(run.get(field) or 0 for run in found) for field in fields}}
        for command, found in rounds.items()
    ]
    draw("overload", "Delivered under overload, 10 pairs", steps, offered, {"delivered": "packetsPerSecond"}, "packets/s")
    draw("overload-latency", "Latency of a modest pair under overload", steps, offered,
         {"p50": "politeP50Microseconds", "p99": "politeP99Microseconds"}, "µs")
    for run in (growth := pick("growth")):
        run |= {"server": run["cost"]["median"], "floor": run["floorCost"]["median"]}
    draw("growth", "CPU per packet, 10,000 packets/s in all", growth, lambda run: f'{run["pairs"]} pairs',
         {"server": "server", "floor": "floor"}, "µs")
    draw("memory", "Memory per idle connection", pick("idle"), lambda run: f'{run["connections"]:,}',
         {"server": "serverResidentBytesPerConnection", "kernel, both ends": "kernelBytesPerConnection"}, "bytes")


main(*sys.argv[1:])
