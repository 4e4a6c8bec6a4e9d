"""The command behind `scripts/cuts`: power cuts in real time, each verdict compared with what was served afterwards."""

import argparse
import contextlib
import http.client
import json
import random
import shlex
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from bench.observer import Ask, Observer, Poll
from bench.stories import MISFORTUNES, Story, story
from bootheal.demo.stack import Stack, StackOptions
from bootheal.exit_codes import ExitCode
from support.command import start_anew

EXAMPLES = """\
examples:
  scripts/cuts --cuts 20           twenty cuts on embedded clusters, by a seed that is printed
  scripts/cuts --seed 7 --only 12  the twelfth cut of that seed once more
  scripts/cuts --kubeconfig k3s.yaml --config bootheal.yaml --url http://10.43.0.9:8000/health \\
      --cut 'virsh destroy box' --restore 'virsh start box'

A verdict is false where it says healed and a door does not serve at some moment after it, or where it says not healed
and every door serves all the while. The exit code is 1 where one was.
"""
POLL_SECONDS = 3.0
LONGEST = 900.0


class Target(Protocol):
    """A machine whose power can be cut."""

    @property
    def config(self) -> Path:
        """Where bootheal's configuration for it is."""

    @property
    def doors(self) -> Mapping[str, Ask]:
        """Its front doors, by their names."""

    def cut(self) -> None:
        """Cut its power."""

    def restore(self) -> None:
        """Give it back; returns at once."""

    def settle(self) -> None:
        """Put right what the cut was to find wrong, once its verdict is known, so that the next finds all well."""


@dataclass(frozen=True)
class Verdict:
    """What came of one cut; times are seconds since power-on, `served` None where that never was."""

    number: int
    told: str
    code: int
    said: float
    served: float | None
    bad: tuple[Poll, ...]
    report: Mapping[str, Any]

    @property
    def false(self) -> str:
        """Say what was untrue, "" where nothing was."""
        if self.code == ExitCode.HEALED:
            return f"said healed, then {len(self.bad)} bad polls: {self.bad[0].trouble}" if self.bad else ""
        return "said not healed, and everything serves" if self.served is not None and not self.bad else ""

    def __str__(self) -> str:
        at = "never" if self.served is None else f"{self.served:.1f} s"
        end = "healed" if self.code == ExitCode.HEALED else f"exit {self.code}"
        untrue = f"  FALSE: {self.false}" if self.false else ""
        return f"{self.number:4}  {end} at {self.said:.1f} s, served from {at}  ({self.told}){untrue}"


def tried(target: Target, number: int, told: str, begins: float, after: float) -> Verdict:
    """Cut the power, heal, and look on for `after` seconds."""
    target.cut()
    with Observer(target.doors) as observer:
        target.restore()
        on = time.monotonic()
        time.sleep(begins)
        process = start_anew("run", "--once", "--json", "--config", target.config)
        try:
            out, err = process.communicate(timeout=LONGEST)
        finally:
            process.kill()
        said = time.monotonic()
        time.sleep(after)
    if process.returncode not in tuple(ExitCode):
        raise SystemExit(f"cannot judge cut {number}: exit code {process.returncode}\n{err}")
    served, bad = observer.served(), tuple(observer.bad(said))
    report = json.loads(out) if out.startswith("{") else {}
    at = None if served is None else served - on
    return Verdict(number, told, process.returncode, said - on, at, bad, report)


# --- the machines -------------------------------------------------------------------------------------------------


class Demo:
    """Embedded clusters, one of each kind that was asked for, each with its own story at each cut."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self.config = stack, stack.config
        self.doors = {name: partial(_get, stack, name) for name in ("django", "nginx")}
        self.story: Story

    def cut(self) -> None:
        """Let the password drift where the story says so, then cut."""
        if self.story.drift:
            self._stack.postgres.drift_password()
        if self.story.misfortune:
            MISFORTUNES[self.story.misfortune].begin(self._stack)
        self._stack.power_cut()

    def restore(self) -> None:
        """Boot by the story's times."""
        self._stack.boot(self.story.script)

    def settle(self) -> None:
        """End the misfortune, and heal what it left."""
        if self.story.misfortune:
            MISFORTUNES[self.story.misfortune].end(self._stack)
        if not all(self._stack.serving().values()):
            start_anew("run", "--once", "--config", self.config).communicate(timeout=LONGEST)
            self._stack.wait_until("all to serve", lambda: all(self._stack.serving().values()), 300)


def _get(stack: Stack, name: str) -> str:
    service = stack.find("services", name)
    if service is None:
        return "no Service"
    connection = http.client.HTTPConnection(
        service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"], timeout=POLL_SECONDS
    )
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{name}: {type(error).__name__}: {error}"
    return "" if status == HTTPStatus.OK else f"{name}: {status}"


class Real:
    """A cluster of the user's, whose power commands cut and restore."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.config, self._cut, self._restore = options.config, options.cut, options.restore
        self.doors = {url: partial(_open, url) for url in options.url}

    def cut(self) -> None:
        """Run the command that cuts."""
        subprocess.run(shlex.split(self._cut), check=True)

    def restore(self) -> None:
        """Run the command that restores, and do not wait for it."""
        subprocess.Popen(shlex.split(self._restore))

    def settle(self) -> None:
        """Nothing was made wrong."""


def _open(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=POLL_SECONDS) as answer:  # noqa: S310 - the user's own
            return "" if answer.status == HTTPStatus.OK else str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"


@contextmanager
def demos() -> Iterator["Demos"]:
    """Yield what starts embedded clusters, and ends them."""
    with ExitStack() as context, TemporaryDirectory(prefix="bootheal-cuts-") as directory:
        yield Demos(context, Path(directory))


class Demos:
    """One embedded cluster for each layout and number of poolers, started when a story first needs it."""

    def __init__(self, context: ExitStack, directory: Path) -> None:
        self._context, self._directory = context, directory
        self._started: dict[str, Demo] = {}

    def of(self, drawn: Story) -> Demo:
        """Return the one for a story, which it will play next."""
        name = f"{drawn.layout}-{drawn.replicas}"
        if name not in self._started:
            options = StackOptions(pooler_layout=drawn.layout, pooler_replicas=drawn.replicas, drift=False, fsync=False)
            stack = self._context.enter_context(Stack(self._directory / name, options))
            stack.configure({"deadline": 180})
            self._started[name] = Demo(stack)
        demo = self._started[name]
        demo.story = drawn
        return demo


# --- the command --------------------------------------------------------------------------------------------------


def main() -> int:
    """Cut, tell of each, and sum up."""
    options = _parser().parse_args()
    seed = options.seed if options.seed is not None else random.randrange(2**32)  # noqa: S311
    _say(f"--seed {seed}, {options.after:g} s after each verdict")
    numbers = [options.only] if options.only else range(1, options.cuts + 1)
    verdicts = []
    with demos() as started, contextlib.suppress(KeyboardInterrupt):
        for number in numbers:
            drawn = story(seed, number)
            target = Real(options) if options.kubeconfig else started.of(drawn)
            told = f"{drawn}" if not options.kubeconfig else f"begun after {drawn.begins:.1f} s"
            verdicts.append(tried(target, number, told, drawn.begins, options.after))
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
    healed = [verdict for verdict in verdicts if verdict.code == ExitCode.HEALED and verdict.served is not None]
    yield f"\n{len(verdicts)} cuts, {len(healed)} healed"
    if healed:
        served, said = ([getattr(each, name) for each in healed] for name in ("served", "said"))
        gap = statistics.median(each.said - (each.served or 0.0) for each in healed)
        yield f"median: served from {statistics.median(served):.1f} s, said at {statistics.median(said):.1f} s"
        yield f"median from served to said: {gap:.1f} s"
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
    real = parser.add_argument_group("a real cluster, in place of embedded ones; all of them")
    real.add_argument("--kubeconfig", type=Path, help="where it is")
    real.add_argument("--config", type=Path, help="bootheal's configuration for it")
    real.add_argument("--url", action="append", default=[], help="a front door that must answer 200; may be repeated")
    real.add_argument("--cut", help="the command that cuts its power")
    real.add_argument("--restore", help="the command that gives it back")
    return parser


if __name__ == "__main__":
    sys.exit(main())
