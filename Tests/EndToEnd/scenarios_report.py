"""The scenarios' tables in Markdown."""

import math
import statistics

HEAD = ["scenario", "theory", "verdict", "first byte", "direct after", "probes (A + B)", "lost / twice / sent", "silence", "healed", ""]


def seconds(value):
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def row(result):
    failures = "; ".join(result.failures).replace("\n", " ")[:300]
    return [
        result.name, result.expected, result.verdict, seconds(result.first_byte), seconds(result.to_direct),
        f"{sum(result.probes)} ({result.probes[0]} + {result.probes[1]})" if result.probes else "–",
        f"{result.lost} / {result.duplicates} / {result.sent}" if result.lost is not None else "–",
        seconds(result.gap), seconds(result.healed), f"**{failures}**" if failures else result.note,
    ]


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(field).replace("|", "\\|") for field in line) + " |\n" for line in lines)


def table(results):
    return markdown(HEAD, [row(result) for result in results])


REPEATED = ["scenario", "as theory says", "direct after, median", "p99", "slowest", "probes, median", "p99", "most"]


def percentile(values, share):
    """The smallest value that this share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def repeated_row(results):
    """What the runs of one scenario say together."""
    good = [result for result in results if not result.failures]
    times = [result.to_direct for result in good if result.to_direct is not None]
    probes = [sum(result.probes) for result in good if result.probes]
    share = f"{len(good)} of {len(results)}"
    return [
        results[0].name, share,
        *([seconds(pick(times)) for pick in (statistics.median, _p99, max)] if times else ["–"] * 3),
        *([f"{pick(probes):.0f}" for pick in (statistics.median, _p99, max)] if probes else ["–"] * 3)]


def _p99(values):
    return percentile(values, 0.99)


def repeated_table(runs):
    """`runs` has the results of each scenario that was run more than once."""
    return markdown(REPEATED, [repeated_row(results) for results in runs])
