"""Steps -> graph: who comes after whom, and what stands in nobody's way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError as _CycleError
from graphlib import TopologicalSorter
from typing import Any

from bootheal.errors import BoothealError
from bootheal.step import Step


class CycleError(BoothealError):
    """Steps come after each other in a circle; `names` begins and ends with the same step."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(f"cannot order the steps: {' after '.join(names)} is a circle")


class UnknownStepError(BoothealError):
    """A step comes after one that does not exist."""

    def __init__(self, step: str, missing: str) -> None:
        super().__init__(f"cannot order {step}: it comes after {missing}, which does not exist")


@dataclass(frozen=True)
class Plan:
    """The graph. `steps` is in an order in which every step follows all that it comes after."""

    steps: Mapping[str, Step[Any]]

    @cached_property
    def dependants(self) -> Mapping[str, tuple[str, ...]]:
        """Map each step to those that come directly after it."""
        after: dict[str, list[str]] = {name: [] for name in self.steps}
        for step in self.steps.values():
            for name in step.after:
                after[name].append(step.name)
        return {name: tuple(names) for name, names in after.items()}

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """Map each step to all that it comes after, directly or not."""
        found: dict[str, frozenset[str]] = {}
        for name, step in self.steps.items():
            found[name] = frozenset(step.after).union(*(found[before] for before in step.after))
        return found


def order(after: Mapping[str, Iterable[str]]) -> list[str]:
    """Sort names so that each follows all that it comes after; CycleError names a circle."""
    try:
        return list(TopologicalSorter(after).static_order())
    except _CycleError as error:
        # graphlib lists a circle along "comes before"; ours reads "a comes after b comes after a".
        raise CycleError(list(reversed(error.args[1]))) from None


def arrange(steps: Iterable[Step[Any]]) -> Plan:
    """Order `steps`; names must be unique. CycleError or UnknownStepError name the culprit."""
    by_name = {step.name: step for step in steps}
    for step in by_name.values():
        for name in step.after:
            if name not in by_name:
                raise UnknownStepError(step.name, name)
    return Plan({name: by_name[name] for name in order({name: step.after for name, step in by_name.items()})})
