"""Raw JSON -> Workload: what a rollout's state, and the choice of a way to restart, are judged by."""

from collections.abc import Mapping
from typing import Any

from bootheal.adapters.kube.objects import Raw, condition, ref, seconds
from bootheal.adapters.kube.operators import manager
from bootheal.model import Budget, Workload
from bootheal.model.numbers import whole

# Ours: why we restarted it, when, and how many replicas it had before we scaled it to zero.
CAUSE = "bootheal/cause"
RESTARTED_AT = "bootheal/restarted-at"
SCALED_FROM = "bootheal/scaled-from"

# As Kubernetes counts them; and the share, in hundredths, that stands for one without end.
MOST_REPLICAS, ALL = 2**31 - 1, 100

# How often a probe may fail, and how long it rests, where it does not say.
USUAL_FAILURES, USUAL_PERIOD_SECONDS = 3, 10


def workload(raw: Raw, kind: str) -> Workload:
    """Parse an apps/v1 Deployment, StatefulSet or DaemonSet."""
    metadata, spec, status = raw["metadata"], raw.get("spec", {}), raw.get("status", {})
    template, annotations = spec.get("template", {}), metadata.get("annotations") or {}
    pod = template.get("spec", {})
    containers = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    daemonset = kind == "daemonset"
    desired = status.get("desiredNumberScheduled", 0) if daemonset else spec.get("replicas", 1)
    progressing = condition(status, "Progressing")
    exceeded = progressing.get("reason") == "ProgressDeadlineExceeded"
    return Workload(
        ref=ref(kind, raw),
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        observed=status.get("observedGeneration", 0),
        desired=desired,
        replicas=status.get("currentNumberScheduled" if daemonset else "replicas", 0),
        updated=status.get("updatedNumberScheduled" if daemonset else "updatedReplicas", 0),
        ready=status.get("numberReady" if daemonset else "readyReplicas", 0),
        available=status.get("numberAvailable" if daemonset else "availableReplicas", 0),
        paused=bool(spec.get("paused")),
        update_revision=status.get("updateRevision", ""),
        current_revision=status.get("currentRevision", ""),
        deadline_exceeded=seconds(progressing.get("lastUpdateTime")) if exceeded else None,
        refused=_refused(condition(status, "ReplicaFailure")) or _not_begun(progressing),
        selector=_labels(spec.get("selector") or {}),
        caused_by=(template.get("metadata", {}).get("annotations") or {}).get(CAUSE, ""),
        scaled_by=annotations.get(CAUSE, ""),
        scaled_from=whole(annotations.get(SCALED_FROM) or "", MOST_REPLICAS),
        managed_by=manager(raw),
        host_ports=_host_ports(pod),
        claims=_claims(pod),
        images=tuple(container.get("image", "") for container in containers),
        pulls_always=any(container.get("imagePullPolicy") == "Always" for container in containers),
        initial_delay=max(map(_delay, containers), default=0.0),
        startup=max(map(_startup, containers), default=0.0),
        min_ready=float(spec.get("minReadySeconds") or 0),
        proves_ready=any("readinessProbe" in each or "startupProbe" in each for each in containers),
        ends_after=max(map(_ends_after, containers), default=0.0),
        **_strategy(spec, kind, desired),
    )


def _strategy(spec: Raw, kind: str, desired: int) -> dict[str, Any]:
    """Read how its controller replaces pods; percentages become pods, rounded as that controller rounds them."""
    strategy = spec.get("strategy" if kind == "deployment" else "updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    found: dict[str, Any] = {"strategy": strategy.get("type", "RollingUpdate")}
    if kind == "statefulset":
        kept = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        found["volumes_go"] = kept.get("whenScaled") == "Delete"
        found["ordered"] = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        return found | {"partition": None if rolling is None else rolling.get("partition")}
    deployment = kind == "deployment"
    default = "25%" if deployment else 0
    surge = _share((rolling or {}).get("maxSurge", default), desired, up=True)
    unavailable = _share((rolling or {}).get("maxUnavailable", default or 1), desired, up=not deployment)
    return found | {"surge": surge, "unavailable": unavailable if surge or unavailable else 1}


def _share(value: int | str, desired: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = whole(value.rstrip("%"), MOST_REPLICAS)
    hundredths = (ALL if share is None else share) * desired
    return -(-hundredths // 100) if up else hundredths // 100


def _host_ports(pod: Raw) -> bool:
    """Tell whether no second pod of the kind can run on the same node."""
    ports = [port for container in pod.get("containers") or () for port in container.get("ports") or ()]
    return any(port.get("hostPort") for port in ports) or bool(pod.get("hostNetwork") and ports)


def _refused(failure: Raw) -> str:
    """Return why a Deployment's pods cannot be created; it says so in a condition, the others in Events."""
    return str(failure.get("message", "")) if failure.get("status", "True") == "True" else ""


def _not_begun(progressing: Raw) -> str:
    """Return why a Deployment has not even its ReplicaSet, as where a quota counts those, or a webhook is asked."""
    ill = progressing.get("reason") == "ReplicaSetCreateError" and progressing.get("status") == "False"
    return str(progressing.get("message", "")) if ill else ""


def _delay(container: Raw) -> float:
    """Return for how many seconds more than usual its probes let a container take to begin.

    A readiness probe that may fail for long, or a liveness probe that is late, says as much as a delay.
    """
    ready, alive = container.get("readinessProbe") or {}, container.get("livenessProbe") or {}
    tried = (ready.get("failureThreshold") or USUAL_FAILURES) * (ready.get("periodSeconds") or USUAL_PERIOD_SECONDS)
    late = max(0, tried - USUAL_FAILURES * USUAL_PERIOD_SECONDS)
    return float(max((ready.get("initialDelaySeconds") or 0) + late, alive.get("initialDelaySeconds") or 0))


def _startup(container: Raw) -> float:
    """Return for how many seconds its startup probe lets a container take."""
    if (probe := container.get("startupProbe")) is None:
        return 0.0
    tries = (probe.get("failureThreshold") or USUAL_FAILURES) * (probe.get("periodSeconds") or USUAL_PERIOD_SECONDS)
    return float((probe.get("initialDelaySeconds") or 0) + tries)


def _ends_after(container: Raw) -> float:
    """Return after how many seconds at the latest its liveness probe ends a container that has never answered it."""
    if (probe := container.get("livenessProbe")) is None:
        return 0.0
    tries = (probe.get("failureThreshold") or USUAL_FAILURES) * (probe.get("periodSeconds") or USUAL_PERIOD_SECONDS)
    return float((probe.get("initialDelaySeconds") or 0) + tries + (probe.get("timeoutSeconds") or 1))


def _claims(pod: Raw) -> tuple[str, ...]:
    volumes = (volume.get("persistentVolumeClaim") for volume in pod.get("volumes") or ())
    return tuple(claim["claimName"] for claim in volumes if claim)


def _labels(selector: Raw) -> Mapping[str, str]:
    """Return the labels that a selector asks for; {} where labels alone don't say it."""
    return {} if selector.get("matchExpressions") else dict(selector.get("matchLabels") or {})


def budget(raw: Raw) -> Budget:
    """Parse a policy/v1 PodDisruptionBudget."""
    selector = _labels(raw.get("spec", {}).get("selector") or {})
    return Budget(ref("poddisruptionbudget", raw), selector, raw.get("status", {}).get("disruptionsAllowed", 0))
