"""The controller manager and the scheduler: what a change concerns is brought one step nearer to what it should be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from bootheal.demo.control.deployments import reconcile_deployment, reconcile_replica_set
from bootheal.demo.control.queue import IGNORED, Queue
from bootheal.demo.control.statefulsets import reconcile_daemon_set, reconcile_stateful_set
from bootheal.demo.objects.conditions import set_condition
from bootheal.demo.objects.history import Subscription
from bootheal.demo.objects.kinds import (
    CLAIM,
    DAEMON_SET,
    DEPLOYMENT,
    KINDS,
    NODE,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Kind,
    Object,
)
from bootheal.demo.objects.store import Store

_RECONCILERS: dict[Kind, Callable[[Store, Object], float | None]] = {
    STATEFUL_SET: reconcile_stateful_set,
    DAEMON_SET: reconcile_daemon_set,
    DEPLOYMENT: reconcile_deployment,
    REPLICA_SET: reconcile_replica_set,
}
_PASSES = 50
_OVER = frozenset({"Succeeded", "Failed"})
_REST = 4
"""For how many times as long as it worked it lets others work: with thousands of objects the API must still answer."""


async def run_controllers(store: Store) -> None:
    """Reconcile until cancelled: everything at first, from then on what a change concerns."""
    with store.history.subscribe() as subscription:
        loop = asyncio.get_running_loop()
        queue = Queue(store, loop.time, tuple(_RECONCILERS))
        while True:
            began = loop.time()
            _settle(store, queue, subscription)
            await asyncio.sleep(_REST * (loop.time() - began))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(queue.deadline):
                    while not queue.add(await subscription.take()):
                        pass


def _settle(store: Store, queue: Queue, subscription: Subscription) -> None:
    """Reconcile until nothing changes."""
    for _ in range(_PASSES):
        _collect_garbage(store)
        for kind, reconcile in _RECONCILERS.items():
            for item in queue.take(kind):
                if left := reconcile(store, item):
                    queue.again(kind, item, left)
        _schedule(store)
        if not queue.add(subscription.arrived_by_now()):
            break


def _collect_garbage(store: Store) -> None:
    """What lost its owner goes too."""
    kinds = [kind for kind in KINDS if kind not in IGNORED]
    alive = {item["metadata"]["uid"] for kind in kinds for item in store.all(kind)}
    for kind in kinds:
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
