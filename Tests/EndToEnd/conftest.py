import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import lab  # noqa: E402
import programs  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "lab: needs root and network namespaces")
    if not (programs.BIN / "causeway-server").exists():
        raise pytest.UsageError(
            f"no programs in {programs.BIN}: swift build -c release --scratch-path .build-release, or set CAUSEWAY_BIN")


def pytest_collection_modifyitems(config, items):
    """Without root the lab is left out, loudly; in continuous integration it has to run."""
    reason = lab.is_possible()
    if reason is None:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(f"continuous integration has to run the lab: {reason}")
    kept = [item for item in items if "lab" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if "lab" in item.keywords])
    print(f"\nthe lab's tests are left out: {reason}", file=sys.stderr)
    items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """A skipped test is a failure: what cannot run here is deselected above, by name."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped"):
        session.exitstatus = 1
