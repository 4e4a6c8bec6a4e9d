"""`bootheal status`: the last run and what is under way, from the state file alone."""

import argparse
import json
import select
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bootheal.adapters import outlook
from bootheal.adapters.state_format import to_dict
from bootheal.cli.paths import read_paths
from bootheal.cli.printing import fitted, width
from bootheal.cli.state_reader import HistoryReader, Known, StateReader, this_boot
from bootheal.cli.wait import elsewhere
from bootheal.errors import StateError
from bootheal.exit_codes import ExitCode
from bootheal.history.boots import compared, habits, recovery_seconds, repaired
from bootheal.model import VERDICTS, BootRecord, Ending, History, Progress, Report
from bootheal.model.layout import clock
from bootheal.narrate import IS_IT_RUNNING, MARKS, account

REFRESH_SECONDS = 0.5

# Of so many boots before this one it is said what was repaired; `bootheal report --list` knows more.
BOOTS = 4


def main(options: argparse.Namespace) -> int:
    """Print what is known; the exit code is that of this boot's last run, 1 before it and while one is under way."""
    paths = read_paths(options.config)
    reader = StateReader(paths.state_directory, partial(this_boot, paths))
    kept = HistoryReader(paths.state_directory)
    if options.watch:
        return (_watch_live if sys.stdout.isatty() else _watch)(reader, kept, paths.state_directory)
    known = reader.read()
    if options.json:
        print(json.dumps(to_dict(known.contents) if known else {}, indent=2))
    else:
        print(*_lines(known, kept, paths.state_directory), sep="\n")
    return VERDICTS[known.verdict].exit_code if known and known.verdict else ExitCode.NOT_HEALED


def _watch(reader: StateReader, kept: HistoryReader, directory: Path) -> int:
    """Print it anew whenever something changed, for as long as somebody reads it."""
    shown: Known | str | None = ""
    while True:
        # A run that has only just made its file has said nothing yet.
        if shown != (shown := _known(reader)) and (lines := list(_lines(shown, kept, directory))):
            print(*lines, sep="\n", end="\n\n", flush=True)
        _sleep_while_read(REFRESH_SECONDS)


def _sleep_while_read(seconds: float) -> None:
    """Sleep; BrokenPipeError as soon as nobody reads standard output any more: what changes next may take weeks."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # errors are told without being asked for
    if poll.poll(seconds * 1000):
        raise BrokenPipeError


def _watch_live(reader: StateReader, kept: HistoryReader, directory: Path) -> int:
    """Keep one picture up to date."""
    from rich.live import Live
    from rich.text import Text

    def picture() -> Text:
        known = _known(reader)
        lines = list(_lines(known, kept, directory))
        if len(lines) >= shutil.get_terminal_size().lines:  # what is not well must not be what is cut off
            lines = list(_lines(known, kept, directory, brief=True))
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")

    with Live(picture(), auto_refresh=False) as live:  # what does not fit is cut: it could not be drawn over
        while True:
            live.update(picture(), refresh=True)
            time.sleep(REFRESH_SECONDS)


def _known(reader: StateReader) -> Known | str | None:
    """Return what is known, or why nothing is: that may pass."""
    try:
        return reader.read()
    except StateError as error:
        return str(error)


def _ahead(directory: Path, known: Known) -> str:
    """Say what the next boot would break, where all is well and that was looked for in this boot."""
    report = known.contents.remembered.last_report
    try:
        ahead = outlook.read(directory)
    except StateError:
        return ""
    if not (ahead and report and ahead.told and VERDICTS[report.verdict].well):
        return ""
    return f"; {ahead.told} (bootheal preflight)" if known.contents.remembered.of_boot(ahead.boot) else ""


def _lines(known: Known | str | None, kept: HistoryReader, directory: Path, *, brief: bool = False) -> Iterator[str]:
    """Tell it; on a terminal no line is longer than that."""
    return fitted(_told(known, kept, directory, brief=brief), width())


def _told(known: Known | str | None, kept: HistoryReader, directory: Path, *, brief: bool) -> Iterator[str]:
    if known is None or isinstance(known, str):
        yield known or "no run yet"
        return
    remembered = known.contents.remembered
    since, last, before = remembered.recovering_since, remembered.last_report, remembered.last_boot
    if not known.present:
        yield "no run in this boot yet"
    if known.stands_by:
        yield f"stands by: {known.stands_by}; {elsewhere(known)}"
    if since is not None:
        yield _under_way(known, since)
    yield from _progress(remembered.progress, under_way=known.tended)
    if last:
        yield _headline(last) + (_ahead(directory, known) if known.present else "")
        yield from _unsettled(last) if brief else account(last, width())
    if brief:
        return
    if before and before != last:
        yield f"before that, in another boot: {_headline(before)}"
    yield from _history(kept, last)


def _unsettled(report: Report) -> Iterator[str]:
    """Tell of a run what is not well, and how much is."""
    ill = tuple(each for each in report.outcomes if each.ending is not Ending.SETTLED)
    yield f"  {len(report.outcomes) - len(ill)} of {len(report.outcomes)} steps are well"
    yield from account(replace(report, outcomes=ill), width())


def _history(kept: HistoryReader, last: Report | None) -> Iterator[str]:
    """Say how this boot compares, and what was repaired in those before it."""
    try:
        history = kept.read()
    except StateError as error:
        yield str(error)
        return
    if not history.boots or last is None or history.boots[-1].epoch != last.epoch:
        return
    if line := compared(history):
        yield line
    yield from habits(history)
    yield from _repaired(history)


def _repaired(history: History) -> Iterator[str]:
    earlier = history.boots[:-1][-BOOTS:]
    if any(any(repaired(boot)) for boot in earlier):
        yield "in the boots before this one:"
        yield from (f"  {clock(boot.passes[0].at)}  {_boot(boot)}" for boot in reversed(earlier))


def _boot(boot: BootRecord) -> str:
    seconds, done = recovery_seconds(boot), "; ".join(repaired(boot)) or "nothing was repaired"
    return f"{VERDICTS[boot.passes[-1].verdict].words if seconds is None else f'{seconds:.1f} s'}: {done}"


def _under_way(known: Known, since: float) -> str:
    if known.tended:
        return f"a run is under way since {clock(since)}, {_seconds(since)}:"
    if known.present:
        return f"a run that began {clock(since)} was cut short, and none goes on with it; {IS_IT_RUNNING}"
    return f"a run was under way when the machine went down, since {clock(since)}:"


def _headline(report: Report) -> str:
    return f"run of {clock(report.began)}, boot {report.epoch or 'unknown'}: {VERDICTS[report.verdict].words}"


def _progress(progress: Mapping[str, Progress], *, under_way: bool) -> Iterator[str]:
    names = max(map(len, progress), default=0)
    for step, news in progress.items():
        lasts = f"for {_seconds(news.at)}" if under_way else ""
        yield f"  {MARKS.get(news.kind, ''):<10} {step:<{names}} {lasts:>16}  {news.text}"


def _seconds(since: float) -> str:
    """Say how long ago something of this boot was: no longer than this boot, even if the clock was set meanwhile."""
    return f"{min(max(0.0, time.time() - since), time.clock_gettime(time.CLOCK_BOOTTIME)):.0f} s"
