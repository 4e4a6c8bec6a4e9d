"""A namespace that `discover` names and that is not there: nothing is found in it, and that is not well."""

import pytest

from bootheal.errors import BoothealError, DeniedError, MissingError, UnreachableError
from bootheal.model import Ref
from bootheal.platform.namespaces import Namespaces, NamespacesObservation
from bootheal.ports import Partial, World
from bootheal.step import GiveUp, Settled
from support.objects import past


class Scenes(Partial):
    """Knows namespace shop, and what it says of each other one."""

    def __init__(self, error: BoothealError) -> None:
        self._error = error

    def find(self, about: Ref) -> None:
        if about != Ref("namespace", "", "shop"):
            raise self._error


def seen(error: BoothealError, *namespaces: str) -> NamespacesObservation:
    return Namespaces(namespaces=namespaces).look(World(scenes=Scenes(error)))


def test_what_is_there_is_well_and_what_is_not_is_named() -> None:
    """All of those that are not, with what shows which there are."""
    step, gone = Namespaces(namespaces=("shop", "shpo", "media")), MissingError("gone")
    assert step.judge(seen(gone, "shop"), past()) == Settled(
        "namespace/shop, namespace/shpo, namespace/media are there"
    )
    judgement = step.judge(seen(gone, "shop", "shpo", "media"), past())
    assert isinstance(judgement, GiveUp)
    assert judgement.why == "cannot find namespace/shpo, namespace/media"
    assert "discover.namespaces" in judgement.hint
    assert "kubectl get namespaces" in judgement.hint


def test_who_may_not_ask_says_nothing_false() -> None:
    """What may not be looked up may be there; an API server that does not answer is asked again."""
    denied = seen(DeniedError("cannot get namespaces: 403", status=403), "shop", "shpo")
    judgement = Namespaces(namespaces=("shop", "shpo")).judge(denied, past())
    assert isinstance(judgement, Settled)
    assert "403" in judgement.why
    with pytest.raises(UnreachableError):
        seen(UnreachableError("no answer"), "shpo")
