"""Raw JSON -> what a scene holds beside snapshots: claims, volumes, Jobs, what is ending, what stands still, Events."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bootheal.adapters.kube import objects
from bootheal.adapters.kube.objects import Raw, ref, seconds
from bootheal.model import Occurrence, Ref
from bootheal.model.scene import NOT_BEGUN, Claim, Halted, Unwell


def deployments(pods: Iterable[Any]) -> dict[Ref, Ref]:
    """Return whose each ReplicaSet is: a Deployment's bears its name and the hash that its pods bear as a label."""
    owners = {}
    for pod in pods:
        mark = pod.labels.get("pod-template-hash", "")
        if pod.owner and pod.owner.kind == "replicaset" and mark and pod.owner.name.endswith(f"-{mark}"):
            owners[pod.owner] = Ref("deployment", pod.owner.namespace, pod.owner.name.removesuffix(f"-{mark}"))
    return owners


def claim(raw: Raw) -> Claim:
    """Parse a v1 PersistentVolumeClaim."""
    spec = raw.get("spec") or {}
    phase = (raw.get("status") or {}).get("phase", "")
    created = seconds(raw["metadata"].get("creationTimestamp")) or 0.0
    return Claim(
        ref("persistentvolumeclaim", raw),
        phase,
        spec.get("volumeName") or "",
        spec.get("storageClassName") or "",
        created,
        tuple(spec.get("accessModes") or ()),
    )


def volume(raw: Raw) -> tuple[str, tuple[str, ...]]:
    """Return a volume's name, and those of the nodes that it can be mounted on, where it names them."""
    required = (((raw.get("spec") or {}).get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
    expressions = [each for term in required or () for each in term.get("matchExpressions") or ()]
    named = [each for each in expressions if each.get("key") == "kubernetes.io/hostname"]
    return raw["metadata"]["name"], tuple(value for each in named for value in each.get("values") or ())


def directory(raw: Raw) -> tuple[str, str]:
    """Return a volume's name, and the directory of a node where its data lies, "" where it is elsewhere."""
    spec = raw.get("spec") or {}
    place = spec.get("hostPath") or spec.get("local") or {}
    return raw["metadata"]["name"], str(place.get("path") or "")


def job(raw: Raw) -> Unwell:
    """Parse a Job; `reason` is "" of one that has not failed, and a word of ours of one that nobody has begun."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    condition = objects.condition(status, "Failed")
    condition = condition if condition.get("status") == "True" else {}
    owner = next((each for each in raw["metadata"].get("ownerReferences") or () if each.get("controller")), None)
    about = ref("job", raw)
    at = seconds(condition.get("lastTransitionTime") or raw["metadata"].get("creationTimestamp"))
    of = Ref(owner["kind"].lower(), about.namespace, owner["name"]) if owner else None
    # Who is suspended waits on purpose, and another controller than Kubernetes' own may never write a status.
    unbegun = not status and not spec.get("suspend") and not spec.get("managedBy")
    return Unwell(about, condition.get("reason", NOT_BEGUN if unbegun else ""), condition.get("message", ""), at, of)


def stalled(kind: str, raw: Raw) -> Unwell:
    """Parse an object of Flux's; `reason` is "" of one that its controller has not given up.

    What it gave up was another wish than today's where it has not seen that yet.
    """
    status = raw.get("status") or {}
    condition = objects.condition(status, "Stalled")
    wished = raw["metadata"].get("generation", 0)
    seen = condition.get("observedGeneration", status.get("observedGeneration", wished)) >= wished
    told = condition.get("status") == "True" and seen and not (raw.get("spec") or {}).get("suspend")
    condition = condition if told else {}
    at = seconds(condition.get("lastTransitionTime"))
    return Unwell(ref(kind, raw), condition.get("reason", ""), condition.get("message", ""), at)


def unwell(kind: str, raw: Raw) -> Unwell:
    """Parse an object that says itself whether it is well; `reason` is "" of one that is, or is still on its way."""
    status = raw.get("status") or {}
    if kind == "application":
        return _application(raw, status)
    named, ill = ("Ready", "False") if kind == "certificate" else ("Failed", "True")
    condition = objects.condition(status, named)
    if condition.get("status") != ill:
        return Unwell(ref(kind, raw), "")
    at = seconds(condition.get("lastTransitionTime"))
    return Unwell(ref(kind, raw), condition.get("reason") or named, condition.get("message", ""), at)


def _application(raw: Raw, status: Raw) -> Unwell:
    """Parse an Application of Argo CD's: conditions without a status, and what its last operation came to."""
    about, operation = ref("application", raw), status.get("operationState") or {}
    for each in status.get("conditions") or ():
        if str(each.get("type", "")).endswith("Error"):
            return Unwell(about, each["type"], each.get("message", ""), seconds(each.get("lastTransitionTime")))
    if operation.get("phase") in ("Failed", "Error"):
        at = seconds(operation.get("finishedAt"))
        return Unwell(about, f"operation {operation['phase']}", operation.get("message", ""), at)
    return Unwell(about, "")


def failed(jobs: Sequence[Unwell]) -> Iterator[Unwell]:
    """Yield the Jobs that have failed; of a CronJob's only where the latest has."""
    latest: dict[Ref, float] = {}
    for job in jobs:
        if job.owner:
            latest[job.owner] = max(latest.get(job.owner, 0.0), job.at or 0.0)
    for job in jobs:
        if job.reason and (job.owner is None or (job.at or 0.0) >= latest[job.owner]):
            yield job


def ending(raw: Raw) -> Unwell:
    """Parse a namespace; `reason` is "" of one that is not being deleted."""
    stamp = raw["metadata"].get("deletionTimestamp")
    conditions = (raw.get("status") or {}).get("conditions") or ()
    why = "; ".join(each.get("message", "") for each in conditions if each.get("status") == "True")
    name = raw["metadata"]["name"]
    return Unwell(Ref("namespace", "", name), "Terminating" if stamp else "", why, seconds(stamp))


def halted(kind: str, raw: Raw) -> tuple[Halted, ...]:
    """Return how somebody has told it to stand still."""
    spec, said = raw.get("spec") or {}, raw["metadata"].get("annotations") or {}
    ways = {
        "suspended": spec.get("suspend") is True,
        "hibernated (cnpg.io/hibernation)": said.get("cnpg.io/hibernation") == "on",
        "fenced (cnpg.io/fencedInstances)": said.get("cnpg.io/fencedInstances") not in (None, "", "[]"),
    }
    return tuple(Halted(ref(kind, raw), way) for way, so in ways.items() if so)


def event(raw: Raw) -> tuple[Ref, Occurrence]:
    """Parse a v1 Event: about what, and what it says."""
    involved = raw.get("involvedObject") or {}
    about = Ref(str(involved.get("kind", "")).lower(), involved.get("namespace") or "", involved.get("name") or "")
    return about, objects.occurrence(raw)
