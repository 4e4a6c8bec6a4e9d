"""Init containers that wait: for what waits for them, or for what bootheal brings back only later. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.model import Ref
from bootheal.model.prospect import Waiting
from bootheal.preflight.foreseen import Foreseen, foreseen


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFacts:
    """`waits` are those of init containers; `steps` is whose step a workload is; `after` all that each comes after."""

    waits: tuple[Waiting, ...] = ()
    steps: Mapping[Ref, str] = field(default_factory=dict)
    after: Mapping[str, frozenset[str]] = field(default_factory=dict)


def foresee(seen: WaitFacts) -> Iterator[Foreseen]:
    """Say who would wait in vain."""
    for circle in _circles(seen.waits):
        said = ", ".join(f"{each.owner} waits for {each.on} ({each.told})" for each in circle)
        yield foreseen("InitWaitsInCircle", circle[0].owner, said)
    for each in seen.waits:
        own, other = seen.steps.get(each.owner), seen.steps.get(each.on)
        if own and other and own != other and own in seen.after.get(other, ()):
            said = f"{each.told}; and {other} comes after {own}"
            yield foreseen("InitWaitsForLater", each.owner, said, facts=[("waits for", str(each.on))])


def _circles(waits: Sequence[Waiting]) -> Iterator[tuple[Waiting, ...]]:
    """Yield each circle once, from the first of its workloads on."""
    told = set[frozenset[Ref]]()
    for first in sorted(waits, key=lambda each: (each.owner, each.on)):
        path = _way(first, waits)
        members = frozenset(each.owner for each in path)
        if path and members not in told:
            told.add(members)
            yield path


def _way(first: Waiting, waits: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """Return the shortest way from a wait back to who waits, () where none leads there."""
    paths: list[tuple[Waiting, ...]] = [(first,)]
    seen = {first.on}
    while paths:
        path = paths.pop(0)
        if path[-1].on == first.owner:
            return path
        for each in waits:
            if each.owner == path[-1].on and (each.on == first.owner or each.on not in seen):
                seen.add(each.on)
                paths.append((*path, each))
    return ()
