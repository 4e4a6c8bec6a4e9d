"""`bootheal status`: the last run and what is under way, from the state file alone."""

import argparse
import json
import time
from typing import Any

from bootheal.adapters.state import read
from bootheal.cli.glance import glance
from bootheal.model import report_from_json
from bootheal.narrate import EXIT_CODES, account


def main(options: argparse.Namespace) -> int:
    """Print what is known; the exit code is that of the last run, 1 where there was none."""
    data = read(glance(options.config).state_directory)
    if data is None:
        print("{}" if options.json else "no run yet")
        return 1
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        _print(data)
    report = data.get("report")
    return EXIT_CODES[report_from_json(report).verdict] if report else 1


def _print(data: dict[str, Any]) -> None:
    if progress := data.get("progress"):
        print("under way:")
        for step, item in progress.items():
            print(f"  {step}: {item['kind']}: {item['text']}")
    if data.get("report"):
        report = report_from_json(data["report"])
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(report.began))
        print(f"run of {when}, boot {report.epoch or 'unknown'}:")
        print(*account(report), sep="\n")
