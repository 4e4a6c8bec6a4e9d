"""CoreDNS: whom it asks for names that are not the cluster's. Who asks itself does not start again. Pure."""

import re
from collections.abc import Iterator

from bootheal.model import Ref
from bootheal.model.machine import MachineFacts, is_own
from bootheal.model.prospect import Prospect
from bootheal.model.scene import Scene
from bootheal.preflight.foreseen import Foreseen, foreseen

SERVICE, DEPLOYMENT = Ref("service", "kube-system", "kube-dns"), Ref("deployment", "kube-system", "coredns")
LABEL = "k8s-app"

# "forward . 10.43.0.10:53 {", and the file that each pod has.
_FORWARD = re.compile(r"\s*(?:forward|proxy)\s+\.\s+([^{]+)")
_PORT = re.compile(r"(?<=[\d\]]):\d+$")
_FILE = "/etc/resolv.conf"


def foresee(scene: Scene, prospect: Prospect, seen: MachineFacts) -> Iterator[Foreseen]:
    """Say by which way its questions would come back to it: that it looks for as it starts, and at no other time."""
    services = {each.ref: each.cluster_ip for each in scene.services}
    own = {services.get(SERVICE, "")} | {
        pod.ip for pod in scene.pods if pod.ref.namespace == SERVICE.namespace and pod.labels.get(LABEL) == SERVICE.name
    }
    for target in upstreams(prospect.corefile):
        if target == _FILE:
            servers = [each for each in seen.nameservers if is_own(each)]
            if servers:
                said = f"{servers[0]}, of {seen.resolver}, which k3s is told to hand on"
                yield foreseen("NamesAskItself", DEPLOYMENT, said)
        elif is_own(target) or target in own - {""}:
            yield foreseen("NamesAskItself", DEPLOYMENT, f"{target}, of its Corefile")


def upstreams(corefile: str) -> Iterator[str]:
    """Yield whom it asks for all names that are nobody else's: addresses without their ports, or a file."""
    depth, all_names = 0, False
    for line in corefile.split("\n"):
        words = line.partition("#")[0]
        if depth == 0 and "{" in words:
            zones = words.partition("{")[0].replace("dns://", "").split()
            all_names = any(zone.partition(":")[0] == "." for zone in zones)
        if depth == 1 and all_names and (found := _FORWARD.match(words)):
            yield from (_PORT.sub("", each).strip("[]") for each in found[1].split())
        depth += words.count("{") - words.count("}")
