"""Fixtures for every room, and the rule that nothing is skipped in CI."""

from collections.abc import Generator
from typing import TypeVar

import pytest

from tests.support.programs import in_ci

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# In the order of their imports: a plugin that was imported before it is named has bare assertions.
pytest_plugins = ["tests.support.seaweed", "tests.support.postgres", "tests.support.peers"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test is a failed one in CI: what it lacks has to be installed there."""
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module."""
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report: Report) -> Report:
    if in_ci() and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"skipped, which CI does not allow: {reason}"
    return report
