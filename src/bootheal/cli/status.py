"""`bootheal status`: the last run and what is under way, from the state file alone."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bootheal.adapters.host import Machine
from bootheal.adapters.process_identity import lives
from bootheal.adapters.state import read
from bootheal.cli.paths import Paths, read_paths
from bootheal.errors import PermanentError
from bootheal.exit_codes import ExitCode
from bootheal.model import VERDICTS, EventKind, Report, report_from_json
from bootheal.narrate import IS_IT_RUNNING, MARKS, account

REFRESH_SECONDS = 0.5


def main(options: argparse.Namespace) -> int:
    """Print what is known; the exit code is that of this boot's last run, 1 before it and while one is under way."""
    paths = read_paths(options.config)
    boot = _boot(paths)
    if options.watch:
        return (_watch_live if sys.stdout.isatty() else _watch)(paths.state_directory, boot)
    data = read(paths.state_directory)
    if options.json:
        print(json.dumps(data or {}, indent=2))
    else:
        print(*_lines(data, boot), sep="\n")
    report = data["report"] if data and _present(data, boot) else None
    return VERDICTS[report_from_json(report).verdict].exit_code if report else ExitCode.NOT_HEALED


def _boot(paths: Paths) -> str:
    """Return the machine's boot id, "" where it cannot be had: then what is known is taken to be of this boot."""
    try:
        return Machine(paths.boot_id_file).boot_id()
    except PermanentError:
        return ""


def _present(data: dict[str, Any], boot: str) -> bool:
    return boot in ("", data["boot"])


def _watch(directory: Path, boot: str) -> int:
    """Print it anew whenever something changed."""
    known: object = None
    while True:
        data = read(directory)
        if known != (known := (data, data is not None and lives(data["author"]))):
            print(*_lines(data, boot), sep="\n", end="\n\n", flush=True)
        time.sleep(REFRESH_SECONDS)


def _watch_live(directory: Path, boot: str) -> int:
    """Keep one picture up to date."""
    from rich.live import Live
    from rich.text import Text

    def picture() -> Text:
        return Text("\n".join(_lines(read(directory), boot)), no_wrap=True, overflow="ellipsis")

    with Live(picture(), auto_refresh=False) as live:  # what does not fit is cut: it could not be drawn over
        while True:
            live.update(picture(), refresh=True)
            time.sleep(REFRESH_SECONDS)


def _lines(data: dict[str, Any] | None, boot: str) -> Iterator[str]:
    if data is None:
        yield "no run yet"
        return
    since, present = data["recovering_since"], _present(data, boot)
    under_way = present and lives(data["author"])
    if not present:
        yield "no run in this boot yet"
    if since and under_way:
        yield f"a run is under way since {_clock(since)}, {_seconds(since)}:"
    elif since and present:
        yield f"a run that began {_clock(since)} was cut short, and none goes on with it; {IS_IT_RUNNING}"
    elif since:
        yield f"a run was under way when the machine went down, since {_clock(since)}:"
    yield from _progress(data["progress"], under_way=under_way)
    last, before = data["report"] or data["previous"], data["last_boot"]
    if last:
        report = report_from_json(last)
        yield _headline(report)
        yield from account(report)
    if before and before != last:
        yield f"before that, in another boot: {_headline(report_from_json(before))}"


def _headline(report: Report) -> str:
    return f"run of {_clock(report.began)}, boot {report.epoch or 'unknown'}: {VERDICTS[report.verdict].words}"


def _progress(progress: dict[str, Any], *, under_way: bool) -> Iterator[str]:
    width = max(map(len, progress), default=0)
    for step, item in progress.items():
        mark = MARKS[EventKind(item["kind"])]
        lasts = f"for {_seconds(item['at'])}" if under_way else ""
        yield f"  {mark:<10} {step:<{width}} {lasts:>16}  {item['text']}"


def _seconds(since: float) -> str:
    """Say how long ago something of this boot was: no longer than this boot, even if the clock was set meanwhile."""
    return f"{min(max(0.0, time.time() - since), time.clock_gettime(time.CLOCK_BOOTTIME)):.0f} s"


def _clock(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
