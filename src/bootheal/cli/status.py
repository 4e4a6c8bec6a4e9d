"""`bootheal status`: the last run and what is under way, from the state file alone."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from bootheal.adapters.state import read
from bootheal.cli import CONFIG
from bootheal.model import report_from_json
from bootheal.narrate import EXIT_CODES, account

STATE_DIRECTORY = Path("/var/lib/bootheal")


def main(options: argparse.Namespace) -> int:
    """Print what is known; the exit code is that of the last run, 1 where there was none."""
    data = read(_directory(options.config))
    if data is None:
        print("{}" if options.json else "no run yet")
        return 1
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        _print(data)
    report = data.get("report")
    return EXIT_CODES[report_from_json(report).verdict] if report else 1


def _directory(config: Path | None) -> Path:
    """Return the state directory that the configuration names, read without the schema: status must be quick."""
    import yaml

    path = config or CONFIG
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return STATE_DIRECTORY
    named = data.get("state_directory") if isinstance(data, dict) else None
    return Path(named) if isinstance(named, str) else STATE_DIRECTORY


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
