"""Whose container on this machine serves an image that cannot be had: by its name, or by what was dialled. Pure.

A registry in Docker beside the cluster is what small machines pull from; after a boot nobody may have started it. The
node's containerd may know it by another name (registries.yaml), so that what was dialled counts as well.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bootheal.causes.cause import Finding
from bootheal.causes.pods import PULL_WORDS, Trouble
from bootheal.model import Component, ComponentState, Node, Occurrence, Pod, Ref
from bootheal.model.numbers import port as port_of
from bootheal.model.quoted import quoted

# By these words an image cannot be had because of who serves it; others are answers of somebody who serves.
SILENT = frozenset({"registry-refuses", "registry-name-unknown", "image-not-pulled"})

# What a machine calls itself, and what k3d calls the machine below it.
_ITSELF = re.compile(r"localhost$|127\.|\[?::1|host\.k3d\.internal$")

# The first part of an image's name is whom it is asked of if it has one of these, as for Docker.
_HOST = re.compile(r"[.:]|^localhost$")

_DIALLED = re.compile(r"dial tcp \[?([\w.:-]+?)\]?:(\d{1,5}): ")
_ASKED = re.compile(r'"?https?://\[?([\w.-]+)\]?(?::(\d{1,5}))?/v2/')
_LOOKED_UP = re.compile(r"lookup ([\w.-]+)()")


def waits(pod: Pod) -> bool:
    """Tell whether it waits for an image."""
    return not pod.deleting and any(each.reason in PULL_WORDS for each in (*pod.init, *pod.containers))


def here(nodes: Sequence[Node]) -> frozenset[str]:
    """Return the names of this machine among its nodes: where there are more, another's port would be taken for its."""
    return frozenset((nodes[0].name, nodes[0].ip)) if len(nodes) == 1 else frozenset()


def serving(
    pod: Pod, events: Iterable[Occurrence], containers: Sequence[Component], names: Collection[str]
) -> Component | None:
    """Return the container that is the registry of an image that a pod waits for; `names`: those of this machine."""
    asked = set(_asked(pod, events))
    return next((each for each in containers if any(_is(each, host, port, names) for host, port in asked)), None)


def serving_each(
    pods: Iterable[Pod],
    events: Mapping[Ref, Sequence[Occurrence]],
    containers: Sequence[Component],
    nodes: Sequence[Node],
) -> dict[Ref, Component]:
    """Return for each pod whose images are served by one of this machine's containers which one that is."""
    names = here(nodes)
    found = {pod.ref: serving(pod, events.get(pod.ref, ()), containers, names) for pod in pods}
    return {ref: container for ref, container in found.items() if container}


def named(trouble: Trouble, container: Component | None) -> Trouble:
    """Return the trouble with an image with the container in it that serves it, where that does not run."""
    if container is None or container.state is ComponentState.RUNNING:
        return trouble
    if trouble.finding is None or trouble.id not in SILENT:
        return trouble
    cause, why = trouble.finding.cause, f" ({quoted(container.why)})" if container.why else ""
    bare = cause.means.replace(": {said}", "")
    told = replace(
        cause,
        means=f"{bare}: its container {container.name} on this machine is {container.state}{why}",
        next_step=f"docker start {container.name}; the pods then come by themselves (registry: in bootheal's "
        "configuration lets it do so)",
    )
    return replace(trouble, finding=Finding(told, trouble.finding.evidence))


def _asked(pod: Pod, events: Iterable[Occurrence]) -> Iterator[tuple[str, int]]:
    """Yield whom its images are asked of: by their names, and by what was tried."""
    lacking = [each for each in (*pod.init, *pod.containers) if each.reason in PULL_WORDS]
    for each in lacking:
        host, slash, _ = each.image.partition("/")
        if slash and _HOST.search(host):  # else it is a project of Docker Hub
            name, _, port = host.partition(":")
            yield name, port_of(port)
    for text in (*(each.message for each in lacking), *(each.message for each in events if each.reason == "Failed")):
        for pattern in (_DIALLED, _ASKED, _LOOKED_UP):
            yield from ((host, int(port or 0)) for host, port in pattern.findall(text))


def _is(container: Component, host: str, port: int, names: Collection[str]) -> bool:
    if host == container.name:
        return True
    return bool(port) and port == container.port and (host in names or _ITSELF.match(host) is not None)
