"""The command behind `scripts/cuts`: power cuts in real time, each verdict compared with what was served afterwards."""

import argparse
import contextlib
import json
import random
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machines import HEALING_SECONDS, POLL_SECONDS, Real, Target, demos
from bench.observer import Observer, Poll
from bench.stories import story
from bootheal.exit_codes import ExitCode
from support.command import start_anew

EXAMPLES = """\
examples:
  scripts/cuts --cuts 20           twenty cuts on embedded clusters, by a seed that is printed
  scripts/cuts --seed 7 --only 12  the twelfth cut of that seed once more
  scripts/cuts --kubeconfig k3s.yaml --config bootheal.yaml --url http://10.43.0.9:8000/health \\
      --cut 'virsh destroy box' --restore 'virsh start box'
  scripts/cuts … --by 'ssh box bootheal wait'       what the unit of that machine says
  scripts/cuts … --by nobody                        how long it takes without any healing
  scripts/cuts … --by ./restart-everything.sh       how long it takes by a script

A verdict is false where it says healed and a door does not serve at some moment after it, or where it says not healed
and every door serves all the while. The exit code is 1 where one was.
"""
NOBODY = "nobody"


@dataclass(frozen=True)
class Verdict:
    """What came of one cut; times are seconds since power-on, `served` None where that never was.

    `code` and `said` are the verdict's: an exit code and when it came, None where nobody says anything.
    """

    number: int
    told: str
    code: int | None
    said: float | None
    served: float | None
    bad: tuple[Poll, ...]
    report: Mapping[str, Any]

    @property
    def false(self) -> str:
        """Say what was untrue, "" where nothing was."""
        if self.code is None:
            return ""
        if self.code == ExitCode.HEALED:
            return f"said healed, then {len(self.bad)} bad polls: {self.bad[0].trouble}" if self.bad else ""
        return "said not healed, and everything serves" if self.served is not None and not self.bad else ""

    def __str__(self) -> str:
        at = "never" if self.served is None else f"{self.served:.1f} s"
        end = "healed" if self.code == ExitCode.HEALED else f"exit {self.code}"
        said = "" if self.said is None else f"{end} at {self.said:.1f} s, "
        untrue = f"  FALSE: {self.false}" if self.false else ""
        return f"{self.number:4}  {said}served from {at}  ({self.told}){untrue}"


def tried(target: Target, number: int, told: str, begins: float, options: argparse.Namespace) -> Verdict:
    """Cut the power, heal, and look on for `options.after` seconds."""
    target.cut()
    code, said, out = None, None, ""
    with Observer(target.doors) as observer:
        target.restore()
        on = time.monotonic()
        if options.by != NOBODY:
            time.sleep(begins)
            code, out = _healed(number, _healer(target, options))
            said = time.monotonic()
            time.sleep(options.after)
        while options.by and not _for_good(observer) and time.monotonic() - on < options.longest:
            time.sleep(1.0)
    served, bad = observer.served(), () if said is None else tuple(observer.bad(said))
    report = json.loads(out) if out.startswith("{") else {}
    return Verdict(number, told, code, _after(on, said), _after(on, served), bad, report)


def _for_good(observer: Observer) -> bool:
    """Tell whether the doors serve, and each of the polls that show it has been answered."""
    served = observer.served()
    return served is not None and time.monotonic() - served > 2 * POLL_SECONDS


def _after(began: float, moment: float | None) -> float | None:
    return None if moment is None else moment - began


def _healer(target: Target, options: argparse.Namespace) -> subprocess.Popen[str]:
    if not options.by:
        where = {"BOOTHEAL_KUBECONFIG": str(options.kubeconfig)} if options.kubeconfig else {}
        return start_anew("run", "--once", "--json", "--config", target.config, **where)
    pipe = subprocess.PIPE
    return subprocess.Popen(shlex.split(options.by), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)


def _healed(number: int, healer: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        out, err = healer.communicate(timeout=HEALING_SECONDS)
    finally:
        healer.kill()
    if healer.returncode not in tuple(ExitCode):
        raise SystemExit(f"cannot judge cut {number}: exit code {healer.returncode}\n{err}")
    return healer.returncode, out


# --- the command --------------------------------------------------------------------------------------------------


def main() -> int:
    """Cut, tell of each, and sum up."""
    parser = _parser()
    options = parser.parse_args()
    if options.cut and not (options.restore and options.url and (options.config or options.by)):
        parser.error("a real cluster needs --restore, --url, and --config or --by as well")
    seed = options.seed if options.seed is not None else random.randrange(2**32)  # noqa: S311
    _say(f"--seed {seed}, {options.after:g} s after each verdict")
    numbers = [options.only] if options.only else range(1, options.cuts + 1)
    verdicts = []
    with demos() as started, contextlib.suppress(KeyboardInterrupt):
        for number in numbers:
            drawn = story(seed, number)
            target = Real(options) if options.cut else started.of(drawn)
            told = options.by or (f"{drawn}" if not options.cut else f"begun after {drawn.begins:.1f} s")
            verdicts.append(tried(target, number, told, drawn.begins, options))
            _say(str(verdicts[-1]))
            target.settle()
    for line in summary(verdicts):
        _say(line)
    return 1 if any(verdict.false for verdict in verdicts) else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def summary(verdicts: list[Verdict]) -> Iterator[str]:
    """Tell medians, the slowest, where its seconds went, and what was untrue."""
    healed = [each for each in verdicts if each.code in (ExitCode.HEALED, None) and each.served is not None]
    yield f"\n{len(verdicts)} cuts, {len(healed)} healed"
    if healed:
        yield f"median: served from {statistics.median(each.served or 0.0 for each in healed):.1f} s"
        gaps = [each.said - (each.served or 0.0) for each in healed if each.said is not None]
        if gaps:
            yield f"median: said {statistics.median(gaps):.1f} s after it served"
        slowest = max(healed, key=lambda each: each.served or 0.0)
        yield f"slowest:\n{slowest}"
        yield from _seconds(slowest.report)
    false = [verdict for verdict in verdicts if verdict.false]
    yield f'false "healed": {sum(each.code == ExitCode.HEALED for each in false)}'
    yield f'false "not healed": {sum(each.code != ExitCode.HEALED for each in false)}'
    yield from map(str, false)


def _seconds(report: Mapping[str, Any]) -> Iterator[str]:
    for step in report.get("outcomes", []):
        if step["began"] is not None and step["ended"] is not None:
            took = step["ended"] - step["began"]
            yield f"      {took:6.1f} s until {step['ended']:6.1f} s  {step['step']}: {step['why']}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/cuts",
        description="Cuts the power again and again, and compares each verdict with what was served afterwards.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cuts", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, help="what they are drawn by; else one is drawn, and printed")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one of them")
    parser.add_argument("--after", type=float, default=30.0, help="seconds of looking on after each verdict (30)")
    parser.add_argument("--by", default="", help="what heals in place of `bootheal run --once`: a command, or nobody")
    parser.add_argument(
        "--longest", type=float, default=HEALING_SECONDS, help="seconds to wait for the doors then (900)"
    )
    real = parser.add_argument_group("a real cluster, in place of embedded ones; all of them")
    real.add_argument("--kubeconfig", type=Path, help="where it is, unless the configuration says so")
    real.add_argument("--config", type=Path, help="bootheal's configuration for it")
    real.add_argument("--url", action="append", default=[], help="a front door that must answer 200; may be repeated")
    real.add_argument("--cut", help="the command that cuts its power")
    real.add_argument("--restore", help="the command that gives it back")
    return parser


if __name__ == "__main__":
    sys.exit(main())
