"""The main file and those in conf.d beside it -> one source: what is said twice is an error that names both places.

Files are taken in the order of their names. Of the sections that hold what somebody gave a name, such as workloads,
each file may add some; any other key belongs to one file. What is asked without the cluster stands in the main file.
"""

import errno
from pathlib import Path
from typing import Any

from bootheal.config.document import KeyPath
from bootheal.config.reading import read, source_name
from bootheal.config.source import Source, parse
from bootheal.errors import ConfigurationError, Problem

DIRECTORY = "conf.d"

NAMED = ("databases", "poolers", "dependencies", "workloads", "hooks")
_READABLE = "the service reads it as the user bootheal: chmod 755"
MAIN_ONLY = ("cluster", "state_directory")


def gather(path: Path) -> Source:
    """Read them all; ConfigurationError where one cannot be read, or is no YAML."""
    source = parse(source_name(path), read(path))
    for part in parts(path):
        _add(source, parse(source_name(part), read(part, part=True)))
    return source


def parts(path: Path) -> list[Path]:
    """Return the files in conf.d beside the main file, in the order of their names; hidden ones are an editor's."""
    try:
        found = [each for each in path.with_name(DIRECTORY).iterdir() if each.suffix in (".yaml", ".yml")]
    except FileNotFoundError:
        return []
    except OSError as error:
        way_out = _READABLE if error.errno == errno.EACCES else "it should be a directory, or not be there"
        text = f"cannot be read: {error.strerror} ({way_out})"
        raise ConfigurationError(str(path.with_name(DIRECTORY)), [Problem(1, 1, DIRECTORY, text)]) from None
    return sorted((each for each in found if not each.name.startswith(".")), key=lambda each: each.name)


def _add(source: Source, part: Source) -> None:
    """Put a part's data into the source, and note where each of it stands."""
    for key, value in part.data.items():
        if key in MAIN_ONLY:
            _take(source, part, (key,))
            source.complain((key,), "cannot stand in conf.d: put it into the main file")
        elif key in NAMED and isinstance(value, dict) and isinstance(source.data.get(key, {}), dict):
            held = source.data.setdefault(key, {})
            source.document.places.setdefault((key,), part.place((key,)))
            for name, content in value.items():
                _put(source, part, held, (key, name), content)
        else:
            _put(source, part, source.data, (key,), value)
    source.problems += part.problems
    source.document.doubts += part.document.doubts


def _put(source: Source, part: Source, held: Any, path: KeyPath, value: Any) -> None:
    if path[-1] in held:
        text = f"cannot be said twice: it stands at {source.told_place(path)} already"
        source.complain(path, text, part.place(path), part.name)
        return
    held[path[-1]] = value
    _take(source, part, path)


def _take(source: Source, part: Source, path: KeyPath) -> None:
    places = part.document.places
    source.document.places |= {each: place for each, place in places.items() if each[: len(path)] == path}
    source.files[path] = part.name
