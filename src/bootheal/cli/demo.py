"""`bootheal demo`: the whole story on an embedded cluster, healed by the code that heals a real one."""

import argparse
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bootheal.cli.run import heal, stop_on_signals
from bootheal.cli.terminal import open_reporter
from bootheal.config import load
from bootheal.engine import Inbox
from bootheal.errors import DemoError
from bootheal.model import VERDICTS

if TYPE_CHECKING:
    from bootheal.demo.stack import Stack

STORY = """\
The power is cut: every process is killed with SIGKILL. Then the machine boots: the API server
comes back first and still shows the state from before; PostgreSQL is in crash recovery; the pooler
role's password has drifted from its Secret, so the applications crash-loop for good. Of the pods
one is a Failed leftover, one stays dead, and one is bare, which must be left alone.
"""

NO_EXTRA = "install it with: pip install 'bootheal[demo]'"


def main(options: argparse.Namespace) -> int:
    """Start, break, heal, show. Exit code 0 when the applications serve again."""
    try:
        from bootheal.demo.stack import Stack
    except ModuleNotFoundError as error:
        raise DemoError(f"cannot start the demo: the package {error.name} is not installed", hint=NO_EXTRA) from None
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started, as on Ctrl-C
    with tempfile.TemporaryDirectory(prefix="bootheal-demo-") as directory:
        started = time.monotonic()
        print("Starting an embedded cluster: real PostgreSQL, real PgBouncer, two applications …", flush=True)
        with Stack(Path(directory)) as stack:
            print(f"It serves after {time.monotonic() - started:.1f} s.\n")
            before = _table(stack)
            print(before, end="\n\n")
            print(STORY, flush=True)
            code = _break_and_heal(stack)
            print(f"\nBefore:\n{before}\n\nNow:\n{_table(stack)}", flush=True)
            if options.keep:
                _keep(stack)
            return code if all(stack.serving().values()) else 1


def _break_and_heal(stack: "Stack") -> int:
    stack.power_cut()
    stack.boot()
    inbox = Inbox()
    reporter = open_reporter()
    with stop_on_signals(inbox):
        report = heal(load(stack.config), reporter, inbox)
    print("\nWhat was done, why, and when (seconds since power-on):", flush=True)
    reporter.conclude(report)
    return VERDICTS[report.verdict].exit_code


def _table(stack: "Stack") -> str:
    """Show the pods as kubectl does, and what a user outside gets."""
    rows = [f"  {line}" for line in stack.summary().split(", ")]
    rows += [f"  GET http://{name}/health: {'200' if ok else 'no answer'}" for name, ok in stack.serving().items()]
    return "\n".join(rows)


def _keep(stack: "Stack") -> None:
    bootheal = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "bootheal" else f"{sys.executable} -m bootheal"
    print(
        f"""
It keeps running. In another terminal:

  kubectl --kubeconfig {stack.kubeconfig} get pods --namespace shop
  {bootheal} plan --config {stack.config}
  {bootheal} run --once --config {stack.config}
  {bootheal} status --config {stack.config}

Press Enter to cut the power again (and let `run --once` heal it), Ctrl-C to end.""",
        flush=True,
    )
    while sys.stdin.readline():
        stack.power_cut()
        stack.boot()
        print("The power was cut; the machine boots.", flush=True)
    while True:  # no terminal to press Enter on
        time.sleep(3600)
