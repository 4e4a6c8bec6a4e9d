"""The data of a file -> a pydantic model, and pydantic's complaints in the words of who writes YAML."""

from collections.abc import Iterable
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bootheal.config import passwords, renamed
from bootheal.config.document import KeyPath
from bootheal.config.source import Source
from bootheal.config.types import UNITS
from bootheal.model.durations import spoken

ModelT = TypeVar("ModelT", bound=BaseModel)

_SHOULD_BE = {
    "bool_type": "true or false",
    "dict_type": "a mapping, like {key: value}",
    "finite_number": "a number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list, like [one, two]",
    "model_type": "a mapping, like {key: value}",
    "string_type": "text",
    "path_type": "text",
    "string_too_short": "longer than that: it is empty",
    "too_short": "longer than that: it is empty",
}
"""What pydantic's types of errors ask for, in the words of who writes YAML."""

_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}

# Where these are wanted, a single value may be the password that somebody has typed in place of its Secret's name.
_COLLECTIONS = {"dict_type", "list_type", "model_type"}
_LIKE = dict.fromkeys(("Login", "Credential"), "it should name a Secret of Kubernetes, like {secret: postgres-admin}")


def validate(source: Source, model: type[ModelT]) -> ModelT | None:
    """Validate the data against a pydantic model; every problem, also of what is in doubt, is noted in `source`.

    What is in doubt is taken as it stands, so that the rest can be told as well. None where there is no model.
    """
    found = None
    refused = source.known.copy()
    try:
        found = model.model_validate(source.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path, text = _explain(source, model, detail)
            if path not in refused or detail["type"] == "extra_forbidden":
                source.complain(path, text)
    for doubt in source.document.doubts:
        if doubt.path not in source.known:
            source.complain(doubt.path, doubt.text if passwords.shown(doubt.path, "") else "cannot be without quotes")
    return found


def _explain(source: Source, model: type[BaseModel], detail: Any) -> tuple[KeyPath, str]:
    path: KeyPath = tuple(part for part in detail["loc"] if part != "[key]")
    match detail["type"]:
        case "missing":
            return path, "cannot be left out"
        case "extra_forbidden":
            return path, _unknown(source, model, path)
        case kind if kind in _COLLECTIONS and not isinstance(detail["input"], dict | list | None):
            return path, f"cannot be a single value: {_LIKE.get(_class(detail), _wanted(detail))}"
        case _:
            written = _written(source, path, detail["input"])
            return path, f"{source.shown(path, written)}: {_wanted(detail)}{_in_seconds(written, detail)}"


def _written(source: Source, path: KeyPath, read: Any) -> Any:
    """Return what stands at a path, where that is a text that was read as a number, such as 90m; else what was read."""
    found = source.data
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return read
    return found if isinstance(found, str) and isinstance(read, int | float) else read


def _in_seconds(written: Any, detail: Any) -> str:
    """Say in what a limit is counted, where a time was written with a unit."""
    if not (isinstance(written, str) and written.strip().endswith(UNITS) and detail["type"] in _LIMITS):
        return ""
    limit = detail["ctx"][_LIMITS[detail["type"]][1]]
    return f" s ({spoken(limit)})" if limit else ""


def _unknown(source: Source, model: type[BaseModel], path: KeyPath) -> str:
    """Say of a key that is not known how it is called now, what it should be, or where a password belongs."""
    key = str(path[-1])
    if new := renamed.new_key(path):
        return f"was renamed to {new}"
    if passwords.is_for_one(key):
        return f"cannot stand here: this file holds no password; {passwords.ELSEWHERE}"
    return f"cannot be understood: it is not a known key{source.guess(key, _keys(model, path[:-1]))}"


def _wanted(detail: Any) -> str:  # noqa: PLR0911 - a table, with words of their own for some
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "literal_error":
            return f"it should be {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_too_long":
            return f"it should be {context['max_length']} characters at most"
        case _ if kind in _LIMITS:
            words, limit = _LIMITS[kind]
            return f"it should be {words} {context[limit]:.10g}"
        case "string_type" if isinstance(detail["input"], bool | int | float):
            return "it should be text: write it in quotes"
        case _ if kind in _SHOULD_BE:
            return f"it should be {_SHOULD_BE[kind]}"
        case _:
            return f"{detail['msg'][0].lower()}{detail['msg'][1:]}"


def _class(detail: Any) -> str:
    return str(detail.get("ctx", {}).get("class_name", ""))


def _keys(model: type[BaseModel], path: KeyPath) -> Iterable[str]:
    """Return the keys that may stand at `path`: fields of a model, through dicts, lists and optional fields."""
    found: Any = model
    for part in path:
        if _is_model(found):
            field = found.model_fields.get(part)
            found = field and field.annotation
        else:  # a name that the owner gave, or an index
            found = next(filter(_is_model, get_args(found)), None)
        if get_origin(found) not in (dict, list):
            found = next(filter(_is_model, get_args(found)), found)
    return found.model_fields.keys() if _is_model(found) else ()


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)
