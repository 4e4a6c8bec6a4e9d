"""The machine under the cluster: what it would boot with, by its own files. Pure."""

import re
from collections.abc import Iterator

from bootheal.model import Node, Ref
from bootheal.model.durations import DAY, day
from bootheal.model.machine import Certificate, Kubelet, MachineFacts
from bootheal.model.prospect import Prospect
from bootheal.model.scene import Scene
from bootheal.preflight.foreseen import SOON_DAYS, Foreseen, ending, foreseen

AUTHORITY_DAYS, OLD_SNAPSHOT_DAYS = 90.0, 2.0

# Where a cluster keeps what it cannot do without, beside its volumes.
OWN = ("/var/lib/rancher", "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet")

# From here on: kubelets refuse the old control groups, k3s reads drop-ins, a back-off may be shorter, without a gate.
REFUSES_OLD, SHORTENS, SHORTENS_BY_ITSELF = (1, 35), (1, 32), (1, 35)

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})")
_NOT_SET = ("", "0", "0s")

GRACE, BACK_OFF = "shutdowngraceperiod", "crashloopbackoffmaxcontainerrestartperiod"
FILE, ONE_FILE = "50-next-boot.conf", "/etc/rancher/k3s/kubelet.yaml"


def foresee(scene: Scene, prospect: Prospect, seen: MachineFacts) -> Iterator[Foreseen]:
    """Say what the machine would boot into."""
    for certificate in seen.certificates:
        yield from _certificate(certificate, seen.at)
    yield from _snapshot(seen)
    yield from _mounts(scene, prospect, seen)
    for name, why in seen.programs.items():
        yield foreseen("BootIsUpgrade", Ref("upgrade", "", name), f"{name}: {why}")
    yield from _kubernetes(scene.our_node, seen)
    yield from _swap(seen)
    if seen.battery is False:
        yield foreseen("ClockWithoutBattery", Ref("clock", "", ""), "it has no real-time clock")
    for disk, line in seen.complaints.items():
        yield foreseen("DiskComplains", Ref("disk", "", disk), line, facts=[("in", "the kernel's log of this boot")])
    yield from _addresses(scene, seen)
    if seen.kubelet is not None:
        yield from _quicker(seen.kubelet, _number(seen.kubernetes or _version(scene.our_node)))


def _certificate(seen: Certificate, now: float) -> Iterator[Foreseen]:
    about, left = Ref("file", "", seen.path), (seen.ends - now) / DAY
    said = ending(seen.ends, now)
    if seen.authority and left < AUTHORITY_DAYS:
        yield foreseen("AuthorityEnds", about, said)
    elif not seen.authority and left < SOON_DAYS:
        yield foreseen("CertificateMadeAnew" if seen.renewed else "KubeconfigEnds", about, said)


def _snapshot(seen: MachineFacts) -> Iterator[Foreseen]:
    store = seen.datastore
    if store is None or store.kind != "etcd":  # of sqlite k3s makes none
        return
    about = Ref("directory", "", store.directory)
    if store.newest is None:
        yield foreseen("SnapshotOld", about, "there is none")
    elif seen.at - store.newest > OLD_SNAPSHOT_DAYS * DAY:
        yield foreseen("SnapshotOld", about, f"the newest is of {day(store.newest)}")


def _mounts(scene: Scene, prospect: Prospect, seen: MachineFacts) -> Iterator[Foreseen]:
    places = {path: path for path in OWN}
    places |= {path: f"persistentvolume/{name}" for name, path in scene.directories.items()}
    places |= {path: str(plan.ref) for plan in prospect.plans for path in plan.host_paths}
    for mount in seen.mounts:
        users = [who for path, who in sorted(places.items()) if f"{path.rstrip('/')}/".startswith(f"{mount.path}/")]
        if users and not mount.kept:
            said = f"{mount.source} is in no line of fstab and no unit; {users[0]} is on it"
            yield foreseen("MountNotKept", Ref("mount", "", mount.path), said, facts=[("needed by", ", ".join(users))])
    for line in seen.lines:
        yield foreseen("DeviceGone", Ref("mount", "", line.path), f"{line.source} in /etc/fstab")


def _kubernetes(node: Node | None, seen: MachineFacts) -> Iterator[Foreseen]:
    running, then = _version(node), seen.kubernetes
    if running and then and running != then and "k3s" in running:
        yield foreseen("BootIsUpgrade", Ref("upgrade", "", "k3s"), f"k3s: {running} runs, and {then} is on the disk")
    allowed = seen.kubelet is not None and seen.kubelet.settings.get("failcgroupv1") == "false"
    if seen.old_cgroups and not allowed and _number(then) >= REFUSES_OLD > _number(running):
        yield foreseen("OldCgroups", Ref("unit", "", "k3s.service"), f"{then} is on the disk")
    if node and seen.node_name and seen.node_name != node.name:
        said = f"{seen.node_name} instead of {node.name}"
        yield foreseen("NodeNameDiffers", Ref("node", "", node.name), said)


def _swap(seen: MachineFacts) -> Iterator[Foreseen]:
    refuses = seen.kubelet is not None and seen.kubelet.settings.get("failswapon") == "true"
    for swap in seen.swaps:
        about = Ref("swap", "", swap.source)
        if swap.then and refuses:
            yield foreseen("SwapRefused", about, f"{swap.source}, and fail-swap-on=true")
        elif swap.now and not swap.then:
            yield foreseen("SwapChanges", about, "it is in use, and nothing brings it back")
        elif swap.then and not swap.now:
            yield foreseen("SwapChanges", about, "it is in /etc/fstab, and not in use")


def _addresses(scene: Scene, seen: MachineFacts) -> Iterator[Foreseen]:
    """Each pod is given a new address after a hard cut, while its old one stays taken."""
    leases, node = seen.leases, scene.our_node
    if leases is None or node is None:
        return
    pods = [pod for pod in scene.pods if pod.node == node.name and not pod.finished and pod.ip not in ("", node.ip)]
    if leases.size - leases.taken < len(pods):
        said = f"{leases.taken} of {leases.size} addresses are taken, and {len(pods)} pods would need another"
        yield foreseen("AddressesShort", Ref("directory", "", leases.directory), said)


def _quicker(kubelet: Kubelet, version: tuple[int, int]) -> Iterator[Foreseen]:
    """Name the file that would shorten the next recovery, with all that it must hold; nobody writes it but a person."""
    about = Ref("unit", "", "k3s.service")
    where = f"{kubelet.drop_ins}/{FILE}" if kubelet.drop_ins else ONE_FILE
    how = "" if kubelet.drop_ins else f"; and kubelet-arg: config={ONE_FILE} in /etc/rancher/k3s/config.yaml"
    head = "{apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration"
    if kubelet.settings.get(GRACE, "") in _NOT_SET:
        holds = f"{head}, shutdownGracePeriod: 30s, shutdownGracePeriodCriticalPods: 10s}}"
        yield foreseen("ShutdownNotGraceful", about, f"{where} with {holds}{how}")
    if kubelet.settings.get(BACK_OFF, "") in _NOT_SET and kubelet.drop_ins and version >= SHORTENS:
        gate = "" if version >= SHORTENS_BY_ITSELF else ", featureGates: {KubeletCrashLoopBackOffMax: true}"
        holds = f"{head}, crashLoopBackOff: {{maxContainerRestartPeriod: 20s}}{gate}}}"
        yield foreseen("CrashBackOffLong", about, f"{kubelet.drop_ins}/51-next-boot.conf with {holds}")


def told(seen: MachineFacts) -> Iterator[str]:
    """Say what was looked at, for what is well."""
    if count := sum(1 for each in seen.certificates if each.path.startswith("/var/lib/rancher/")):
        yield f"{count} certificates of k3s"
    if store := seen.datastore:
        newest = f", its newest snapshot of {day(store.newest)}" if store.newest else ""
        yield f"datastore {store.kind} in {store.directory}{newest}"
    if seen.mounts:
        yield f"{len(seen.mounts)} mounts"


def _version(node: Node | None) -> str:
    return node.version if node else ""


def _number(version: str) -> tuple[int, int]:
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
