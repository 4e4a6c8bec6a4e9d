"""What the sections of the file have in common: no unknown key, and a say in what does not go together."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from bootheal.config.document import KeyPath

Finding = tuple[KeyPath, str]
"""Something to say of the file: of which place, and a sentence."""


class Section(BaseModel):
    """A mapping of the file, at any depth. Unknown keys are errors; values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def problems(self, path: KeyPath) -> Iterable[Finding]:  # noqa: ARG002 - most have nothing to say
        """Yield what cannot stand together in this section, which stands at `path`; not what is within its sections."""
        return ()

    def warnings(self, path: KeyPath) -> Iterable[Finding]:  # noqa: ARG002 - most have nothing to say
        """Yield what is allowed and may do harm, for the owner to weigh."""
        return ()

    def tree(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, "Section"]]:
        """Yield this section, which stands at `path`, and all within it, each with its place."""
        yield path, self
        for key, value in self:
            yield from _sections(value, (*path, key))


def _sections(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Section]]:
    match value:
        case Section():
            yield from value.tree(path)
        case dict():
            for key, item in value.items():
                yield from _sections(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _sections(item, (*path, index))
        case _:
            pass
