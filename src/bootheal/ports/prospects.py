"""Reading what containers would be started from at the next boot."""

from collections.abc import Sequence
from typing import Protocol

from bootheal.model.prospect import Prospect


class ProspectReader(Protocol):
    """Tells of it. It changes nothing."""

    def prospect(self, namespaces: Sequence[str] = ()) -> Prospect:
        """Read it, in some seconds, whatever does not answer.

        `namespaces` are read one by one where not all may be listed at once. What could not be read is in its gaps;
        it raises nothing.
        """
