"""What a word on the command line may be; argparse tells the user of what cannot be used."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def seconds(text: str) -> float:
    """Return a number of seconds."""
    return _number(text, 0.0, float("inf"), "a number of seconds")


def period(text: str) -> float:
    """Return after how many seconds something is done again."""
    return _number(text, 1.0, float("inf"), "a number of seconds, 1 at least")


def position(text: str) -> int:
    """Return which one in a list is meant, counted from 1."""
    from bootheal.model.numbers import whole

    if number := whole(text, 1_000_000):
        return number
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be a whole number, 1 at least")


def rate(text: str) -> float:
    """Return how often a second something may be done; it must get done."""
    return _number(text, 1.0, 10_000.0, "a number from 1 to 10000")


def _number(text: str, least: float, most: float, what: str) -> float:
    with suppress(ValueError):
        if least <= float(text) <= most:  # false also for "nan"
            return float(text)
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be {what}")


def namespace(text: str) -> str:
    """Return the name of a namespace."""
    from bootheal.config.shapes import kubernetes

    return _of_kubernetes(kubernetes.label, text)


def account(text: str) -> str:
    """Return the name of a ServiceAccount, which may have dots."""
    from bootheal.config.shapes import kubernetes

    return _of_kubernetes(kubernetes.subdomain, text)


def _of_kubernetes(shape: Callable[[str], str], text: str) -> str:
    try:
        return shape(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: {error}") from None


def file(text: str) -> Path:
    """Return the path of a file."""
    if text:
        return Path(text)
    raise argparse.ArgumentTypeError("cannot use '': it should name a file")


def absolute(text: str) -> Path:
    """Return an absolute path."""
    if Path(text).is_absolute():
        return Path(text)
    raise argparse.ArgumentTypeError(f"cannot use {_shown(text)}: it should be an absolute path, which begins with /")


def _shown(text: str) -> str:
    from bootheal.model.quoted import quoted

    return f"'{quoted(text)}'"
