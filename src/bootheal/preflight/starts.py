"""Pods: would their containers begin again, and with the same values? Pure."""

from collections.abc import Iterator, Mapping
from functools import partial

from bootheal.cluster.freshness import WHOLE_SECOND
from bootheal.model import Pod, Ref, State
from bootheal.model.durations import DAY
from bootheal.model.prospect import Planned, PodPlan, Prospect
from bootheal.model.scene import Scene
from bootheal.preflight.foreseen import SOON_DAYS, Foreseen, ending, foreseen
from bootheal.preflight.places import holds_data
from bootheal.preflight.registries import missing, nearby, own_pods, registry_of

# Of its liveness probe's patience a start may take so much before the next one may be too long.
NEARLY = 0.5

MOST_TOLD = 4

# A certificate that is made anew by itself, and ends so soon: that has failed up to now.
KEPT_DAYS = 1.0


def foresee(scene: Scene, prospect: Prospect) -> Iterator[Foreseen]:
    """Say what would keep containers from starting as they were."""
    pods = scene.staying
    yield from _references(scene)
    changed = {node.name: node.ready_changed for node in scene.nodes}
    for plan in prospect.plans:
        if pod := pods.get(plan.ref):
            yield from _pod(plan, pod, scene, prospect)
            told_since = max(changed.get(pod.node) or 0.0, (pod.initialized or 0.0) - WHOLE_SECOND)
            yield from _impatient(plan, pod, told_since)
    yield from _values(pods, prospect)
    yield from _doors(scene, prospect)
    gone = {webhook.service for webhook in scene.extensions.unreachable if webhook.gone}
    for guard in prospect.guards:
        if guard.guards_own and guard.service not in gone:
            said = f"webhook {guard.name} is asked of pods in namespace {guard.service.namespace}, too"
            yield foreseen("WebhookGuardsItself", guard.service, said)


def _doors(scene: Scene, prospect: Prospect) -> Iterator[Foreseen]:
    for door in prospect.doors:
        days = (door.ends - scene.now) / DAY
        if days < (KEPT_DAYS if door.kept else SOON_DAYS):
            yield foreseen("IngressCertificateEnds", door.secret, ending(door.ends, scene.now))


def _references(scene: Scene) -> Iterator[Foreseen]:
    """Yield the objects, and keys in them, that are gone, each with all who need it."""
    desired = {workload.ref: workload.desired for workload in scene.workloads}
    needed: dict[tuple[Ref, str], list[Ref]] = {}
    for template in scene.templates:
        if desired.get(template.owner, 1) == 0:
            continue
        for need in template.needs:
            if need.about not in scene.keys:
                continue  # it could not be read
            keys = scene.keys[need.about]
            if keys is None:
                needed.setdefault((need.about, ""), []).append(template.owner)
            elif need.key and need.key not in keys:
                needed.setdefault((need.about, need.key), []).append(template.owner)
    for (about, key), owners in needed.items():
        lack = f"it has no key {key} any more" if key else "it is not there"
        users = _names(owners)
        yield foreseen("StartLacksReference", about, f"{lack}; {users} needs it", facts=[("needed by", users)])
    yield from _claims(scene)


def _claims(scene: Scene) -> Iterator[Foreseen]:
    claims = {claim.ref for claim in scene.claims}
    for pod in scene.pods if claims else ():
        for name in pod.claims:
            about = Ref("persistentvolumeclaim", pod.ref.namespace, name)
            if about not in claims and not pod.finished:
                yield foreseen("StartLacksReference", about, f"it is not there; {pod.ref} needs it")


def _pod(plan: PodPlan, pod: Pod, scene: Scene, prospect: Prospect) -> Iterator[Foreseen]:
    if not plan.returns and pod.owner is None and not pod.mirror:
        yield foreseen("EndsForGood", plan.ref, "no controller owns it, and its restartPolicy is not Always")
    account = Ref("serviceaccount", plan.ref.namespace, plan.account)
    known = {each.namespace for each in prospect.accounts}
    if plan.account and account.namespace in known and account not in prospect.accounts:
        yield foreseen("StartLacksAccount", account, f"{plan.ref} runs as it")
    for box in (*plan.init, *plan.containers):
        yield from _image(box, plan, pod, scene, prospect)
    for box in plan.containers:
        yield from _scratch(box, plan)


def _image(box: Planned, plan: PodPlan, pod: Pod, scene: Scene, prospect: Prospect) -> Iterator[Foreseen]:
    """Say what pulling it at the next boot depends on, where it would have to be pulled."""
    gone, registry = missing(box, pod, prospect), registry_of(box.image)
    if not gone and not (box.pulls_always and nearby(registry)):
        return
    said = f"{box.image}, from {registry}" if gone else f"imagePullPolicy Always, from {registry}"
    told = partial(foreseen, about=plan.ref, image=box.image, facts=[("node", pod.node), ("container", box.name)])
    if own := own_pods(registry, scene, prospect):
        yield told("ImageFromOwnPods", said=f"{said}, which is {own}")
    elif registry in prospect.silent:
        yield told("ImageRegistryDown", said=f"{said}: {prospect.silent[registry]}")
    else:
        yield told("ImageNotHere" if gone else "ImageAlwaysPulled", said=said)


def _scratch(box: Planned, plan: PodPlan) -> Iterator[Foreseen]:
    for path, in_memory in box.scratch.items():
        if holds_data(path):
            word = "DataInMemory" if in_memory else "DataInEmptyDir"
            yield foreseen(word, plan.ref, f"container {box.name} at {path}")


def _impatient(plan: PodPlan, pod: Pod, told_since: float) -> Iterator[Foreseen]:
    """Tell whose start takes nearly too long, by those that nothing has interrupted.

    Who was ready before its node went away, or before its kubelet began anew to tell of a static pod, `told_since`, has
    become ready again at once.
    """
    for box in plan.containers:
        running = next((each for each in pod.containers if each.name == box.name and each.state is State.RUNNING), None)
        if box.liveness is None or not pod.ready or pod.ready_changed is None or running is None:
            continue
        if running.started is None or running.started < told_since:
            continue
        took = pod.ready_changed - running.started
        if NEARLY * box.liveness < took <= box.liveness:
            said = f"container {box.name}: {took:.0f} s of {box.liveness:.0f} s"
            yield foreseen("LivenessImpatient", pod.ref, said)


def _values(pods: Mapping[Ref, Pod], prospect: Prospect) -> Iterator[Foreseen]:
    """Yield what was written after containers had taken their environment from it."""
    older: dict[Ref, list[Ref]] = {}
    for plan in prospect.plans:
        pod = pods.get(plan.ref)
        started = {each.name: each.started for each in pod.containers} if pod else {}
        for box in plan.containers:
            began = started.get(box.name)
            for about in box.taken if began else ():
                # Both times have whole seconds.
                if prospect.changed.get(about, 0.0) > (began or 0.0) + 1.0:
                    older.setdefault(about, []).append(plan.ref)
    for about, users in older.items():
        yield foreseen("StartOtherValues", about, f"{_names(users)} started before that")


def _names(refs: list[Ref]) -> str:
    once = list(dict.fromkeys(map(str, refs)))
    more = f" and {len(once) - MOST_TOLD} more" if len(once) > MOST_TOLD else ""
    return ", ".join(once[:MOST_TOLD]) + more
