"""Runs the election beside the engine, where the configuration names a Lease; without one this process acts anyway."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.host import Machine
from bootheal.adapters.kube.api import Api, agent
from bootheal.adapters.kube.lock import KubeLock
from bootheal.adapters.kube.objects import stamp
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import kubeconfig, make_host
from bootheal.config.file import File
from bootheal.election.elector import Elector, identity
from bootheal.election.standing import Terms
from bootheal.engine import Inbox
from bootheal.errors import LockedError, UnreachableError
from bootheal.ports import Mandate, Unquestioned
from bootheal.step import REFUSAL_TRANSIENT_SECONDS

TERMS = Terms()

# Of the time in which it must be renewed, what one request may take: so a lost answer is no lost Lease.
SHARE = 4


@contextmanager
def mandate(file: File, scope: Scope, inbox: Inbox, terms: Terms = TERMS) -> Iterator[Mandate]:
    """Take part in the election while this lasts, and give the Lease back in the end. What changes wakes the inbox."""
    if file.lease is None:
        yield Unquestioned()
        return
    me = name_of(file)
    api = Api(kubeconfig(file.cluster, make_host(file.cluster)), scope, terms.renew / SHARE, agent=agent(me))
    elector = Elector(
        KubeLock(api, file.lease.ref),
        me,
        lease=str(file.lease.ref),
        clock=_clock,
        stamp=lambda: stamp(time.time()),
        changed=inbox.wake,
        terms=terms,
    )
    over = threading.Event()
    scope.on_close(over.set)
    scope.start(lambda: _campaign(elector, over), "the election")
    try:
        yield elector
    finally:
        over.set()
        elector.release()


def _campaign(elector: Elector, over: threading.Event) -> None:
    while not over.is_set():
        over.wait(elector.turn())


def await_decision(mandate: Mandate, inbox: Inbox, seconds: float) -> None:
    """Wait until this process may act, or a stop.

    LockedError where another one is known to act, UnreachableError where none is after so many seconds, or where the
    Lease is refused to us for longer than a refusal takes that passes.
    """
    clock, until = SystemClock(), time.monotonic() + seconds
    while (why := mandate.objection()) and not inbox.stopped:
        if not isinstance(mandate, Elector) or mandate.rival:
            raise LockedError(f"cannot begin a pass: {why}")
        if (left := until - time.monotonic()) <= 0 or mandate.refused_for >= REFUSAL_TRANSIENT_SECONDS:
            raise UnreachableError(f"cannot begin a pass: {why}")
        inbox.receive(clock, min(left, TERMS.retry))


def _clock() -> float:
    """Seconds since boot, those included in which the machine was suspended: others did not sleep meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def name_of(file: File) -> str:
    """Name this process and those that share its state: two states of one host are two candidates."""
    directory = Path(os.path.realpath(file.state_directory))
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
    what = str(directory)
    with suppress(OSError):
        status = directory.stat()
        what += f" {status.st_dev} {status.st_ino}"
    state = hashlib.sha256(what.encode(errors="surrogateescape")).hexdigest()[:8]
    return identity(socket.gethostname(), Machine(file.cluster.boot_id_file).boot_id(), state)
