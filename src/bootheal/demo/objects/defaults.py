"""What the API server adds to a new object: the defaults that clients rely on reading back. Pure functions."""

from __future__ import annotations

from bootheal.demo.objects.kinds import DAEMON_SET, DEPLOYMENT, POD, REPLICA_SET, SERVICE, STATEFUL_SET, Kind, Object
from bootheal.demo.objects.store import DEFAULT_GRACE


def add_defaults(kind: Kind, item: Object) -> None:
    """Fill in what the manifest leaves out."""
    spec = item.get("spec", {})
    if kind is POD:
        _pod(spec)
        item.setdefault("status", {"phase": "Pending", "qosClass": "BestEffort"})
    elif kind is SERVICE:
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports", []):
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
    elif kind in {DEPLOYMENT, REPLICA_SET, STATEFUL_SET}:
        spec.setdefault("replicas", 1)
    _strategy(kind, spec)
    if kind in {DEPLOYMENT, STATEFUL_SET, DAEMON_SET}:
        spec.setdefault("revisionHistoryLimit", 10)
        _pod(spec["template"].setdefault("spec", {}))


def _strategy(kind: Kind, spec: Object) -> None:
    if kind is DEPLOYMENT:
        spec.setdefault("progressDeadlineSeconds", 600)
        strategy = spec.setdefault("strategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxSurge", "25%")
            rolling.setdefault("maxUnavailable", "25%")
    elif kind is STATEFUL_SET:
        spec.setdefault("podManagementPolicy", "OrderedReady")
        if spec.setdefault("updateStrategy", {}).setdefault("type", "RollingUpdate") == "RollingUpdate":
            spec["updateStrategy"].setdefault("rollingUpdate", {"partition": 0})
    elif (
        kind is DAEMON_SET
        and spec.setdefault("updateStrategy", {}).setdefault("type", "RollingUpdate") == "RollingUpdate"
    ):
        spec["updateStrategy"].setdefault("rollingUpdate", {"maxSurge": 0, "maxUnavailable": 1})


def _pod(spec: Object) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", DEFAULT_GRACE)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in spec.get("containers", []):
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("resources", {})
        for port in container.get("ports", []):
            port.setdefault("protocol", "TCP")
        if "readinessProbe" in container:
            _probe(container["readinessProbe"])


def _probe(probe: Object) -> None:
    defaults = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    for key, value in defaults.items():
        probe.setdefault(key, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("scheme", "HTTP")
        probe["httpGet"].setdefault("path", "/")
