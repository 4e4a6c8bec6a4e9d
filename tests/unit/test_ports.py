"""A world of which only a part is given."""

import pytest

from bootheal.model import Ref
from bootheal.ports import Partial, World


class OnlyNodes(Partial):
    def nodes(self) -> tuple[()]:
        return ()


def test_what_was_not_given_refuses_by_name() -> None:
    """A port that is left out, and a question that a fake of it has no answer to: nobody makes one up."""
    world = World(cluster=OnlyNodes())
    assert world.cluster.nodes() == ()
    with pytest.raises(AttributeError, match="cannot answer pods: OnlyNodes does not define it"):
        world.cluster.pods("shop")
    with pytest.raises(AttributeError, match="cannot answer delete_pod: Partial does not define it"):
        world.writer.delete_pod(Ref("pod", "shop", "web-1"), "uid")


def test_where_no_container_engine_was_given_there_is_none() -> None:
    """Steps ask for that; it is no mistake."""
    assert World().containers is None
