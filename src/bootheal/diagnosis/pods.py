"""What keeps pods back: their status, Events and last words, by the catalogue. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from bootheal.causes import Gravity, Source, exits
from bootheal.causes.pods import Trouble, trouble, turned_away
from bootheal.cluster.back_off import failing_since
from bootheal.cluster.dead_pods import lost
from bootheal.cluster.freshness import before_boot, pod_doubt
from bootheal.cluster.rollout import crashed
from bootheal.cluster.starting import behind, clock, finished, late, left_over, skipped_init, starting
from bootheal.diagnosis import logs, servers
from bootheal.diagnosis.item import USUAL_SECONDS, Item
from bootheal.diagnosis.relations import Relations
from bootheal.diagnosis.seen import compared, item, lasting
from bootheal.diagnosis.standbys import of_a_standby
from bootheal.model import Container, Occurrence, Pod, State
from bootheal.model.quoted import plain
from bootheal.model.scene import Scene

# For so many seconds after its grace a pod that is being deleted may stay: the kubelet has more to do after a boot.
ENDING_SECONDS = 120.0

# What a kubelet says that cannot end a pod, and how young it must be to be of now: it says it again and again.
NOT_KILLED, SAID_SECONDS = "FailedKillPod", 600.0

# For so long a Job may fail and be tried again: what it waits for comes with the boot, too.
JOB_SECONDS = 900.0


def pod_items(scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what keeps each pod back; what its kubelet has not told of in this boot is its node's trouble."""
    for pod in scene.pods:
        if pod.deleting:
            yield from _leaving(pod, scene)
        elif pod.finished:
            yield from _finished(pod, scene)
        elif not pod_doubt(pod, boot_time=scene.boot_time):
            yield from _patiently(pod, scene, relations)
    yield from _turned_away(scene, relations)


def _patiently(pod: Pod, scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what keeps it back; while its startup probe is pending, as long may pass as that allows."""
    told = _living(pod, scene, relations)
    if not any(each.startup_pending for each in pod.containers):
        yield from told
        return
    owner = relations.workload_of(pod)
    allowed = max((each.startup for each in scene.workloads if each.ref == owner), default=0.0)
    for each in told:
        mild = each.gravity.rank <= Gravity.HEALED.rank
        yield replace(each, usual=max(each.usual, allowed)) if mild else each


def _turned_away(scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield why the newest pod is Failed of each workload that wants pods and of which nothing lives."""
    for workload in scene.workloads:
        ended = relations.ended.get(workload.ref, ())
        if workload.desired and (found := turned_away(ended)):
            yield _of(found, found.pod, scene)


def _leaving(pod: Pod, scene: Scene) -> Iterator[Item]:
    if pod.delete_by and scene.now - pod.delete_by > ENDING_SECONDS:
        since = lasting(scene, pod.delete_by)
        if unkilled := [each for each in scene.events.get(pod.ref, ()) if _not_killed(each, scene)]:
            yield compared("NotKilled", pod.ref, unkilled[-1].message, since)
            return
        held = f", finalizers {', '.join(pod.finalizers)}" if pod.finalizers else ""
        yield compared("NotEnding", pod.ref, f"it should have gone at {clock(pod.delete_by)}{held}", since)


def _not_killed(event: Occurrence, scene: Scene) -> bool:
    at = event.at or 0.0
    return event.reason == NOT_KILLED and scene.now - at < SAID_SECONDS and not before_boot(at, scene.boot_time)


def _finished(pod: Pod, scene: Scene) -> Iterator[Item]:
    if left_over(pod, scene.boot_time):
        yield compared("CompletedEarly", pod.ref, finished(pod), lasting(scene))


def _living(pod: Pod, scene: Scene, relations: Relations) -> Iterator[Item]:
    if skipped := skipped_init(pod, scene.boot_time):
        ended = (("finishedAt", clock(skipped.ended or 0.0)),)
        since = lasting(scene, pod.created)
        yield compared("InitSkipped", pod.ref, since=since, container=skipped.name, facts=ended)
    spoken = list(_spoken(pod, scene, relations))
    if pod.ready:
        yield from spoken
        return
    found = trouble(pod, scene.events.get(pod.ref, ()), boot_time=scene.boot_time)
    if relations.workload_of(pod).kind in ("job", "cronjob"):
        yield from _of_a_job(pod, found, spoken, scene)
        return
    if spoken:
        yield from _gravest(spoken, found, pod, scene)
    elif found and found.id != "crash-loop":
        yield _of(found, pod, scene)
    elif crashes := crashed(pod):
        yield _crashes(pod, crashes[0], scene)
    elif reason := lost(pod):
        yield compared("Lost", pod.ref, reason, _since(pod, scene))
    else:
        begins = starting(pod).removeprefix(f"{pod.ref} ")
        part = None if begins else behind(pod)
        over = late(pod, part) if part and part.state is State.TERMINATED else ""
        why = begins or over or f"not ready since {clock(pod.ready_changed or pod.created)}"
        word = "PartNotReady" if part and not over else _word(pod, begins)
        yield compared(word, pod.ref, why, _since(pod, scene), container=part.name if part else "")


def _word(pod: Pod, begins: str) -> str:
    """Return how far it has got, as one of our words."""
    if not pod.containers:
        return "NotBegun" if pod.node else "NotPlaced"
    waits = any(each.state is State.WAITING for each in pod.containers)
    return "Starts" if begins and waits else "NotReady"


def _of_a_job(pod: Pod, found: Trouble | None, spoken: list[Item], scene: Scene) -> Iterator[Item]:
    """Yield what only a person mends, and that it ends again and again for longer than what it waits for may take."""
    hopeless = [each for each in spoken if each.gravity.rank >= Gravity.PERSON.rank]
    if found and found.hopeless:
        yield from _gravest(hopeless, found, pod, scene)
    elif hopeless:
        yield from hopeless
    elif crashes := crashed(pod):
        container, words = crashes[0], _last_words(pod, crashes[0], scene)
        yield compared(
            "JobCrashes",
            pod.ref,
            words or _how_it_ends(container),
            _since(pod, scene),
            container=container.name,
            facts=_facts(container),
            from_log=bool(words),
            usual=JOB_SECONDS,
        )


def _gravest(spoken: list[Item], found: Trouble | None, pod: Pod, scene: Scene) -> Iterator[Item]:
    """Yield what containers say, and what the status says of another one; of the same one the graver of both."""
    if found is None or found.gravity.rank <= Gravity.HEALED.rank:
        yield from spoken
        return
    of_status = _of(found, pod, scene)
    same = [each for each in spoken if each.finding.evidence.container == found.container]
    yield from (each for each in spoken if each not in same)
    yield max([of_status, *same], key=lambda each: each.gravity.rank)


def _spoken(pod: Pod, scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what the logs of its containers tell that is known, else what their servers answer."""
    for container in (*pod.init, *pod.containers):
        said = logs.said_by(pod, container, scene)
        found = logs.known(pod, container, said, scene.now) if said else None
        if found:
            found = of_a_standby(found, pod, relations.pods.get(relations.workload_of(pod), ()))
            yield item(found, _since(pod, scene), facts=_facts(container), at_most=pod.ready)
        else:
            yield from servers.told_by(pod, container, scene)


def _crashes(pod: Pod, container: Container, scene: Scene) -> Item:
    words, name, facts = _last_words(pod, container, scene), container.name, _facts(container)
    if words:
        return compared("Crashes", pod.ref, words, _since(pod, scene), container=name, facts=facts, from_log=True)
    how = _how_it_ends(container)
    return compared("EndsSilently", pod.ref, how, _since(pod, scene), container=name, facts=facts)


def _how_it_ends(container: Container) -> str:
    """Say what is known of the end of one that has left no word."""
    return exits.told(container) or container.last_reason or container.reason


def _last_words(pod: Pod, container: Container, scene: Scene) -> str:
    said = logs.said_by(pod, container, scene)
    return (logs.last_words(container, said) if said else "") or container.last_message


def _of(found: Trouble, pod: Pod, scene: Scene) -> Item:
    container = logs.containers(pod).get(found.container)
    facts = _facts(container) if container else ()
    if found.finding is None:
        seen = found.evidence
        return compared(
            "NotUnderstood",
            pod.ref,
            plain(seen.quote),
            _since(pod, scene),
            container=seen.container,
            facts=facts,
            from_log=seen.of_a_log,
        )
    late = found.hopeless or found.evidence.source is Source.EVENT
    usual = max(found.certain_after if late else 0.0, USUAL_SECONDS[found.gravity])
    return item(found.finding, _since(pod, scene), usual=usual, facts=facts)


def _since(pod: Pod, scene: Scene) -> float | None:
    """Return since when it is as it is: since it was made, or was ready last, if only between two ends."""
    ready = pod.ready_changed or pod.created
    return lasting(scene, max(min([ready, *map(failing_since, crashed(pod))]), pod.created))


def _facts(container: Container) -> tuple[tuple[str, str], ...]:
    restarts = (("restarts", str(container.restarts)),) if container.restarts else ()
    state = container.reason or ("Running" if container.state is State.RUNNING else "")
    return (("container", container.name), *((("state", state),) if state else ()), *restarts)
