"""Draws how often searches for ports succeed, over the packets of each side, without any library.

    CAUSEWAY_SEARCHES=searches.csv swift test -c release -Xswiftc -enable-testing --filter SearchOddsTests
    Tests/plot_search.py searches.csv Sources/Client/Documentation.docc/Resources/port-search.svg
"""

import csv
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 300, 60, 40, 50, 50
COLOURS = ["#1f6feb", "#d1542d"]


def panel(name, points, top, colour):
    """The arithmetic as a line, the searches as dots with two standard deviations."""
    most = points[-1][0]
    highest = next(share for share in (0.25, 0.5, 1) if all(found <= share * runs for _, runs, found, _ in points))

    def x(packets):
        return round(LEFT + packets / most * (WIDTH - LEFT - RIGHT), 1)

    def y(share):
        return round(top + HEIGHT - BOTTOM - share / highest * (HEIGHT - BOTTOM - TOP), 1)

    runs = points[0][1]
    parts = [f'<text x="{LEFT}" y="{top + 22}" font-size="14">{name}: {runs:,} searches</text>']
    for part in range(5):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(part / 4 * highest)}" y2="{y(part / 4 * highest)}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y(part / 4 * highest) + 4}" text-anchor="end">{part * 25 * highest:g} %</text>')
        parts.append(f'<text x="{x(most * part / 4)}" y="{y(0) + 18}" text-anchor="middle">{round(most * part / 4):,}</text>')
    curve = [(0, 0.0)] + [(packets, odds) for packets, _, _, odds in points]
    line = " ".join(f"{x(packets)},{y(odds)}" for packets, odds in curve)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#666" stroke-width="1.5"/>')
    for packets, runs, found, _ in points:
        share = found / runs
        deviation = 2 * math.sqrt(share * (1 - share) / runs)
        parts.append(
            f'<line x1="{x(packets)}" x2="{x(packets)}" y1="{y(share - deviation)}" y2="{y(share + deviation)}" stroke="{colour}"/>'
        )
        parts.append(f'<circle cx="{x(packets)}" cy="{y(share)}" r="3.5" fill="{colour}"/>')
    parts.append(f'<text x="{WIDTH / 2}" y="{top + HEIGHT - 12}" text-anchor="middle">packets sent by each side</text>')
    return parts


def main(source, target):
    series = {}
    with open(source, newline="") as file:
        for row in csv.DictReader(file):
            point = (int(row["packets"]), int(row["runs"]), int(row["found"]), float(row["arithmetic"]))
            series.setdefault(row["series"], []).append(point)
    height = HEIGHT * len(series) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for index, (name, points) in enumerate(series.items()):
        parts += panel(name, points, index * HEIGHT, COLOURS[index % len(COLOURS)])
    parts.append(
        f'<text x="{WIDTH / 2}" y="{height - 12}" text-anchor="middle">Line: the arithmetic. '
        "Dots: searches that found a path, with two standard deviations.</text></svg>"
    )
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(parts) + "\n")


main(*sys.argv[1:])
