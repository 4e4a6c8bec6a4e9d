"""Shapes of workloads that a restart could harm: seen before the write. Pure.

A rolling update with a surge wants the new pod ready before the old one goes. What only one
pod can have (a host port, a ReadWriteOncePod volume) then never comes free; a ReadWriteOnce
volume comes free for a second pod on the same node, but a file lock in it does not. Some
controllers replace nothing at all until somebody deletes a pod.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bootheal.cluster.rollout import unpulled
from bootheal.model import Budget, Pod, Workload

Rule = Literal["if-needed", "always", "never"]
Strategy = Literal["auto", "rollout", "scale", "delete-pods"]
Way = Literal["rollout", "scale", "delete-pods"]

# Who is known to leave an annotation alone that is not theirs: Flux removes what `kubectl…` managers wrote, Helm
# merges three ways. Argo CD may put the template back (argo-cd#28769), and so may the operator that owns it; either
# puts back the number of replicas within seconds.
LENIENT = frozenset({"", "Flux", "Helm"})


@dataclass(frozen=True, slots=True)
class RolloutTrouble:
    """Why a rolling update may not end; `certain`, or only if the application locks its files."""

    text: str
    certain: bool = True


def rolling_trouble(workload: Workload, modes: Mapping[str, Sequence[str]]) -> RolloutTrouble | None:
    """Say why a rolling update of the workload may not end. `modes`: claim -> access modes, empty if unknown."""
    if workload.on_delete:
        return RolloutTrouble("its update strategy is OnDelete: its controller replaces no pod by itself")
    if workload.partition:
        kept = "every pod" if workload.partition >= workload.desired else f"pods below {workload.partition}"
        return RolloutTrouble(f"its partition keeps {kept} as it is")
    if workload.ordered and workload.ready < workload.desired and workload.ref.kind == "statefulset":
        return RolloutTrouble("its controller replaces no pod while one is not ready")
    if workload.strategy != "RollingUpdate" or workload.unavailable or workload.ref.kind == "statefulset":
        return None
    if workload.host_ports:
        return RolloutTrouble("a new pod would wait for the host port of the old one, and the old one for it")
    return _volume_trouble(workload, modes)


def _volume_trouble(workload: Workload, modes: Mapping[str, Sequence[str]]) -> RolloutTrouble | None:
    for claim in workload.claims:
        if "ReadWriteOncePod" in modes[claim]:
            text = (
                f"a new pod would wait for the volume {claim} of the old one (ReadWriteOncePod), and the old one for it"
            )
            return RolloutTrouble(text)
    for claim in workload.claims:
        if not {"ReadWriteMany", "ReadOnlyMany"} & set(modes[claim]):
            return RolloutTrouble(
                f"a new pod may wait for a lock that the old one holds in the volume {claim}", certain=False
            )
    return None


@dataclass(frozen=True, slots=True)
class Choice:
    """The way to restart, and why it is not a rollout; `refused` says why none that is allowed would end."""

    way: Way
    why: str = ""
    refused: str = ""


ROLL_OUT = Choice("rollout")


def choose(strategy: Strategy, workload: Workload, trouble: RolloutTrouble | None) -> Choice:
    """Choose a way. `auto` is a rollout, or deleting the pods where a rollout may not end, or would be undone."""
    if strategy == "auto":
        if trouble:
            return Choice("delete-pods", f"no rollout: {trouble.text}")
        if workload.managed_by not in LENIENT:
            return Choice("delete-pods", f"no rollout: {workload.managed_by} may undo a change of the template")
        return ROLL_OUT
    if strategy == "scale" and workload.volumes_go:
        return Choice("delete-pods", "not scaled to zero: that would delete its volumes, by its own retention policy")
    if strategy == "scale" and workload.managed_by not in LENIENT:
        return Choice("delete-pods", f"not scaled to zero: {workload.managed_by} may undo that")
    if strategy == "rollout" and trouble and trouble.certain:
        return Choice("rollout", refused=f"a rollout would not end: {trouble.text}")
    return Choice(strategy)


def pull_trouble(workload: Workload, neighbours: Iterable[Pod]) -> str:
    """Say why a new pod may not get its images, those of init containers included.

    Another pod can't get one of them; or it always asks a registry, which just now does not serve another pod.
    """
    needed = {_registry(image) for image in workload.images}
    for pod in neighbours:
        image = "" if pod.deleting else unpulled(pod)
        if image and workload.pulls_always and _registry(image) in needed:
            return f"its image is always pulled, and {pod.ref} can't get {image}"
        if image and image in workload.images:
            return f"{pod.ref} can't get {image}"
    return ""


def _registry(image: str) -> str:
    """Return the registry's host, "" for the default one."""
    first, slash, _ = image.partition("/")
    return first if slash and (set(first) & set(".:") or first == "localhost") else ""


def budget_trouble(pods: Iterable[Pod], budgets: Iterable[Budget]) -> str:
    """Name the PodDisruptionBudget that does not allow a pod to be taken down."""
    labels = [pod.labels.items() for pod in pods if pod.ready]
    for budget in budgets:
        wanted = budget.selector.items()
        if not budget.allowed and any(wanted <= carried for carried in labels):
            return f"{budget.ref} allows no disruption"
    return ""
