"""How long a database took to start after earlier boots, or may take, against what its probes would let it. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from bootheal.model.prospect import PodPlan, Prospect
from bootheal.preflight.databases import DatabaseFacts
from bootheal.preflight.foreseen import Foreseen, foreseen

# So much of its log a server reads again in a second, on a good disk: who is given less than that is given too little.
FAST_BYTES = 100 << 20

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
        elif plan and patience is not None and database.log > patience * FAST_BYTES:
            said = f"up to {database.log / (1 << 30):.1f} GiB of log, and {patience:.0f} s for it"
            yield foreseen("LivenessShortForLog", plan.ref, said, facts=[("setting", "max_wal_size")])


def _patience(plan: PodPlan) -> float | None:
    """Return what the server's own container is given: the only one, or the one that is called so.

    A port is open before PostgreSQL has recovered, and who is asked by HTTP is Patroni, which runs beside it: only a
    command, such as pg_isready, fails meanwhile.
    """
    boxes = [box for box in plan.containers if len(plan.containers) == 1 or _SERVER.search(f"{box.name} {box.image}")]
    return boxes[0].liveness if boxes and boxes[0].by_command else None
