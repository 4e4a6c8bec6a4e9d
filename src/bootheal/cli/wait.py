"""`bootheal wait`: blocks until this boot is healed, by the state file alone; needs no rights but to read it."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bootheal.adapters.host import Machine
from bootheal.adapters.process_identity import lives
from bootheal.adapters.state import FILE, read
from bootheal.cli.paths import read_paths
from bootheal.errors import StateError
from bootheal.exit_codes import ExitCode
from bootheal.model import VERDICTS, Ending, EventKind, Verdict, report_from_json
from bootheal.narrate import IS_IT_RUNNING

PAUSE_SECONDS = 0.25


def main(options: argparse.Namespace) -> int:
    """Exit code 0: healed; 3: a person is needed; 1: neither within the time that was given."""
    paths = read_paths(options.config)
    boot = Machine(paths.boot_id_file).boot_id()
    deadline = time.monotonic() + options.timeout
    for data, trouble in _contents(paths.state_directory):
        report = data.get("report") if data.get("boot") == boot else None
        verdict = report_from_json(report).verdict if report else None
        if verdict and (VERDICTS[verdict].well or verdict is Verdict.NEEDS_PERSON):
            print(VERDICTS[verdict].words)
            return VERDICTS[verdict].exit_code
        if time.monotonic() >= deadline:
            why = trouble or "; ".join(_why(data, verdict, present=data.get("boot") == boot))
            print(f"not healed within {options.timeout:g} s: {why}", file=sys.stderr)
            break
        time.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
    return ExitCode.NOT_HEALED


def _contents(directory: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield what is remembered again and again, read anew when the file has been replaced; or why it cannot be."""
    stamp: object = None
    data: dict[str, Any] = {}
    while True:
        trouble = ""
        try:
            status = (directory / FILE).stat()
            if stamp != (stamp := (status.st_ino, status.st_mtime_ns)):
                data = read(directory) or {}
        except StateError as error:
            data, stamp, trouble = {}, None, str(error)
        except FileNotFoundError:  # there is none before the first run
            data, stamp = {}, None
        except OSError as error:
            data, stamp, trouble = {}, None, f"cannot read {directory / FILE}: {error.strerror}"
        yield data, trouble


def _why(data: dict[str, Any], verdict: Verdict | None, *, present: bool) -> Iterator[str]:
    """Say what is not well, as far as it is known in this boot, and whether anybody may still be at it."""
    yield from (list(_left(data, verdict)) or ["a run has begun"]) if present else ["no run in this boot yet"]
    if not (present and lives(data["author"])):
        yield IS_IT_RUNNING


def _left(data: dict[str, Any], verdict: Verdict | None) -> Iterator[str]:
    """Say what is not well: of the run under way, else of the last report."""
    if verdict is Verdict.INTERRUPTED:
        yield VERDICTS[verdict].words
    for step, item in data.get("progress", {}).items():
        if item["kind"] != EventKind.SETTLED:
            yield f"{step}: {item['text']}"
    if verdict:
        for outcome in report_from_json(data["report"]).outcomes:
            if outcome.ending not in (Ending.SETTLED, Ending.SKIPPED):
                yield f"{outcome.step}: {outcome.why}"
