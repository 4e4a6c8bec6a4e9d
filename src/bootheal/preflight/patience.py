"""How long a database took to start after earlier boots, against what its probes would let it take now. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from bootheal.model.prospect import PodPlan, Prospect
from bootheal.preflight.databases import DatabaseFacts
from bootheal.preflight.foreseen import Foreseen, foreseen

_SERVER = re.compile(r"postgres|postgis|spilo|patroni|timescale|pgdata|database")


def foresee(
    databases: Iterable[DatabaseFacts], recoveries: Mapping[str, float], prospect: Prospect
) -> Iterator[Foreseen]:
    """Say which recovery would be cut short, and so begun again and again; `recoveries` are seconds, by step."""
    plans = {plan.ref: plan for plan in prospect.plans}
    for database in databases:
        took, plan = recoveries.get(f"database/{database.name}"), plans.get(database.pod) if database.pod else None
        patience = _patience(plan) if plan else None
        if took and plan and patience is not None and took > patience:
            said = f"it took {took:.0f} s, and would be given {patience:.0f} s"
            yield foreseen("LivenessTooShort", plan.ref, said)


def _patience(plan: PodPlan) -> float | None:
    """Return what the server's own container is given: the only one, or the one that is called so."""
    boxes = [box for box in plan.containers if len(plan.containers) == 1 or _SERVER.search(f"{box.name} {box.image}")]
    return boxes[0].liveness if boxes else None
