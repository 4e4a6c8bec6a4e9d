"""What is declared in a cluster: asked by who draws a configuration from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bootheal.model.inventory import Inventory


class InventoryReader(Protocol):
    """All that is declared, in one value: a request for each kind, and one for each Secret. Any thread may ask."""

    def inventory(self, namespaces: Sequence[str] = ()) -> "Inventory":
        """Read it, of these namespaces, or of all where none are given.

        Secrets are read only where a container refers to them; of their values nothing is
        kept but the addresses of Services. What we may not read, or what there is no kind of, is a gap or nothing.
        """
