"""How what was found is called in the file."""

import pytest

from bootheal.discovery.findings import Found, named


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ([("a", "db"), ("b", "cache")], ["cache", "db"]),
        ([("a", "db"), ("b", "db")], ["a-db", "b-db"]),
        ([("a", "b-c"), ("a-b", "c"), ("x", "b-c"), ("x", "c")], ["a-b-c", "a-b-c-2", "x-b-c", "x-c"]),
        ([("a", "x"), ("a", "x"), ("b", "a-x-2")], ["a-x", "a-x-2", "a-x-3"]),
    ],
)
def test_each_has_a_name_of_its_own(found: list[tuple[str, str]], names: list[str]) -> None:
    """A file in which one stands twice is none, whatever namespaces and names there are."""
    every = [each.name for each in named(Found(name=name, namespace=namespace) for namespace, name in found)]
    assert every == names
