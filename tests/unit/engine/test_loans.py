"""What was lent is given back although nothing can be written down any more."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bootheal.errors import StateError
from bootheal.model import Remembered, Verdict
from bootheal.step import Act, Judgement, Settled
from support.engine import Bench, Deed, Disk, Scripted


class Lend(Deed):
    """A loan."""

    loan = "taken"


class Repay(Deed):
    """Its repayment."""

    loan = "repaid"


@dataclass
class FullDisk(Disk):
    """A disk that is full from some moment on."""

    full: list[None] = field(default_factory=list)

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        if self.full:
            raise StateError("cannot write the state file: No space left on device")
        super().save(remembered, durable=durable)


def test_a_loan_is_given_back_on_a_full_disk_and_nothing_else_is_done() -> None:
    """The intent to repay is on the disk since the loan was taken."""
    disk, done = FullDisk(), list[str]()

    def lend() -> None:
        done.append("lent")
        disk.full.append(None)

    def judges(*_: Any) -> Judgement:
        if "lent" not in done:
            return Act("refused", (Lend(cause="x", does=lend),))
        if "repaid" not in done:
            return Act("served", (Repay(cause="x", does=lambda: done.append("repaid")),))
        return Settled("ok")

    def other(*_: Any) -> Judgement:
        return Act("must", (Deed(cause="x", does=lambda: done.append("changed")),)) if disk.full else Settled("ok")

    for _ in range(2):  # two processes
        bench = Bench([Scripted(name="a", judges=judges), Scripted(name="b", judges=other)], disk=disk)
        with bench.memory.hold():
            report = bench.engine().run("boot-1")
    assert done == ["lent", "repaid"]
    assert report.verdict is Verdict.NOT_HEALED
    assert all("No space left on device" in outcome.why for outcome in report.outcomes)


def test_without_a_loan_nothing_begins_that_cannot_be_remembered() -> None:
    """As ever."""
    bench = Bench([Scripted(name="a")], disk=FullDisk(full=[None]))
    with bench.memory.hold(), pytest.raises(StateError):
        bench.engine().run("boot-1")
