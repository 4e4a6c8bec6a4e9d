"""The boots of a cluster's nodes, and what the epoch is called that they make up. Pure."""

import hashlib
from collections.abc import Iterable, Mapping

from bootheal.model import Node
from bootheal.model.past import epoch_of, rebooted
from bootheal.step import Past

# Of how many nodes each is in the name.
NAMED = 6


def boots_of(nodes: Iterable[Node], boot_id: str | None, epoch: str | None) -> dict[str, str]:
    """Return the boot of each node by its name; of this machine, or its containers, as the host names its `epoch`."""
    told = ((node, (epoch if boot_id and node.boot_id == boot_id else None) or node.boot_id) for node in nodes)
    return {node.name: boot for node, boot in told if boot}


def named(boots: Mapping[str, str], past: Past) -> str:
    """Name the epoch of a cluster elsewhere: a node that joins begins no other one, one that rebooted does."""
    if past.boots and past.epoch and not rebooted(past.boots, boots):
        return past.epoch
    name = epoch_of(boots.values())
    return name if len(boots) <= NAMED else f"{len(boots)}-nodes-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
