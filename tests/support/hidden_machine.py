"""What a machine would boot into, and nothing shows yet; beside what looks like it and is well."""

from dataclasses import replace
from typing import Any

from bootheal.model.machine import Certificate, Datastore, Kubelet, Leases, MachineFacts, Mount, Swap, TableLine
from bootheal.preflight import Seen, Sure
from support.objects import a_node
from support.prospects import DAY, Faults, Healthy, all_well, prospect, web
from support.scenes import NOW, a_scene

MAY, CHANGES, SLOWS = Sure.MAY_BREAK, Sure.CHANGES, Sure.SLOWS

TLS = "/var/lib/rancher/k3s/server/tls"
SNAPSHOTS = "/var/lib/rancher/k3s/server/db/snapshots"
DROP_INS = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d"
TUNED = {"shutdowngraceperiod": "30s", "crashloopbackoffmaxcontainerrestartperiod": "20s"}
CNI = "/var/lib/cni/networks/cbr0"

OLD, NEW = "v1.34.6+k3s1", "v1.35.1+k3s1"


def machine(*, running: str = OLD, **facts: Any) -> Seen:
    """A machine with these facts, on which k3s runs in this version."""
    made = replace(MachineFacts(at=NOW, node_name="box", battery=True, kubelet=Kubelet(TUNED, DROP_INS)), **facts)
    return all_well(scene=a_scene(nodes=(a_node(version=running),)), machine=made)


def with_volume(*mounts: Mount) -> Seen:
    """Where the volume of a claim lies in a directory of the machine, and what is mounted."""
    seen = machine(mounts=mounts)
    return replace(seen, scene=replace(seen.scene, directories={"pvc-1": "/srv/data/pvc-1"}))


def signed(name: str, days: float, **fields: Any) -> Seen:
    """A certificate of k3s' that ends so many days from now."""
    return machine(certificates=(Certificate(f"{TLS}/{name}.crt", NOW + days * DAY, **fields),))


MACHINE: Faults = {
    "an authority of k3s' that ends next month": (
        lambda: signed("server-ca", 30, authority=True),
        ("certificate-authority-ends", f"file/{TLS}/server-ca.crt", MAY),
    ),
    "a certificate of k3s' that ends this week": (
        lambda: signed("client-admin", 5, renewed=True),
        ("certificate-made-anew", f"file/{TLS}/client-admin.crt", CHANGES),
    ),
    "one that has ended while k3s runs": (
        lambda: signed("client-admin", -1, renewed=True),
        ("certificate-made-anew", f"file/{TLS}/client-admin.crt", CHANGES),
    ),
    "a copy of a kubeconfig that nobody renews": (
        lambda: signed("admin", 5),
        ("kubeconfig-ends", f"file/{TLS}/admin.crt", MAY),
    ),
    "etcd without a snapshot": (
        lambda: machine(datastore=Datastore("etcd", SNAPSHOTS)),
        ("datastore-snapshot-old", f"directory/{SNAPSHOTS}", MAY),
    ),
    "etcd whose snapshots have stopped": (
        lambda: machine(datastore=Datastore("etcd", SNAPSHOTS, NOW - 9 * DAY)),
        ("datastore-snapshot-old", f"directory/{SNAPSHOTS}", MAY),
    ),
    "a volume on a disk that was mounted by hand": (
        lambda: with_volume(Mount("/srv/data", "/dev/sdb1", kept=False)),
        ("mount-not-kept", "mount//srv/data", MAY),
    ),
    "k3s' own directory on a disk that was mounted by hand": (
        lambda: machine(mounts=(Mount("/var/lib/rancher", "/dev/sdb1", kept=False),)),
        ("mount-not-kept", "mount//var/lib/rancher", MAY),
    ),
    "a directory of the node that a pod has, on such a disk": (
        lambda: replace(
            machine(mounts=(Mount("/srv", "/dev/sdb1", kept=False),)),
            prospect=prospect(replace(web(), host_paths=("/srv/media",))),
        ),
        ("mount-not-kept", "mount//srv", MAY),
    ),
    "a disk of fstab that was taken out": (
        lambda: machine(lines=(TableLine("UUID=17-4", "/srv/old"),)),
        ("fstab-device-gone", "mount//srv/old", MAY),
    ),
    "an I/O error in the kernel's log": (
        lambda: machine(complaints={"sda": "critical medium error, dev sda, sector 17"}),
        ("kernel-complains-of-disk", "disk/sda", MAY),
    ),
    "a kernel on the disk that is not the running one": (
        lambda: machine(programs={"linux": "6.1.0-28-amd64 runs, and 6.1.0-30-amd64 is on the disk"}),
        ("boot-is-upgrade", "upgrade/linux", CHANGES),
    ),
    "a k3s on the disk that is not the running one": (
        lambda: machine(kubernetes="v1.34.7+k3s1"),
        ("boot-is-upgrade", "upgrade/k3s", CHANGES),
    ),
    "a Kubernetes on the disk that refuses the old control groups": (
        lambda: machine(old_cgroups=True, kubernetes=NEW, running=""),
        ("kubelet-refuses-old-cgroups", "unit/k3s.service", MAY),
    ),
    "swap that was switched on by hand": (
        lambda: machine(swaps=(Swap("/swapfile", now=True, then=False),)),
        ("swap-changes", "swap//swapfile", CHANGES),
    ),
    "swap that was switched off by hand": (
        lambda: machine(swaps=(Swap("/swapfile", now=False, then=True),)),
        ("swap-changes", "swap//swapfile", CHANGES),
    ),
    "swap where the kubelet is told to refuse it": (
        lambda: machine(
            swaps=(Swap("/swapfile", now=False, then=True),),
            kubelet=Kubelet({**TUNED, "failswapon": "true"}, DROP_INS),
        ),
        ("kubelet-refuses-swap", "swap//swapfile", MAY),
    ),
    "a board without a real-time clock": (
        lambda: machine(battery=False),
        ("clock-without-battery", "clock", CHANGES),
    ),
    "addresses that earlier hard cuts have left taken": (
        lambda: machine(leases=Leases(CNI, size=253, taken=251)),
        ("pod-addresses-short", f"directory/{CNI}", MAY),
    ),
    "a host that was given another name": (
        lambda: machine(node_name="new-box"),
        ("node-name-differs", "node/box", MAY),
    ),
    "a kubelet that ends pods without asking them": (
        lambda: machine(kubelet=Kubelet({**TUNED, "shutdowngraceperiod": "0s"}, DROP_INS)),
        ("shutdown-not-graceful", "unit/k3s.service", SLOWS),
    ),
    "a kubelet whose back-off grows to minutes": (
        lambda: machine(kubelet=Kubelet({"shutdowngraceperiod": "30s"}, DROP_INS)),
        ("crash-back-off-long", "unit/k3s.service", SLOWS),
    ),
}

MACHINE_WELL: Healthy = {
    "certificates that end next year": lambda: signed("client-admin", 300, renewed=True),
    "an authority that ends in some years": lambda: signed("server-ca", 3000, authority=True),
    "etcd with a snapshot of this night": lambda: machine(datastore=Datastore("etcd", SNAPSHOTS, NOW - 3600)),
    "sqlite, of which k3s makes none": lambda: machine(datastore=Datastore("sqlite", "/var/lib/rancher")),
    "a volume on a disk of fstab": lambda: with_volume(Mount("/srv/data", "/dev/sdb1", kept=True)),
    "a stick that somebody has put in": lambda: with_volume(Mount("/media/stick", "/dev/sdc1", kept=False)),
    "a disk beside a volume": lambda: with_volume(Mount("/srv/data/pvc", "/dev/sdc1", kept=False)),
    "the same k3s": lambda: machine(kubernetes=OLD),
    "old control groups under an old Kubernetes": lambda: machine(old_cgroups=True, kubernetes=OLD),
    "old control groups that a new Kubernetes runs on already": lambda: machine(
        old_cgroups=True, kubernetes=NEW, running=NEW
    ),
    "old control groups that a new Kubernetes is told to take": lambda: machine(
        old_cgroups=True, kubernetes=NEW, running="", kubelet=Kubelet({**TUNED, "failcgroupv1": "false"}, DROP_INS)
    ),
    "swap that is the same after a boot": lambda: machine(swaps=(Swap("/swapfile", now=True, then=True),)),
    "addresses enough": lambda: machine(leases=Leases(CNI, size=253, taken=30)),
    "a machine that tells nothing": lambda: machine(battery=None, node_name="", kubelet=None),
    "a k3s too old for a shorter back-off": lambda: machine(kubelet=Kubelet({"shutdowngraceperiod": "30s"})),
}
