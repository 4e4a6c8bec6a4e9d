"""YAML with positions: where in the file each path stands, so that a problem can name line and column."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from bootheal.config import renamed
from bootheal.errors import ConfigurationError, Problem

KeyPath = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)

_SHOULD_BE = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping, like {key: value}",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list, like [one, two]",
    "model_type": "a mapping, like {key: value}",
    "string_type": "text",
}
"""What pydantic's types of errors ask for, in the words of who writes YAML."""


@dataclass(slots=True)
class Source:
    """A parsed file: plain data, the (line, column) of every key and item, and what is wrong so far."""

    name: str
    data: Any = None
    places: dict[KeyPath, tuple[int, int]] = field(default_factory=lambda: {(): (1, 1)})
    problems: list[Problem] = field(default_factory=list)

    def complain(self, path: KeyPath, text: str) -> None:
        """Note a problem at `path`, or at the nearest place above it."""
        line, column = self.place(path)
        problem = Problem(line, column, ".".join(map(str, path)) or "the file", text)
        if problem not in self.problems:
            self.problems.append(problem)

    def place(self, path: KeyPath) -> tuple[int, int]:
        """Return where `path` stands, or the nearest place above it, such as where an alias is merged in."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def stop_on_problems(self) -> None:
        """Raise ConfigurationError with everything noted."""
        if self.problems:
            raise ConfigurationError(self.name, self.problems)


def parse(name: str, text: str) -> Source:
    """Parse YAML; ConfigurationError where it is none."""
    source = Source(name)
    try:
        source.data = _load(source, text)
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark or error.context_mark
        line, column = (where.line + 1, where.column + 1) if where is not None else (1, 1)
        problem = Problem(line, column, "the file", f"cannot be read as YAML: {error.problem or error.context}")
        raise ConfigurationError(name, [problem]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        text = f"cannot be read as YAML: {str(error).splitlines()[0]}"
        raise ConfigurationError(name, [Problem(1, 1, "the file", text)]) from None
    if not isinstance(source.data, dict):
        source.complain(
            (), "cannot be used: it should hold keys like cluster and databases (config/bootheal.yaml is a sample)"
        )
        source.stop_on_problems()
    return source


def _load(source: Source, text: str) -> Any:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        for path, mark in _walk(source, node, ()):
            source.places[path] = (mark.line + 1, mark.column + 1)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _walk(source: Source, node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, yaml.Mark]]:
    """Yield the place of each key and item; note keys that stand twice, which YAML would let pass."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark
            yield from _walk(source, item, (*path, index))
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in list(node.value):
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else str(key.tag)
            place = (*path, name)
            if name in seen:
                line, column = key.start_mark.line + 1, key.start_mark.column + 1
                text = f"cannot stand twice: first on line {seen[name]}"
                source.problems.append(Problem(line, column, ".".join(map(str, place)), text))
                node.value.remove((key, value))
                continue
            seen[name] = key.start_mark.line + 1
            yield place, key.start_mark
            yield from _walk(source, value, place)


def validate(source: Source, model: type[ModelT]) -> ModelT | None:
    """Validate the data against a pydantic model; every problem is noted in `source`."""
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            source.complain(*_explain(model, detail))
    return None


def _explain(model: type[BaseModel], detail: Any) -> tuple[KeyPath, str]:
    path: KeyPath = tuple(part for part in detail["loc"] if part != "[key]")
    match detail["type"]:
        case "missing":
            return path, "cannot be left out"
        case "extra_forbidden":
            if new := renamed.new_key(path):
                return path, f"was renamed to {new}"
            near = suggestion(str(path[-1]), _keys(model, path[:-1]))
            return path, f"cannot be understood: it is not a known key{near}"
        case _:
            return path, f"cannot be {_shown(detail['input'])}: {_wanted(detail)}"


def _wanted(detail: Any) -> str:
    match detail["type"]:
        case "literal_error":
            return f"it should be {detail['ctx']['expected']}"
        case "string_pattern_mismatch":
            return f"it should look like {detail['ctx']['pattern']}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case kind if kind in _SHOULD_BE:
            return f"it should be {_SHOULD_BE[kind]}"
        case _:
            return f"{detail['msg'][0].lower()}{detail['msg'][1:]}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "empty" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _keys(model: type[BaseModel], path: KeyPath) -> Iterable[str]:
    """Return the keys that may stand at `path`: fields of a model, through dicts and optional fields."""
    found: Any = model
    for part in path:
        if isinstance(found, type) and issubclass(found, BaseModel) and part in found.model_fields:
            found = found.model_fields[str(part)].annotation
            found = next(
                (arg for arg in get_args(found) if isinstance(arg, type) and issubclass(arg, BaseModel)), found
            )
    return found.model_fields.keys() if isinstance(found, type) and issubclass(found, BaseModel) else ()


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for a near miss, else ""."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
