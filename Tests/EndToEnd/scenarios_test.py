"""Every scenario of scenarios.py ends as theory says, loses nothing that theory does not take, and heals in time.

They run two at a time in the background while pytest goes through them in order; the table is printed at the end and written to
the file that CAUSEWAY_SCENARIOS names. CAUSEWAY_SCENARIO_RUNS=20 repeats the hard rows, and a second table says how they did.
"""

import concurrent.futures
import itertools
import os
import pathlib
import sys

import pytest

import scenarios_report
from scenarios import SCENARIOS

pytestmark = pytest.mark.lab

# Labs at once: they are independent of each other, and more would measure the machine.
PARALLEL = int(os.environ.get("CAUSEWAY_SCENARIOS_PARALLEL", 2))


# How often the hard rows are run, for a table of how many succeeded and how long that took.
RUNS = int(os.environ.get("CAUSEWAY_SCENARIO_RUNS", 1))


@pytest.fixture(scope="module")
def results(request, tmp_path_factory):
    """The futures of the selected scenarios' runs by name."""
    directory = tmp_path_factory.mktemp("scenarios")
    # The fixture is made for the first of this module's tests, of which `-k` may have left a few only.
    names = {item.callspec.params["scenario"].name for item in request.session.items if item.module is request.module}
    chosen = [(number, scenario) for number, scenario in enumerate(SCENARIOS) if scenario.name in names]
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        futures = {}
        for number, scenario in chosen:
            futures[scenario.name] = []
            for attempt in range(RUNS if scenario.is_hard else 1):
                home = directory / f"{number}-{attempt}"
                home.mkdir()
                futures[scenario.name].append(pool.submit(scenario.run, home))
        yield futures
        for future in itertools.chain(*futures.values()):
            future.cancel()
    finished = [
        [future.result() for future in runs if future.done() and not future.cancelled()] for runs in futures.values()]
    text = scenarios_report.table([runs[0] for runs in finished if runs])
    repeated = [runs for runs in finished if len(runs) > 1]
    if repeated:
        text += "\n" + scenarios_report.repeated_table(repeated)
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n\n{text}\n")
    if os.environ.get("CAUSEWAY_SCENARIOS"):
        pathlib.Path(os.environ["CAUSEWAY_SCENARIOS"]).write_text(text)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_a_scenario_ends_as_theory_says(results, scenario):
    runs = [future.result() for future in results[scenario.name]]
    failures = [f"run {number}: {text}" for number, run in enumerate(runs, 1) for text in run.failures]
    assert not failures, "\n".join(failures)
