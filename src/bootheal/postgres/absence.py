"""What becomes of a database's pods that are no servers, and why there may be none: said as what it is.

What is filtered out of a list is not told as if it had never been there.
"""

from collections.abc import Iterator, Mapping, Sequence

from bootheal.cluster.freshness import before_boot
from bootheal.cluster.starting import clock, finished
from bootheal.errors import BoothealError
from bootheal.model import Operated, Pod, Ref, Workload
from bootheal.model.quoted import quoted
from bootheal.ports import World

# CloudNativePG names its cluster by this label, on its pods and in its Services' selectors.
CLUSTER_LABEL = "cnpg.io/cluster"


def absent(world: World, namespace: str, labels: Mapping[str, str], pods: Sequence[Pod]) -> tuple[str, ...]:
    """Say of each pod that is no server what it is; where there are no pods at all, why, as far as can be seen."""
    gone = tuple(_gone(pod) for pod in pods if pod.deleting or pod.finished)
    alive = any(not (pod.deleting or pod.finished) for pod in pods)
    held = tuple(_held(world, namespace, labels, pods))
    if alive or gone or held:
        return (*gone, *held)
    if labels:
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
        return (f"no pod in namespace {namespace} has the labels {wanted}",)
    return ()


def _gone(pod: Pod) -> str:
    if pod.deleting:
        due = f", due to be gone at {clock(pod.delete_by)}" if pod.delete_by else ""
        held = f", held by {', '.join(pod.finalizers)}" if pod.finalizers else ""
        return f"{pod.ref} is being deleted{due}{held}"
    return finished(pod)


def _held(world: World, namespace: str, labels: Mapping[str, str], pods: Sequence[Pod]) -> Iterator[str]:
    """Say who holds servers back on purpose; nothing fails for want of it."""
    cluster = labels.get(CLUSTER_LABEL) or next(
        (pod.labels[CLUSTER_LABEL] for pod in pods if CLUSTER_LABEL in pod.labels), ""
    )
    try:
        if cluster and (operated := world.cluster.operated(namespace, cluster)):
            yield from _by_operator(Ref("cluster", namespace, cluster), operated, pods)
        if not pods and labels:
            sets = world.cluster.statefulsets(namespace)
            yield from (why for found in sets if _of(found, labels) and (why := _without_pods(world, found)))
    except BoothealError:
        return


def _by_operator(ref: Ref, operated: Operated, pods: Sequence[Pod]) -> Iterator[str]:
    if operated.hibernated:
        yield f"{ref} is hibernated (annotation cnpg.io/hibernation)"
    fenced = [pod.ref.name for pod in pods if "*" in operated.fenced or pod.ref.name in operated.fenced]
    if fenced:
        yield f"{', '.join(fenced)} fenced (annotation cnpg.io/fencedInstances of {ref})"


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
