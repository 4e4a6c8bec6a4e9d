"""`bootheal demo`: the whole story on an embedded cluster, healed by the code that heals a real one."""

import argparse
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bootheal.cli import hidden_faults
from bootheal.cli.healing.terminal import open_reporter
from bootheal.cli.printing import width
from bootheal.cli.run import heal, stop_on_signals
from bootheal.cli.scenarios import SCENARIOS, Scenario
from bootheal.config import load
from bootheal.config.source import suggestion
from bootheal.engine import Inbox
from bootheal.errors import DemoError, UsageError
from bootheal.model import VERDICTS
from bootheal.model.layout import wrapped
from bootheal.model.quoted import quoted

if TYPE_CHECKING:
    from bootheal.demo.stack import Stack

STORY = (
    "The power is cut: every process is killed with SIGKILL. Then the machine boots: the API server comes back first "
    "and still shows the state from before; PostgreSQL is in crash recovery."
)

WIDEST = 96
DEFAULT = "drift"

NO_EXTRA = "install it with: pip install 'bootheal[demo]'"


def main(options: argparse.Namespace) -> int:
    """Start, break, heal, show. Exit code 0 when it ended as the scenario should, 2: there is no such scenario."""
    if options.list:
        names = max(map(len, SCENARIOS))
        for name, scenario in SCENARIOS.items():
            print(*wrapped(f"{name:<{names}}  {scenario.story}", _columns(), names + 2), sep="\n")
        return 0
    scenario = _chosen(options.scenario or DEFAULT)
    try:
        from bootheal.demo.stack import Stack, StackOptions
    except ModuleNotFoundError as error:
        raise DemoError(f"cannot start the demo: the package {error.name} is not installed", hint=NO_EXTRA) from None
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started, as on Ctrl-C
    with tempfile.TemporaryDirectory(prefix="bootheal-demo-") as directory:
        started = time.monotonic()
        print("Starting an embedded cluster: real PostgreSQL, real PgBouncer, two applications …", flush=True)
        drift = scenario.drift and not options.hidden_faults
        with Stack(Path(directory), StackOptions(drift=drift, patroni=options.patroni)) as stack:
            print(f"It serves after {time.monotonic() - started:.1f} s.\n")
            before = _table(stack)
            print(before, end="\n\n")
            if options.hidden_faults:
                return 0 if hidden_faults.play(stack) else 1
            print(*wrapped(STORY, _columns()), *wrapped(scenario.story, _columns()), "", sep="\n", flush=True)
            code = _break_and_heal(stack, scenario)
            print(f"\nBefore:\n{before}\n\nNow:\n{_table(stack)}", flush=True)
            if options.keep:
                _keep(stack)
            else:
                print(f"\nNext: {_command()} demo --keep, to try things on it; {_command()} demo --list, for others.")
            return 0 if code == scenario.ends and (code or all(stack.serving().values())) else 1


def _columns() -> int:
    return min(width() or WIDEST, WIDEST)


def _chosen(name: str) -> Scenario:
    if name not in SCENARIOS:
        near = suggestion(name, SCENARIOS)
        raise UsageError(
            f"cannot play '{quoted(name)}': there is no such scenario{near}", hint="bootheal demo --list shows them"
        )
    return SCENARIOS[name]


def _break_and_heal(stack: "Stack", scenario: Scenario) -> int:
    from bootheal.demo.stack import BootScript

    stack.configure(scenario.configuration)
    scenario.prepare(stack)
    stack.power_cut()
    stack.boot(replace(BootScript(), **scenario.boot))
    inbox = Inbox()
    reporter = open_reporter()
    with stop_on_signals(inbox):
        report = heal(stack.config, load(stack.config), reporter, inbox)
    print(flush=True)
    reporter.conclude(report)
    return VERDICTS[report.verdict].exit_code


def _table(stack: "Stack") -> str:
    """Show the pods as kubectl does, and what a user outside gets."""
    rows = [f"  {line}" for line in stack.summary().split(", ")]
    rows += [f"  GET http://{name}/health: {'200' if ok else 'no answer'}" for name, ok in stack.serving().items()]
    return "\n".join(rows)


def _command() -> str:
    """Return how this very bootheal is called: whoever runs it from a checkout has none on the PATH."""
    return shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "bootheal" else f"{sys.executable} -m bootheal"


def _keep(stack: "Stack") -> None:
    bootheal = _command()
    print(
        f"""
It keeps running. In another terminal:

  kubectl --kubeconfig {stack.kubeconfig} get pods --namespace shop
  {bootheal} plan --config {stack.config}
  {bootheal} run --once --config {stack.config}
  {bootheal} status --config {stack.config}
  {bootheal} report --config {stack.config}

Press Enter to cut the power again (and let `run --once` heal it), Ctrl-C to end.""",
        flush=True,
    )
    while sys.stdin.readline():
        stack.power_cut()
        stack.boot()
        print("The power was cut; the machine boots.", flush=True)
    while True:  # no terminal to press Enter on
        time.sleep(3600)
