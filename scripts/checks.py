"""`scripts/test`: the linters, then the tests; and at the end what failed, and how much of each layer ran.

It is started by scripts/test, in the project's environment.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cache import CACHE, ROOT, give_to_owner
from summary import Summary
from supervise import supervised

LINTERS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports", "--no-logo", "--cache-dir", str(CACHE / "import-linter")],
    "codespell": ["codespell", "."],
    "shellcheck": [
        "shellcheck",
        *(f"scripts/{name}" for name in ("environment", "test", "demo", "bench", "cuts", "install")),
        ".ci/run",
    ],
}
DURATIONS = CACHE / "durations.json"
"""How long the last run took that all of its tests passed, by what was chosen; `scripts/bench` shows it."""

SLOWEST = ("--durations=20", "--durations-min=5")
"""Of each run the tests that cost the most are named: the suite is to stay within ten minutes."""

WAITING = 3
"""So many tests at a time for each core, where they wait for servers most of the time."""

AHEAD = (("-m", "support.machine"), ("scripts/pgbouncers.py",), ("scripts/patronis.py",))
"""What makes, where there is none yet, what tests would wait for: the longest first."""

PATHS = {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("src", "tests", "scripts"))}


def main() -> int:
    """Exit code 0 when every linter and every test that ran is content."""
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="scripts/test [--fast] [--no-lint] [--second-try] [--thorough] [PYTEST ARGUMENT …]",
        description="Runs the linters and all tests, or only the tests that pytest's arguments choose.",
        epilog="Example: scripts/test tests/unit -k engine",
        allow_abbrev=False,
    )
    parser.add_argument("--fast", action="store_true", help="of the tests only those in tests/unit")
    parser.add_argument("--no-lint", action="store_true", help="no linters")
    parser.add_argument("--second-try", action="store_true", help="run what fails once more; the summary names it")
    parser.add_argument("--thorough", action="store_true", help="try ten times as many examples, which takes a night")
    options, arguments = parser.parse_known_args()
    os.chdir(ROOT)
    if not os.access(CACHE, os.W_OK):
        sys.exit(f"cannot write to {CACHE}: run this as the owner of the checkout, or in a copy of your own")
    began = time.monotonic()
    if not (options.fast or arguments):
        make_ahead()
    failed = [] if options.no_lint or arguments else lint()
    chosen = [*(["tests/unit"] if options.fast else []), *arguments]
    extra = [
        *(["--reruns=1"] if options.second_try else []),
        *(["--hypothesis-profile=thorough"] if options.thorough else []),
    ]
    code = supervised(lambda: test([*workers(chosen), *extra, *chosen], Summary(failed)))
    if not (code or failed or extra):
        note_duration(" ".join(["scripts/test", *chosen]), time.monotonic() - began)
    give_to_owner()
    return code or bool(failed)


def make_ahead() -> None:
    """Begin to make what tests need of other packages; what cannot be had is told by the tests, which try again."""
    for arguments in AHEAD:
        command = [sys.executable, *arguments]
        subprocess.Popen(command, env=os.environ | PATHS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compile_tests() -> None:
    """Compile the tests where that was never done; each of pytest's processes would do it by itself, all at once."""
    if not any((CACHE / "pycache").rglob("test_*-pytest-*.pyc")):
        subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-qq"], capture_output=True, check=False)


def lint() -> list[str]:
    """Run the linters side by side, print what they object to, and name those that do."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        verdicts = pool.map(judge, LINTERS.values())
        pool.submit(compile_tests)
        results = dict(zip(LINTERS, verdicts, strict=True))
    for name, (verdict, objections) in results.items():
        print(f"{name:14} {verdict}{objections}", flush=True)
    return [name for name, (verdict, _) in results.items() if verdict == "failed"]


def judge(command: list[str]) -> tuple[str, str]:
    """Return a linter's verdict and, where it is not content, what it says."""
    if shutil.which(command[0]) is None:
        return "skipped: not installed on this machine", ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return ("failed", f"\n{done.stdout}") if done.returncode else ("ok", "")


def workers(chosen: list[str]) -> list[str]:
    """Return what makes pytest use several processes; a single file, or who watches, is better off with one."""
    watching = ("-s", "--capture", "--pdb", "--trace", "-n", "--numprocesses", "--co")
    if any(argument.startswith(watching) or ".py" in argument for argument in chosen):
        return []
    paths = [argument for argument in chosen if argument.startswith("tests")]
    only_units = bool(paths) and all(path.startswith("tests/unit") for path in paths)
    if only_units:  # they share nothing dear, and to hand out groups of one costs more than most of them
        return [f"--numprocesses={os.cpu_count() or 1}", "--dist=load"]
    # Beside a process that takes the place of one that has crashed, xdist waits for ever for the rest of its groups.
    return [f"--numprocesses={(os.cpu_count() or 1) * WAITING}", "--dist=loadgroup", "--max-worker-restart=0"]


def test(arguments: list[str], summary: Summary) -> int:
    """Run pytest, with a directory for temporary files that is gone afterwards, whatever tests leave in it."""
    with tempfile.TemporaryDirectory(prefix="bootheal-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)  # root's tests start servers as somebody else
        os.environ["TMPDIR"] = tempfile.tempdir = directory
        return pytest.main([*SLOWEST, *arguments], plugins=[summary])


def note_duration(command: str, seconds: float) -> None:
    """Keep how long a run took in which everything was well."""
    kept = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    kept[command] = {"seconds": round(seconds, 1), "ended": time.time(), "cores": os.cpu_count()}
    DURATIONS.write_text(json.dumps(kept, indent=2))


if __name__ == "__main__":
    sys.exit(main())
