"""What bounds an action on things that come and go: each of them a few times, whatever their successors are called."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.model import Ending, Verdict
from bootheal.step import Act, Judgement, Past, Settled
from support.engine import Bench, Deed, Scripted


@dataclass(frozen=True, kw_only=True)
class OneOf(Deed):
    """A deed to one of some things."""

    left: int

    @property
    def alike(self) -> int:
        return self.left


@dataclass
class Things:
    """So many of old, which are replaced one by one; the new ones need it no less, where it is `in_vain`."""

    count: int
    in_vain: bool = False
    replaced: list[str] = field(default_factory=list)

    def step(self) -> Scripted:
        return Scripted(name="a", judges=self.judge)

    def judge(self, _value: Any, _past: Past) -> Judgement:
        done = len(self.replaced)
        if done >= self.count and not self.in_vain:
            return Settled("all are new")
        name = f"thing-{done}"
        left = self.count - done % self.count
        return Act("old", (OneOf(cause="old", name=name, left=left, does=lambda: self.replaced.append(name)),))


@pytest.mark.parametrize("count", [1, 5, 6, 8, 40])
def test_as_many_as_there_were_are_replaced_one_by_one(count: int) -> None:
    """The last of eight is one of eight, although no other is left: it was given up, for what had helped seven."""
    things = Things(count)
    bench = Bench([things.step()])
    report = bench.run()
    assert report.verdict is Verdict.HEALED
    assert len(things.replaced) == count


@pytest.mark.parametrize("count", [1, 8, 40])
def test_what_does_not_help_is_done_five_times_to_each(count: int) -> None:
    """However few of them are left at the moment."""
    things = Things(count, in_vain=True)
    bench = Bench([things.step()])
    (outcome,) = bench.run().outcomes
    assert outcome.ending is Ending.GAVE_UP
    assert len(things.replaced) == 5 * count
