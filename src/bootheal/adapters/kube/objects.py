"""Raw JSON -> snapshots. Every field may be missing; the API server omits what is empty."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any

from bootheal.model import (
    Backup,
    Container,
    Lease,
    Node,
    Occurrence,
    Pod,
    Ref,
    State,
)
from bootheal.model.quoted import quoted, visible

Raw = dict[str, Any]

CONTROL_PLANE = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})


# What is lent to a pod, with the name of the setting behind it: any process of bootheal gives it back.
LENT = "bootheal/lent."


def seconds(timestamp: str | None) -> float | None:
    """Turn an RFC 3339 time into seconds since the epoch; None where there is none."""
    return datetime.fromisoformat(timestamp).timestamp() if timestamp else None


def stamp(at: float) -> str:
    """Turn seconds since the epoch into a time as Leases and Events have it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ref(kind: str, raw: Raw) -> Ref:
    """Name a raw object."""
    metadata = raw["metadata"]
    return Ref(kind, intern(metadata.get("namespace", "")), metadata["name"])


def texts(held: Any) -> dict[str, str]:
    """Return the `data` of a Secret or ConfigMap. TypeError where it holds anything but texts."""
    found = dict(held or {})
    if not all(isinstance(text, str) for pair in found.items() for text in pair):
        raise TypeError("data")
    return found


def node(raw: Raw) -> Node:
    """Parse a v1 Node."""
    status, spec = raw.get("status", {}), raw.get("spec", {})
    ready = condition(status, "Ready")
    return Node(
        name=raw["metadata"]["name"],
        boot_id=status.get("nodeInfo", {}).get("bootID", ""),
        ready=ready.get("status") == "True",
        ready_changed=seconds(ready.get("lastTransitionTime")),
        why=quoted(f"{ready.get('reason', 'no condition')}: {ready.get('message', '')}".rstrip(": ")),
        taints=tuple(taint["key"] for taint in spec.get("taints") or ()),
        unschedulable=bool(spec.get("unschedulable")),
        version=raw["metadata"].get("resourceVersion", ""),
        heartbeat=seconds(ready.get("lastHeartbeatTime")),
        control_plane=not CONTROL_PLANE.isdisjoint(raw["metadata"].get("labels") or {}),
        ip=next((a.get("address", "") for a in status.get("addresses") or () if a.get("type") == "InternalIP"), ""),
        pressures=tuple(
            condition["type"]
            for condition in status.get("conditions") or ()
            if condition["type"].endswith("Pressure") and condition.get("status") == "True"
        ),
    )


def lease(raw: Raw) -> Lease:
    """Parse a coordination.k8s.io/v1 Lease."""
    spec = raw.get("spec", {})
    return Lease(renewed=seconds(spec.get("renewTime")) or 0.0, duration=float(spec.get("leaseDurationSeconds") or 40))


def pod(raw: Raw) -> Pod:
    """Parse a v1 Pod."""
    metadata, spec, status = raw["metadata"], raw.get("spec", {}), raw.get("status", {})
    ready = condition(status, "Ready")
    return Pod(
        ref=ref("pod", raw),
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        phase=intern(quoted(status.get("phase", ""))),
        reason=intern(quoted(status.get("reason", ""))),
        ip=status.get("podIP", ""),
        ready=ready.get("status") == "True",
        ready_changed=seconds(ready.get("lastTransitionTime")),
        initialized=seconds(condition(status, "Initialized").get("lastTransitionTime")),
        gated=_gated(ready),
        message=visible(status.get("message", "")),
        quality=intern(status.get("qosClass", "")),
        patroni=_patroni((metadata.get("annotations") or {}).get("status", "")),
        lent=_lent(metadata.get("annotations") or {}),
        created=seconds(metadata.get("creationTimestamp")) or 0.0,
        unschedulable=_unplaced(status),
        deleting="deletionTimestamp" in metadata,
        delete_by=seconds(metadata.get("deletionTimestamp")),
        finalizers=tuple(metadata.get("finalizers") or ()),
        mirror="kubernetes.io/config.mirror" in (metadata.get("annotations") or {}),
        owner=_controller(metadata),
        labels=_shared(tuple((metadata.get("labels") or {}).items())),
        containers=_main(spec, status),
        init=_init(spec, status),
        node=intern(spec.get("nodeName", "")),
        claims=tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in spec.get("volumes") or ()
            if "persistentVolumeClaim" in volume
        ),
        ips=tuple(item.get("ip", "") for item in status.get("podIPs") or ()),
        ports=_shared(
            tuple(
                (port["name"], port["containerPort"])
                for container in (*(spec.get("containers") or ()), *_sidecars(spec))
                for port in container.get("ports") or ()
                if "name" in port
            )
        ),
    )


def _main(spec: Raw, status: Raw) -> tuple[Container, ...]:
    declared = spec.get("containers") or ()
    final = {each["name"] for each in declared if _final(each)}
    found = _containers(declared, status.get("containerStatuses") or ())
    return tuple(replace(each, final=True) if each.name in final else each for each in found)


def _containers(declared: Iterable[Raw], reported: Iterable[Raw]) -> Iterator[Container]:
    """Yield them as they are reported, but by the images that they were declared with.

    What is reported as one may be any other name of the same content, or its digest alone (the API's ContainerStatus).
    """
    images = {each["name"]: each.get("image") for each in declared}
    for raw in reported:
        yield _container(raw, images.get(raw["name"]) or raw.get("image", ""))


def _final(container: Raw) -> bool:
    """Tell whether a container is never begun again by a policy of its own (1.34), whose rules make no exception."""
    return container.get("restartPolicy") == "Never" and not container.get("restartPolicyRules")


def _init(spec: Raw, status: Raw) -> tuple[Container, ...]:
    sidecars = {each["name"] for each in _sidecars(spec)}
    found = _containers(spec.get("initContainers") or (), status.get("initContainerStatuses") or ())
    return tuple(replace(each, sidecar=True) if each.name in sidecars else each for each in found)


def _gated(ready: Raw) -> str:
    """Say which readiness gate keeps a pod from being ready whose containers all are."""
    return visible(str(ready.get("message", ""))) if ready.get("reason") == "ReadinessGatesNotReady" else ""


def _sidecars(spec: Raw) -> list[Raw]:
    """Return the init containers that run beside the others, and may have the port that a Service names."""
    return [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]


def _lent(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return what is noted on the object as lent to it."""
    return {key.removeprefix(LENT): str(value) for key, value in annotations.items() if key.startswith(LENT)}


def _patroni(status: str) -> str:
    """Understand the annotation in which Patroni's members tell their role and state."""
    if not status:
        return ""
    try:
        said = json.loads(status)
        return quoted(f"{said['role']}, {said['state']}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _controller(metadata: Raw) -> Ref | None:
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    return _ref(owner["kind"].lower(), metadata.get("namespace", ""), owner["name"]) if owner else None


@lru_cache(maxsize=512)
def _shared(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return what pods of one workload have in common: a namespace can hold ten thousand of them."""
    return dict(items)


@lru_cache(maxsize=512)
def _ref(kind: str, namespace: str, name: str) -> Ref:
    return Ref(kind, namespace, name)


def _unplaced(status: Raw) -> str:
    """Say why no node takes the pod."""
    scheduled = condition(status, "PodScheduled")
    return visible(str(scheduled.get("message", ""))) if scheduled.get("status") == "False" else ""


_PULLED = re.compile(r'image \\?"([^"\\\\]+)')


def _image(own: str, message: str) -> str:
    """Return a container's image, or that of a volume of its pod, where it waits for this one (Kubernetes 1.33).

    The kubelet has no other place to say so; its own image it names as it is declared.
    """
    told = _PULLED.search(message)
    return told[1] if told and own and own not in message else own


def _container(raw: Raw, image: str) -> Container:
    name, detail = next(iter((raw.get("state") or {"waiting": {}}).items()))
    terminated = detail if name == State.TERMINATED else (raw.get("lastState") or {}).get("terminated")
    # Whole: which cause it is may stand at its end. It is cut where it is told.
    message = visible(detail.get("message", "")) if name == "waiting" else ""
    return Container(
        name=raw["name"],
        state=State(name) if name in set(State) else State.WAITING,
        reason=quoted(detail.get("reason", "")),
        ready=bool(raw.get("ready")),
        restarts=raw.get("restartCount", 0),
        started=seconds(detail.get("startedAt")),
        ended=seconds((terminated or {}).get("finishedAt")),
        image=_image(image, message) if "Image" in detail.get("reason", "") else image,
        message=message,
        last_reason=intern(quoted((terminated or {}).get("reason", ""))),
        last_message=visible((terminated or {}).get("message", "")),
        startup_pending=name == State.RUNNING and raw.get("started") is False,
        last_code=(terminated or {}).get("exitCode"),
    )


def backup(raw: Raw) -> Backup:
    """Parse a batch/v1 Job, as far as whoever looks for a backup cares; `ended` is 0 if it has not succeeded."""
    succeeded = condition(raw.get("status", {}), "Complete").get("status") == "True"
    return Backup(
        ref=ref("job", raw),
        ended=(seconds(raw["status"].get("completionTime")) or 0.0) if succeeded else 0.0,
        made_by=_controller(raw["metadata"]),
    )


def occurrence(raw: Raw) -> Occurrence:
    """Parse a v1 Event; one of a container names it in its field path."""
    path = (raw.get("involvedObject") or {}).get("fieldPath", "")
    when = (raw.get("series") or {}).get("lastObservedTime") or raw.get("lastTimestamp") or raw.get("eventTime")
    at = seconds(when or raw["metadata"].get("creationTimestamp"))
    container = path.partition("{")[2].rstrip("}")
    return Occurrence(quoted(raw.get("reason", "")), visible(raw.get("message", "")), at, quoted(container))


def condition(status: Raw, kind: str) -> Raw:
    """Return one condition of a status, {} where it has none of that kind."""
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), {})
