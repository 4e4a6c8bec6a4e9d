"""The graph: order, circles, ancestors."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.engine.plan import CycleError, UnknownStepError, arrange
from support.engine import Scripted


def test_every_step_follows_all_that_it_comes_after() -> None:
    """Whatever the order in the file."""
    plan = arrange([Scripted(name="c", after=("a", "b")), Scripted(name="b", after=("a",)), Scripted(name="a")])
    assert list(plan.steps) == ["a", "b", "c"]
    assert plan.dependants["a"] == ("b", "c")
    assert plan.ancestors["c"] == {"a", "b"}


def test_a_circle_is_named() -> None:
    """From a step back to itself, so that the person sees which edge to cut."""
    with pytest.raises(CycleError) as error:
        arrange([Scripted(name="a", after=("b",)), Scripted(name="b", after=("c",)), Scripted(name="c", after=("a",))])
    names = error.value.names
    assert names[0] == names[-1]
    assert set(names) == {"a", "b", "c"}
    edges = {("a", "b"), ("b", "c"), ("c", "a")}
    assert all(pair in edges for pair in pairwise(names))


def test_a_missing_step_is_named() -> None:
    """With the one that asked for it."""
    with pytest.raises(UnknownStepError, match="a: it comes after b, which does not exist"):
        arrange([Scripted(name="a", after=("b",))])


@given(st.lists(st.sets(st.integers(0, 30)), max_size=30))
def test_any_graph_without_circles_is_ordered(edges: list[set[int]]) -> None:
    """Steps that come after earlier ones only can always be ordered, each after its own."""
    steps = [
        Scripted(name=str(n), after=tuple(str(m) for m in sorted(before) if m < n)) for n, before in enumerate(edges)
    ]
    order = list(arrange(steps).steps)
    assert all(order.index(before) < order.index(step.name) for step in steps for before in step.after)
