"""`bootheal status`: the last run and what is under way, from the state file alone."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bootheal.adapters.state import read
from bootheal.cli.glance import glance
from bootheal.model import EventKind, report_from_json
from bootheal.narrate import EXIT_CODES, MARKS, VERDICTS, account

REFRESH = 0.5


def main(options: argparse.Namespace) -> int:
    """Print what is known; the exit code is that of the last run, 1 where there was none."""
    directory = glance(options.config).state_directory
    if options.watch:
        return _watch_live(directory) if sys.stdout.isatty() else _watch(directory)
    data = read(directory)
    if options.json:
        print(json.dumps(data or {}, indent=2))
    else:
        print(*_lines(data, time.time()), sep="\n")
    report = (data or {}).get("report")
    return EXIT_CODES[report_from_json(report).verdict] if report else 1


def _watch(directory: Path) -> int:
    """Print it anew whenever something changed."""
    known: object = None
    while True:
        if (data := read(directory)) != known or known is None:
            known = data or {}
            print(*_lines(data, time.time()), sep="\n", end="\n\n", flush=True)
        time.sleep(REFRESH)


def _watch_live(directory: Path) -> int:
    """Keep one picture up to date."""
    from rich.live import Live
    from rich.text import Text

    def picture() -> Text:
        return Text("\n".join(_lines(read(directory), time.time())), no_wrap=True, overflow="ellipsis")

    with Live(picture(), auto_refresh=False) as live:  # what does not fit is cut: it could not be drawn over
        while True:
            live.update(picture(), refresh=True)
            time.sleep(REFRESH)


def _lines(data: dict[str, Any] | None, now: float) -> Iterator[str]:
    if data is None:
        yield "no run yet"
        return
    if since := data["recovering_since"]:
        yield f"a run is under way since {_clock(since)}, {now - since:.0f} s:"
        yield from _progress(data["progress"], now)
    if raw := data["report"] or data["previous"]:
        report = report_from_json(raw)
        yield f"run of {_clock(report.began)}, boot {report.epoch or 'unknown'}: {VERDICTS[report.verdict]}"
        yield from account(report)


def _progress(progress: dict[str, Any], now: float) -> Iterator[str]:
    width = max(map(len, progress), default=0)
    for step, item in progress.items():
        mark = MARKS[EventKind(item["kind"])]
        seconds = f"for {now - item['at']:.0f} s"
        yield f"  {mark:<10} {step:<{width}} {seconds:>16}  {item['text']}"


def _clock(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
