"""The Services in front of a workload: whether they lead to its pods, and whether somebody gets in through them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bootheal.cluster import selectors
from bootheal.cluster.freshness import service_doubt
from bootheal.model import BootTime, Pod, Service, Target, Workload
from bootheal.ports import ClusterReader, World
from bootheal.probes import Http, Probe, Sql, Tcp

# What a Service sends to is on this machine; an address that is gone does not answer at all.
TIMEOUT_SECONDS = 1.0

_NUMBER = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Fronts:
    """What is known of them; `there`: whether there is any.

    `doubt`: why one may not lead to the pods yet; `shut`: why nobody gets through one although its slices are right;
    `untried`: the first one whose address nobody could dial: it is out of reach, or no port of it is known to answer.
    """

    there: bool = False
    doubt: str = ""
    shut: str = ""
    untried: str = ""


def look(world: World, pods: Sequence[Pod], ready: Sequence[Pod], content: Probe | None) -> Fronts:
    """Judge the Services of these pods by their slices, and dial the port of a probe that is content with the ready."""
    fronts = _in_front(world.cluster, pods)
    boot_time = world.host.boot_time()
    if doubt := next((why for service in fronts if (why := _doubt(world.cluster, service, boot_time))), ""):
        return Fronts(bool(fronts), doubt)
    probed = content.port if isinstance(content, Http | Tcp | Sql) else 0
    shut = untried = ""
    for service in fronts:
        if not service.cluster_ip:  # a name of its pods: no node's rules have to follow
            continue
        port = next((port for pod in ready if probed and (port := service.port_to(pod, probed))), 0)
        if not world.direct or not port:
            untried = untried or str(service.ref)
        elif not shut:
            shut = _shut(world, service, port)
    return Fronts(bool(fronts), "", shut, untried)


def unserved(cluster: ClusterReader, workload: Workload, labels: Mapping[str, str]) -> str:
    """Say whether a Service that is meant for it asks for pods that there are not: no boot has done that.

    It is meant that has its name, or that asks for nearly what its pods bear.
    """
    namespace, name = workload.ref.namespace, workload.ref.name
    asking = [each for each in cluster.services(namespace) if each.selector and not each.external]
    near = [each for each in asking if each.ref.name == name or _is_a_slip(each.selector, labels)]
    own = next((each for each in near if not cluster.pods(namespace, each.selector)), None)
    if own is None:
        return ""
    differing = " and ".join(selectors.differences(own.selector, labels))
    asked = selectors.spelled(own.selector)
    return f"{own.ref} leads to nobody: its selector, {asked}, fits no pod; those of {workload.ref} {differing}"


def _in_front(cluster: ClusterReader, pods: Sequence[Pod]) -> list[Service]:
    """Return the Services that send to some of `pods`."""
    services = cluster.services(pods[0].ref.namespace) if pods else ()
    alike = {frozenset(pod.labels.items()): pod for pod in pods}.values()  # most are, and Services are many
    return [service for service in services if any(map(service.selects, alike))]


def _is_a_slip(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Tell whether these labels are meant; not where a number differs: shard-2 may be at zero beside shard-1."""
    differing = [(value, labels[key]) for key, value in selector.items() if labels.get(key, value) != value]
    numbered = any(_NUMBER.sub("#", asked) == _NUMBER.sub("#", held) for asked, held in differing)
    return not numbered and selectors.meant(selector, labels, selectors.SLIP)


def _doubt(cluster: ClusterReader, service: Service, boot_time: BootTime | None) -> str:
    """Say whether it still sends elsewhere: its slices follow seconds after its pods."""
    namespace = service.ref.namespace
    endpoints = cluster.endpoints(namespace, service.ref.name)
    return service_doubt(service, endpoints, cluster.pods(namespace, service.selector), boot_time=boot_time)


def _shut(world: World, service: Service, port: int) -> str:
    """Say why no connection gets through it."""
    answer = world.web.tcp(Target(service.cluster_ip, port), TIMEOUT_SECONDS)
    return "" if answer.ok else f"{service.ref} lets nobody in: {answer}"
