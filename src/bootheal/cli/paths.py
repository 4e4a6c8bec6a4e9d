"""The two facts of the configuration that `status` and `wait` need, read without the schema: they must be quick.

Who runs them need not be allowed to read the file: where none was named, what cannot be read is taken for the default.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootheal.adapters.host import BOOT_ID
from bootheal.cli.arguments.options import CONFIG
from bootheal.errors import ConfigurationError, UsageError
from bootheal.model.quoted import visible

if TYPE_CHECKING:
    from bootheal.config.document import KeyPath
    from bootheal.config.source import Source

STATE_DIRECTORY = Path("/var/lib/bootheal")


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the state is, and where this machine's boot id."""

    state_directory: Path = STATE_DIRECTORY
    boot_id_file: Path = BOOT_ID


def read_paths(config: Path | None) -> Paths:
    """Read the two. Who names a file means that one, not the state of another's.

    UsageError where what was named is not there, ConfigurationError where it cannot be read or names no such paths.
    """
    try:
        return _paths(config or CONFIG)
    except ConfigurationError:
        if config is None:
            return Paths()
        if _is_missing(config):
            raise UsageError(f"cannot read {visible(str(config))}: there is no such file") from None
        raise


def is_seen(path: Path) -> bool:
    """Tell whether something is there that who asks may know of: a directory on the way may be another's."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return False


def _paths(config: Path) -> Paths:
    from bootheal.config.reading import read, source_name
    from bootheal.config.source import parse

    source = parse(source_name(config), read(config))
    state_directory = _path(source, ("state_directory",), STATE_DIRECTORY)
    boot_id_file = _path(source, ("cluster", "boot_id_file"), BOOT_ID)
    source.stop_on_problems()
    return Paths(state_directory, boot_id_file)


def _path(source: "Source", path: "KeyPath", default: Path) -> Path:
    """Return the path that stands there, the default where none does; complain of what is none."""
    from bootheal.config.shapes import texts

    found = source.data
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return default
        found = found[key]
    try:
        return Path(texts.path(found if isinstance(found, str) else ""))
    except ValueError as error:
        source.complain(path, f"{source.shown(path, found)}: {error}")
        return default
