"""What `scripts/test` says at the end that cannot be seen from pytest's last line; a plugin of pytest."""

import collections
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cache import ROOT

LAYERS = ("unit", "contract", "integration", "systemd", "e2e")
ENDINGS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by layer and ending, why tests were skipped, what was tried again; with or without worker processes."""

    failed_linters: list[str]
    deselected: set[str] = field(default_factory=set)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember what was not chosen."""
        self.deselected.update(item.nodeid for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Likewise, where workers choose: each has told the same, see tests/conftest.py."""
        self.deselected.update(getattr(node, "workeroutput", {}).get("deselected", ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it below pytest's own report."""
        again = terminalreporter.stats.get("rerun", [])
        for item in again:
            terminalreporter.section(f"first try: {item.nodeid}")
            terminalreporter.write_line(item.longreprtext)
        terminalreporter.section("layers")
        for line in (*self._counts(terminalreporter.stats), *reasons(terminalreporter.stats.get("skipped", []))):
            terminalreporter.write_line(line)
        for item in again:
            terminalreporter.write_line(f"tried again, look into it: {item.nodeid}", yellow=True)
        if self.failed_linters:
            failed = ", ".join(self.failed_linters)
            terminalreporter.write_line(f"linters that failed, see above: {failed}", red=True)

    def _counts(self, stats: dict[str, list[Any]]) -> Iterator[str]:
        counts: dict[str, collections.Counter[str]] = {layer: collections.Counter() for layer in LAYERS}
        told = [(ending, item.nodeid) for ending in ENDINGS for item in stats.get(ending, [])]
        for ending, nodeid in (*told, *(("deselected", nodeid) for nodeid in self.deselected)):
            counts.setdefault(layer_of(nodeid), collections.Counter())[ending] += 1
        for layer, endings in counts.items():
            ran = ", ".join(f"{number} {ending}" for ending, number in endings.items())
            yield f"{layer:12} {ran or ('none chosen' if has_tests(layer) else 'no tests yet')}"


def reasons(skipped: list[Any]) -> Iterator[str]:
    """A line for each reason in each layer."""
    counts = collections.Counter((layer_of(report.nodeid), reason(report)) for report in skipped)
    for (layer, why), number in counts.items():
        yield f"skipped: {number} in {layer}: {why}"


def has_tests(layer: str) -> bool:
    """Whether there is anything to choose."""
    return any((ROOT / "tests" / layer).glob("**/test_*.py"))


def layer_of(nodeid: str) -> str:
    """tests/unit/engine/test_engine.py::test_x is in the layer unit."""
    match Path(nodeid.partition("::")[0]).parts:
        case ("tests", layer, _, *_):
            return layer
        case _:
            return "other"


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped, in its own words."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return said.removeprefix("Skipped: ")
