"""The daemon looks ahead: while it rests, once a day and after each change of the configuration, at low priority."""

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from bootheal.adapters import outlook as kept
from bootheal.adapters.host import Machine
from bootheal.adapters.metrics import Metrics
from bootheal.adapters.scope import Scope
from bootheal.config import Configuration
from bootheal.config.file import File
from bootheal.errors import BoothealError, StateError
from bootheal.model.outlook import Outlook
from bootheal.model.quoted import quoted
from bootheal.ports import World

if TYPE_CHECKING:  # what looks ahead is imported when that is due
    from bootheal.preflight import Forecast
    from bootheal.preflight.foreseen import Foreseen

# What has just booted has better uses for its processors, and much of it is not yet as it will be.
FIRST_SECONDS = 120.0
NICE = 19

RESTS, ENDS = "rests", "ends"

# What is told of at most; `bootheal preflight` tells all.
MOST_TOLD = 3


class LookAhead:
    """Of one file, while its scope lasts. `note` takes a line, `tell` what the owner is to be told of.

    `configuration` returns the present one: what is found in the cluster joins it.
    """

    def __init__(
        self,
        configuration: Callable[[], Configuration],
        world: World,
        scope: Scope,
        *,
        metrics: Metrics,
        note: Callable[[str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._configuration, self._world, self._scope = configuration, world, scope
        self._metrics, self._note, self._tell = metrics, note, tell
        self._file = configuration().file
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
        from bootheal.cli.foreseeing import foreseen
        from bootheal.preflight import Sure

        try:
            found = foreseen(self._configuration(), self._world, self._scope)
            if found.blind:
                self._complain("cannot look ahead: the API server tells nothing")
                return
            now = outlook(found, time.time(), self._boot, self._digest)
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
        news = [each for each in found.found if each.sure in (Sure.BREAKS, Sure.MAY_BREAK) and each.key not in known]
        if news:
            more = f"; and {len(news) - MOST_TOLD} more" if len(news) > MOST_TOLD else ""
            why = self._world.told("; ".join(map(_line, news[:MOST_TOLD])) + more)
            self._note(f"preflight: {now.told}: {why}")
            self._tell(now.told, why)

    def _complain(self, text: str) -> None:
        if text != self._trouble:
            self._note(text)
        self._trouble = text


def _line(each: "Foreseen") -> str:
    return f"{each.about}: {quoted(each.finding.means)}"


def outlook(found: "Forecast", at: float, boot: str, configuration: str) -> Outlook:
    """Return what is kept of a forecast."""
    from bootheal.preflight import Sure

    return Outlook(
        at=at,
        boot=boot,
        configuration=configuration,
        breaks=found.count(Sure.BREAKS),
        may_break=found.count(Sure.MAY_BREAK),
        changes=found.count(Sure.CHANGES),
        told=found.told(),
        keys=tuple(each.key for each in found.found),
    )


def counts(known: Outlook) -> dict[str, int]:
    """Return how much there is of each, by the word of its label."""
    return {"breaks": known.breaks, "may-break": known.may_break, "changes": known.changes}


def digest(file: File) -> str:
    """Return what is another one after each change of the configuration; it holds no secret."""
    return hashlib.sha256(repr(file).encode(errors="replace")).hexdigest()[:16]
