"""One workload as the API of several Kubernetes versions shows it, at three moments of a boot. After their API types.

What a version has that others have not, or have under another name, is in it; what none of our rules reads is left out
unless it stands beside something that they do.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from support.objects import BOOT

Json = dict[str, Any]
Moment = Literal["stale", "found", "well"]
"""As before the cut; when the kubelet has found the containers dead; when all serves again."""

OLD, NEW = "6a0c6b1e-old", "f00dcafe-new"
BEFORE, FOUND, AGAIN = BOOT - 600, BOOT + 6, BOOT + 9

SLICE_LABELS = {
    "kubernetes.io/service-name": "db",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
}


def stamp(at: float) -> str:
    """As the API writes times."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Release:
    """What is particular to a version of Kubernetes."""

    version: str
    master: str = "node-role.kubernetes.io/control-plane"
    pod_status: Json = field(default_factory=dict)
    container: Json = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    observed: bool = False
    """Whether pods and their conditions tell which generation they are of."""
    counts_available: bool = True
    """Whether a StatefulSet tells how many replicas are available."""
    sidecar: bool = False
    """Whether an init container may go on running."""
    serving: bool = True
    """Whether an endpoint tells that it serves."""
    shut_down: str = "Terminated"
    """The reason of a pod that an orderly shutdown ended."""


RELEASES = {
    "1.21": Release(
        "v1.21.2+k3s1",
        master="node-role.kubernetes.io/master",
        counts_available=False,
        serving=False,
        shut_down="Shutdown",
    ),
    "1.28": Release("v1.28.8", conditions=("PodReadyToStartContainers",), pod_status={"resize": ""}),
    "1.33": Release(
        "v1.33.5+k3s1",
        conditions=("PodReadyToStartContainers",),
        sidecar=True,
        pod_status={"hostIPs": [{"ip": "192.168.1.5"}]},
        container={
            "allocatedResources": {"cpu": "100m"},
            "resources": {"requests": {"cpu": "100m"}},
            "volumeMounts": [{"name": "data", "mountPath": "/data", "recursiveReadOnly": "Disabled"}],
            "user": {"linux": {"uid": 70, "gid": 70, "supplementalGroups": [70]}},
        },
    ),
    "1.36": Release(
        "v1.36.0",
        conditions=("PodReadyToStartContainers", "AllContainersRestarting"),
        sidecar=True,
        observed=True,
        pod_status={"hostIPs": [{"ip": "192.168.1.5"}], "resources": {"requests": {"cpu": "100m"}}},
        container={"allocatedResources": {"cpu": "100m"}, "stopSignal": "SIGTERM"},
    ),
}


def node(release: Release, moment: Moment) -> Json:
    """The one node."""
    of_this_boot = moment != "stale"
    beat = stamp(FOUND if of_this_boot else BEFORE)
    kinds = (("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True"))
    return {
        "metadata": {"name": "box", "labels": {release.master: "true"}, "resourceVersion": "9"},
        "spec": {"podCIDR": "10.42.0.0/24"},
        "status": {
            "conditions": [
                {"type": kind, "status": status, "reason": f"Kubelet{kind}", "lastHeartbeatTime": beat}
                for kind, status in kinds
            ],
            "nodeInfo": {"bootID": NEW if of_this_boot else OLD, "kubeletVersion": release.version},
        },
    }


def lease(moment: Moment) -> Json:
    """The node's heartbeat."""
    renewed = stamp(FOUND if moment != "stale" else BEFORE).replace("Z", ".000000Z")
    return {"metadata": {"name": "box"}, "spec": {"renewTime": renewed, "leaseDurationSeconds": 40}}


def pod(release: Release, moment: Moment, name: str = "db-0") -> Json:
    """A pod of a StatefulSet."""
    ready = moment != "found"
    names = ("Initialized", *release.conditions, "Ready", "ContainersReady", "PodScheduled")
    observed = {"observedGeneration": 1} if release.observed else {}
    found: Json = {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": "u-1",
            "resourceVersion": "12",
            "creationTimestamp": stamp(BOOT - 9000),
            "labels": {"app": "db"},
            "ownerReferences": [{"kind": "StatefulSet", "name": "db", "uid": "u-0", "controller": True}],
            **({"generation": 1} if release.observed else {}),
        },
        "spec": {"nodeName": "box", "containers": [{"name": "db", "ports": [{"containerPort": 5432}]}]},
        "status": {
            **observed,
            **release.pod_status,
            "phase": "Running",
            "podIP": "10.42.0.9" if moment == "well" else "10.42.0.3",
            "podIPs": [{"ip": "10.42.0.9" if moment == "well" else "10.42.0.3"}],
            "conditions": [
                {
                    "type": kind,
                    "status": str(_holds(kind, ready=ready)),
                    "lastTransitionTime": stamp({"stale": BEFORE, "found": FOUND, "well": AGAIN + 1}[moment]),
                    **observed,
                }
                for kind in names
            ],
            "containerStatuses": [_container(release, moment, "db")],
        },
    }
    if release.sidecar:
        found["spec"]["initContainers"] = [{"name": "proxy", "restartPolicy": "Always"}]
        found["status"]["initContainerStatuses"] = [_container(release, moment, "proxy")]
    return found


def _holds(kind: str, *, ready: bool) -> bool:
    return ready if kind in {"Ready", "ContainersReady"} else kind != "AllContainersRestarting"


def _container(release: Release, moment: Moment, name: str) -> Json:
    dead: Json = {"exitCode": 255, "reason": "Unknown", "startedAt": stamp(BEFORE), "finishedAt": stamp(FOUND)}
    states: dict[Moment, Json] = {
        "stale": {"running": {"startedAt": stamp(BEFORE)}},
        "found": {"terminated": dead},
        "well": {"running": {"startedAt": stamp(AGAIN)}},
    }
    return {
        **release.container,
        "name": name,
        "ready": moment != "found",
        "started": moment != "found",
        "restartCount": int(moment == "well"),
        "state": states[moment],
        "lastState": {"terminated": dead} if moment == "well" else {},
    }


def shut_down_pod(release: Release) -> Json:
    """A pod of a Deployment that an orderly shutdown ended."""
    found = pod(release, "stale", "web-7d4b9c-x2x4q")
    found["status"] |= {
        "phase": "Failed",
        "reason": release.shut_down,
        "message": "Pod was terminated in response to …",
    }
    found["status"]["conditions"] = []
    found["status"]["containerStatuses"][0]["state"] = {
        "terminated": {"exitCode": 143, "reason": "Error", "finishedAt": stamp(BOOT - 30)}
    }
    return found


def stateful_set(release: Release, moment: Moment) -> Json:
    """Its controller, which is elected late, counts what it has counted before the cut until then."""
    ready = 0 if moment == "found" else 1
    status: Json = {
        "observedGeneration": 1,
        "replicas": 1,
        "readyReplicas": ready,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "db-5f",
        "updateRevision": "db-5f",
    }
    if release.counts_available:
        status["availableReplicas"] = ready
    return {
        "metadata": {"name": "db", "namespace": "shop", "uid": "u-0", "resourceVersion": "8", "generation": 1},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "db"}},
            "updateStrategy": {"type": "RollingUpdate"},
        },
        "status": status,
    }


def service() -> Json:
    """The Service in front of it."""
    spec = {"clusterIP": "10.43.0.9", "selector": {"app": "db"}, "ports": [{"port": 5432}]}
    return {"metadata": {"name": "db", "namespace": "shop"}, "spec": spec}


def endpoint_slice(release: Release, moment: Moment) -> Json:
    """It follows the pod when its controller has been elected: not while that is only found dead."""
    address = "10.42.0.9" if moment == "well" else "10.42.0.3"
    conditions: Json = {"ready": True} | ({"serving": True, "terminating": False} if release.serving else {})
    reference = {"kind": "Pod", "namespace": "shop", "name": "db-0", "uid": "u-1"}
    return {
        "metadata": {"name": "db-abc", "namespace": "shop", "labels": SLICE_LABELS},
        "endpoints": [{"addresses": [address], "conditions": conditions, "targetRef": reference}],
        "ports": [{"port": 5432, "protocol": "TCP"}],
    }
