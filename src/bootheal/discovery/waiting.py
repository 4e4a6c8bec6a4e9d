"""Whom init containers wait for: without them a pod's own containers do not begin. Pure."""

from collections.abc import Iterator

from bootheal.discovery import order
from bootheal.discovery.findings import Known
from bootheal.discovery.places import Places
from bootheal.discovery.uses import Use, uses
from bootheal.model import WORKLOADS, Ref
from bootheal.model.inventory import Controller, Inventory
from bootheal.model.prospect import Waiting


def waiting(inventory: Inventory) -> tuple[Waiting, ...]:
    """Return the waits of all workloads that are wanted, each once. Who waits for a name alone waits for nobody."""
    places = Places(inventory)
    wanted = [each for each in inventory.controllers if each.replicas and each.ref.kind != "cronjob"]
    found = {
        (each.ref, on): Waiting(each.ref, on, use.told)
        for each in wanted
        for use in uses(each, places)
        if use.known is Known.WAITS and use.box in each.init
        for on in _behind(use, places, wanted)
        if on != each.ref
    }
    return tuple(found.values())


def _behind(use: Use, places: Places, wanted: list[Controller]) -> Iterator[Ref]:
    if use.service is not None:
        # The name of a Service with an address is known, whoever is behind it.
        if use.port or not use.service.cluster_ip:
            yield from (each.ref for each in places.behind(use.service) if each.replicas)
    elif use.labels is not None and use.ref:
        yield from order.behind(use.labels, use.ref.namespace, wanted)
    elif use.ref and use.ref.kind in WORKLOADS:
        yield use.ref
