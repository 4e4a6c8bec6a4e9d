"""A text in YAML -> its nodes, each with its place, in bounded time and memory whatever the text is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from bootheal.model.quoted import quoted

Place = tuple[int, int]
"""Line and column, from 1."""

DEEPEST = 20
MOST_VALUES = 30_000

_IN_OTHER_WORDS = {
    "found character '\\t' that cannot start any token": "a tab cannot indent, nor begin a value: use spaces",
    **{
        f"found character {first!r} that cannot start any token": f"a value that begins with {first} needs quotes"
        for first in "@`%"
    },
}


class UnreadableError(ValueError):
    """The text is no YAML, or none that is read here; `place` says where."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value, `quoted` where it cannot be a number."""

    place: Place
    text: str
    quoted: bool
    tag: str | None


@dataclass(frozen=True, slots=True)
class List:
    """Its items."""

    place: Place
    items: list["Node"]
    tag: str | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Its keys and values, in their order; a key may stand twice, and may be no text."""

    place: Place
    pairs: list[tuple["Node", "Node"]]
    tag: str | None


Node = Scalar | List | Mapping


def compose(text: str) -> Node | None:
    """Return the root of a document, None where there is none; UnreadableError where that cannot be.

    An alias is the very node that it refers to: what walks them counts, and uses `too_many` and `too_deep`.
    """
    loader = yaml.SafeLoader(text)
    try:
        return _Composer(loader).compose()
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark or error.context_mark
        raise UnreadableError(_place(where) if where else _here(loader), _told(error)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(_here(loader), "there is no such character") from None  # such as "\\UFFFFFFFF"
    finally:
        loader.dispose()


def _here(loader: yaml.SafeLoader) -> Place:
    return loader.line + 1, loader.column + 1


def _place(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


def _told(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's own words, which people look up, but for what could hold a password."""
    problem = error.problem or error.context or "it is broken"
    if problem.startswith("found undefined tag handle"):
        return "a value that begins with ! needs quotes"
    return _IN_OTHER_WORDS.get(problem, quoted(problem)) + _begun(error)


def _begun(error: yaml.MarkedYAMLError) -> str:
    """Say where it began what does not end well: the quote or the bracket that is missing belongs there."""
    begun, noticed = error.context_mark, error.problem_mark
    if not begun or not noticed or not error.context or begun.line == noticed.line:
        return ""
    return f" ({quoted(error.context)}, which begins on line {begun.line + 1})"


class _Composer:
    """Events of the parser -> nodes. An alias is the very node that it refers to."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._anchors: dict[str, Node | None] = {}
        self._count = 0

    def compose(self) -> Node | None:
        """Return the root, None where there is no document."""
        self._next()  # the stream begins
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        root = self._node(self._next(), 0)
        self._next()  # the document ends
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise UnreadableError(_place(event.start_mark), "a second document begins here, and there can be one only")
        return root

    def _next(self) -> yaml.Event:
        event: yaml.Event = self._loader.get_event()  # type: ignore[no-untyped-call]
        return event

    def _node(self, event: Any, depth: int) -> Node:
        place = _place(event.start_mark)
        self._count += 1
        if self._count > MOST_VALUES:
            raise too_many(place)
        if depth > DEEPEST:
            raise too_deep(place)
        if isinstance(event, yaml.AliasEvent):
            return self._referred(event.anchor, place)
        if event.anchor is not None:
            if event.anchor in self._anchors:
                raise UnreadableError(place, "there is an anchor of this name above: give it another")
            self._anchors[event.anchor] = None
        node = self._content(event, place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, place: Place, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, event.value, event.style is not None, event.tag)
        if isinstance(event, yaml.SequenceStartEvent):
            return List(place, list(self._nodes(yaml.SequenceEndEvent, depth + 1)), event.tag)
        nodes = self._nodes(yaml.MappingEndEvent, depth + 1)
        return Mapping(place, list(zip(nodes, nodes, strict=True)), event.tag)

    def _nodes(self, end: type[yaml.Event], depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), end):
            yield self._node(event, depth)

    def _referred(self, anchor: str | None, place: Place) -> Node:
        """The name may be a password that begins with an asterisk: it is not told."""
        if anchor is None or anchor not in self._anchors:
            raise UnreadableError(place, "no such anchor above; a text that begins with * needs quotes")
        if (node := self._anchors[anchor]) is None:
            raise UnreadableError(place, "what this refers to holds it, without an end")
        return node


def too_many(place: Place) -> UnreadableError:
    """Say that there is more than anybody would write."""
    return UnreadableError(place, f"it holds more than {MOST_VALUES} values, what aliases repeat counted each time")


def too_deep(place: Place) -> UnreadableError:
    """Say that lists or mappings lie in each other deeper than any part of a configuration does."""
    return UnreadableError(place, f"it is nested more than {DEEPEST} deep")
