"""The machine itself: its disks, the parts of its cluster, the API server, the nodes. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bootheal.causes import Evidence, Finding, Gravity, Source
from bootheal.causes.docker import DOCKER
from bootheal.causes.machine import of_node
from bootheal.cluster.freshness import node_doubt
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.known import entries
from bootheal.diagnosis.objects import refusal
from bootheal.diagnosis.relations import Relations
from bootheal.diagnosis.seen import compared, item, lasting
from bootheal.model import Component, ComponentState, Node, Ref, Symptom, Webhook
from bootheal.model.scene import Disk, Scene

# A kubelet removes images and ends pods at 5 to 15 %, so that less than this is what nobody could free.
FULL, INODES_USED_UP = 0.03, 0.01

# How systemd and Docker say that the kernel has ended something for want of memory.
STARVED = ("oom-kill", "killed for want of memory")

# What the aggregator says of an API whose Service is not there.
SERVICE_NOT_FOUND = "ServiceNotFound"

# How long what begins with a boot may take, and how long a complaint of it may last.
NODE_SECONDS, COMPLAINT_SECONDS = 180.0, 180.0

_STOPPED = frozenset({ComponentState.FAILED, ComponentState.STOPPED, ComponentState.MISSING})

_host = partial(compared, source=Source.HOST)


def machine_items(scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what is wrong with the machine, from the ground up."""
    if scene.host_silent:
        yield _silent(scene)
    for disk in scene.disks:
        yield from _disk(disk)
    for component in {part(each): each for each in (*scene.registries, *scene.facts.components)}.values():
        yield from _component(component, scene)
    for symptom in scene.facts.symptoms:
        yield _symptom(symptom, scene)
    if not scene.readiness.ready:
        word = "ApiRefuses" if scene.refused else "KubeconfigUnusable" if scene.unusable else "ApiSilent"
        yield _host(word, Ref("api-server", "", ""), scene.readiness.precisely, lasting(scene))
    for node in scene.nodes:
        yield from _node(node, scene)
    for each in scene.extensions.unavailable:
        word = "ApiGroupOrphaned" if each.why == SERVICE_NOT_FOUND else "ApiGroupUnavailable"
        yield _host(word, Ref("apiservice", "", each.name), each.why, lasting(scene))
    for webhook in scene.extensions.unreachable:
        yield _webhook(webhook, scene, relations)


def _silent(scene: Scene) -> Item:
    """Why the host tells nothing: in Docker's own last words, where it had some."""
    about = Ref("host", "", "docker")
    known = DOCKER.recognise(Evidence(source=Source.UNIT, text=scene.host_silent, about=about))
    return item(known, lasting(scene)) if known else _host("HostSilent", about, scene.host_silent, lasting(scene))


def _webhook(webhook: Webhook, scene: Scene, relations: Relations) -> Item:
    if not webhook.gone:
        said = f"webhook {webhook.name} of {webhook.configuration}"
        word = "WebhookBlocksItself" if _blocks_itself(webhook, scene, relations) else "WebhookUnanswered"
        return _host(word, webhook.service, said, lasting(scene))
    kind, _, name = webhook.configuration.partition(" ")
    said = f"webhook {webhook.name} asks {webhook.service}"
    return _host("WebhookOrphaned", Ref(kind.lower(), "", name), said, lasting(scene))


def _blocks_itself(webhook: Webhook, scene: Scene, relations: Relations) -> bool:
    """Tell whether the pods that are to answer cannot be made because nobody does."""
    service = relations.services.get(webhook.service)
    if service is None or relations.behind(service):
        return False
    own = {each.owner for each in relations.of_template(service)}
    wanted = (each for each in scene.workloads if each.ref in own and each.desired)
    return any(f'"{webhook.name}"' in (each.refused or refusal(each.ref, scene)) for each in wanted)


def _disk(disk: Disk) -> Iterator[Item]:
    about = Ref("disk", "", disk.path)
    free = (("free", f"{disk.free:.1%}"), ("free inodes", f"{disk.inodes:.1%}"))
    if disk.read_only:
        yield _host("DiskReadOnly", about, f"the file system of {disk.path}", facts=(("mounted", "read-only"),))
    if disk.free < FULL:
        yield _host("DiskFull", about, f"{disk.free:.1%} of it is free", facts=free)
    elif disk.inodes < INODES_USED_UP:
        yield _host("DiskInodes", about, f"{disk.inodes:.1%} of them are free", facts=free)


def part(component: Component | str, role: str = "") -> Ref:
    """Name a part of the cluster: a unit, or a container."""
    name, role = (component.name, component.role) if isinstance(component, Component) else (component, role)
    return Ref("unit" if role == "k3s" or name.endswith(".service") else "container", "", name)


def _component(component: Component, scene: Scene) -> Iterator[Item]:
    about, said = part(component), " ".join(filter(None, (component.state, component.why and f"({component.why})")))
    if component.state in _STOPPED:
        yield _host("ComponentStopped", about, said, lasting(scene, component.since))
    elif component.state is ComponentState.PAUSED:
        yield _host("ComponentPaused", about, said, lasting(scene))
    elif component.state is ComponentState.STARTING:
        yield _host("ComponentStarts", about, said, lasting(scene, component.since))
    elif component.state is ComponentState.RESTARTING:  # each start is younger than the trouble
        starved = any(each in component.why for each in STARVED)
        yield _host("ComponentStarved" if starved else "ComponentStarts", about, said, lasting(scene))


def _symptom(symptom: Symptom, scene: Scene) -> Item:
    """Tell a complaint of a journal, by its entry in the catalogue; it is of the last minute."""
    about, cause = part(symptom.component), entries().get(symptom.kind)
    if cause is None:
        return _host("ComponentComplains", about, symptom.text, lasting(scene))
    told = replace(cause, means=symptom.text, next_step=symptom.hint or cause.next_step)
    grave = symptom.fatal or cause.gravity is Gravity.DATA
    found = Finding(told, Evidence(source=Source.UNIT, about=about))
    seen = (("seen", "in its journal or log, in the last minute"),)
    # Who starts again and again complains in each of its lives; another one only since it began its own.
    whose = next((each for each in scene.facts.components if each.name == symptom.component), None)
    alive = whose.since if whose and whose.state is ComponentState.RUNNING else None
    return item(found, lasting(scene, alive), usual=None if grave else COMPLAINT_SECONDS, facts=seen)


def _node(node: Node, scene: Scene) -> Iterator[Item]:
    about, lease = Ref("node", "", node.name), scene.leases.get(node.name)
    ours = scene.boot_id is not None and node.boot_id == scene.boot_id
    here = scene.our_node
    if not node.ready and here is not None and not ours and here.ip == node.ip:
        yield _host("NodeFormerName", about, f"now it is {here.name}", lasting(scene))
        return
    doubt = ""
    if scene.boot_id is not None and (ours or here is None):
        doubt = node_doubt(node, lease, boot_id=scene.boot_id, boot_time=scene.boot_time, now=scene.now)
    if doubt:
        said = doubt.removeprefix(f"node {node.name} ")
        yield _host("NodeNotHeard", about, said, lasting(scene), usual=NODE_SECONDS)
    elif not node.ready and (found := of_node(node)):
        yield item(found, lasting(scene), usual=NODE_SECONDS)
    elif not node.ready:
        yield _host("NodeUnready", about, node.why, lasting(scene), usual=NODE_SECONDS)
    if node.pressures and not doubt:
        yield _host("NodePressure", about, ", ".join(node.pressures), lasting(scene))
