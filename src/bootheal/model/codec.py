"""Values of this room to JSON and back. What comes back is checked as a whole: nothing of a wrong type gets in.

Both read the types that the dataclasses declare, so that a field is declared once.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from bootheal.model.identity import Secret

T = TypeVar("T")
Decoder = Callable[[Any], Any]

# Later than any date that can be told, more than can be counted.
LARGEST = 1e12

_AS_THEY_ARE = {str, int, float, bool, NoneType}


class MisfitError(ValueError):
    """What was read is not what was to be read. `path` is the way to it, the innermost first."""

    def __init__(self, why: str, *path: str) -> None:
        super().__init__(why)
        self.path = list(path)

    def __str__(self) -> str:
        return f"{'.'.join(reversed(self.path))} {super().__str__()}"


def to_json(value: Any) -> Any:
    """Turn a value of this room into what `json.dumps` takes; a Secret is refused."""
    if type(value) in _AS_THEY_ARE:  # so are most
        return value
    if isinstance(value, Secret):
        raise TypeError("cannot write a secret into JSON")
    if hasattr(value, "__dataclass_fields__"):
        return {name: to_json(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Rebuild a value of `kind` from what `to_json` made of it. MisfitError says where it has another shape.

    A field that has a default may be missing; one that is not known may not be there.
    """
    decode: Decoder = _decoder(cast("Any", kind))
    return cast("T", decode(data))


@cache
def _decoder(kind: Any) -> Decoder:
    """Return what decodes a type: made once for each, since reading annotations takes time."""
    if is_dataclass(kind):
        return _dataclass(cast("type", kind))
    arguments = get_args(kind)
    match get_origin(kind) or kind:
        case origin if origin is UnionType:
            (one,) = (_decoder(argument) for argument in arguments if argument is not NoneType)
            return lambda data: None if data is None else one(data)
        case origin if origin is tuple:
            return _items(_decoder(arguments[0]))
        case origin if origin is Mapping:
            return _mapping(_decoder(arguments[1]))
        case origin if isinstance(origin, type) and issubclass(origin, StrEnum):
            return _word(origin)
        case origin:
            return _PLAIN[origin]


def _dataclass(kind: type) -> Decoder:
    hints = get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def decode(data: Any) -> Any:
        if missing := needed - _object(data).keys():
            raise MisfitError("is missing", min(missing))
        values = {}
        for name, value in data.items():
            if name not in decoders:
                raise MisfitError("is not known", name[:40])
            try:
                values[name] = decoders[name](value)
            except MisfitError as error:
                error.path.append(name)
                raise
        return kind(**values)

    return decode


def _items(decode: Decoder) -> Decoder:
    def items(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise MisfitError("is no list")
        return tuple(map(decode, data))

    return items


def _mapping(decode: Decoder) -> Decoder:
    def mapping(data: Any) -> dict[str, Any]:
        values = {}
        for key, value in _object(data).items():
            try:
                values[_text(key)] = decode(value)
            except MisfitError as error:
                error.path.append(key[:40])
                raise
        return values

    return mapping


def _word(kind: type[StrEnum]) -> Decoder:
    known = {word.value: word for word in kind}

    def word(data: Any) -> StrEnum:
        if not isinstance(data, str) or data not in known:
            raise MisfitError(f"is none of {', '.join(known)}")
        return known[data]

    return word


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise MisfitError("is no object")
    return data


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise MisfitError("is no text")
    return data if data.isascii() else data.encode("utf-8", "replace").decode("utf-8")  # halves of a character


def _truth(data: Any) -> bool:
    if not isinstance(data, bool):
        raise MisfitError("is neither true nor false")
    return data


def _number(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not abs(data) <= LARGEST:
        raise MisfitError("is no number that could be")
    return data


def _whole(data: Any) -> int:
    if type(data) is not int or not abs(data) <= LARGEST:
        raise MisfitError("is no whole number that could be")
    return data


_PLAIN: dict[Any, Decoder] = {str: _text, bool: _truth, int: _whole, float: _number}
