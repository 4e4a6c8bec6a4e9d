"""`scripts/test`: the linters, then the tests; and at the end what failed, and how much of each layer ran.

It is started by scripts/test, in the project's environment.
"""

import argparse
import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache import CACHE, ROOT, give_to_owner

LINTERS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports", "--no-logo", "--cache-dir", str(CACHE / "import-linter")],
    "codespell": ["codespell", "."],
    "shellcheck": [
        "shellcheck",
        *(f"scripts/{name}" for name in ("environment", "test", "demo", "bench", "install")),
        ".ci/run",
    ],
}
LAYERS = ("unit", "contract", "integration", "systemd", "e2e")
ENDINGS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "deselected")


def main() -> int:
    """Exit code 0 when every linter and every test that ran is content."""
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="scripts/test [--fast] [--no-lint] [--second-try] [PYTEST ARGUMENT …]",
        description="Runs the linters and all tests, or only the tests that pytest's arguments choose.",
        epilog="Example: scripts/test tests/unit -k engine",
        allow_abbrev=False,
    )
    parser.add_argument("--fast", action="store_true", help="of the tests only those in tests/unit")
    parser.add_argument("--no-lint", action="store_true", help="no linters")
    parser.add_argument("--second-try", action="store_true", help="run what fails once more; the summary names it")
    options, arguments = parser.parse_known_args()
    os.chdir(ROOT)
    if not os.access(CACHE, os.W_OK):
        sys.exit(f"cannot write to {CACHE}: run this as the owner of the checkout, or in a copy of your own")
    failed = [] if options.no_lint or arguments else lint()
    chosen = [*(["tests/unit"] if options.fast else []), *(["--reruns=1"] if options.second_try else [])]
    code = test([*chosen, *arguments], Summary(failed))
    return code or bool(failed)


def lint() -> list[str]:
    """Run the linters side by side, print what they object to, and name those that do."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = dict(zip(LINTERS, pool.map(judge, LINTERS.values()), strict=True))
    for name, (verdict, objections) in results.items():
        print(f"{name:14} {verdict}{objections}", flush=True)
    return [name for name, (verdict, _) in results.items() if verdict == "failed"]


def judge(command: list[str]) -> tuple[str, str]:
    """Return a linter's verdict and, where it is not content, what it says."""
    if shutil.which(command[0]) is None:
        return "skipped: not installed on this machine", ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return ("failed", f"\n{done.stdout}") if done.returncode else ("ok", "")


@dataclass(frozen=True, slots=True)
class Summary:
    """Tells at the end of pytest's report what cannot be seen from its last line."""

    failed_linters: list[str]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Count by layer and ending; then why tests were skipped."""
        say = terminalreporter.write_line
        counts: dict[str, collections.Counter[str]] = {layer: collections.Counter() for layer in LAYERS}
        reasons: collections.Counter[tuple[str, str]] = collections.Counter()
        for ending in ENDINGS:
            for item in terminalreporter.stats.get(ending, []):
                layer = layer_of(item.nodeid)
                counts.setdefault(layer, collections.Counter())[ending] += 1
                if ending == "skipped":
                    reasons[layer, reason(item)] += 1
        again = terminalreporter.stats.get("rerun", [])
        for item in again:
            terminalreporter.section(f"first try: {item.nodeid}")
            say(item.longreprtext)
        terminalreporter.section("layers")
        for layer, endings in counts.items():
            ran = ", ".join(f"{number} {ending}" for ending, number in endings.items())
            say(f"{layer:12} {ran or ('none chosen' if has_tests(layer) else 'no tests yet')}")
        for (layer, why), number in reasons.items():
            say(f"skipped: {number} in {layer}: {why}")
        for item in again:
            say(f"tried again, look into it: {item.nodeid}", yellow=True)
        if self.failed_linters:
            say(f"linters that failed, see above: {', '.join(self.failed_linters)}", red=True)


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


def test(arguments: list[str], summary: Summary) -> int:
    """Run pytest, with a directory for temporary files that is gone afterwards, whatever tests leave in it."""
    # Either ends what tests have started. A shell's background would have SIGINT ignored, also by what tests start.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="bootheal-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)  # root's tests start servers as somebody else
        os.environ["TMPDIR"] = tempfile.tempdir = directory
        try:
            return pytest.main(arguments, plugins=[summary])
        finally:
            give_to_owner()


if __name__ == "__main__":
    sys.exit(main())
