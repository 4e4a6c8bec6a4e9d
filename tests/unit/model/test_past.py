"""How an epoch is named, and when what names it is over."""

import pytest

from bootheal.model import Past
from bootheal.model.past import epoch_of, rebooted

ONE, TWO = "3f0f6f2e-0b7a-4d0e-9c7b-0123456789ab", "9a1b2c3d-0b7a-4d0e-9c7b-0123456789ab"


def test_several_boots_are_named_in_short_and_one_by_itself() -> None:
    """A DaemonSet on a hundred nodes carries the name on each of its pods; what is no boot id stays as it is."""
    assert epoch_of([ONE, ONE]) == ONE
    assert epoch_of([TWO, ONE]) == "3f0f6f2e+9a1b2c3d"
    assert epoch_of(["b", "a"]) == "a+b"
    assert epoch_of([]) == ""


@pytest.mark.parametrize(
    ("epoch", "lasts"),
    [
        (ONE, True),
        (TWO, True),
        ("3f0f6f2e+9a1b2c3d", True),
        ("3f0f6f2e", True),
        ("3f0f6f2e+77777777", False),
        ("an older one", False),
        ("", False),
    ],
)
def test_an_epoch_lasts_until_one_of_its_nodes_reboots(epoch: str, lasts: bool) -> None:
    """Whoever named it, and whatever else has rebooted."""
    assert Past(0.0, epoch="named by another", boots={"a": ONE, "b": TWO}).lasts(epoch) is lasts


def test_where_no_nodes_are_known_the_name_decides() -> None:
    """As it does before the gate has told of them."""
    assert Past(0.0, epoch="boot-1").lasts("boot-1")
    assert not Past(0.0, epoch="boot-1").lasts("boot-2")
    assert Past(0.0, epoch="boot-1").bears("boot-1/always", "always")
    assert not Past(0.0, epoch="boot-1").bears("boot-1/always", "never")


def test_a_node_that_is_new_or_gone_has_not_rebooted() -> None:
    """Only one that is known in another boot has."""
    assert not rebooted({"a": "1", "b": "1"}, {"a": "1", "c": "1"})
    assert rebooted({"a": "1"}, {"a": "2"})
