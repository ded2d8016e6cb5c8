"""Every scenario of scenarios.py ends as theory says, loses nothing that theory does not take, and heals in time.

They run two at a time in the background while pytest goes through them in order; the table is printed at the end and written to
the file that CAUSEWAY_SCENARIOS names.
"""

import concurrent.futures
import os
import pathlib
import sys

import pytest

import scenarios_report
from scenarios import SCENARIOS

pytestmark = pytest.mark.lab

# Labs at once: they are independent of each other, and more would measure the machine.
PARALLEL = int(os.environ.get("CAUSEWAY_SCENARIOS_PARALLEL", 2))


@pytest.fixture(scope="module")
def results(request, tmp_path_factory):
    """The futures of the selected scenarios by name."""
    directory = tmp_path_factory.mktemp("scenarios")
    # The fixture is made for the first of this module's tests, of which `-k` may have left a few only.
    names = {item.callspec.params["scenario"].name for item in request.session.items if item.module is request.module}
    chosen = [(number, scenario) for number, scenario in enumerate(SCENARIOS) if scenario.name in names]
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        futures = {}
        for number, scenario in chosen:
            home = directory / str(number)
            home.mkdir()
            futures[scenario.name] = pool.submit(scenario.run, home)
        yield futures
        for future in futures.values():
            future.cancel()
    finished = [future.result() for future in futures.values() if future.done() and not future.cancelled()]
    text = scenarios_report.table(finished)
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n\n{text}\n")
    if os.environ.get("CAUSEWAY_SCENARIOS"):
        pathlib.Path(os.environ["CAUSEWAY_SCENARIOS"]).write_text(text)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_a_scenario_ends_as_theory_says(results, scenario):
    result = results[scenario.name].result()
    assert not result.failures, "\n".join(result.failures)
