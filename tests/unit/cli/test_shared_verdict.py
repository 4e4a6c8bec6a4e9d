"""What the one who acts lets the others know, and whether it is about the boot of who hears it."""

import pytest

from bootheal.cli.healing.shared_verdict import decoded, encoded
from bootheal.errors import UnreachableError
from bootheal.model import Report, Verdict
from bootheal.ports import Partial

OURS, THEIRS = "3f0f6f2e-0b7a-4d0e-9c7b-0123456789ab", "9a1b2c3d-0b7a-4d0e-9c7b-0123456789ab"
REPORT = Report("named somehow", 1_000.0, 2.0, ())


class Machine(Partial):
    """This host; None: the cluster runs elsewhere."""

    def __init__(self, epoch: str | None) -> None:
        self._epoch = epoch

    def epoch(self) -> str | None:
        return self._epoch


@pytest.mark.parametrize(
    ("boots", "epoch", "verdict"),
    [
        pytest.param({"a": OURS}, OURS, Verdict.HEALTHY, id="one node, which is this machine"),
        pytest.param({"a": OURS, "b": THEIRS}, OURS, Verdict.HEALTHY, id="two nodes"),
        pytest.param({"b": THEIRS}, OURS, None, id="before this machine was back"),
        pytest.param({"a": "before", "b": THEIRS}, OURS, None, id="of the boot before this one"),
        pytest.param({"a": OURS}, None, Verdict.HEALTHY, id="the cluster runs elsewhere"),
        pytest.param({}, "named somehow", Verdict.HEALTHY, id="no nodes are known"),
    ],
)
def test_a_verdict_counts_for_the_boots_that_it_is_about(
    boots: dict[str, str], epoch: str | None, verdict: Verdict | None
) -> None:
    """Who acts may have seen all well before this machine rebooted."""
    assert decoded(encoded(REPORT, boots), Machine(epoch)) is verdict


@pytest.mark.parametrize("heard", ["", "healthy", f"splendid {OURS}", f" {OURS}", "\x00 \x00"])
def test_what_is_not_understood_is_not_known(heard: str) -> None:
    """Anybody who may write the Lease may have written it; another version may say it otherwise."""
    assert decoded(heard, Machine(OURS)) is None


def test_without_a_boot_of_ours_nothing_is_known() -> None:
    """The container engine is not up yet."""

    class Down(Partial):
        """A host of which nothing can be had."""

        def epoch(self) -> str:
            raise UnreachableError("cannot reach Docker")

    assert decoded(f"healthy {OURS}", Down()) is None
