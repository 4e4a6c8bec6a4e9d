"""Where images come from: what this node has not, and whether who has it comes up by itself. Pure."""

import re

from bootheal.model import Pod
from bootheal.model.numbers import port as port_of
from bootheal.model.prospect import Planned, Prospect
from bootheal.model.scene import Scene

# A registry of this machine or its network comes up with the machine.
_LOCAL = re.compile(
    r"localhost|127\.|\[?::1|(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|[^.:]+(?::|$)|.*\.(?:local|lan|internal|svc)$"
)
_THIS_MACHINE = re.compile(r"localhost$|127\.|\[?::1")

MOST_ASKED = 8


def full_name(image: str) -> str:
    """Return an image as a runtime names it: with the registry and the tag that were left out."""
    head, slash, _ = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif not (head == "localhost" or "." in head or ":" in head):
        image = f"docker.io/{image}"
    path, at, digest = image.partition("@")
    before, _, last = path.rpartition("/")
    name, colon, tag = last.partition(":")
    if at:
        return f"{before}/{name}@{digest}"
    return f"{before}/{name}:{tag if colon else 'latest'}"


def registry_of(image: str) -> str:
    """Return the first part of an image's full name: "localhost:5000"."""
    return full_name(image).partition("/")[0]


def nearby(registry: str) -> bool:
    """Tell whether a registry is of this machine, its cluster or its network; who is elsewhere is not asked."""
    return _LOCAL.match(_host(registry)) is not None


def missing(box: Planned, pod: Pod, prospect: Prospect) -> bool:
    """Tell whether a pod's node tells of all its images, and of this one not."""
    here = prospect.images.get(pod.node, frozenset())
    return pod.node in prospect.complete and full_name(box.image) not in map(full_name, here)


def needed(scene: Scene, prospect: Prospect) -> tuple[str, ...]:
    """Return the registries nearby, beside our own pods, that the next boot would pull from."""
    pods = scene.staying
    found = {
        registry_of(box.image)
        for plan in prospect.plans
        if plan.ref in pods
        for box in (*plan.init, *plan.containers)
        if box.image and (box.pulls_always or missing(box, pods[plan.ref], prospect))
    }
    return tuple(sorted(each for each in found if nearby(each) and not own_pods(each, scene, prospect)))[:MOST_ASKED]


def own_pods(registry: str, scene: Scene, prospect: Prospect) -> str:
    """Name the Service or the pod of this cluster that serves a registry, "" where it is none of ours."""
    host, port = _host(registry), port_of(registry.rpartition(":")[2])
    of_nodes = {node.ip for node in scene.nodes if node.ip} | {node.name for node in scene.nodes}
    here = host in of_nodes or _THIS_MACHINE.match(host) is not None
    for service in scene.services:
        name = f"{service.ref.name}.{service.ref.namespace}"
        if host in (service.cluster_ip, name) or host.startswith(f"{name}.svc"):
            return str(service.ref)
        if here and port and port in service.node_ports:
            return f"{service.ref}, by its nodePort"
    for plan in prospect.plans:
        if here and any(number == port for _, _, number in plan.host_ports):
            return f"{plan.ref}, by its hostPort"
    return ""


def _host(registry: str) -> str:
    name, colon, port = registry.rpartition(":")
    return name if colon and port.isdecimal() else registry
