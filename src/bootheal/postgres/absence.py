"""What becomes of a database's pods that are no servers, and why there may be none: said as what it is.

What is filtered out of a list is not told as if it had never been there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bootheal.cluster import selectors
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.starting import clock, finished
from bootheal.errors import BoothealError
from bootheal.model import Operated, Pod, Ref, Workload
from bootheal.model.quoted import quoted
from bootheal.ports import World
from bootheal.postgres.location import LEADER, ROLE_LABELS

# CloudNativePG names its cluster by this label, on its pods and in its Services' selectors.
CLUSTER_LABEL = "cnpg.io/cluster"

ELSEWHERE = "promote it there on purpose, or name the database that takes writes in the configuration"


@dataclass(frozen=True, slots=True)
class Held:
    """Why there is no primary. `way`: what a person does, where none comes before somebody does it; "" else."""

    why: str
    way: str = ""


def absent(namespace: str, labels: Mapping[str, str], pods: Sequence[Pod], held: Sequence[Held]) -> tuple[str, ...]:
    """Say of each pod that is no server what it is; where there are no pods at all, why, as far as can be seen."""
    gone = tuple(_gone(pod) for pod in pods if pod.deleting or pod.finished)
    alive = any(not (pod.deleting or pod.finished) for pod in pods)
    if labels and not (alive or gone or held):
        return (f"no pod in namespace {namespace} has the labels {selectors.spelled(labels)}",)
    return gone


def _gone(pod: Pod) -> str:
    if pod.deleting:
        due = f", due to be gone at {clock(pod.delete_by)}" if pod.delete_by else ""
        held = f", held by {', '.join(pod.finalizers)}" if pod.finalizers else ""
        return f"{pod.ref} is being deleted{due}{held}"
    return finished(pod)


def held_back(
    world: World, namespace: str, scope: str, labels: Mapping[str, str], pods: Sequence[Pod]
) -> tuple[Held, ...]:
    """Say who holds servers back on purpose, or says why there is none; nothing fails for want of it.

    `scope` is Patroni's name of the cluster, "" where it is none of Patroni's.
    """
    cluster = labels.get(CLUSTER_LABEL) or next(
        (pod.labels[CLUSTER_LABEL] for pod in pods if CLUSTER_LABEL in pod.labels), ""
    )
    held = list[Held]()
    with suppress(BoothealError):
        if cluster and (operated := world.cluster.operated(namespace, cluster)):
            held += _by_operator(Ref("cluster", namespace, cluster), operated, pods)
        if not cluster and scope and (told := world.cluster.configured(namespace, scope)):
            held += _by_patroni(scope, told)
        if not pods and labels:
            sets = world.cluster.statefulsets(namespace)
            held += [Held(why) for found in sets if _of(found, labels) and (why := _without_pods(world, found))]
    return tuple(held)


def _by_operator(ref: Ref, operated: Operated, pods: Sequence[Pod]) -> Iterator[Held]:
    """Say what CloudNativePG was told: it makes no other the primary in the place of one that is fenced."""
    annotate = f"kubectl -n {ref.namespace} annotate clusters.postgresql.cnpg.io {ref.name}"
    if operated.hibernated:
        wake = f"{annotate} --overwrite cnpg.io/hibernation=off"
        yield Held(f"{ref} is hibernated (annotation cnpg.io/hibernation)", wake)
    fenced = [pod for pod in pods if "*" in operated.fenced or pod.ref.name in operated.fenced]
    if fenced:
        names = ", ".join(pod.ref.name for pod in fenced)
        leading = {pod.ref for pod in pods if any(pod.labels.get(key) in LEADER for key in ROLE_LABELS)}
        lift = f"{annotate} cnpg.io/fencedInstances- lifts it" if leading & {pod.ref for pod in fenced} else ""
        yield Held(f"{names} fenced (annotation cnpg.io/fencedInstances of {ref})", lift)
    if operated.follows:
        yield Held(f"{ref} is a replica cluster (its spec.replica): its primary is another one", ELSEWHERE)
    if operated.phase:
        yield Held(f"CloudNativePG says of {ref}: {quoted(operated.phase)}")


def _by_patroni(scope: str, told: Operated) -> Iterator[Held]:
    """Say what Patroni was told: paused it promotes whoever has the lock, and nobody else (its docs/pause.rst)."""
    if told.follows:
        yield Held(f"{scope} is a standby cluster (standby_cluster in Patroni's configuration)", ELSEWHERE)
    if told.paused:
        why = f"Patroni is paused for {scope}: it makes no other server the primary, and starts none that has stopped"
        yield Held(why, "patronictl resume, in one of its pods, once it is known why it was paused")


def _without_pods(world: World, workload: Workload) -> str:
    """Say that it is to have none, or why its controller cannot make any, as it says in Events."""
    if workload.desired == 0:
        return f"{workload.ref} is scaled to zero"
    boot_time = world.host.boot_time()
    told = world.cluster.occurrences(workload.ref)
    made = [each for each in told if each.reason in ("FailedCreate", "SuccessfulCreate")]
    if not made or made[-1].reason != "FailedCreate" or (made[-1].at and before_boot(made[-1].at, boot_time)):
        return ""
    return f"{workload.ref} cannot create its pods: {quoted(made[-1].message)}"


def _of(workload: Workload, labels: Mapping[str, str]) -> bool:
    """Tell whether a workload's pods may be those with the labels: its own labels do not contradict, and some agree."""
    shared = workload.selector.keys() & labels.keys()
    return bool(shared) and all(workload.selector[key] == labels[key] for key in shared)
