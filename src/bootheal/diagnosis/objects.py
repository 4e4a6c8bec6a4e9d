"""Workloads that do not serve, what their pods lack, and claims without a volume. Pure."""

from collections.abc import Iterator

from bootheal.causes import Evidence, Source
from bootheal.causes.pods import LATER_SECONDS, not_made
from bootheal.causes.tables import PODS
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.rollout import rollout, seen
from bootheal.cluster.webhooks import webhook_in
from bootheal.diagnosis import logs
from bootheal.diagnosis.item import HINT, Item
from bootheal.diagnosis.relations import Relations
from bootheal.diagnosis.seen import compared, item, lasting
from bootheal.model import Ref, Workload
from bootheal.model.scene import NOT_BEGUN, Claim, Scene, Template, Unwell

# A controller tries again after up to 16 minutes, and says so each time.
FAILED_CREATE_SECONDS = 17 * 60.0

# With these the controller of CronJobs begins none of their Jobs; what it could not make once it makes the next time.
_NO_JOBS = frozenset(
    {
        "FailedNeedsStart",
        "InvalidSchedule",
        "UnparseableSchedule",
        "UnParseableCronJobSchedule",
        "UnknownTimeZone",
    }
)

# What is told of objects of others than Flux.
_STALLED = {"application": "ArgoFailed", "certificate": "CertificateNotReady", "helmchart": "HelmChartFailed"}

# What local-path and others say of a claim that no pod wants yet.
WAITS_FOR_POD = "WaitForFirstConsumer"


def object_items(scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what is wrong with workloads, claims, Jobs and namespaces."""
    for workload in scene.workloads:
        yield from _workload(workload, scene, relations)
    for template in scene.templates:
        yield from _references(template, scene, relations)
    for claim in scene.claims:
        yield from _claim(claim, scene)
    for each in scene.judged:
        step = (("step", each.step), *(((HINT, each.hint),) if each.hint else ()))
        yield compared("StepNotSettled", each.about, each.why, lasting(scene), facts=step)
    yield from _given_up(scene)
    for namespace in scene.namespaces:
        said = f"{namespace.reason}: {namespace.message}".strip(": ")
        yield compared("NamespaceEnding", namespace.ref, said, lasting(scene, namespace.at))


def _given_up(scene: Scene) -> Iterator[Item]:
    """Yield what has failed for good in this boot, or was not begun; what became of older things since nobody tells."""
    for job in scene.jobs:
        if job.reason == NOT_BEGUN:
            yield compared("Unseen", job.ref, "it was made, and nobody has begun it", lasting(scene, job.at))
        elif not _of_old(job, scene):
            yield compared("JobFailed", job.ref, _said(job), lasting(scene, job.at), facts=_words(job.ref, scene))
    for each in scene.stalled:
        if not _of_old(each, scene):
            word = _STALLED.get(each.ref.kind, "Stalled")
            yield compared(word, each.ref, _said(each), lasting(scene, each.at))
    yield from _schedules(scene)


def _words(job: Ref, scene: Scene) -> tuple[tuple[str, str], ...]:
    """Return what the newest pod of a Job said last, as a field."""
    for pod in sorted((each for each in scene.pods if each.owner == job), key=lambda each: -each.created):
        for container in (*pod.init, *pod.containers):
            said = logs.said_by(pod, container, scene)
            if words := logs.last_words(container, said) if said else "":
                return (("log", words),)
    return ()


def _schedules(scene: Scene) -> Iterator[Item]:
    """Yield the CronJobs that their controller has said of lately that it begins none of their Jobs."""
    for ref, events in scene.events.items():
        told = [each for each in events if ref.kind == "cronjob" and each.reason in _NO_JOBS]
        if not told or scene.now - (told[-1].at or 0.0) > FAILED_CREATE_SECONDS:
            continue
        last = told[-1]
        evidence = Evidence(source=Source.EVENT, reason=last.reason, text=last.message, about=ref, at=last.at)
        if found := PODS.recognise(evidence):
            yield item(found, lasting(scene))


def _of_old(unwell: Unwell, scene: Scene) -> bool:
    return bool(unwell.at) and before_boot(unwell.at or 0.0, scene.boot_time)


def _said(unwell: Unwell) -> str:
    return f"{unwell.reason}: {unwell.message}".rstrip(": ")


def _workload(workload: Workload, scene: Scene, relations: Relations) -> Iterator[Item]:
    state = rollout(workload, boot_time=scene.boot_time)
    if not workload.desired or workload.paused or state.done:
        return
    pods = relations.pods.get(workload.ref, ())
    changed = lasting(scene, *(pod.created for pod in pods))
    refused = workload.refused or refusal(workload.ref, scene)
    if webhook_in(refused) and not scene.extensions.guarded:
        said = f"{refused}; that webhook is not there any more, and its controller tries again within 17 min"
        yield compared("NotAvailable", workload.ref, said, changed, usual=FAILED_CREATE_SECONDS)
        return
    if refused and len(pods) < workload.desired and (found := not_made(workload.ref, refused)):
        yield item(found, lasting(scene))
        return
    yield compared("NotAvailable" if seen(workload) else "Unseen", workload.ref, state.why, changed)


def refusal(ref: Ref, scene: Scene) -> str:
    """Return what a controller said last of a pod that it could not make; "" once it has made one, or falls silent."""
    said = [each for each in scene.events.get(ref, ()) if each.reason in ("FailedCreate", "SuccessfulCreate")]
    said.sort(key=lambda each: each.at or 0.0)
    if not said or said[-1].reason != "FailedCreate" or scene.now - (said[-1].at or 0.0) > FAILED_CREATE_SECONDS:
        return ""
    return said[-1].message


def _references(template: Template, scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield the Secrets and ConfigMaps, and keys in them, that a template needs and that are not there."""
    desired = {workload.ref: workload.desired for workload in scene.workloads}
    if desired.get(template.owner, 1) == 0:
        return
    waiting = [pod.created for pod in relations.pods.get(template.owner, ()) if not pod.ready]
    since = lasting(scene, min(waiting, default=None))
    told: set[str] = set()
    for need in template.needs:
        if need.about not in scene.keys:
            continue  # it could not be read
        keys = scene.keys[need.about]
        if keys is None:
            said = f"{need.about} is not there"
        elif need.key and need.key not in keys:
            said = f"{need.about} has no key {need.key}, but {', '.join(sorted(keys)) or 'none'}"
        else:
            continue
        if said not in told:
            told.add(said)
            box = need.container
            yield compared("ReferenceMissing", template.owner, said, since, container=box, usual=LATER_SECONDS)


def _claim(claim: Claim, scene: Scene) -> Iterator[Item]:
    if claim.phase == "Lost":
        yield compared("ClaimLost", claim.ref, f"it was bound to {claim.volume or 'a volume'}", lasting(scene))
        return
    users = [pod for pod in scene.pods if pod.ref.namespace == claim.ref.namespace and claim.ref.name in pod.claims]
    if claim.phase == "Pending" and users:
        yield _pending(claim, scene)
    here = {node.name for node in scene.nodes}
    wanted = scene.volumes.get(claim.volume, ())
    if wanted and here and not here.intersection(wanted):
        said = f"{claim.volume} wants {', '.join(wanted)}; there is {', '.join(sorted(here))}"
        yield compared("OtherNode", claim.ref, said, lasting(scene))


def _pending(claim: Claim, scene: Scene) -> Item:
    since = lasting(scene, claim.created)
    for each in reversed(scene.events.get(claim.ref, ())):
        said = Evidence(source=Source.EVENT, reason=each.reason, text=each.message, about=claim.ref, at=each.at)
        if each.reason != WAITS_FOR_POD and (found := PODS.recognise(said)):
            return item(found, since)
    named = f"storage class {claim.storage_class}" if claim.storage_class else "it names no storage class"
    return compared("ClaimPending", claim.ref, named, since)
