"""The command behind `scripts/bench`: arguments and printing."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from bench import cleanup, engine, pooler, preflight, resident, scale, startup, suite, waiting
from bench.row import CannotMeasureError, Row, table
from bootheal.errors import BoothealError

EXAMPLES = """\
examples:
  scripts/bench                    everything, about a quarter of an hour
  scripts/bench --only pooler      one part
  scripts/bench --json | jq '.rows[] | select(.met == false)'

Ratios are of one run on one machine. A missed goal is a result: the exit code is 0, and 1 where a part
cannot be measured. Quiet neighbours help: the goals are tenths of a second.
"""


def main() -> int:
    """Measure, then print; what cannot be measured is said, and the rest is measured all the same."""
    options = _parser().parse_args()
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "engine": engine.measure,
        "pooler": lambda: pooler.measure(quick=options.quick),
        "startup": startup.measure,
        "resident": resident.measure,
        "cleanup": cleanup.measure,
        "waiting": waiting.measure,
        "scale": lambda: scale.measure(seconds=options.storm),
        "preflight": preflight.measure,
        "tests": suite.measure,
    }
    rows: list[Row] = []
    failures: list[str] = []
    for name in [options.only] if options.only else parts:
        sys.stderr.write(f"measuring: {name} …\n")
        try:
            rows.extend(parts[name]())
        except (CannotMeasureError, BoothealError) as error:
            failures.append(f"{name}: {error}")
    if options.json:
        document = {"rows": [row.to_json() for row in rows], "failures": failures}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in table(rows))
    sys.stderr.writelines(f"{failure}\n" for failure in failures)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures what bootheal promises: its engine, healing, start, staying and clean-up; and its tests.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parts = ("engine", "pooler", "startup", "resident", "cleanup", "waiting", "scale", "preflight", "tests")
    parser.add_argument("--only", choices=parts, metavar="NAME", help=", ".join(parts))
    parser.add_argument(
        "--storm",
        type=float,
        default=scale.STORM_SECONDS,
        metavar="SECONDS",
        help="for how long scale changes a thousand pods a second (default: %(default)g)",
    )
    parser.add_argument("--quick", action="store_true", help="leave out doing nothing with server_login_retry 60")
    return parser


if __name__ == "__main__":
    sys.exit(main())
