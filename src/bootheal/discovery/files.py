"""Which file of a container is which key of a Secret. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from bootheal.model import Ref
from bootheal.model.inventory import Box, Inventory, Mounted, Source


def by_key(inventory: Inventory) -> Inventory:
    """Return an inventory in which a Secret that is mounted as a whole is one file for each of its keys.

    A projected volume has several of them in one directory: only their keys tell whose a file is. One whose keys are
    not known stays as it is.
    """
    controllers = tuple(
        replace(
            each,
            boxes=tuple(_box(box, each.ref.namespace, inventory) for box in each.boxes),
            init=tuple(_box(box, each.ref.namespace, inventory) for box in each.init),
        )
        for each in inventory.controllers
    )
    return replace(inventory, controllers=controllers)


def _box(box: Box, namespace: str, inventory: Inventory) -> Box:
    if not any(each.source.kind == "secret" and not each.source.key for each in box.mounts):
        return box
    return replace(box, mounts=tuple(file for each in box.mounts for file in _files(each, namespace, inventory)))


def _files(mounted: Mounted, namespace: str, inventory: Inventory) -> Iterator[Mounted]:
    source = mounted.source
    facts = inventory.secrets.get(Ref("secret", namespace, source.name)) if source.kind == "secret" else None
    if source.key or not (facts and facts.keys):
        yield mounted
        return
    directory = mounted.path.rstrip("/")
    yield from (Mounted(f"{directory}/{key}", Source("secret", source.name, key)) for key in sorted(facts.keys))
