"""What survives: one JSON file, replaced atomically, under a lock; `state_format` tells what it says."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bootheal.adapters.evidence_file import EvidenceFile
from bootheal.adapters.files import Identity, advice, identity, lock, read_file, remove_leftovers, replace_file
from bootheal.adapters.process_identity import sign
from bootheal.adapters.state_format import Contents, Encoder, VersionError, decode
from bootheal.errors import StateError
from bootheal.model import Remembered

FILE = "state.json"

# Many times what can come together.
LONGEST = 64_000_000

NONE: Identity = ()


class StateFile:
    """The Store port, and what `bootheal status` reads.

    `public`: what pods have logged is in it, for all to read. `logged` returns the lines of logs that were told lately.
    """

    def __init__(self, directory: Path, *, public: bool = False, logged: Callable[[], Collection[str]] = tuple) -> None:
        self._directory, self._path, self._public = directory, directory / FILE, public
        self._evidence = EvidenceFile(directory, logged)
        self._encoder = Encoder()
        self._known = NONE
        self._held = False
        self.remark = ""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock of a healing pass. Errors as of `lock`. What writers that were killed have left is removed."""
        with lock(self._directory):
            self._held = True
            remove_leftovers(self._path)
            self._evidence.clean()
            try:
                yield
            finally:
                self._held = False

    def load(self) -> Remembered | None:
        """Read the file, unless it is as we know it. StateError where it cannot be read.

        One that cannot be understood is set aside by who holds the lock, never overwritten; `remark` says so.
        """
        self.remark = ""
        try:
            if self._known == (known := identity(self._path)):
                return None
            text = read_file(self._path, LONGEST)
            self._known, contents = known, decode(text)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"cannot read {self._path}: {error.strerror}") from None
        except ValueError as error:
            self._set_aside(_why(error))
            return None
        return self._evidence.show(contents.remembered)

    def _set_aside(self, why: str) -> None:
        self._known = NONE
        if not self._held:
            self.remark = f"cannot use the state file {self._path}: {why}; the next run will set it aside"
            return
        aside = self._path.with_suffix(f".{time.time():.0f}.aside")
        try:
            self._path.rename(aside)
        except OSError as error:
            raise StateError(f"cannot understand {self._path}, nor set it aside: {error.strerror}") from None
        self.remark = f"the state file was set aside as {aside}: {why}"

    def save(self, remembered: Remembered, *, durable: bool) -> None:
        """Replace the file. StateError where it cannot be written; it is then what it was."""
        try:
            said = remembered if self._public else self._evidence.hide(remembered, durable=durable)
            text = self._encoder.encode(Contents(said, sign()))
            replace_file(self._path, text, durable=durable)
            self._known = identity(self._path)
        except OSError as error:
            raise StateError(
                f"cannot write {self._path}: {error.strerror}; nothing is changed without a record",
                hint=advice(error, f"make {self._directory} writable and free some space on its disk"),
            ) from None


def read(directory: Path) -> Contents | None:
    """Return what the file says, None where there is none; StateError where it cannot be read or understood."""
    path = directory / FILE
    try:
        contents = decode(read_file(path, LONGEST))
        return replace(contents, remembered=EvidenceFile(directory).show(contents.remembered))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        hint = "the next run sets it aside and begins anew"
        raise StateError(f"cannot read {path}: {_why(error)}", hint=hint) from None


def _why(error: ValueError) -> str:
    return str(error) if isinstance(error, VersionError) else f"it cannot be understood: {error}"
