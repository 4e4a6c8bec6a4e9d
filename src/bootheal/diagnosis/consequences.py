"""What follows from what: each trouble beneath the one that it comes of. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bootheal.causes import Gravity, Source
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.relations import NAMES, Relations
from bootheal.model import Ref

# Told of what depends on others: it may follow from a trouble of what it names or stands on.
MILD = (Gravity.PASSES, Gravity.HEALED)

# What comes of it where nobody answers who asks for names.
_NAMELESS = frozenset({"name-not-resolved", "pgbouncer-server-name-unknown"})

# What a service manager says of a part of the cluster, which says itself why.
_STATES = frozenset({"component-starts", "component-stopped", "component-starved"})

# What comes of it where the device plugin's own pod does not run.
_OF_DEVICES = frozenset({"device-not-reported", "device-not-there"})

# What comes of it where the network plugin's own pod on the node does not run.
_OF_THE_NETWORK = frozenset({"flannel-not-ready", "network-plugin-not-ready"})

# What a kubelet says of a Secret or ConfigMap that a template names and nobody has made.
_LACKS = frozenset({"secret-missing", "configmap-missing", "volume-secret-missing", "volume-configmap-missing"})


def folded(items: Sequence[Item], relations: Relations) -> list[Item]:
    """Put each beneath what it follows from."""
    parents: dict[int, int] = {}
    for number, each in enumerate(items):
        above = _above(each, items, relations)
        if above is not None and number not in _ancestry(above, parents):
            parents[number] = above
    return [_tree(number, items, parents) for number in range(len(items)) if number not in parents]


def _ancestry(number: int, parents: dict[int, int]) -> Iterator[int]:
    yield number
    while number in parents:
        number = parents[number]
        yield number


def _tree(number: int, items: Sequence[Item], parents: dict[int, int]) -> Item:
    beneath = tuple(_tree(child, items, parents) for child, above in parents.items() if above == number)
    return replace(items[number], follows=tuple(sorted(beneath, key=lambda each: -each.gravest.rank)))


def _above(each: Item, items: Sequence[Item], relations: Relations) -> int | None:
    """Return the item that it follows from: the nearest of what its object stands on, else by the catalogue."""
    if (itself := _itself(each, items, relations)) is not None:
        return itself
    causes = each.finding.cause.consequence_of
    named = [n for n, other in enumerate(items) if other is not each and other.id in causes and _near(each, other)]
    if named:
        return named[0]
    if each.gravity not in MILD:
        return None
    held_by = _positions(items, each)
    if plugins := [number for ref in _plugins(each, relations) for number in held_by.get(ref, ())]:
        return max(plugins, key=lambda number: items[number].gravity.rank)
    reached, layer = {each.about}, [each.about, *each.alike, *((NAMES,) if each.id in _NAMELESS else ())]
    while layer:
        below = [ref for about in layer for ref in relations.below(about, named=True) if ref not in reached]
        at = [number for ref in dict.fromkeys(below) for number in held_by.get(ref, ())]
        if at:
            return max(at, key=lambda number: items[number].gravity.rank)
        reached.update(below)
        layer = list(dict.fromkeys(below))
    return None


def _plugins(each: Item, relations: Relations) -> Iterator[Ref]:
    """Yield the pods of plugins that are to serve it what it lacks."""
    if each.id in _OF_THE_NETWORK:
        yield from relations.network_of(each.about)
    elif each.id in _OF_DEVICES:
        yield from relations.plugins_for(each.finding.evidence.text)
    elif each.id == "volume-driver-absent":
        yield from relations.drivers_for(each.finding.evidence.text)


def _itself(each: Item, items: Sequence[Item], relations: Relations) -> int | None:
    """Return what says of the same trouble more than this does."""
    if each.id in _STATES:
        return _own_words(each, items)
    return _lacking(each, items, relations) if each.id in _LACKS else None


def _lacking(each: Item, items: Sequence[Item], relations: Relations) -> int | None:
    """Return what the template of a pod's workload names in vain: of several what its kubelet names."""
    owner = relations.owner_of(each.about)
    lacking = [n for n, other in enumerate(items) if other.id == "reference-missing" and other.about == owner]
    return max(lacking, key=lambda number: _names_alike(items[number], each), default=None)


def _names_alike(reference: Item, lack: Item) -> bool:
    """Tell whether both name one object: "secret/shop/app is not there", and `secret "app" not found`."""
    name = reference.finding.evidence.text.partition(" ")[0].rpartition("/")[2]
    return re.search(rf"(?<![-.\w]){re.escape(name)}(?![-.\w])", lack.finding.evidence.text) is not None


def _own_words(each: Item, items: Sequence[Item]) -> int | None:
    """Return the gravest of what a part of the cluster complains of itself: its state is what comes of that."""
    told = [n for n, it in enumerate(items) if it.about == each.about and it.finding.evidence.source is Source.UNIT]
    return max(told, key=lambda number: items[number].gravity.rank, default=None)


def _positions(items: Sequence[Item], but: Item) -> dict[Ref, list[int]]:
    found: dict[Ref, list[int]] = {}
    for number, each in enumerate(items):
        if each is not but:
            for ref in (each.about, *each.alike):
                found.setdefault(ref, []).append(number)
    return found


def _near(each: Item, other: Item) -> bool:
    """Tell whether one may follow from the other by where they are: what the machine lacks reaches everywhere."""
    if each.id == other.id:
        return False
    everywhere = not other.about.namespace or other.finding.evidence.source is Source.HOST
    return everywhere or other.about.namespace == each.about.namespace
