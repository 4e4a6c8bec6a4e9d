"""The lock that several processes share, and the mandate to act that comes of holding it."""

from typing import Protocol

from bootheal.model import LockRecord


class Lock(Protocol):
    """One Lease in the cluster. For one thread at a time; each is one short request.

    Any method may raise UnreachableError and DeniedError, as those of the cluster do.
    """

    def read(self) -> LockRecord | None:
        """Return the Lease as it is now, None where there is none."""

    def create(self, record: LockRecord) -> LockRecord:
        """Make the Lease, and return it as it is kept; ConflictError where somebody else has made it."""

    def update(self, record: LockRecord) -> LockRecord:
        """Write it at the `version` that it was seen at; ConflictError where it is another one by now, or is gone."""


class Mandate(Protocol):
    """Whether this process is the one that may act. Any thread may ask; it asks nobody, and raises nothing.

    `name` is how others know this process, "" where nobody else is there.
    """

    name: str

    def objection(self) -> str:
        """Say why this process must not change anything now, "" where it may."""

    def lapses_in(self) -> float:
        """Return after how many seconds it is over if nothing is heard until then; infinity where it is not held."""

    def tell(self, said: str) -> None:
        """Let the others know this for as long as we act, "" for nothing; with the next renewal."""

    def heard(self) -> str:
        """Return what the one who acts in our place lets us know, "" for nothing, or where none is known to live."""

    def hopeless(self) -> bool:
        """Tell whether our credential has been refused for so long that a new process may fare better."""


class Unquestioned:
    """Where nobody else is there to act: the mandate of a process without a Lease."""

    name = ""

    def objection(self) -> str:
        """Return that there is none."""
        return ""

    def lapses_in(self) -> float:
        """Return that it lasts."""
        return float("inf")

    def tell(self, said: str) -> None:
        """Nobody hears it."""

    def heard(self) -> str:
        """Return nothing."""
        return ""

    def hopeless(self) -> bool:
        """Return that it is not."""
        return False
