"""What `status` and `wait` know: what the state file says, whether it is of this boot, and whether anybody is at it."""

from dataclasses import dataclass
from pathlib import Path

from bootheal.adapters.process_identity import lives
from bootheal.adapters.state import FILE, identity, read
from bootheal.adapters.state_format import Contents
from bootheal.errors import StateError
from bootheal.model import Report


@dataclass(frozen=True, slots=True)
class Known:
    """What a state file says, as of now. `present`: it is of this boot; `tended`: who wrote it is still there."""

    contents: Contents
    present: bool
    tended: bool

    @property
    def report(self) -> Report | None:
        """Return the report of this boot's last pass, None where there is none yet or another one is under way."""
        return self.contents.remembered.report if self.present else None


class StateReader:
    """Reads the state again and again: it is understood anew only when it was replaced. `boot`: "" is any."""

    def __init__(self, directory: Path, boot: str) -> None:
        self._directory, self._boot = directory, boot
        self._identity: object = None
        self._contents: Contents | None = None

    def read(self) -> Known | None:
        """Return what is known, None before the first run. StateError where it cannot be read or understood."""
        path = self._directory / FILE
        try:
            if self._identity != (now := identity(path)):
                self._identity, self._contents = None, read(self._directory)
                self._identity = now
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"cannot read {path}: {error.strerror}") from None
        if self._contents is None:
            return None
        present = self._contents.remembered.of_boot(self._boot)
        return Known(self._contents, present, present and lives(self._contents.author))
