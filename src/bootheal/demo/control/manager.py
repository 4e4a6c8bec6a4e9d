"""The controller manager and the scheduler: whenever something changes, every object is brought one step nearer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from bootheal.demo.control.deployments import reconcile_deployment, reconcile_replica_set
from bootheal.demo.control.statefulsets import reconcile_daemon_set, reconcile_stateful_set
from bootheal.demo.objects.conditions import set_condition
from bootheal.demo.objects.kinds import (
    CLAIM,
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    KINDS,
    LEASE,
    NODE,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Object,
)
from bootheal.demo.objects.store import Store

_IGNORED = frozenset({EVENT, LEASE})
_PASSES = 50
_OVER = frozenset({"Succeeded", "Failed"})
_REST = 4
"""For how many times as long as it worked it lets others work: with thousands of objects the API must still answer."""


async def run_controllers(store: Store) -> None:
    """Reconcile until cancelled."""
    with store.subscribe() as subscription:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            deadline = _settle(store)
            await asyncio.sleep(_REST * (loop.time() - began))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline):
                    while all(change.kind in _IGNORED for change in await subscription.take()):
                        pass


def _settle(store: Store) -> float | None:
    """Reconcile until nothing changes; in how many seconds to look again even if nothing changes then."""
    deadlines: list[float | None] = []
    for _ in range(_PASSES):
        before = store.version
        _collect_garbage(store)
        for stateful_set in store.all(STATEFUL_SET):
            reconcile_stateful_set(store, stateful_set)
        for daemon_set in store.all(DAEMON_SET):
            reconcile_daemon_set(store, daemon_set)
        deadlines = [reconcile_deployment(store, deployment) for deployment in store.all(DEPLOYMENT)]
        for replica_set in store.all(REPLICA_SET):
            reconcile_replica_set(store, replica_set)
        _schedule(store)
        if store.version == before:
            break
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


def _collect_garbage(store: Store) -> None:
    """What lost its owner goes too."""
    alive = {item["metadata"]["uid"] for kind in KINDS for item in store.all(kind)}
    for kind in KINDS:
        for item in store.all(kind):
            metadata = item["metadata"]
            owners = metadata.get("ownerReferences", [])
            if owners and "deletionTimestamp" not in metadata and not any(o["uid"] in alive for o in owners):
                store.delete(kind, metadata.get("namespace", ""), metadata["name"])


def _schedule(store: Store) -> None:
    """Give unbound pods to the node, unless it is cordoned, or another pod has what they need for themselves."""
    nodes = store.all(NODE)
    for pod in store.all(POD):
        if pod["spec"].get("nodeName") or not nodes:
            continue
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if nodes[0]["spec"].get("unschedulable"):
            store.edit(POD, namespace, name, partial(_refuse, why="were unschedulable"))
        elif _host_ports(pod) & _taken(store, _host_ports):
            why = "didn't have free ports for the requested pod ports"
            store.edit(POD, namespace, name, partial(_refuse, why=why))
        elif _lone_claims(store, pod) & _taken(store, partial(_lone_claims, store)):
            why = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
            store.edit(POD, namespace, name, partial(_refuse, why=why))
        else:
            store.edit(POD, namespace, name, lambda new: new["spec"].update(nodeName=nodes[0]["metadata"]["name"]))


def _taken(store: Store, needs: Callable[[Object], set[str]]) -> set[str]:
    """What the pods on the node have for themselves, until they have gone."""
    bound = (pod for pod in store.all(POD) if pod["spec"].get("nodeName"))
    return {need for pod in bound if pod["status"].get("phase") not in _OVER for need in needs(pod)}


def _host_ports(pod: Object) -> set[str]:
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports", []))
    return {str(port["hostPort"]) for port in ports if "hostPort" in port}


def _lone_claims(store: Store, pod: Object) -> set[str]:
    """The ReadWriteOncePod volumes of a pod."""
    namespace = pod["metadata"]["namespace"]
    names = {
        v["persistentVolumeClaim"]["claimName"] for v in pod["spec"].get("volumes", []) if "persistentVolumeClaim" in v
    }
    claims = (store.find(CLAIM, namespace, name) for name in names)
    lone = (claim for claim in claims if claim and "ReadWriteOncePod" in claim["spec"].get("accessModes", []))
    return {f"{namespace}/{claim['metadata']['name']}" for claim in lone}


def _refuse(pod: Object, why: str) -> None:
    message = f"0/1 nodes are available: 1 node(s) {why}."
    set_condition(pod["status"], "PodScheduled", ok=False, reason="Unschedulable", message=message)
