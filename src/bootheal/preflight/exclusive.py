"""What two pods want and one can have: a port of the node, a volume that is made for one alone. Pure."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from bootheal.model import Pod, Ref
from bootheal.model.prospect import PodPlan, Prospect
from bootheal.model.scene import Claim, Scene
from bootheal.preflight.foreseen import Foreseen, foreseen
from bootheal.preflight.places import holds_data

_ONE_POD, _ONE_NODE, _MANY = "ReadWriteOncePod", "ReadWriteOnce", frozenset({"ReadWriteMany", "ReadOnlyMany"})


def foresee(scene: Scene, prospect: Prospect) -> Iterator[Foreseen]:
    """Say which pods stand in each other's way."""
    pods = scene.staying
    plans = [plan for plan in prospect.plans if plan.ref in pods]
    yield from _ports(plans, pods, alone=len(scene.nodes) == 1)
    claims = {claim.ref: claim for claim in scene.claims}
    users: dict[Ref, list[PodPlan]] = {}
    for plan in plans:
        for name in plan.written:
            users.setdefault(Ref("persistentvolumeclaim", plan.ref.namespace, name), []).append(plan)
    for about, using in users.items():
        if (claim := claims.get(about)) and (why := _contended(claim, using, pods)):
            names = ", ".join(sorted(str(plan.ref) for plan in using))
            yield foreseen("ClaimTwice", about, f"{names} {why}", facts=[("accessModes", ", ".join(claim.modes))])


def _ports(plans: list[PodPlan], pods: Mapping[Ref, Pod], *, alone: bool) -> Iterator[Foreseen]:
    """Yield ports that two pods of one node want; a pod that waits for a node can come to any."""
    with_ports = sorted((plan for plan in plans if plan.host_ports), key=lambda plan: plan.ref)
    for one, other in combinations(with_ports, 2):
        nodes = {pods[one.ref].node, pods[other.ref].node}
        if len(nodes) == 1 or ("" in nodes and alone):
            for address, protocol, number in sorted(one.host_ports):
                if any(_clash((address, protocol, number), each) for each in other.host_ports):
                    said = f"{one.ref} and {other.ref} want {protocol} port {number}"
                    yield foreseen("HostPortTwice", other.ref, said)


def _clash(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or "" in (one[0], other[0]))


def _contended(claim: Claim, using: list[PodPlan], pods: Mapping[Ref, Pod]) -> str:
    """Say why a claim's users are in each other's way; several pods of one node may well share a directory."""
    if len(using) < 2 or _MANY & set(claim.modes):  # noqa: PLR2004 - one is no trouble
        return ""
    if _ONE_POD in claim.modes:
        return f"have it, and {_ONE_POD} lets one pod alone"
    if len(nodes := {pods[plan.ref].node for plan in using} - {""}) > 1:
        return f"have it on {len(nodes)} nodes, and {_ONE_NODE} lets one alone"
    servers = [plan for plan in using if any(map(holds_data, plan.written[claim.ref.name]))]
    return "would both write to the files of a database" if len(servers) > 1 else ""
