"""What stands still because somebody wants it so: told as facts, never as faults. Pure."""

from collections.abc import Iterator

from bootheal.model import Ref
from bootheal.model.scene import Scene


def held(scene: Scene) -> Iterator[tuple[Ref, str]]:
    """Yield objects, and how they are held."""
    for workload in scene.workloads:
        if not workload.desired and workload.ref.kind != "daemonset":
            by_us = workload.scaled_from is not None
            yield (
                workload.ref,
                f"scaled to zero by bootheal, from {workload.scaled_from}" if by_us else "scaled to zero",
            )
        if workload.paused:
            yield workload.ref, "its rollout is paused"
    for node in scene.nodes:
        if node.unschedulable:
            yield Ref("node", "", node.name), "takes no new pods (cordoned)"
    for halted in scene.halted:
        yield halted.ref, halted.why
