"""The daemon looks ahead: while it rests, once a day and after each change of the configuration, at low priority."""

import hashlib
import json
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootheal.adapters import outlook as kept
from bootheal.adapters import own_process
from bootheal.adapters.host import Machine
from bootheal.adapters.metrics import Metrics
from bootheal.adapters.scope import Scope
from bootheal.config.file import File
from bootheal.errors import MISFITS, BoothealError, StateError, UnreachableError
from bootheal.exit_codes import ExitCode
from bootheal.model.outlook import Outlook, summary
from bootheal.model.quoted import quoted

# What has just booted has better uses for its processors, and much of it is not yet as it will be.
FIRST_SECONDS = 120.0
NICE = 19

# A look takes seconds; where it is this slow, the next one may be luckier.
LONGEST_SECONDS = 600.0

# Who ends us, as systemd and Ctrl-C do, ends it as well: there is nothing to say of that.
ENDED_WITH_US = (-signal.SIGTERM, -signal.SIGINT, ExitCode.SIGTERM, ExitCode.SIGINT)

# As `preflight --json` has it.
BREAKS, MAY_BREAK, CHANGES = "will break", "may break", "will change"

RESTS, ENDS = "rests", "ends"

# What is told of at most; `bootheal preflight` tells all.
MOST_TOLD = 3


class LookAhead:
    """Of one file, while its scope lasts. `note` takes a line, `tell` what the owner is to be told of.

    `bootheal preflight` looks, as a process of its own: it reads the cluster anew, which may be ten thousand pods, by
    `most` requests a second.
    """

    def __init__(
        self,
        path: Path,
        file: File,
        scope: Scope,
        *,
        most: float,
        metrics: Metrics,
        note: Callable[[str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._path, self._file, self._scope, self._most = path, file, scope, most
        self._metrics, self._note, self._tell = metrics, note, tell
        self._every = self._file.preflight_every
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._boot = Machine(self._file.cluster.boot_id_file).boot_id_if_known()
        self._digest = digest(self._file)
        self._trouble = ""
        scope.on_close(lambda: self._told.put(ENDS))
        scope.start(self._live, "preflight")

    def rests(self) -> None:
        """A pass has ended well, and nothing is under way: from now on there is time to look."""
        self._told.put(RESTS)

    def _live(self) -> None:
        with suppress(OSError):  # who may not be nice is not
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        if (known := self._known()) and known.boot == self._boot:
            self._metrics.foretold(counts(known))
        if self._told.get() == ENDS:
            return
        pause = min(FIRST_SECONDS, self._every)
        while self._waits(pause):
            known = self._known()
            due = known is None or known.due(time.time(), self._every, boot=self._boot, configuration=self._digest)
            if due:
                self._look(known)
            pause = self._every if known is None or due else max(1.0, known.at + self._every - time.time())

    def _waits(self, seconds: float) -> bool:
        """Wait so long; False where the scope is left."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                if self._told.get(timeout=left) == ENDS:
                    return False
        return True

    def _known(self) -> Outlook | None:
        try:
            return kept.read(self._file.state_directory)
        except StateError as error:
            self._complain(str(error))
            return None

    def _look(self, before: Outlook | None) -> None:
        try:
            if (said := self._foretold()) is None:
                return
            found, now = said
            kept.write(self._file.state_directory, now)
        except BoothealError as error:
            self._complain(f"cannot look ahead: {error}")
            return
        except OSError as error:
            self._complain(f"cannot keep what the next boot would bring: {error.strerror}")
            return
        self._trouble = ""
        self._metrics.foretold(counts(now))
        known = before.keys if before else ()
        news = [each for each in found if each["sure"] in (BREAKS, MAY_BREAK) and _key(each) not in known]
        if news:
            more = f"; and {len(news) - MOST_TOLD} more" if len(news) > MOST_TOLD else ""
            why = "; ".join(f"{each['object']}: {quoted(each['fact'])}" for each in news[:MOST_TOLD]) + more
            self._note(f"preflight: {now.told}: {why}")
            self._tell(now.told, why)

    def _foretold(self) -> tuple[list[dict[str, Any]], Outlook] | None:
        """Return what `preflight --json` finds, and what is kept of it; None where it was ended together with us.

        BoothealError where it can say nothing.
        """
        ask = ("preflight", "--json", "--config", str(self._path), "--max-requests-per-second", f"{self._most:g}")
        code, said, warned = own_process.ask(self._scope, ask, LONGEST_SECONDS)
        if code in ENDED_WITH_US:
            return None
        try:
            told = json.loads(said)
        except ValueError:
            raise UnreachableError(why_nothing(code, warned)) from None
        if isinstance(told, dict) and "error" in told:  # with what to do next it stands on standard error
            raise UnreachableError(why_nothing(code, warned))
        try:
            blind, found, now = told["blind"], told["found"], outlook(told, time.time(), self._boot, self._digest)
        except MISFITS:
            raise UnreachableError("bootheal is another version by now than this process: restart it") from None
        if blind:
            raise UnreachableError("the API server tells nothing")
        return found, now

    def _complain(self, text: str) -> None:
        if text != self._trouble and not self._scope.left:
            self._note(text)
        self._trouble = text


def why_nothing(code: int, warned: str) -> str:
    """Say in a line why it has found nothing to say, by how it ended and its standard error."""
    if code < 0:
        return f"bootheal preflight was ended by {signal.Signals(-code).name}"
    if code == ExitCode.BUG:
        return "bootheal preflight has met a bug; run it by hand, and please report what it says"
    first, *hints = [line for line in warned.splitlines() if not line.startswith("warning: ")] or [
        f"bootheal preflight ended with {code}"
    ]
    hint = f"; {hints[0].strip()}" if hints and hints[0].startswith(" ") else ""
    return quoted(first.removeprefix("bootheal: ") + hint)


def _key(found: dict[str, Any]) -> str:
    """Return what is the same when it is seen again."""
    return f"{found['id']} {found['object']}"


def outlook(said: dict[str, Any], at: float, boot: str, configuration: str) -> Outlook:
    """Return what is kept of what `preflight --json` says."""
    sure = [each["sure"] for each in said["found"]]
    breaks, may_break = sure.count(BREAKS), sure.count(MAY_BREAK)
    return Outlook(
        at=at,
        boot=boot,
        configuration=configuration,
        breaks=breaks,
        may_break=may_break,
        changes=sure.count(CHANGES),
        told=summary(breaks, may_break),
        keys=tuple(map(_key, said["found"])),
    )


def counts(known: Outlook) -> dict[str, int]:
    """Return how much there is of each, by the word of its label."""
    return {"breaks": known.breaks, "may-break": known.may_break, "changes": known.changes}


def digest(file: File) -> str:
    """Return what is another one after each change of the configuration; it holds no secret."""
    return hashlib.sha256(repr(file).encode(errors="replace")).hexdigest()[:16]
