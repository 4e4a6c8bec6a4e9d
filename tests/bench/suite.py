"""Part (i): how long the project's own tests take, by what `scripts/test` has noted of its last runs that were well."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from bench.row import CannotMeasureError, Row

PART = "the tests: their last run in which everything passed"
NOTED = Path(__file__).parents[2] / ".cache/durations.json"
GOALS = {"scripts/test": 600.0, "scripts/test tests/unit": 30.0}


def measure(noted: Path = NOTED) -> Iterator[Row]:
    """Yield a row for each goal; CannotMeasureError where there was no such run yet."""
    runs = json.loads(noted.read_text()) if noted.exists() else {}
    for command, most in GOALS.items():
        if command not in runs:
            raise CannotMeasureError(f"cannot tell how long the tests take: run {command} first")
        run = runs[command]
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run["ended"]))
        yield Row(PART, f"{command}, {when}, {run['cores']} cores", run["seconds"], "s", most=most)
