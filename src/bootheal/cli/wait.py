"""`bootheal wait`: blocks until this boot is healed, by the state file alone; needs no rights but to read it."""

import argparse
import sys
import time
from collections.abc import Iterator
from functools import partial

from bootheal.cli.paths import read_paths
from bootheal.cli.state_reader import Known, StateReader, this_boot
from bootheal.errors import StateError
from bootheal.exit_codes import ExitCode
from bootheal.model import VERDICTS, Ending, EventKind, Report, Verdict
from bootheal.narrate import IS_IT_RUNNING

PAUSE_SECONDS = 0.25


def main(options: argparse.Namespace) -> int:
    """Exit code 0: healed; 3: a person is needed; 1: neither within the time that was given."""
    paths = read_paths(options.config)
    reader = StateReader(paths.state_directory, partial(this_boot, paths))
    deadline = time.monotonic() + options.timeout
    while True:
        known, trouble = _read(reader)
        verdict = known.verdict if known else None
        if known and verdict and (VERDICTS[verdict].well or verdict is Verdict.NEEDS_PERSON):
            print(VERDICTS[verdict].words + (f"; {known.stands_by}" if known.stands_by else ""))
            return VERDICTS[verdict].exit_code
        if time.monotonic() >= deadline:
            why = trouble or "; ".join(_why(known))
            print(f"not healed within {options.timeout:g} s: {why}", file=sys.stderr)
            return ExitCode.NOT_HEALED
        time.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))


def _read(reader: StateReader) -> tuple[Known | None, str]:
    """Return what is known, or why nothing is: that may pass."""
    try:
        return reader.read(), ""
    except StateError as error:
        return None, str(error)


def _why(known: Known | None) -> Iterator[str]:
    """Say what is not well, as far as it is known in this boot, and whether anybody may still be at it."""
    if known and known.stands_by:
        yield f"stands by: {known.stands_by}; {elsewhere(known)}"
    elif known and known.present:
        yield from list(_left(known)) or ["a run has begun"]
    else:
        yield "no run in this boot yet"
    if not (known and known.tended):
        yield IS_IT_RUNNING


def elsewhere(known: Known) -> str:
    """Say how it is with the machine that heals in the place of this one."""
    if known.verdict is None:
        return "it has not told of a pass since this machine booted"
    return f"its last pass: {VERDICTS[known.verdict].words}"


def _left(known: Known) -> Iterator[str]:
    """Say what is not well: of the run under way, else of the last report."""
    if known.report and known.report.verdict is Verdict.INTERRUPTED:
        yield VERDICTS[Verdict.INTERRUPTED].words
    for step, news in known.contents.remembered.progress.items():
        if news.kind is not EventKind.SETTLED:
            yield f"{step}: {news.text}"
    if known.report:
        yield from _ill(known.report)


def _ill(report: Report) -> Iterator[str]:
    for outcome in report.outcomes:
        if outcome.ending not in (Ending.SETTLED, Ending.SKIPPED):
            yield f"{outcome.step}: {outcome.why}"
