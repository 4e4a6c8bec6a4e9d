"""Snapshots whose fields are what they say to be: JSON may hold anything in the place of anything."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

# What is larger is no count and no time.
LARGEST = 1 << 53

Snapshot = TypeVar("Snapshot")
Fits = Callable[[Any], bool]


def checked(snapshot: Snapshot) -> Snapshot:
    """Return it. TypeError where a field has another type than it is declared to have."""
    if isinstance(snapshot, tuple | list | frozenset):
        for item in snapshot:
            checked(item)
    elif is_dataclass(snapshot):
        for name, fits in _fields(type(snapshot)):  # type: ignore[arg-type]
            if not fits(getattr(snapshot, name)):
                raise TypeError(f"{name} is a {type(getattr(snapshot, name)).__name__}")
    elif not isinstance(snapshot, str):
        raise TypeError(type(snapshot).__name__)
    return snapshot


@lru_cache
def _fields(kind: type) -> tuple[tuple[str, Fits], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _fits(hints[field.name])) for field in fields(kind))


def _fits(hint: Any) -> Fits:
    arguments, origin = get_args(hint), get_origin(hint) or hint
    if origin is UnionType:
        several = [_fits(each) for each in arguments]
        return lambda value: any(fits(value) for fits in several)
    if origin in (tuple, frozenset):
        return _all(arguments) if origin is tuple else _any(*arguments)
    if origin is Mapping:
        key, item = map(_fits, arguments)
        return lambda value: isinstance(value, dict) and all(key(k) and item(v) for k, v in value.items())
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in arguments
    return _plain(origin)


def _all(arguments: tuple[Any, ...]) -> Fits:
    if arguments[-1] is Ellipsis:
        each = _fits(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    several = list(map(_fits, arguments))
    return lambda value: isinstance(value, tuple) and len(value) == len(several) and _each(several, value)


def _any(argument: Any) -> Fits:
    fits = _fits(argument)
    return lambda value: isinstance(value, frozenset) and all(map(fits, value))


def _each(several: list[Fits], values: tuple[Any, ...]) -> bool:
    return all(fits(value) for fits, value in zip(several, values, strict=True))


def _plain(kind: type) -> Fits:
    if kind is Any:
        return lambda _value: True
    if kind is float:
        return lambda value: type(value) in (int, float) and abs(value) <= LARGEST
    if kind is int:
        return lambda value: type(value) is int and abs(value) <= LARGEST
    if is_dataclass(kind):
        return lambda value: isinstance(value, kind) and checked(value) is value
    if issubclass(kind, Enum):
        return lambda value: isinstance(value, kind)
    return lambda value: type(value) is kind
