"""Which logs tell more of what is not well, and what they tell: as the catalogue reads those who write them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bootheal.causes import Finding
from bootheal.causes.pods import of_log
from bootheal.cluster.freshness import before_boot, pod_doubt
from bootheal.cluster.log_excerpt import salient_lines
from bootheal.cluster.rollout import FAILED, crashed
from bootheal.diagnosis.relations import Relations
from bootheal.discovery import images
from bootheal.model import Container, Pod, Ref, State
from bootheal.model.scene import Said, Scene
from bootheal.pgbouncer import server_log as pgbouncer_log
from bootheal.postgres import server_log as postgres_log

MOST, MOST_OF_A_WORKLOAD = 30, 2

# What a pooler has said in so many seconds it says of now: it tries its server again after 15 s where nobody has said
# otherwise (server_login_retry).
RECENT_SECONDS = 30.0

_POOLER = re.compile(r"pgbouncer|pooler")
_DATABASE = re.compile(r"(?:^|[-_.])(?:postgres(?:ql)?|spilo|patroni|timescale(?:db)?|postgis|pgvector)(?![a-z])")
_OTHER_POOLER = re.compile(r"pgcat|odyssey|pgpool")
_OTHER = re.compile(r"exporter|backup|operator|metrics")
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (?:UTC|GMT|\+00)\b")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The log of a container; `previous`: of its last process, where the present one has not ended."""

    pod: Ref
    container: str
    previous: bool


def wanted_logs(scene: Scene) -> tuple[Wanted, ...]:
    """Return whose logs are to be read: of what has ended, of databases and DNS that do not serve, of poolers."""
    relations = Relations(scene)
    failed = {job.ref for job in scene.jobs}
    counted: dict[tuple[Ref, str], int] = {}
    found: list[Wanted] = []
    for pod in scene.pods:
        speaking = _over(pod) if pod.owner in failed else _speaking(pod, scene)
        for container, previous in speaking:
            whose = relations.workload_of(pod), container.name
            counted[whose] = counted.get(whose, 0) + 1
            if counted[whose] <= MOST_OF_A_WORKLOAD:
                found.append(Wanted(pod.ref, container.name, previous))
    return tuple(found[:MOST])


def _over(pod: Pod) -> Iterator[tuple[Container, bool]]:
    """Yield what has failed of a pod of a Job that has: nobody tries it again."""
    yield from ((each, False) for each in (*pod.init, *pod.containers) if each.reason in FAILED)


def _speaking(pod: Pod, scene: Scene) -> Iterator[tuple[Container, bool]]:
    if pod.deleting or pod.finished or pod_doubt(pod, boot_time=scene.boot_time):
        return
    ended = {container.name for container in crashed(pod)}
    for container in (*pod.init, *pod.containers):
        if container.name in ended:
            if container.ended and not before_boot(container.ended, scene.boot_time):
                yield container, container.state is not State.TERMINATED
        elif container.state is State.RUNNING and (
            is_pooler(container)
            or _silent(container, pod)
            or _no_names(container, pod)
            or _lets_none_in(container, pod)
        ):
            yield container, False


def _silent(container: Container, pod: Pod) -> bool:
    """Tell whether it should hold a server that does not serve: its own process may run on, as Patroni does."""
    return is_database(container) and (not pod.ready or not container.ready or "start failed" in pod.patroni)


def _lets_none_in(container: Container, pod: Pod) -> bool:
    """Tell whether it is another pooler that does not serve: it runs on where its server refuses it."""
    return (
        not (pod.ready and container.ready) and _OTHER_POOLER.search(f"{container.name} {container.image}") is not None
    )


def _no_names(container: Container, pod: Pod) -> bool:
    """Tell whether it is the cluster's DNS and does not serve: why, only its log has."""
    return pod.labels.get("k8s-app") == "kube-dns" and not container.ready


def is_pooler(container: Container) -> bool:
    """Tell whether it runs PgBouncer, by its name and image."""
    named = f"{container.name} {container.image}"
    return _POOLER.search(named) is not None and not _OTHER.search(named)


def is_database(container: Container) -> bool:
    """Tell whether it runs PostgreSQL, by its image; where that tells nothing, by its own name."""
    if is_pooler(container) or _OTHER.search(f"{container.name} {container.image}"):
        return False
    if images.called_postgres(container.image):
        return True
    others = images.beside(container.name) or images.beside(images.parse(container.image).name)
    return _DATABASE.search(container.name) is not None and not others


def said_by(pod: Pod, container: Container, scene: Scene) -> Said | None:
    """Return what was read of a container's log, None where nothing was."""
    found = (said for said in scene.said if (said.pod, said.container) == (pod.ref, container.name))
    return next(found, None)


def known(pod: Pod, container: Container, said: Said, now: float) -> Finding | None:
    """Return the cause that a log tells of, None where nothing in it is known."""
    if is_pooler(container):
        running = container.state is State.RUNNING
        return pgbouncer_log.finding(_latest(said.text, now) if running else said.text, pod.ref, container.name)
    if is_database(container):
        return postgres_log.finding(said.text, pod.ref, container.name)
    trouble = of_log(pod, container, salient_lines(said.text))
    return trouble.finding if trouble else None


def last_words(container: Container, said: Said) -> str:
    """Return the line that says most of why it ended; "" where its log is empty."""
    if is_database(container) and (words := postgres_log.last_words(said.text)):
        return words
    return next(iter(salient_lines(said.text)[-1:]), "")


def _latest(text: str, now: float) -> str:
    """Return the lines of a log that say themselves that they are of now."""
    return "\n".join(line for line in text.splitlines() if now - _stamp(line) <= RECENT_SECONDS)


def _stamp(line: str) -> float:
    found = _STAMP.match(line)
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp() if found else 0.0


def containers(pod: Pod) -> Mapping[str, Container]:
    """Return a pod's containers by name."""
    return {each.name: each for each in (*pod.init, *pod.containers)}
