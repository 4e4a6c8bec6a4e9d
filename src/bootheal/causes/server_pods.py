"""A server's own container, and what keeps it from running: by the catalogue, as for any other pod.

A sidecar beside it is nobody's business here; an init container before it is. Events are evidence: nothing fails for
want of them.
"""

from collections.abc import Collection
from dataclasses import replace

from bootheal.causes.cause import Finding, Source
from bootheal.causes.pods import PULL_WORDS, Trouble, needs_events, pull_message, trouble
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.rollout import BACK_OFF
from bootheal.errors import BoothealError
from bootheal.model import BootTime, Container, Pod, Ref, State
from bootheal.model.quoted import quoted
from bootheal.ports import ClusterReader, PodAccess

LOG_LINES = 60

# Of a server that recovers: each time it begins anew.
ENDED_BY_KUBELET = "probe-kills"


def keeps_back(
    cluster: ClusterReader, pod: Pod, container: Container | None, boot_time: BootTime | None
) -> Trouble | None:
    """Return what keeps `container` of a pod from running; None where it runs, or nothing is known to."""
    if container and container.state is State.RUNNING:
        return None
    return _trouble(cluster, pod, container, boot_time)


def ended_by_its_kubelet(
    cluster: ClusterReader, pod: Pod, container: Container, boot_time: BootTime | None
) -> Trouble | None:
    """Return that the process before the one that runs was ended since its probe failed; None where it was not."""
    if not container.restarts or container.ended is None or before_boot(container.ended, boot_time, pod.node):
        return None
    found = _trouble(cluster, pod, container, boot_time)
    return found if found and found.id == ENDED_BY_KUBELET else None


def _trouble(
    cluster: ClusterReader, pod: Pod, container: Container | None, boot_time: BootTime | None
) -> Trouble | None:
    narrowed = replace(pod, containers=(container,) if container else ())
    names = {"", *(each.name for each in (*narrowed.init, *narrowed.containers))}
    try:
        events = cluster.occurrences(pod.ref) if needs_events(narrowed) else ()
    except BoothealError:
        events = ()
    found = trouble(narrowed, [each for each in events if each.container in names], boot_time=boot_time)
    return replace(found, pod=pod) if found else None


def serving(pod: Pod, names: Collection[str]) -> Container | None:
    """Return the container that runs the server, by one of its usual `names`, else the first."""
    return next((c for c in pod.containers if c.name in names), next(iter(pod.containers), None))


def read_log(access: PodAccess, pod: Ref, container: str, *, previous: bool) -> str:
    """Return the end of a container's log; it is evidence, so nothing fails for want of it."""
    try:
        return access.log_tail(pod, container, LOG_LINES, previous=previous)
    except BoothealError:
        return ""


def next_step(trouble: Trouble | None, finding: Finding | None, more: str) -> str:
    """Say what a person does: about what keeps a container from starting, else about what its log says, else `more`."""
    if trouble and (trouble.hopeless or (trouble.finding and not finding)):
        return trouble.next_step
    return finding.next_step if finding else more


def beyond(state: str, found: Trouble | None) -> str:
    """Return `state` with what the container's status does not say of itself: of an Event, or of why it never began."""
    if (
        found is None
        or found.evidence.source not in (Source.EVENT, Source.TERMINATED)
        or found.evidence.reason in state
    ):
        return state
    return "; ".join(filter(None, (state, found.words)))


def in_words(container: Container) -> str:
    """Say how a container is, "" where it simply runs. A crash loop has the same words in each of its turns."""
    restarts = f", {container.restarts} restarts" if container.restarts else ""
    killed = f", {container.last_reason}" if container.last_reason == "OOMKilled" else ""
    if container.reason == BACK_OFF or (container.ended and container.restarts > 1):
        return f"{BACK_OFF}{restarts}{killed}"  # its message counts seconds
    if container.state is State.RUNNING:
        return restarts[2:] + killed
    image = f" of {quoted(container.image)}" if "Image" in container.reason and container.image else ""
    reason, said = container.reason, container.message
    if reason in PULL_WORDS:
        reason, said = "ImagePullBackOff", pull_message(container)
    message = f": {quoted(said)}" if said else ""
    return f"{reason}{image}{message}{restarts}{killed if reason != 'OOMKilled' else ''}"
