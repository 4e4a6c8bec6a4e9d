"""The whole catalogue by subject, and one entry of it in words: for `doctor --list` and `explain`. Pure."""

from collections.abc import Iterator, Mapping

from bootheal.causes import Catalogue, Cause, Sign
from bootheal.causes.answers import ANSWERS
from bootheal.causes.databases import POSTGRES
from bootheal.causes.docker import DOCKER
from bootheal.causes.machine import MACHINE, NODES
from bootheal.causes.objects import PODS, SERVICES, VOLUMES, WORKLOADS
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.causes.reboot import REBOOT
from bootheal.causes.tables import LOADBALANCERS, UNITS
from bootheal.causes.tables import PODS as KUBELET_AND_CONTROLLERS

# What is seen by comparing: the one cause that each word of ours stands for.
COMPARED = Catalogue((*PODS, *WORKLOADS, *SERVICES, *VOLUMES, *MACHINE))

SUBJECTS: Mapping[str, Catalogue] = {
    "the machine and its nodes": Catalogue((*MACHINE, *NODES)),
    "k3s, its datastore and its kubelet": UNITS,
    "Docker beneath k3d": DOCKER,
    "the load balancer of k3d": LOADBALANCERS,
    "pods, their images, volumes and network, and who makes them": KUBELET_AND_CONTROLLERS,
    "workloads, Services and claims": Catalogue((*PODS, *WORKLOADS, *SERVICES, *VOLUMES)),
    "PostgreSQL, Patroni, CloudNativePG": Catalogue((*POSTGRES.causes, *ANSWERS), POSTGRES.harmless),
    "PgBouncer": PGBOUNCER,
    "what the next boot would bring to light (bootheal preflight)": Catalogue(REBOOT),
}


def entries() -> Mapping[str, Cause]:
    """Return each cause by its id."""
    return {cause.id: cause for catalogue in SUBJECTS.values() for cause in catalogue.causes}


def listed() -> Iterator[str]:
    """Yield the catalogue in lines, by subject; a cause that several subjects know stands under the first."""
    told: set[str] = set()
    width = max(map(len, entries()))
    for subject, catalogue in SUBJECTS.items():
        yield f"{subject}:"
        for cause in catalogue.causes:
            if cause.id not in told:
                told.add(cause.id)
                yield f"  {cause.id:<{width}}  {cause.gravity:<17}  {_plain(cause.means)}"
        yield ""
    yield f"{len(told)} causes; `bootheal explain ID` says more of one"


def catalogue() -> list[dict[str, object]]:
    """Return the catalogue as data, each cause once, with the subject that it stands under."""
    under = {cause.id: subject for subject, known in [*SUBJECTS.items()][::-1] for cause in known.causes}
    return [
        {
            "id": cause.id,
            "subject": under[cause.id],
            "gravity": str(cause.gravity),
            "means": _plain(cause.means),
            "next_step": _plain(cause.next_step),
            "restart_helps": cause.restart_helps,
        }
        for cause in entries().values()
    ]


def explained(cause: Cause) -> Iterator[str]:
    """Yield one entry in lines: meaning, gravity, next step, what it may follow from, how it is recognised."""
    yield cause.id
    yield f"  {_plain(cause.means)}"
    yield f"  gravity:      {cause.gravity}"
    yield f"  a restart:    {'may cure it' if cause.restart_helps else 'does not cure it'}"
    if cause.next_step:
        yield f"  next step:    {_plain(cause.next_step)}"
    if cause.since:
        yield f"  since:        {cause.since}"
    if cause.consequence_of:
        yield f"  follows from: {', '.join(cause.consequence_of)}"
    yield "  recognised by:"
    yield from (f"    {line}" for line in dict.fromkeys(map(_sign, cause.signs)))


def _sign(sign: Sign) -> str:
    words = ([sign.reason] if sign.reason else []) + ([f"/{sign.text}/"] if sign.text else [])
    return f"{sign.source}: {' '.join(words) or 'whatever it says'}"


def _plain(template: str) -> str:
    """Say it of any object: places become words in capitals."""
    for name in ("namespace", "name", "kind", "container", "image"):
        template = template.replace(f"{{{name}}}", name.upper())
    return template.replace("{said}", "…")
