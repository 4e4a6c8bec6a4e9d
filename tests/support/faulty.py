"""What may become of a request to the API server, between any step and the simulated machine of `replay`.

What the wire does to an answer (reset, cut short, no JSON, ...) reaches a step as one error, as
contract/test_malicious_api shows. Here that error comes at any call, before what was asked is done or after it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bootheal.adapters.kube.errors import error_for
from bootheal.errors import BoothealError, UnreachableError
from bootheal.ports import Interest, World
from support.replay import Machine

WIRE = {
    "refused": "connection refused",
    "reset": "connection reset",
    "TLS end": "connection cut short",
    "silence": "no answer in time",
    "drip": "its answer has no end",
    "truncated": "connection closed",
}
STATUSES = (400, 401, 403, 404, 409, 410, 422, 429, 500, 503)
ANSWERS = {"garbage": "cannot understand it: ValueError", "HTML": "what answers is not an API server, or not yet"}


def _unreachable(why: str, about: str) -> BoothealError:
    return UnreachableError(f"cannot use {about}: {why}")


FAULTS: Mapping[str, Callable[[str], BoothealError]] = {
    **{name: partial(_unreachable, why) for name, why in (*WIRE.items(), *ANSWERS.items())},
    **{str(status): partial(error_for, status) for status in STATUSES},
    "429 for a while": lambda about: error_for(429, about, headers={"Retry-After": "7"}),
}
PASSES = {*WIRE, *ANSWERS, "409", "410", "429", "500", "503", "429 for a while"}
"""Those that say nothing against asking again."""

READS = ("readiness", "nodes", "lease", "elections", "pods", "workload", "service", "services", "endpoints")
EVIDENCE = ("admission", "occurrences", "credentials", "log_tail", "pod_evidence", "directory", "extensions")
WRITES = ("delete_pod", "delete_pods", "roll_out")

WATCHES = ("ends", "doubled", "old", "silent")
"""What becomes of a watch: for a while nothing is told; each change is told twice; or late, once more; or nothing."""


@dataclass
class Faulty:
    """The machine, at one of whose methods `fault` happens from the `first` call on, `times` times, or for good."""

    machine: Machine
    fault: str
    method: str
    first: int = 0
    times: int | None = 1
    after: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)
    happened: int = 0
    deeds: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def world(self) -> World:
        """The world as it is seen through it."""
        it: Any = self
        return World(cluster=it, pod_access=it, secrets=it, writer=it, watcher=it, host=self.machine, postgres=it)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.machine, name)
        return partial(self._call, name, found) if name in (*READS, *EVIDENCE, *WRITES) else found

    def _call(self, name: str, asked: Callable[..., Any], *about: Any, **options: Any) -> Any:
        number, self.calls[name] = self.calls[name], self.calls[name] + 1
        due = name == self.method and number >= self.first
        if not due or (self.times is not None and self.happened >= self.times):
            return self._done(name, asked, *about, **options)
        self.happened += 1
        self.moments.append(self.machine.clock.time)
        if self.after:
            self._done(name, asked, *about, **options)
        raise FAULTS[self.fault](f"{name} of the shop")

    def _done(self, name: str, asked: Callable[..., Any], *about: Any, **options: Any) -> Any:
        answer = asked(*about, **options)
        if name == "roll_out":
            self.deeds[name, str(about[0])] += 1
        return answer

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Begin to tell of changes, as well as this watch can."""
        told = list[Interest]()

        def tell(what: Interest) -> None:
            self.calls["changed"] += 1
            match self.fault if self.method == "watch" else "":
                case "ends" if 5 < self.calls["changed"] < 25:
                    return
                case "silent":
                    return
                case "old":
                    told.append(what)
                    changed(told[len(told) // 2])
                case "doubled":
                    changed(what)
                case _:
                    pass
            changed(what)

        self.machine.watch(interests, tell)


def busiest(moments: list[float], seconds: float) -> int:
    """Return the most requests within so many seconds."""
    most, begin = 0, 0
    for end, moment in enumerate(moments):
        while moment - moments[begin] > seconds:
            begin += 1
        most = max(most, end - begin + 1)
    return most
