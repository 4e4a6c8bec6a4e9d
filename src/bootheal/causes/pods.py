"""What keeps a pod from running or from being ready: its status and its Events, by the catalogue. Pure.

A reason word never stands without its message, and what is not understood is quoted, with the command that shows more.
"""

import re
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bootheal.causes.cause import Evidence, Finding, Gravity, Source
from bootheal.causes.tables import PODS
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.rollout import BACK_OFF, FAILED
from bootheal.cluster.starting import SILENT
from bootheal.model import BootTime, Container, Occurrence, Pod, Ref, State
from bootheal.step import Past

# The one state of an image that cannot be had has two words, which alternate, and since 1.31 one message in the other.
PULL_WORDS = frozenset({"ErrImagePull", "ImagePullBackOff"})
_BACK_OFF_PREFIX = re.compile(r'^Back-off pulling image "[^"]*"(?:: ErrImagePull: |$)')

_PULL_PREFIX = re.compile(r'^Failed to pull image "[^"]*": ')

_REJECTED_PREFIX = re.compile(r"^Pod (?:was rejected: |(?=[A-Z]))")

# Until Kubernetes has been told what to do it does not; a Secret or a device may be late, a disk be mounted later.
AT_ONCE_SECONDS, LATER_SECONDS = 3.0, 120.0
_LATE = frozenset({"secret-missing", "configmap-missing", "container-misconfigured", "device-missing"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps one pod back. `container` is whose trouble it is, "" where it is the whole pod's."""

    pod: Pod
    evidence: Evidence
    finding: Finding | None = None

    @property
    def container(self) -> str:
        """Return whose trouble it is."""
        return self.evidence.container

    @property
    def gravity(self) -> Gravity:
        """Return how grave it is; what is not understood may pass."""
        return self.finding.cause.gravity if self.finding else Gravity.PASSES

    @property
    def hopeless(self) -> bool:
        """Whether neither waiting nor starting again cures it."""
        return bool(self.finding) and self.gravity.rank >= Gravity.PERSON.rank and not self._restart_helps

    @property
    def _restart_helps(self) -> bool:
        return self.finding is not None and self.finding.cause.restart_helps

    @property
    def data(self) -> bool:
        """Whether data is at risk."""
        return self.gravity is Gravity.DATA

    @property
    def id(self) -> str:
        """Return by which cause it is known, its reason where it is not."""
        return self.finding.cause.id if self.finding else self.evidence.reason

    @property
    def condition(self) -> str:
        """Name it, so that its duration is remembered."""
        return f"trouble {self.id} {self.pod.uid}"

    @property
    def certain_after(self) -> float:
        """Return for how many seconds it must last: what only an Event tells, or an operator may make, may be late."""
        late = self.id in _LATE or self.evidence.source in (Source.CONDITION, Source.EVENT)
        return LATER_SECONDS if late and not self.data else AT_ONCE_SECONDS

    def certain(self, past: Past) -> bool:
        """Tell whether it is hopeless, and has lasted long enough to be believed."""
        return self.hopeless and past.held(self.condition) >= self.certain_after

    @property
    def text(self) -> str:
        """Say it in one sentence: the object, and its `words`."""
        return f"{self.pod.ref} {self.words}".rstrip()

    @property
    def words(self) -> str:
        """Say the reason word, what it means, and the message."""
        evidence = _as_status(self.evidence)
        reason = evidence.reason or "says why it ended"
        if self.finding is None:
            return _named(evidence)
        said = evidence.said
        bare = replace(self.finding.cause, means=self.finding.cause.means.replace(": {said}", ""))
        means = Finding(bare, evidence).means
        if not said or said in means:
            return f"{reason}: {means}"
        verbatim = "{said}" in self.finding.cause.means
        return f"{reason}: {said} ({means})" if verbatim else f"{reason}: {means} ({said})"

    @property
    def next_step(self) -> str:
        """Say what a person does next, with the command."""
        if self.finding and self.finding.cause.next_step:
            return self.finding.next_step
        return more(self.pod.ref, self.container if self.evidence.source is Source.TERMINATED else "")


def more(pod: Ref, container: str = "") -> str:
    """Return the command that shows more: the last words of a container that has ended, else all of the pod."""
    if container:
        return f"kubectl -n {pod.namespace} logs --previous {pod.name} -c {container}"
    return f"kubectl -n {pod.namespace} describe pod {pod.name}"


def _as_status(evidence: Evidence) -> Evidence:
    """Word an Event of a pull as the status does in turn with it: what alternates would be told again and again."""
    text, pulls = _PULL_PREFIX.subn("", evidence.text)
    return replace(evidence, reason="ImagePullBackOff", text=text) if pulls else evidence


def _named(evidence: Evidence) -> str:
    whose = f" of container {evidence.container}" if evidence.container else ""
    return f"{evidence.reason or 'waits'}{whose}" + (f": {evidence.said}" if evidence.text else "")


def trouble(pod: Pod, events: Sequence[Occurrence] = (), *, boot_time: BootTime | None = None) -> Trouble | None:
    """Return the gravest of what keeps the pod back; None where nothing is known to. What is to end has none.

    Of what is as grave a message tells more than a bare word.
    """
    if pod.deleting or pod.finished:
        return None
    seen = [*_of_containers(pod), *_of_the_pod(pod)]
    if not pod.ready:
        seen += _of_events(pod, events, boot_time)
    if not seen:
        return None
    found = [Trouble(pod, evidence, PODS.recognise(evidence)) for evidence in seen]
    told = [each for each in found if each.finding or each.evidence.source in (Source.WAITING, Source.TERMINATED)]
    return max(
        told, key=lambda each: (each.gravity.rank, each.finding is not None, each.evidence.text != ""), default=None
    )


def turned_away(pods: Iterable[Pod]) -> Trouble | None:
    """Return what the kubelet says of the newest of pods that are Failed by its word; None where none is."""
    failed = (pod for pod in pods if pod.phase == "Failed" and pod.reason and not pod.deleting)
    pod = max(failed, key=lambda each: (each.created, each.ref), default=None)
    if pod is None:
        return None
    text = _REJECTED_PREFIX.sub("", pod.message)
    evidence = Evidence(source=Source.CONDITION, reason=pod.reason, text=text, about=pod.ref)
    return Trouble(pod, evidence, PODS.recognise(evidence))


def not_made(controller: Ref, refusal: str) -> Finding | None:
    """Return why a controller cannot make its pods, where that is known."""
    return PODS.recognise(Evidence(source=Source.CONDITION, reason="FailedCreate", text=refusal, about=controller))


def how_it_ended(pod: Pod) -> tuple[str, ...]:
    """Say how containers ended that have no log of it: they never began, or were killed for want of memory."""
    ended = (evidence for evidence in _of_containers(pod) if evidence.source is Source.TERMINATED)
    return tuple(found.means if (found := PODS.recognise(evidence)) else evidence.quote for evidence in ended)


def of_log(pod: Pod, container: Container, lines: Sequence[str], *, runs: bool = False) -> Trouble | None:
    """Return what a container's last words tell, or those of one that `runs`; None where nothing in them is known."""
    reason = "says" if runs else ""
    about = Evidence(source=Source.LOG, reason=reason, about=pod.ref, container=container.name, image=container.image)
    seen = (replace(about, text=line) for line in lines)
    found = PODS.gravest(seen)
    return Trouble(pod, found.evidence, found) if found else None


def needs_events(pod: Pod) -> bool:
    """Tell whether its status says less than its Events.

    It is being made, waits for an image without a reason, runs without being ready, or may have been ended by its
    kubelet.
    """
    if pod.deleting or pod.finished or pod.ready:
        return False
    all_of_it = (*pod.init, *pod.containers)
    waiting = [each for each in all_of_it if each.state is State.WAITING]
    if not all_of_it:
        return True
    if (not waiting and pod.containers) or any(each.reason == BACK_OFF for each in waiting):
        return True  # what its probes say stands nowhere else, nor that its kubelet ended it for that
    initialising = any(each.state is State.RUNNING and not each.sidecar for each in pod.init)
    silent = any(each.reason in SILENT for each in waiting) and not initialising
    return silent or any(each.reason in PULL_WORDS and not pull_message(each) for each in waiting)


def _of_containers(pod: Pod) -> Iterator[Evidence]:
    for each in (*pod.init, *pod.containers):
        if each.state is not State.WAITING and each.reason not in FAILED and each.reason != BACK_OFF:
            continue  # as most are, of ten thousand pods
        about = Evidence(source=Source.WAITING, about=pod.ref, container=each.name, image=each.image)
        if each.state is State.WAITING and each.reason not in SILENT:
            reason = "ImagePullBackOff" if each.reason in PULL_WORDS else each.reason
            text = pull_message(each) if each.reason in PULL_WORDS else each.message
            yield replace(about, reason=reason, text=text)
        if each.reason in FAILED or each.reason == BACK_OFF:
            reason = each.last_reason or (each.reason if each.reason in FAILED else "")
            if reason not in ("", "Completed", "Error"):
                yield replace(about, source=Source.TERMINATED, reason=reason, text=each.last_message, at=each.ended)


def pull_message(container: Container) -> str:
    """Return why an image cannot be had, in the words that stay the same; "" where nothing is said."""
    return _BACK_OFF_PREFIX.sub("", container.message)


def _of_the_pod(pod: Pod) -> Iterator[Evidence]:
    if not (pod.unschedulable or pod.gated):
        return
    about = Evidence(source=Source.CONDITION, about=pod.ref)
    if pod.unschedulable:
        yield replace(about, reason="Unschedulable", text=pod.unschedulable)
    if pod.gated:
        yield replace(about, reason="ReadinessGatesNotReady", text=pod.gated)


# Liveness and startup probes first: their failure ends a container, and each is told of in turn with the other.
_PROBES = ("Liveness", "Startup", "Readiness")

# What says less than what was said before it for the same reason: that an image is still not there, a volume neither.
_VAGUE = re.compile(
    r"^Error: (?:ErrImagePull|ImagePullBackOff)$|: (?:timed out waiting for the condition|context deadline exceeded)$"
)

# By these signals a kubelet ends a container; an exit for want of memory bears its own reason.
_ENDED_FROM_OUTSIDE = frozenset({128 + signal.SIGTERM, 128 + signal.SIGKILL})

# What the kubelet says of a process that runs, and ends afterwards.
_WHILE_IT_RUNS = frozenset({"Unhealthy", "FailedPostStartHook"})

# For how long after the kubelet has begun to end a container it may go on.
ENDING_SECONDS = 120.0


def _of_events(pod: Pod, events: Sequence[Occurrence], boot_time: BootTime | None) -> Iterator[Evidence]:
    """Yield what is of this boot and of what runs now; of what has happened again and again the latest word counts.

    What is vague comes after what is not, and takes no place of it.
    """
    containers = {each.name: each for each in (*pod.init, *pod.containers)}
    latest: dict[tuple[int, bool, str, str], Occurrence] = {}
    for each in events:
        of_old = each.at is not None and before_boot(each.at, boot_time, pod.node)
        if not of_old and _present(each, containers):
            latest[_rank(each), _VAGUE.search(each.message) is not None, each.container, each.reason] = each
    for each in (latest[key] for key in sorted(latest)):
        yield Evidence(
            source=Source.EVENT,
            text=each.message,
            reason=each.reason,
            about=pod.ref,
            container=each.container,
            image=containers[each.container].image if each.container in containers else "",
            at=each.at,
        )


def _rank(event: Occurrence) -> int:
    return next((rank for rank, probe in enumerate(_PROBES) if event.message.startswith(probe)), 0)


def _present(event: Occurrence, containers: Mapping[str, Container]) -> bool:
    """Tell whether it is of what is there now: neither of a process that was there before, nor passed since.

    What kept the pod from beginning, such as its sandbox, its volumes or its image, has passed once it has begun.
    """
    container = containers.get(event.container)
    if event.at is None:
        return True
    if container and event.reason in _WHILE_IT_RUNS:
        return event.at >= (container.started or 0.0)
    if container and event.reason == "Killing":
        return container.ended is not None and (
            event.at + ENDING_SECONDS >= container.ended or _ended_as_before(container)
        )
    concerned = [container] if container else containers.values()
    return event.at > max((max(each.started or 0.0, each.ended or 0.0) for each in concerned), default=0.0)


def _ended_as_before(container: Container) -> bool:
    """Tell whether it was ended from outside once more: a kubelet tells no more of it after 25 Events of one pod."""
    return container.last_code in _ENDED_FROM_OUTSIDE and container.last_reason != "OOMKilled"
