"""`bootheal run`: one healing pass with `--once`, else the daemon."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bootheal.adapters.metrics import Metrics
from bootheal.adapters.systemd import Systemd
from bootheal.cli import USAGE
from bootheal.cli.daemon import Daemon
from bootheal.cli.terminal import Reporter, open_reporter
from bootheal.cli.wiring import fan_out, first_epoch, make_engine, open_state, open_world
from bootheal.config import Configuration, accept_data, load
from bootheal.engine import Inbox, Renew
from bootheal.errors import StateError
from bootheal.model import Report, Verdict, to_json
from bootheal.narrate import EXIT_CODES, Note


def main(options: argparse.Namespace) -> int:
    """Heal, tell, remember; the exit code is the verdict's, or 128 and the signal's number."""
    if (options.json or options.accept_data) and not options.once:
        print("bootheal: --json and --accept-data are for --once; see also `bootheal status --json`", file=sys.stderr)
        return USAGE
    configuration = accept_data(load(options.config), options.accept_data, time.time())
    reporter = open_reporter(sys.stderr if options.json else sys.stdout)
    inbox = Inbox()
    if not options.once:
        systemd = Systemd()
        with stop_on_signals(inbox, systemd.stopping), renew_on_hangup(inbox):
            return Daemon(options.config, configuration, reporter, inbox, systemd).stay()
    with stop_on_signals(inbox) as signals:
        report = heal(configuration, reporter, inbox)
    if options.json:
        print(json.dumps(to_json(report) | {"verdict": report.verdict.value}, indent=2))
    else:
        reporter.conclude(report)
    return 128 + signals[0] if report.verdict is Verdict.INTERRUPTED and signals else EXIT_CODES[report.verdict]


@contextmanager
def stop_on_signals(inbox: Inbox, announce: Callable[[], None] = lambda: None) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT ask for a stop. Yield the list that will hold the signals' numbers."""
    caught: list[int] = []

    def handle(number: int, _frame: object) -> None:
        caught.append(number)
        announce()
        inbox.stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def renew_on_hangup(inbox: Inbox) -> Iterator[None]:
    """Let SIGHUP ask for the configuration to be read anew."""
    before = signal.signal(signal.SIGHUP, lambda *_: inbox.put(Renew()))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def heal(configuration: Configuration, reporter: Reporter, inbox: Inbox) -> Report:
    """Make one pass under the lock. LockedError where another is under way, StateError where nothing can be kept."""
    for warning in configuration.warnings:
        reporter.note(f"warning: {warning}", Note.ADVICE)
    state = open_state(configuration.file)
    metrics = Metrics(configuration.file.metrics_file, reporter.note, lambda: state.recovering_since)
    with state.hold() as remembered:
        if state.remark:
            reporter.note(f"warning: {state.remark}", Note.ADVICE)

        with open_world(configuration.file.cluster) as world, reporter:
            tell = fan_out(state.progress, metrics.tell, reporter.tell)
            report = make_engine(configuration, world, state, tell, inbox).run(first_epoch(world, remembered))
        try:
            state.finish(report)
        except StateError:
            reporter.conclude(report)  # what was done must not be lost with the file
            raise
        metrics.finish(report)
    return report
