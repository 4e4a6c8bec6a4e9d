"""`bootheal run`: one healing pass with `--once`, else the daemon."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from bootheal.adapters.kube.pace import MOST_PER_SECOND
from bootheal.adapters.scope import Scope
from bootheal.adapters.systemd import Systemd
from bootheal.cli.discovering import PATIENCE_SECONDS, discovered
from bootheal.cli.healing.afterwards import Afterwards
from bootheal.cli.healing.audience import audience, warn
from bootheal.cli.healing.daemon import Daemon
from bootheal.cli.healing.mandate import await_decision, mandate
from bootheal.cli.healing.parts import Parts, gate_alone
from bootheal.cli.healing.terminal import Reporter, open_reporter
from bootheal.cli.wiring import first_epoch, make_engine, open_memory, open_world
from bootheal.config import Configuration, accept_data, load
from bootheal.config.configuration import found
from bootheal.engine import Engine, Inbox
from bootheal.errors import LockedError, StateError
from bootheal.model import VERDICTS, Report, Verdict, to_json

# What somebody reads who presses Ctrl-C, for the first time and again: what is changed now must not be left half done.
UNDERSTOOD = (
    b"\nbootheal: ends once what it is doing is done; Ctrl-C again: without changing back what was for a while only\n",
    b"\nbootheal: ends now, the next run changes back the rest; Ctrl-C again: in the middle of what it is doing\n",
)


def main(options: argparse.Namespace) -> int:
    """Heal, tell, remember; the exit code is the verdict's, or 128 and the signal's number."""
    configuration = accept_data(load(options.config), options.accept_data, time.time())
    reporter = open_reporter(sys.stderr if options.json else sys.stdout)
    inbox = Inbox()
    if not options.once:
        with (
            closing(Systemd()) as systemd,
            stop_on_signals(inbox, systemd.stopping),
            renew_on_hangup(inbox),
        ):
            return Daemon(
                options.config, configuration, reporter, inbox, systemd, most=options.max_requests_per_second
            ).stay()
    with stop_on_signals(inbox) as signals:
        report = heal(options.config, configuration, reporter, inbox, most=options.max_requests_per_second)
    if options.json:
        print(json.dumps(to_json(report) | {"verdict": report.verdict.value}, indent=2))
    else:
        reporter.conclude(report)
    return 128 + signals[0] if report.verdict is Verdict.INTERRUPTED and signals else VERDICTS[report.verdict].exit_code


@contextmanager
def stop_on_signals(inbox: Inbox, announce: Callable[[], None] = lambda: None) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT ask for a stop. Yield the list that will hold the signals' numbers."""
    caught: list[int] = []

    def handle(number: int, _frame: object) -> None:
        caught.append(number)
        if number == signal.SIGINT and len(caught) <= len(UNDERSTOOD) and sys.stderr.isatty():
            os.write(sys.stderr.fileno(), UNDERSTOOD[len(caught) - 1])  # print may be what the signal has interrupted
        announce()
        inbox.stop()
        if len(caught) > 1:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever asks a third time means it

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def renew_on_hangup(inbox: Inbox) -> Iterator[None]:
    """Let SIGHUP ask for the configuration to be read anew."""
    before = signal.signal(signal.SIGHUP, lambda *_: inbox.renew())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def heal(
    path: Path, configuration: Configuration, reporter: Reporter, inbox: Inbox, *, most: float = MOST_PER_SECOND
) -> Report:
    """Make one pass under the lock. StateError where nothing can be kept.

    LockedError where another pass is under way, or another process is the one that acts, or has become it meanwhile.
    """
    for warning in configuration.warnings:
        warn(reporter, warning)
    with Scope(partial(warn, reporter)) as scope, mandate(configuration.file, scope, inbox) as ours:
        world = open_world(configuration.file.cluster, scope, ours, most=most)
        memory = open_memory(configuration.file, world.logged)
        who = audience(configuration.file, world, memory, scope, reporter)
        afterwards = Afterwards(path, partial(warn, reporter))
        await_decision(ours, inbox, configuration.file.deadline)
        with who.hold(lambda: inbox.stopped) as remembered:
            if memory.remark:
                warn(reporter, memory.remark)
            parts = Parts(who.tell, configuration.plan, opening=configuration.file.discover is not None)
            make = partial(
                make_engine, world=world, memory=memory, tell=parts.hear, inbox=inbox, scope=scope, mandate=ours
            )
            find = partial(discovered, configuration, scope, partial(warn, reporter), patience=PATIENCE_SECONDS)
            with reporter:
                engine, full, report = _both_parts(configuration, parts, first_epoch(world, remembered), make, find)
                report = afterwards.told(report, full, world)
            try:
                who.keep(report, world)
            except StateError:
                reporter.conclude(report)  # what was done must not be lost with the file
                raise
        who.messenger.finish(report)
        afterwards.keep(report, full, world)
        who.event_writer.wait()
        who.messenger.wait(lambda: inbox.stopped)
        if engine.deposed:
            reporter.conclude(report)
            raise LockedError(f"cannot go on with the pass: {engine.deposed}")
    return report


def _both_parts(
    configuration: Configuration,
    parts: Parts,
    epoch: str,
    make: Callable[..., Engine],
    find: Callable[[], Configuration],
) -> tuple[Engine, Configuration, Report]:
    """Run the gate alone where workloads are to be found behind it, then all.

    Return the last engine, what it ran, and the report of both.
    """
    # What is found joins the graph of what is listed: so the cluster comes first.
    engine = make(gate_alone(configuration) if parts.opening else configuration)
    report = engine.run(epoch)
    if parts.opened(report):
        configuration = find()
        engine = make(configuration, spent=parts.seconds)
        report = engine.run(report.epoch)
    return engine, configuration, parts.whole(report, found(configuration))
