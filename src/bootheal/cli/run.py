"""`bootheal run --once`: one healing pass."""

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from bootheal.adapters.state import StateFile, lock
from bootheal.adapters.systemd import Systemd
from bootheal.cli.terminal import Voice, open_voice
from bootheal.cli.wiring import make_engine, open_world
from bootheal.config import Configuration, load
from bootheal.engine import Inbox, Stop
from bootheal.model import Event, Report, Verdict, to_json
from bootheal.narrate import EXIT_CODES, Level, status


def main(options: argparse.Namespace) -> int:
    """Heal, tell, remember; the exit code is the verdict's, or 128 and the signal's number."""
    configuration = load(options.config)
    voice = open_voice(sys.stderr if options.json else sys.stdout)
    inbox: Inbox = SimpleQueue()
    with stop_on_signals(inbox) as signals:
        report = heal(configuration, voice, inbox)
    if options.json:
        print(json.dumps(to_json(report) | {"verdict": report.verdict.value}, indent=2))
    else:
        voice.conclude(report)
    return 128 + signals[0] if report.verdict is Verdict.INTERRUPTED and signals else EXIT_CODES[report.verdict]


@contextmanager
def stop_on_signals(inbox: Inbox) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT ask for a stop. Yield the list that will hold the signals' numbers."""
    caught: list[int] = []

    def handle(number: int, _frame: object) -> None:
        caught.append(number)
        inbox.put(Stop())  # SimpleQueue.put may be called from a signal handler

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def heal(configuration: Configuration, voice: Voice, inbox: Inbox) -> Report:
    """Make one pass under the lock. LockedError where another is under way, StateError where nothing can be kept."""
    for warning in configuration.warnings:
        voice.note(f"warning: {warning}", Level.WARNING)
    directory = configuration.file.state_directory
    systemd = Systemd()
    with lock(directory):
        state = StateFile(directory)
        epoch = state.load()
        if state.remark:
            voice.note(f"warning: {state.remark}", Level.WARNING)

        def tell(event: Event) -> None:
            state.progress(event)
            systemd.status(status(event))
            voice.tell(event)

        with open_world(configuration.file.cluster) as world, voice:
            engine = make_engine(configuration, world, state, tell, inbox)
            systemd.ready()
            report = engine.run(world.host.epoch() or epoch)
            systemd.stopping()
        state.finish(report)
    return report
