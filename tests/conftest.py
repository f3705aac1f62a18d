"""Rules that hold for every test."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says how busy the machine is; a slow one is no failure.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Programs and fixtures, not tests: to look for examples in them would run them.
collect_ignore = ["support"]

REFERENCE = Path(__file__).parents[2] / "shared"

# A shell script's background job ignores interrupts, and so would every process that a test starts to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail") or not os.environ.get("MONITORKIT_FORBID_SKIPS"):
        return
    # Corpora and schemas of others are not part of the repository; where there are none, nothing can be done about it.
    unavoidable = not REFERENCE.exists() and "no reference data" in str(report.longrepr)
    if not unavoidable and "only in CI, and with Node" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skips are forbidden here: {report.longrepr}"


@pytest.fixture(autouse=True, scope="session")
def _own_state(tmp_path_factory):
    """Keep the ports that tests use out of the user's memory, and stop what a test left running."""
    from monitorkit.running import stop_all

    os.environ["MONITORKIT_STATE"] = str(tmp_path_factory.mktemp("state"))
    yield
    stop_all()
