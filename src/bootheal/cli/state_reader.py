"""What `status` and `wait` know: what the state file says, whether it is of this boot, and whether anybody is at it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bootheal.adapters import history
from bootheal.adapters.files import identity
from bootheal.adapters.host import Machine
from bootheal.adapters.process_identity import lives
from bootheal.adapters.state import FILE, read
from bootheal.adapters.state_format import Contents
from bootheal.cli.paths import Paths
from bootheal.errors import PermanentError, StateError
from bootheal.model import History, Report, Verdict


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

    @property
    def stands_by(self) -> str:
        """Say why this machine leaves the healing to another one, "" where it does not."""
        return self.contents.remembered.stands_by if self.present and self.tended else ""

    @property
    def verdict(self) -> Verdict | None:
        """Return how the last pass ended, be it of this machine or of the one that heals in its place."""
        if self.stands_by:
            return self.contents.remembered.elsewhere
        return self.report.verdict if self.report else None


def this_boot(paths: Paths) -> str:
    """Return the machine's boot id, "" where it cannot be had: then what is known is taken to be of this boot."""
    try:
        return Machine(paths.boot_id_file).boot_id()
    except PermanentError:
        return ""


class StateReader:
    """Reads the state again and again: it is understood anew only when it was replaced.

    `boot` is asked each time: a container that we watch from outside boots while we do. "" is any.
    """

    def __init__(self, directory: Path, boot: Callable[[], str]) -> None:
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
        present = self._contents.remembered.of_boot(self._boot())
        return Known(self._contents, present, present and lives(self._contents.author))


class HistoryReader:
    """Reads the history again and again, likewise."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._identity: object = None
        self._history = History()

    def read(self) -> History:
        """Return what is kept of the last boots. StateError where it cannot be read or understood."""
        path = self._directory / history.FILE
        try:
            now = identity(path)
        except OSError:
            return History()
        if self._identity != now:
            self._history = history.read(self._directory)
            self._identity = now
        return self._history
