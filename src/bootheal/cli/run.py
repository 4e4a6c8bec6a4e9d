"""`bootheal run --once`: one healing pass."""

import argparse
import json
import signal
import sys
from queue import SimpleQueue

from bootheal.adapters.state import StateFile, lock
from bootheal.adapters.systemd import Systemd
from bootheal.cli.terminal import Terminal
from bootheal.cli.wiring import make_engine, open_world
from bootheal.config import load
from bootheal.engine import Inbox, Stop
from bootheal.model import Event, Report, to_json
from bootheal.narrate import EXIT_CODES, account, status


def main(options: argparse.Namespace) -> int:
    """Heal, tell, remember; the exit code is the verdict's."""
    configuration = load(options.config)
    terminal = Terminal(sys.stderr if options.json else sys.stdout)
    for warning in configuration.warnings:
        terminal.note(f"warning: {warning}")
    directory = configuration.file.state_directory
    inbox: Inbox = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(Stop()))  # SimpleQueue.put is safe in a signal handler
    with lock(directory):
        state = StateFile(directory)
        epoch = state.load()
        if state.remark:
            terminal.note(f"warning: {state.remark}")
        systemd = Systemd()

        def tell(event: Event) -> None:
            state.progress(event)
            systemd.status(status(event))
            terminal.tell(event)

        with open_world(configuration.file.cluster) as world, terminal:
            engine = make_engine(configuration, world, state, tell, inbox)
            systemd.ready()
            report = engine.run(world.host.boot_id() or epoch)
            systemd.stopping()
        state.finish(report)
    _print(report, terminal, as_json=options.json)
    return EXIT_CODES[report.verdict]


def _print(report: Report, terminal: Terminal, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(to_json(report) | {"verdict": report.verdict.value}, indent=2))
        return
    for line in account(report):
        terminal.note(line)
