"""The two facts of the configuration that `status` and `wait` need, read without the schema: they must be quick.

What cannot be read is taken for the default: whoever runs them need not be allowed to read the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootheal.adapters.host import BOOT_ID
from bootheal.cli import CONFIG
from bootheal.errors import UsageError

STATE_DIRECTORY = Path("/var/lib/bootheal")


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the state is, and where this machine's boot id."""

    state_directory: Path = STATE_DIRECTORY
    boot_id_file: Path = BOOT_ID


def read_paths(config: Path | None) -> Paths:
    """Read the two. UsageError where the file that somebody named is not there."""
    import yaml

    try:
        data = yaml.safe_load((config or CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if config:  # who names a file means that one, not the state of another
            raise UsageError(f"cannot read {config}: there is no such file") from None
        return Paths()
    except (OSError, ValueError, yaml.YAMLError):
        return Paths()
    return Paths(
        _path(data, "state_directory", STATE_DIRECTORY),
        _path(data.get("cluster") if isinstance(data, dict) else None, "boot_id_file", BOOT_ID),
    )


def _path(section: Any, key: str, default: Path) -> Path:
    named = section.get(key) if isinstance(section, dict) else None
    return Path(named) if isinstance(named, str) else default
