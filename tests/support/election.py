"""Several electors around one Lease on a simulated clock: they pause, lose their way to it, die, and lie about time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from bootheal.election.elector import Elector
from bootheal.errors import ConflictError, UnreachableError
from bootheal.model import LockRecord


@dataclass
class Server:
    """The one API server: it refuses what was seen at another version."""

    record: LockRecord | None = None
    versions: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    def create(self, record: LockRecord) -> LockRecord:
        if self.record is not None:
            raise ConflictError("cannot change lease/test: it is there already")
        return self._keep(record)

    def update(self, record: LockRecord) -> LockRecord:
        if self.record is None or record.version != self.record.version:
            raise ConflictError("cannot change lease/test: it changed since it was looked at")
        return self._keep(record)

    def _keep(self, record: LockRecord) -> LockRecord:
        self.record = replace(record, version=str(next(self.versions)))
        return self.record


@dataclass
class Way:
    """One process' way to the server. `cut`: nothing arrives; `deaf`: what is written arrives, and no answer does."""

    server: Server
    cut: bool = False
    deaf: bool = False

    def read(self) -> LockRecord | None:
        self._through()
        self._back()
        return self.server.record

    def create(self, record: LockRecord) -> LockRecord:
        self._through()
        kept = self.server.create(record)
        self._back()
        return kept

    def update(self, record: LockRecord) -> LockRecord:
        self._through()
        kept = self.server.update(record)
        self._back()
        return kept

    def _through(self) -> None:
        if self.cut:
            raise UnreachableError("cannot reach the API server: no answer in time")

    def _back(self) -> None:
        if self.deaf:
            raise UnreachableError("cannot read from the API server: no answer in time")


class Candidate:
    """A process that takes part, with a clock of its own, until it is paused or killed."""

    def __init__(self, world: "Contest", name: str, ahead: float) -> None:
        self.name, self.way = name, Way(world.server)
        self.elector = Elector(
            self.way,
            name,
            lease="lease/test",
            clock=lambda: world.time + ahead,
            stamp=lambda: f"{world.time + 3 * ahead:.6f}",
            jitter=lambda: 0.0,
        )
        self.paused_until, self.dead = 0.0, False

    @property
    def acts(self) -> bool:
        """Whether it would change something now: a process that does not run changes nothing."""
        return not self.dead and not self.elector.objection()


class Contest:
    """The simulated world: turns of electors and what happens to them, in the order of time."""

    def __init__(self, *ahead: float) -> None:
        self.time, self.server = 0.0, Server()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.candidates = [Candidate(self, f"host-{i}_boot_x", seconds) for i, seconds in enumerate(ahead)]
        self.empty_since: float | None = 0.0
        self.longest_empty = 0.0
        for candidate in self.candidates:
            self.at(0.0, lambda candidate=candidate: self._turn(candidate))  # type: ignore[misc]

    def at(self, moment: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), happen))

    def run(self, until: float) -> None:
        """Let time pass; each moment at which something may have changed is checked."""
        while self._queue and self._queue[0][0] <= until:
            self.time, _, happen = heapq.heappop(self._queue)
            happen()
            self.check()
        self.time = until
        self.check()

    def check(self) -> None:
        acting = [candidate for candidate in self.candidates if candidate.acts]
        assert len(acting) <= 1, f"{[candidate.name for candidate in acting]} act at {self.time}"
        if acting:
            self.empty_since = None
        elif self.empty_since is None:
            self.empty_since = self.time
        if self.empty_since is not None:
            self.longest_empty = max(self.longest_empty, self.time - self.empty_since)

    @property
    def leader(self) -> Candidate | None:
        return next((candidate for candidate in self.candidates if candidate.acts), None)

    def _turn(self, candidate: Candidate) -> None:
        if candidate.dead:
            return
        if candidate.paused_until > self.time:  # it goes on with this very turn once it runs again
            self.at(candidate.paused_until, lambda: self._turn(candidate))
            return
        pause = candidate.elector.turn()
        self.at(self.time + max(pause, 0.01), lambda: self._turn(candidate))
