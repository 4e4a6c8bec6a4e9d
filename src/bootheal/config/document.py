"""A text in YAML -> plain data, and the place of all of it.

Only what a configuration needs: mappings with texts for keys, lists, scalars without a tag, aliases and merge keys.
What an alias refers to is counted as often as it is used.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bootheal.config import nodes, scalars
from bootheal.config.nodes import Node, Place, Scalar

KeyPath = tuple[str | int, ...]
MERGE = "<<"

_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")

_Pairs = dict[str, tuple[Scalar, Node]]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is wrong with what stands at `path`, of which the rest can still be read."""

    path: KeyPath
    place: Place
    text: str


@dataclass(slots=True)
class Document:
    """What a text says: its data, the (line, column) of every key and item, and what is wrong.

    What is in doubt could be meant as it stands: whoever knows what is wanted there may have better words for it.
    """

    data: Any = None
    places: dict[KeyPath, Place] = field(default_factory=lambda: {(): (1, 1)})
    wrong: list[Remark] = field(default_factory=list)
    doubts: list[Remark] = field(default_factory=list)


def read(text: str) -> Document:
    """Read a document. UnreadableError where that cannot be; anything else that is wrong is noted in it."""
    document = Document()
    if (root := nodes.compose(text)) is not None:
        document.data = _Expansion(document).value(root, (), 0)
    return document


class _Expansion:
    """Nodes -> data, with the place of each path. Aliases are written out, and what they come to is bounded."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0

    def value(self, node: Node, path: KeyPath, depth: int) -> Any:
        """Return the data of a node; note what is wrong within it."""
        self._bound(node.place, depth)
        if isinstance(node, Scalar):
            return self._scalar(node, path)
        if node.tag not in (None, "!"):
            self._wrong(path, node.place, "cannot have a tag: there are none in this file")
            return None
        if isinstance(node, nodes.List):
            return list(self._items(node, path, depth))
        pairs = self._pairs(node, path, depth)
        return {name: self._pair(pair, (*path, name), depth) for name, pair in pairs.items()}

    def _bound(self, place: Place, depth: int) -> None:
        self._count += 1
        if self._count > nodes.MOST_VALUES:
            raise nodes.too_many(place)
        if depth > nodes.DEEPEST:
            raise nodes.too_deep(place)

    def _wrong(self, path: KeyPath, place: Place, text: str) -> None:
        self._document.wrong.append(Remark(path, place, text))

    def _scalar(self, node: Scalar, path: KeyPath) -> Any:
        if _HALF_A_CHARACTER.search(node.text):
            self._wrong(path, node.place, "cannot hold half a character, like \\ud800: write all of it as \\U0001f600")
            return None
        if node.tag is not None and node.tag not in _TEXT_TAGS:
            text = "cannot have a tag: write the value alone, in quotes where it is a text that begins with !"
            self._wrong(path, node.place, text)
            return None
        if node.quoted or node.tag is not None:
            return node.text
        value, doubt = scalars.meaning(node.text)
        if doubt:
            self._document.doubts.append(Remark(path, node.place, doubt))
        return value

    def _items(self, node: nodes.List, path: KeyPath, depth: int) -> Iterator[Any]:
        for index, item in enumerate(node.items):
            self._document.places[*path, index] = item.place
            yield self.value(item, (*path, index), depth + 1)

    def _pairs(self, node: nodes.Mapping, path: KeyPath, depth: int) -> _Pairs:
        """Return what a mapping holds, with what it merges: its own keys prevail."""
        found: _Pairs = {}
        merged: list[Node] = []
        for key, value in node.pairs:
            self._bound(key.place, depth)
            if isinstance(key, Scalar) and (key.text, key.quoted) == (MERGE, False):
                merged.append(value)
            elif (scalar := self._key(key, path)) is None:
                continue
            elif scalar.text in found:
                line, _ = found[scalar.text][0].place
                self._wrong((*path, scalar.text), key.place, f"cannot stand twice: first on line {line}")
            else:
                found[scalar.text] = scalar, value
        for each in merged:
            for name, pair in self._merged(each, path, depth + 1).items():
                found.setdefault(name, pair)
        return found

    def _merged(self, node: Node, path: KeyPath, depth: int) -> _Pairs:
        """Return what a merge key brings: a mapping, or several, of which the first prevails."""
        self._bound(node.place, depth)
        if isinstance(node, nodes.Mapping):
            return self._pairs(node, path, depth)
        if isinstance(node, nodes.List):
            found: _Pairs = {}
            for item in node.items:
                for name, pair in self._merged(item, path, depth + 1).items():
                    found.setdefault(name, pair)
            return found
        self._wrong(path, node.place, "cannot be merged by <<: it should be a mapping, or a list of mappings")
        return {}

    def _pair(self, pair: tuple[Scalar, Node], path: KeyPath, depth: int) -> Any:
        self._document.places[path] = pair[0].place
        return self.value(pair[1], path, depth + 1)

    def _key(self, key: Node, path: KeyPath) -> Scalar | None:
        """Return a key that is a text, or a number, which is a name as well; note what is wrong with any other."""
        if not isinstance(key, Scalar):
            what = "a mapping" if isinstance(key, nodes.Mapping) else "a list"
            self._wrong(path, key.place, f"cannot have {what} for a key: it should be text")
            return None
        noted = len(self._document.wrong)
        value = self._scalar(key, (*path, key.text))
        if noted == len(self._document.wrong) and (value is None or isinstance(value, bool)):
            what = "an empty key" if value is None else f"{key.text} for a key"
            self._wrong(path, key.place, f"cannot have {what}: it should be text; write it in quotes")
        return key if noted == len(self._document.wrong) else None
