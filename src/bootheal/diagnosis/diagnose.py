"""A moment in, causes out: each with what follows from it beneath it, the gravest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from bootheal.causes import Gravity
from bootheal.cluster.rollout import rollout
from bootheal.diagnosis.consequences import MILD, folded
from bootheal.diagnosis.held import held
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.machine import machine_items
from bootheal.diagnosis.objects import object_items
from bootheal.diagnosis.pods import pod_items
from bootheal.diagnosis.relations import Relations
from bootheal.diagnosis.seen import booted
from bootheal.diagnosis.services import service_items
from bootheal.exit_codes import ExitCode
from bootheal.model import Ref
from bootheal.model.scene import Scene

MOST_TOLD = 4

# What each pod of a node meets alike that needs it.
_OF_THE_NODE = frozenset(
    {
        "api-out-of-reach",
        "flannel-not-ready",
        "calico-unauthorized",
        "kernel-keys-used-up",
        "kernel-namespaces-used-up",
        "network-configuration-damaged",
        "network-plugin-addresses",
        "network-plugin-certificate",
        "network-plugin-cut-off",
        "network-plugin-missing",
        "network-plugin-not-ready",
        "network-plugin-unauthorized",
        "node-run-full",
        "bridge-of-another-subnet",
        "pod-addresses-used-up",
        "sandbox-foreign-rules",
        "sandbox-image-missing",
        "sandbox-kernel-modules",
        "sandbox-runtime-busy",
    }
)

# What no node gives a pod that has none yet, whichever pod it is.
_OF_ALL_NODES = frozenset({"node-cordoned", "node-disk-pressure", "node-memory-pressure", "node-not-ready"})
_ALL_NODES = Ref("node", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """`found` is what is not well; `passing` what is not well yet, and usually is by itself, or by bootheal.

    `began` is when this boot did: what is said to last since then may be younger. Times are seconds since the epoch.
    `held` stands still on purpose; `well` says what was looked at and is well; `gaps` what could not be looked at.
    `present`: the API server tells of objects; `blind`: it tells of no pods, so that much may be wrong.
    `missing` is what was asked for and is not there.
    """

    now: float
    began: float | None = None
    found: tuple[Item, ...] = ()
    passing: tuple[Item, ...] = ()
    held: tuple[tuple[Ref, str], ...] = ()
    well: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    present: bool = True
    blind: bool = False
    missing: tuple[Ref, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 where all is well, 3 where data is at risk, else 1: also where nobody can say."""
        if any(each.gravest is Gravity.DATA for each in self.found):
            return ExitCode.PERSON
        unwell = self.found or self.missing or (self.present and self.blind)
        return ExitCode.NOT_HEALED if unwell else ExitCode.HEALED

    def of(self, wanted: Sequence[Ref]) -> "Diagnosis":
        """Return what of it is about these objects, namespaces and what they stand on; all, where none is named."""
        if not wanted:
            return self
        return replace(
            self,
            found=tuple(each for each in self.found if _concerns(each, wanted)),
            passing=tuple(each for each in self.passing if _concerns(each, wanted)),
            held=tuple((ref, why) for ref, why in self.held if any(_is(ref, each) for each in wanted)),
        )

    def again(self, later: "Diagnosis") -> "Diagnosis":
        """Return a later one without what an earlier look did not see: evidence holds for two looks."""
        seen = {key for each in (*self.found, *self.passing) for part in each.all() for key in part.keys}
        return replace(
            later,
            found=tuple(each for each in later.found if each.keys & seen),
            passing=(*later.passing, *(each for each in later.found if not each.keys & seen)),
        )


def diagnose(scene: Scene) -> Diagnosis:
    """Find what is not well in a scene, and why."""
    relations = Relations(scene)
    checks = (machine_items(scene, relations), object_items(scene, relations), pod_items(scene, relations))
    items = _merged([*chain(*checks), *service_items(scene, relations)], relations)
    trees = sorted(folded(items, relations), key=lambda each: (-each.gravest.rank, each.age(scene.now) is None))
    told = [_why_it_matters(each, scene, relations) for each in trees]
    needed = {each.about for each in items if each.id == "workload-needed-at-zero"}
    return Diagnosis(
        now=scene.now,
        began=booted(scene),
        found=tuple(each for each in told if not _passes(each, scene.now)),
        passing=tuple(each for each in told if _passes(each, scene.now)),
        held=tuple((ref, why) for ref, why in held(scene) if ref not in needed),
        well=tuple(_well(scene, {part.about for each in items for part in each.all()})),
        gaps=scene.gaps,
        present=scene.present,
        blind=scene.blind,
    )


def _passes(tree: Item, now: float) -> bool:
    """Tell whether nothing of it is a fault yet; what follows from a trouble that still heals is none, either."""
    return tree.passing(now) and all(each.passing(now) or each.gravity in MILD for each in tree.all())


def _merged(items: Sequence[Item], relations: Relations) -> list[Item]:
    """Tell once what is true of several pods of one workload, or of one node, and once what is seen in two ways."""
    found: dict[tuple[object, ...], Item] = {}
    pods = {pod.ref: relations.workload_of(pod) for workload in relations.pods.values() for pod in workload}
    for each in items:
        whose = relations.node_of(each.about) if each.id in _OF_THE_NODE else None
        whose = _ALL_NODES if each.id in _OF_ALL_NODES else whose
        container = "" if whose else each.finding.evidence.container
        key = each.id, whose or pods.get(each.about, each.about), container
        if key not in found:
            found[key] = each
        elif each.about != found[key].about:
            since = min(filter(None, (each.since, found[key].since)), default=None)
            found[key] = replace(found[key], since=since, alike=(*found[key].alike, each.about))
    return list(found.values())


def _why_it_matters(tree: Item, scene: Scene, relations: Relations) -> Item:
    follows = list(dict.fromkeys(part.about for part in tree.all() if part.about != tree.about))
    if follows:
        return replace(tree, matters=f"{_names(follows)} {'does' if len(follows) == 1 else 'do'} not serve for it")
    about = tree.about
    owner = next((relations.workload_of(pod) for pod in scene.pods if pod.ref == about), about)
    workload = next((each for each in scene.workloads if each.ref == owner), None)
    if workload is not None and workload.desired:
        counted = replace(workload, refused="")  # why it is refused is told already
        return replace(tree, matters=f"{owner}: {rollout(counted, boot_time=scene.boot_time).why}")
    users = relations.names(about) if about.kind == "service" else _users(about, scene)
    if users:
        return replace(tree, matters=f"{_names(users)} {'needs' if len(users) == 1 else 'need'} it")
    return replace(tree, matters=_MATTERS[tree.gravity])


_MATTERS = {
    Gravity.PASSES: "it passes by itself as a rule",
    Gravity.HEALED: "bootheal run mends such things; where it did not, it says why",
    Gravity.PERSON: "nothing that waits or starts again mends it",
    Gravity.DATA: "what is written may be lost: change nothing before a copy is made",
}


def _users(about: Ref, scene: Scene) -> list[Ref]:
    if about.kind == "persistentvolumeclaim":
        claimed = (pod for pod in scene.pods if pod.ref.namespace == about.namespace and about.name in pod.claims)
        return [pod.ref for pod in claimed]
    return [pod.ref for pod in scene.pods if about.kind == "node" and pod.node == about.name]


def _names(refs: Sequence[Ref]) -> str:
    shown = ", ".join(map(str, refs[:MOST_TOLD]))
    return shown + (f" and {len(refs) - MOST_TOLD} more" if len(refs) > MOST_TOLD else "")


def _well(scene: Scene, unwell: set[Ref]) -> Iterator[str]:
    """Say how many of each kind were looked at, and are well."""
    counted = {
        "node": [Ref("node", "", node.name) for node in scene.nodes],
        "pod": [pod.ref for pod in scene.pods if pod.ready],
        "workload": [each.ref for each in scene.workloads if each.desired],
        "Service": [service.ref for service in scene.services],
        "claim": [claim.ref for claim in scene.claims if claim.phase == "Bound"],
        "disk": [Ref("disk", "", disk.path) for disk in scene.disks],
    }
    for kind, refs in counted.items():
        if well := len([ref for ref in refs if ref not in unwell]):
            yield f"{well} {kind}{'s' * (well != 1)}"
    if scene.readiness.ready and scene.present:
        yield "the API server"
    components = [each for each in scene.facts.components if each.state == "running"]
    yield from (each.name for each in components if each.name not in {ref.name for ref in unwell})
    if scene.facts.clock_synchronised:
        yield "the clock"


def _concerns(tree: Item, wanted: Sequence[Ref]) -> bool:
    """Tell whether it is about what is wanted, or what that stands on: what follows from it is; all of the machine."""
    refs = [ref for part in tree.all() for ref in (part.about, *part.alike)]
    return any(_is(ref, each) for ref in refs for each in wanted) or not tree.about.namespace


def _is(ref: Ref, wanted: Ref) -> bool:
    """Tell whether an object is one of what is wanted: itself, or in that namespace."""
    if wanted.kind == "namespace":
        return wanted.name in (ref.namespace, ref.name if ref.kind == "namespace" else "")
    return ref == wanted
