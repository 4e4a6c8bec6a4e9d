"""Machines that are well twenty minutes after a power cut, as their API servers have them, with the traces of the boot.

A k3s with what it brings along and a shop beside it, and a k3d with three members of Patroni under Zalando's operator.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

BOOT_ID = "9a25fb7f-50e4-44cf-acdf-a755733f96de"
SLICES, APPS, BATCH = "discovery.k8s.io/v1", "apps/v1", "batch/v1"


@dataclass(frozen=True)
class Box:
    """A node, and when it was booted, in seconds since the epoch."""

    name: str
    boot: float

    def at(self, seconds: float) -> str:
        """Return a moment so long after the boot, as the API writes it."""
        return datetime.fromtimestamp(self.boot + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def object(self, kind: str, name: str, namespace: str = "", version: str = "v1", **fields: Any) -> Json:
        """Return an object; `metadata` among the fields is added to its own."""
        metadata = {"name": name, "uid": f"u-{kind}-{namespace}-{name}", "resourceVersion": "7", "generation": 1}
        metadata |= {"creationTimestamp": self.at(-86400), **({"namespace": namespace} if namespace else {})}
        return {"apiVersion": version, "kind": kind, "metadata": metadata | fields.pop("metadata", {}), **fields}

    def node(self) -> Iterator[Json]:
        """Yield it, its Lease, and its namespaces."""
        quiet = [self.condition(f"{each}Pressure", "False", "Kubelet", 20) for each in ("Memory", "Disk", "PID")]
        status = {
            "conditions": [*quiet, self.condition("Ready", "True", "KubeletReady", 17)],
            "addresses": [{"type": "InternalIP", "address": "192.168.1.9"}, {"type": "Hostname", "address": self.name}],
            "nodeInfo": {
                "bootID": BOOT_ID,
                "kubeletVersion": "v1.36.2+k3s1",
                "containerRuntimeVersion": "containerd://2",
            },
        }
        labels = {"kubernetes.io/hostname": self.name, "node-role.kubernetes.io/control-plane": "true"}
        yield self.object("Node", self.name, status=status, spec={}, metadata={"labels": labels})
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": 40}
        yield self.object("Lease", self.name, "kube-node-lease", "coordination.k8s.io/v1", spec=spec)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease", "shop"):
            yield self.object("Namespace", name, spec={}, status={"phase": "Active"})

    def condition(self, kind: str, status: str, reason: str, at: float, message: str = "") -> Json:
        """Return a condition."""
        return {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": self.at(at),
            "lastHeartbeatTime": self.at(1190),
        }

    def pod(self, name: str, owner: str, namespace: str = "shop", **fields: Any) -> Json:
        """Return a pod that was there before the cut and is ready again. `owner`: its kind and name.

        `containers` are names, each with its image after `=`; `fields` are `labels`, `ip`, `restarts`, `annotations`,
        and `lost`: how the last process of each ended.
        """
        containers = [each.partition("=")[::2] for each in fields.get("containers", [f"{name}=example/{name}:1"])]
        kind, _, owned = owner.partition("/")
        lost = fields.get("lost", {"exitCode": 255, "reason": "Unknown", "finishedAt": self.at(12)})
        restarts = fields.get("restarts", 1)
        statuses = [
            {
                "name": container,
                "image": image,
                "imageID": f"x@sha256:{container}",
                "ready": True,
                "started": True,
                "restartCount": restarts,
                "state": {"running": {"startedAt": self.at(41)}},
                "lastState": {"terminated": lost},
            }
            for container, image in containers
        ]
        status = {
            "phase": "Running",
            "podIP": fields.get("ip", ""),
            "podIPs": [{"ip": fields["ip"]}] if fields.get("ip") else [],
            "startTime": self.at(-86400),
            "conditions": [
                self.condition(each, "True", "", 45)
                for each in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": statuses,
        }
        spec = {
            "nodeName": self.name,
            "restartPolicy": "Always",
            "containers": [{"name": container, "image": image} for container, image in containers],
            **fields.get("spec", {}),
        }
        reference = {"apiVersion": APPS, "kind": kind, "name": owned, "uid": f"u-{owned}", "controller": True}
        metadata = {"labels": fields.get("labels", {}), "annotations": fields.get("annotations", {})}
        metadata |= {"ownerReferences": [reference]} if owner else {}
        return self.object("Pod", name, namespace, spec=spec, status=status, metadata=metadata)

    def ended(self, name: str, owner: str, namespace: str = "shop", **status: Any) -> Json:
        """Return a pod that has ended: of a Job, or left behind."""
        pod = self.pod(name, owner, namespace)
        return pod | {"status": {"phase": "Succeeded", "startTime": self.at(-90000)} | status}

    def workload(
        self, kind: str, name: str, labels: Mapping[str, str], namespace: str = "shop", count: int = 1
    ) -> Json:
        """Return a workload whose pods all serve."""
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": f"{name}:1"}]}}
        spec: Json = {"selector": {"matchLabels": labels}, "template": template}
        status: Json = {"observedGeneration": 1}
        if kind == "DaemonSet":
            each = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady")
            status |= dict.fromkeys((*each, "numberAvailable"), count)
        else:
            spec["replicas"] = count
            status |= dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count)
        if kind == "StatefulSet":
            status |= {"currentRevision": f"{name}-a", "updateRevision": f"{name}-a", "currentReplicas": count}
        return self.object(kind, name, namespace, APPS, spec=spec, status=status)

    def service(
        self, name: str, port: int, to: Mapping[str, str], namespace: str = "shop", **spec: Any
    ) -> Iterator[Json]:
        """Yield a Service, and the slice of the addresses that it leads to: each with the pod that has it."""
        ports = [{"name": "main", "port": port, "targetPort": port, "protocol": "TCP"}]
        yield self.object("Service", name, namespace, spec={"clusterIP": "10.43.0.77", "ports": ports, **spec})
        endpoints = [
            {
                "addresses": [ip],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "name": pod, "namespace": namespace, "uid": f"u-Pod-{namespace}-{pod}"},
            }
            for ip, pod in to.items()
        ]
        labels = {"kubernetes.io/service-name": name}
        at = [{"name": "main", "port": port, "protocol": "TCP"}]
        metadata = {"labels": labels}
        fields = {"addressType": "IPv4", "endpoints": endpoints, "ports": at}
        yield self.object("EndpointSlice", f"{name}-x1", namespace, SLICES, metadata=metadata, **fields)

    def event(
        self, about: str, reason: str, message: str, at: float, *, namespace: str = "shop", field: str = ""
    ) -> Json:
        """Return a warning. `about`: a kind and a name."""
        kind, _, name = about.partition("/")
        involved = {"kind": kind, "name": name, "namespace": namespace, **({"fieldPath": field} if field else {})}
        named = f"{name}.{reason}.{at:.0f}".lower()
        return self.object("Event", named, namespace, type="Warning", reason=reason, message=message, count=3) | {
            "involvedObject": involved,
            "firstTimestamp": self.at(at),
            "lastTimestamp": self.at(at),
        }
