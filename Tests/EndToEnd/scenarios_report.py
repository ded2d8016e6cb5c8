"""The scenarios' table in Markdown."""

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
