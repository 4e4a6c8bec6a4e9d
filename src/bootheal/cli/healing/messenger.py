"""Tells the owner's targets, each on a thread of its own: a pass waits for none of them, and fails by none."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from bootheal import notices
from bootheal.adapters.host import Machine
from bootheal.adapters.notify import Address, send
from bootheal.adapters.outbox import OutboxFile
from bootheal.adapters.process_identity import lives, sign
from bootheal.adapters.scope import Scope
from bootheal.backoff import trying_for
from bootheal.config.file import File
from bootheal.config.sections.notify import Notify
from bootheal.errors import BoothealError, PermanentError, TransientError
from bootheal.model import Due, Event, Notice, Report, Told
from bootheal.model.quoted import quoted
from bootheal.notices import Observer

# How long `run --once` waits at its end for what has not arrived; the next run goes on with the rest.
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.02

# Of what a full disk does not take; a notice is two: that it is due, and that it is not any more.
MOST_UNKEPT = 1000

Change = Callable[[Told], Told]


def address_of(target: Notify) -> Address:
    """Say where a target's URL stands."""
    return Address(target.url_file, target.credential or "", str(target.ca or ""), target.plain_http)


def hostname() -> str:
    """Return this machine's name."""
    return quoted(socket.gethostname())


def _changed(changes: Iterable[Change], known: Told) -> Told:
    for change in changes:
        known = change(known)
    return known


class _Box:
    """The outbox as one target's thread uses it; `machine` is this boot of it.

    What the disk does not take is known here until it does: a full disk is a thing to tell the owner of.
    """

    def __init__(self, file: OutboxFile, machine: str, target: str, complain: Callable[[str], None]) -> None:
        self.machine, self._file, self._target, self._complain = machine, file, target, complain
        self._unkept: tuple[Change, ...] = ()
        self._trouble = ""

    def change(self, how: Change) -> None:
        """Change what is known of the target: what another process has written meanwhile is changed with it."""
        changes = (*self._unkept, how)
        try:
            self._file.change(self._target, partial(_changed, changes))
        except OSError as error:
            self._unkept = changes[-MOST_UNKEPT:]
            self._say(error)
        else:
            self._unkept, self._trouble = (), ""

    def due(self) -> tuple[Due, ...]:
        """Return what the target is still to be told."""
        try:
            known = self._file.read().targets.get(self._target, Told())
        except OSError as error:
            self._say(error)
            known = Told()
        return _changed(self._unkept, known).due

    def _say(self, error: OSError) -> None:
        """Complain of each trouble once."""
        trouble = f"cannot keep what {self._target} was told: {error.strerror}; it is told all the same"
        if trouble != self._trouble:
            self._complain(trouble)
        self._trouble = trouble


class Messenger:
    """Listens to passes, and has the targets told while the scope lasts. `complain` is told what could not be."""

    def __init__(self, file: File, tell: Callable[[str], str], scope: Scope, complain: Callable[[str], None]) -> None:
        outbox, machine = OutboxFile(file.state_directory), Machine(file.cluster.boot_id_file).boot_id_if_known()
        self._observer, self._complain = Observer(machine, hostname(), tell), complain
        self._targets = [
            _Target(name, target, _Box(outbox, machine, name, complain), scope, complain)
            for name, target in file.notify.items()
        ]

    def tell(self, event: Event) -> None:
        """Take note of an event; who is to be told of it is told on other threads."""
        if self._targets and (notice := self._observer.hear(event)):
            self._post(notice)

    def finish(self, report: Report) -> None:
        """Take note of how a pass has ended."""
        if self._targets and (notice := self._observer.conclude(report)):
            self._post(notice)

    def hindered(self, error: BoothealError) -> None:
        """Have the owner told what keeps a pass from being made, or from being written down."""
        if self._targets:
            self._post(self._observer.hindered(str(error), error.hint, time.time()))

    def foretold(self, verdict: str, why: str) -> None:
        """Have the owner told what the next boot would break. Any thread may ask."""
        if self._targets:
            self._post(self._observer.foretold(verdict, why, time.time()))

    def _post(self, notice: Notice) -> None:
        for target in self._targets:
            target.post(notice)

    def wait(self, stopped: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all has arrived or is given up, but not for long, nor when `stopped`."""
        deadline = time.monotonic() + seconds
        while not all(target.idle for target in self._targets):
            if stopped() or time.monotonic() > deadline:
                late = ", ".join(target.name for target in self._targets if not target.idle)
                self._complain(f"not told yet: {late}; the next run, or the service, goes on with it")
                return
            time.sleep(PAUSE_SECONDS)


class _Target:
    """One target's thread."""

    def __init__(self, name: str, target: Notify, box: _Box, scope: Scope, complain: Callable[[str], None]) -> None:
        self.name, self._target, self._box, self._complain = name, target, box, complain
        self._wish, self._address = target.wish(), address_of(target)
        self._posted: queue.Queue[Notice | None] = queue.Queue()
        self._closed = threading.Event()
        scope.on_close(self._close)
        scope.start(self._live, f"notify {name}")

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._posted.unfinished_tasks

    def post(self, notice: Notice) -> None:
        """Have it told; it takes no time."""
        self._posted.put(notice)

    def _close(self) -> None:
        self._closed.set()
        self._posted.put(None)

    def _live(self) -> None:
        try:
            self._deliver_all()
            while not self._closed.is_set():
                self._take_in(self._posted.get())
                self._deliver_all()
                self._posted.task_done()
        except _ClosedError:
            pass  # what has not arrived stays due
        finally:
            self._leave()

    def _leave(self) -> None:
        """What was posted in the last moment is on disk, too: the next process tells it."""
        with suppress(queue.Empty):
            while True:
                self._take_in(self._posted.get_nowait())

    def _take_in(self, notice: Notice | None) -> None:
        """Write it down first: then it is told, if need be by another process."""
        if notice:
            self._box.change(partial(self._with, Due(notice, time.monotonic(), self._box.machine, sign())))

    def _with(self, due: Due, known: Told) -> Told:
        known = notices.of_boot(known, due.notice)
        return notices.posted(known, due) if self._wish.wants(known, due.notice) else known

    def _deliver_all(self) -> None:
        """In their order; what another process is at is left to it."""
        while ours := [due for due in self._box.due() if due.owner == sign() or not lives(due.owner)]:
            self._deliver(ours[0])

    def _deliver(self, due: Due) -> None:
        left = notices.left_to_try(due, self._box.machine, time.monotonic())
        try:
            for attempt in trying_for(TransientError, left, self._sleep):
                with attempt:
                    send(self._target.kind, self._address, due.notice, full=self._target.details == "full")
        except TransientError as error:
            self._complain(f"notify {self.name}: {error}; it was tried for an hour and is given up")
        except PermanentError as error:
            self._complain(f"notify {self.name}: {error.with_hint('; ')}")
        except _ClosedError:
            raise
        except Exception as error:  # noqa: BLE001 - of ours or of apprise's plugins: it must not end the telling
            self._complain(f"notify {self.name}: {type(error).__name__}: this is a bug, please report it")
        self._box.change(partial(_without, due))

    def _sleep(self, seconds: float) -> None:
        """Sleep between two tries; what is posted meanwhile is written down at once."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                self._take_in(self._posted.get(timeout=left))
                self._posted.task_done()
            if self._closed.is_set():
                raise _ClosedError


class _ClosedError(Exception):
    """The scope is left: what is due stays due."""


def _without(due: Due, known: Told) -> Told:
    return notices.settled(known, due)
