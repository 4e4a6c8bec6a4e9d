"""The last forecast on the disk: one JSON file beside the state, replaced at once or not at all."""

import json
from pathlib import Path

from bootheal.adapters.files import read_file, remove_leftovers, replace_file
from bootheal.errors import StateError
from bootheal.model import from_json, to_json
from bootheal.model.outlook import Outlook

FILE = "preflight.json"
VERSION = 1
LONGEST = 1 << 20


def read(directory: Path) -> Outlook | None:
    """Return what was foreseen last; None where nothing was, or it cannot be understood: it is looked for again."""
    path = directory / FILE
    try:
        said = json.loads(read_file(path, LONGEST))
        if said.pop("version") == VERSION:
            return from_json(Outlook, said)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            raise StateError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    return None


def write(directory: Path, outlook: Outlook) -> None:
    """Keep it. OSError where that cannot be. Nobody but a daemon writes it: what killed ones have left is removed."""
    remove_leftovers(directory / FILE)
    replace_file(directory / FILE, json.dumps({"version": VERSION} | to_json(outlook)), durable=False)
