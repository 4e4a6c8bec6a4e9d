"""Controllers: what they were told, and have not done yet. Pure.

What they have begun and cannot end, such as a revision that does not start beside one that runs, is a fault already:
the doctor sees it.
"""

from collections.abc import Iterator

from bootheal.model.scene import Scene
from bootheal.preflight.foreseen import Foreseen, foreseen

BY_HAND = "OnDelete"


def foresee(scene: Scene) -> Iterator[Foreseen]:
    """Say whose pods would be others, or could not be."""
    for workload in scene.workloads:
        if not workload.desired:
            continue
        if workload.paused:
            yield foreseen("RolloutPaused", workload.ref, "spec.paused is true")
        if workload.strategy == BY_HAND and workload.updated < workload.replicas:
            said = f"{workload.updated} of {workload.replicas} pods are of the latest template"
            yield foreseen("RevisionWaits", workload.ref, said, facts=[("updateStrategy", BY_HAND)])
