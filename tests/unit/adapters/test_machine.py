"""What a machine would boot with, read from its files: each fault is brought about there and named, nothing else."""

import base64
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bootheal.adapters import x509 as ours
from bootheal.adapters.machine import certificates, kernel, mounts
from bootheal.adapters.machine.k3s import asked_themselves
from bootheal.adapters.machine.read import machine_facts, mode
from bootheal.adapters.systemctl import Commands
from bootheal.model.machine import MachineFacts
from bootheal.preflight import Seen, forecast
from support.objects import a_node
from support.prospects import DAY, all_well
from support.scenes import a_scene

TLS, DB = "var/lib/rancher/k3s/server/tls", "var/lib/rancher/k3s/server/db"
DROP_INS = "var/lib/rancher/k3s/agent/etc/kubelet.conf.d"
NETWORK = "var/lib/cni/networks/cbr0"
UNIT, UNIT_FILES = "k3s.service", "etc/systemd/system"
VERSION = "v1.34.6+k3s1"
LAN, NAS = "registry.lan:5000", "nas.lan:5000"

TUNED = """\
apiVersion: kubelet.config.k8s.io/v1beta1
shutdownGracePeriod: 30s
crashLoopBackOff: {maxContainerRestartPeriod: 20s}
"""
ROOT_DISK = "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n"
DATA_DISK = "40 22 8:17 / /var/lib/rancher rw,relatime shared:9 - ext4 /dev/sdb1 rw\n"
KEY = ec.generate_private_key(ec.SECP256R1())


@cache
def a_certificate(days: float) -> bytes:
    """A real one, which ends so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "k3s")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    now = datetime.now(UTC).replace(microsecond=0)
    builder = builder.serial_number(1 << 100).not_valid_before(now - timedelta(days=400))
    made = builder.not_valid_after(now + timedelta(days=days)).sign(KEY, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


class Machine:
    """A directory in the place of a machine's root, on which all is well."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/self/mountinfo", ROOT_DISK + DATA_DISK)
        self.write(
            "etc/fstab", "# a comment\nUUID=root-1 / ext4 defaults 0 1\n/dev/sdb1 /var/lib/rancher/ ext4 defaults\n"
        )
        self.write("run/udev/data/b8:2", "S:disk/by-uuid/root-1\nE:ID_FS_UUID=root-1\nE:ID_FS_LABEL=root\n")
        self.write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 100\n")
        self.write("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n")
        self.write("etc/hostname", "box\n")
        self.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
        self.write("sys/class/rtc/rtc0/name", "rtc_cmos\n")
        for name in ("sda", "sda2", "sdb", "sdb1"):
            self.write(f"sys/class/block/{name}/dev", "8:0\n")
        self.write("boot/vmlinuz-6.1.0-28-amd64", "")
        self.write("boot/vmlinuz-6.1.0-9-amd64", "")
        self.write(f"{TLS}/server-ca.crt", a_certificate(3000))
        self.write(f"{TLS}/etcd/client.crt", a_certificate(300))
        self.write(f"{TLS}/dynamic-cert.json", "{}")
        self.write(f"{DB}/etcd/member", "")
        self.write(f"{DB}/snapshots/etcd-snapshot-box-1", "")
        self.write(f"{DROP_INS}/50-mine.conf", TUNED)
        self.write("run/flannel/subnet.env", "FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.0.1/29\n")
        self.write(f"{NETWORK}/10.42.0.2", "container\neth0")
        self.write(f"{NETWORK}/last_reserved_ip.0", "10.42.0.2")
        self.program("k3s", f"echo 'k3s version {VERSION} (1a2b)'")
        self.log("Linux version 6.1.0-28-amd64", "EXT4-fs (sda2): mounted filesystem with ordered data mode")

    def write(self, path: str, content: str | bytes) -> None:
        """Put a file there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def add(self, path: str, line: str) -> None:
        """Add a line to a file."""
        self.write(path, (self.root / path).read_text() + line + "\n")

    def program(self, name: str, script: str) -> None:
        """Let a program do this."""
        self.write(f"bin/{name}", f"#!/bin/sh\n{script}\n")
        (self.root / "bin" / name).chmod(0o755)

    def log(self, *lines: str) -> None:
        """Let the kernel have said this."""
        self.write("kernel", "".join(json.dumps({"MESSAGE": line}) + "\n" for line in lines))
        self.program("journalctl", f"cat {self.root}/kernel")

    def facts(self, kubeconfig: Path | None = None, unit: str = UNIT) -> MachineFacts:
        """Read it all."""
        commands = Commands("false", str(self.root / "bin/journalctl"))
        program = str(self.root / "bin/k3s")
        return machine_facts(unit, kubeconfig=kubeconfig, root=self.root, commands=commands, program=program)

    def foreseen(self, kubeconfig: Path | None = None) -> list[tuple[str, str]]:
        """Return what `preflight` says of it."""
        scene = a_scene(nodes=(a_node(version=VERSION),))
        seen: Seen = replace(all_well(), scene=scene, machine=self.facts(kubeconfig))
        return [(each.id, str(each.about)) for each in forecast(seen).found]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One on which all is well."""
    return Machine(tmp_path)


def test_a_healthy_machine_tells_of_nothing(machine: Machine) -> None:
    """Everything is read, and nothing of it is a finding or a gap."""
    facts = machine.facts()
    assert machine.foreseen() == []
    assert (facts.gaps, len(facts.certificates), facts.kubernetes, facts.node_name) == ((), 2, VERSION, "box")
    assert facts.datastore
    assert facts.datastore.newest
    assert facts.leases
    assert (facts.leases.size, facts.leases.taken) == (5, 1)
    assert [each.path for each in facts.mounts] == ["/var/lib/rancher"]


def _old_snapshot(machine: Machine) -> None:
    old = time.time() - 3 * DAY
    os.utime(machine.root / f"{DB}/snapshots/etcd-snapshot-box-1", (old, old))


def _none(machine: Machine) -> None:
    (machine.root / f"{DB}/snapshots/etcd-snapshot-box-1").unlink()


def _by_hand(machine: Machine) -> None:
    machine.write("etc/fstab", "UUID=root-1 / ext4 defaults 0 1\n")


def _newer_link(machine: Machine) -> None:
    (machine.root / "vmlinuz").symlink_to("boot/vmlinuz-6.1.0-30-amd64")


def _first_cgroups(machine: Machine) -> None:
    (machine.root / "sys/fs/cgroup/cgroup.controllers").unlink()
    machine.write("sys/fs/cgroup/memory/tasks", "")
    machine.program("k3s", "echo 'k3s version v1.35.0+k3s1 (1a2b)'")


def _no_clock(machine: Machine) -> None:
    (machine.root / "sys/class/rtc/rtc0/name").unlink()
    (machine.root / "sys/class/rtc/rtc0").rmdir()


def _taken(machine: Machine) -> None:
    for number in (3, 4, 5):
        machine.write(f"{NETWORK}/10.42.0.{number}", "container of an earlier boot\neth0")


def _named(machine: Machine) -> None:
    machine.write(
        "etc/systemd/system/k3s.service",
        "ExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--node-name' \\\n\t'old' \\\n",
    )


def _guest(machine: Machine) -> None:
    _no_clock(machine)
    machine.write("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock \n")


def _own_resolver(machine: Machine) -> None:
    machine.write("etc/rancher/k3s/config.yaml", "resolv-conf: /etc/resolv.conf\n")
    machine.write("etc/resolv.conf", "# by systemd-resolved\nnameserver 127.0.0.53\noptions edns0\n")


UPGRADE, K3S = ("boot-is-upgrade", "upgrade/linux"), ("boot-is-upgrade", "upgrade/k3s")
FAULTS: dict[str, tuple[Callable[[Machine], None], list[tuple[str, str]]]] = {
    "an authority that ends soon": (
        lambda machine: machine.write(f"{TLS}/server-ca.crt", a_certificate(20)),
        [("certificate-authority-ends", f"file//{TLS}/server-ca.crt")],
    ),
    "a certificate that ends soon, among others in its file": (
        lambda machine: machine.write(f"{TLS}/client-admin.crt", a_certificate(200) + a_certificate(3)),
        [("certificate-made-anew", f"file//{TLS}/client-admin.crt")],
    ),
    "a kubelet's certificate that has ended": (
        lambda machine: machine.write("var/lib/rancher/k3s/agent/client-kubelet.crt", a_certificate(-2)),
        [("certificate-made-anew", "file//var/lib/rancher/k3s/agent/client-kubelet.crt")],
    ),
    "snapshots that have stopped": (_old_snapshot, [("datastore-snapshot-old", f"directory//{DB}/snapshots")]),
    "no snapshot": (_none, [("datastore-snapshot-old", f"directory//{DB}/snapshots")]),
    "a mount by hand": (_by_hand, [("mount-not-kept", "mount//var/lib/rancher")]),
    "a line whose device is gone, by its UUID": (
        lambda machine: machine.add("etc/fstab", "UUID=gone /srv/old\\040disk ext4 defaults 0 2"),
        [("fstab-device-gone", "mount//srv/old disk")],
    ),
    "likewise, by its name": (
        lambda machine: machine.add("etc/fstab", "/dev/sdc1 /srv ext4 defaults 0 2"),
        [("fstab-device-gone", "mount//srv")],
    ),
    "likewise, a logical volume": (
        lambda machine: machine.add("etc/fstab", "/dev/mapper/vg-data /srv xfs defaults 0 2"),
        [("fstab-device-gone", "mount//srv")],
    ),
    "another kernel, as the distribution links it": (_newer_link, [UPGRADE]),
    "another kernel of the same flavour": (
        lambda machine: machine.write("boot/vmlinuz-6.1.0-30-amd64", ""),
        [UPGRADE],
    ),
    "another k3s": (lambda machine: machine.program("k3s", "echo 'k3s version v1.34.9+k3s1 (1a2b)'"), [K3S]),
    "a k3s that refuses the old control groups": (
        _first_cgroups,
        [("kubelet-refuses-old-cgroups", "unit/k3s.service"), K3S],
    ),
    "no real-time clock": (_no_clock, [("clock-without-battery", "clock")]),
    "no real-time clock, on a machine whose host tells it the time": (_guest, []),
    "swap by hand": (
        lambda machine: machine.add("proc/swaps", "/swapfile file 2097148 0 -2"),
        [("swap-changes", "swap//swapfile")],
    ),
    "swap that was switched off": (
        lambda machine: machine.add("etc/fstab", "/swapfile none swap sw 0 0"),
        [("swap-changes", "swap//swapfile")],
    ),
    "addresses that dead containers keep": (_taken, [("pod-addresses-short", f"directory//{NETWORK}")]),
    "another host name": (lambda machine: machine.write("etc/hostname", "new\n"), [("node-name-differs", "node/box")]),
    "another name in the unit": (_named, [("node-name-differs", "node/box")]),
    "a file for its pods that names the node's own resolver": (
        _own_resolver,
        [("dns-asks-itself", "deployment/kube-system/coredns")],
    ),
    "no grace at a shutdown": (
        lambda machine: machine.write(f"{DROP_INS}/60-later.conf", "shutdownGracePeriod: 0s\n"),
        [("shutdown-not-graceful", "unit/k3s.service")],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_machines_files_is_named_and_nothing_else(machine: Machine, fault: str) -> None:
    """What was just well is named, by its rule and on its object."""
    bring_about, expected = FAULTS[fault]
    bring_about(machine)
    assert machine.foreseen() == expected


COMPLAINTS = [
    ("blk_update_request: I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0", "sda"),
    ("critical medium error, dev sda, sector 17 op 0x0:(READ)", "sda"),
    ("Buffer I/O error on dev sda2, logical block 7, async page read", "sda2"),
    ("EXT4-fs error (device sda2): ext4_find_entry:1455: inode #2: comm k3s: reading directory lblock 0", "sda2"),
    ("EXT4-fs (sda2): Remounting filesystem read-only", "sda2"),
    ("XFS (sda2): Corruption of in-memory data (0x8) detected at xfs_defer_finish", "sda2"),
    ("BTRFS error (device sda2): bdev /dev/sda2 errs: wr 0, rd 7", "sda2"),
    # longhorn#2775, #6650, gardenlinux#263; fs/xfs, fs/btrfs, drivers/md, drivers/scsi
    ("EXT4-fs (sda2): warning: mounting fs with errors, running e2fsck is recommended", "sda2"),
    ("EXT4-fs (sda2): I/O error while writing superblock", "sda2"),
    ("EXT4-fs warning (device sda2): ext4_end_bio:309: I/O error 10 writing to inode 393228", "sda2"),
    ("EXT4-fs warning (device sda2): htree_dirblock_to_tree:997: inode #5: comm etcd: error -5 reading block", "sda2"),
    ('XFS (sda2): metadata I/O error in "xfs_trans_read_buf_map" at daddr 0x3a0 len 32 error 5', "sda2"),
    ("XFS (sda2): Internal error xfs_trans_cancel at line 954 of file fs/xfs/xfs_trans.c", "sda2"),
    ("XFS (sda2): log mount/recovery failed: error -117", "sda2"),
    ("BTRFS: error (device sda2) in btrfs_commit_transaction:2377: errno=-5 IO failure", "sda2"),
    ("BTRFS warning (device sda2): csum failed root 5 ino 257 off 0 csum 0x98f94189 expected csum 0x2a", "sda2"),
    ("BTRFS info (device sda2: state E): forced readonly", "sda2"),
    ("md/raid1:md0: Disk failure on sda2, disabling device.", "sda2"),
    ("sd 3:0:0:1: [sda] tag#50 Sense Key : Medium Error [current] ", "sda"),
    ("sd 3:0:0:1: [sda] tag#50 Sense Key : Illegal Request [current] ", ""),
    ("I/O error, dev sda, sector 0 op 0x3:(DISCARD) flags 0x800 phys_seg 1 prio class 2", ""),
    ("critical target error, dev sda, sector 0 op 0x9:(WRITE_ZEROES) flags 0x800", ""),
    ("EXT4-fs (sda2): recovery complete", ""),
    ("EXT4-fs warning (device sda2): dx_probe: Directory index full!", ""),
    ("XFS (sda2): Starting recovery (logdev: internal)", ""),
    ("BTRFS info (device sda2): bdev /dev/sda2 errs: wr 0, rd 0, flush 0, corrupt 2, gen 0", ""),
    ("I/O error, dev sr0, sector 0 op 0x0:(READ)", ""),
    ("I/O error, dev sdq, sector 0 op 0x0:(READ)", ""),
    ("EXT4-fs (sda2): mounted filesystem with ordered data mode", ""),
]


@pytest.mark.parametrize(("line", "disk"), COMPLAINTS)
def test_a_complaint_of_the_kernel_of_a_disk_that_the_cluster_is_on(line: str, disk: str) -> None:
    """In the words of each file system; a stick, a CD and what is well are none of our business."""
    assert kernel.complaints([line], frozenset({"sda2"})) == ({disk: line} if disk else {})


def test_a_disk_that_the_kernel_complains_of_is_named(machine: Machine) -> None:
    """Data is at risk: the journal is asked, of this boot alone. Where it cannot be read, that is a gap."""
    machine.log("I/O error, dev sdb, sector 2048 op 0x0:(READ) flags 0x0", "I/O error, dev sdc, sector 1")
    found = forecast(all_well(machine=machine.facts(), scene=a_scene(nodes=(a_node(version=VERSION),))))
    assert [(each.id, str(each.about)) for each in found.found] == [("kernel-complains-of-disk", "disk/sdb")]
    assert found.code() == 3
    machine.program("journalctl", "exit 1")
    assert "not ours to read" in machine.facts().gaps[0]


def test_the_disks_that_a_directory_is_on(machine: Machine) -> None:
    """A logical volume is on the disks that it is made from; what is on no device is on none."""
    machine.write("sys/class/block/dm-0/dm/name", "vg-root\n")
    machine.write("sys/class/block/dm-0/slaves/nvme0n1p2/dev", "259:2\n")
    where = {"/": "/dev/mapper/vg-root", "/var/lib/docker": "/dev/sda2", "/var/lib/rancher": "tank/rancher"}
    lines = (f"22 1 8:2 / {path} rw - ext4 {source} rw\n" for path, source in where.items())
    machine.write("proc/self/mountinfo", "".join(lines))
    found = mounts.devices(machine.root, ["/var/lib/rancher", "/var/lib/docker/x", "/var/lib/dockers"])
    assert found == {"dm-0", "nvme0n1p2", "sda2"}
    assert kernel.complaints(["I/O error, dev nvme0n1, sector 1"], found)
    assert not kernel.complaints(["I/O error, dev nvme1n1, sector 1"], found)
    assert kernel.complaints(["nvme nvme0: controller is down; will reset: CSTS=0xffffffff"], found)
    assert not kernel.complaints(["nvme nvme1: controller is down; will reset: CSTS=0xffffffff"], found)
    assert not kernel.complaints(["nvme nvme0: 8/0/0 default/read/poll queues"], found)


NOT_MOUNTED = [
    "41 22 0:29 / /sys/fs/bpf rw - bpf bpf rw",
    "41 22 0:35 / /srv/fast rw - tmpfs tmpfs rw",
    "41 22 0:36 / /srv rw - zfs tank/srv rw",
    "41 22 8:2 /srv /srv rw - ext4 /dev/sda2 rw",
    "41 22 8:2 /tmp/systemd-private-1a-bootheal.service-x/tmp /srv rw - ext4 /dev/sda2 rw",
    "half a line - of",
]


@pytest.mark.parametrize("line", NOT_MOUNTED)
def test_what_is_no_mount_that_fstab_should_have(machine: Machine, line: str) -> None:
    """The kernel's own, what somebody's service mounts, and what the sandbox of a service puts in its place."""
    machine.add("proc/self/mountinfo", line)
    assert [each.path for each in machine.facts().mounts] == ["/var/lib/rancher"]


REMOTE = ["nas:/export", "//nas/share", "[fd00::1]:/export"]


@pytest.mark.parametrize("source", REMOTE)
def test_a_share_of_another_machine_is_a_mount(machine: Machine, source: str) -> None:
    """It is missing after a boot just as a disk is."""
    machine.add("proc/self/mountinfo", f"41 22 0:40 / /srv\\040x rw - nfs4 {source} rw")
    (mount,) = [each for each in machine.facts().mounts if each.path == "/srv x"]
    assert (mount.source, mount.kept) == (source, False)


def test_in_a_container_its_host_decides_on_disks_and_clock(machine: Machine) -> None:
    """What k3s has there is its own all the same."""
    _by_hand(machine)
    _no_clock(machine)
    machine.write("run/systemd/container", "lxc")
    machine.write(f"{TLS}/server-ca.crt", a_certificate(20))
    assert machine.foreseen() == [("certificate-authority-ends", f"file//{TLS}/server-ca.crt")]


SWAPS = [
    ("/dev/mapper/vg-swap none swap sw 0 0", "/dev/dm-1"),
    ("UUID=swap-1 none swap sw 0 0", "/dev/sda3"),
    ("/dev/sda3 none swap sw 0 0", "/dev/sda3"),
    ("/var/swap none swap sw 0 0", "/var/swap"),
    ("", "/dev/zram0"),
]


@pytest.mark.parametrize(("line", "used"), SWAPS)
def test_swap_that_is_called_otherwise_in_fstab_is_the_same(machine: Machine, line: str, used: str) -> None:
    """The kernel has names of its own."""
    machine.write("sys/class/block/dm-1/dm/name", "vg-swap\n")
    machine.add("etc/fstab", line)
    machine.write("proc/swaps", f"Filename Type\n{used} partition 100 0 -2\n")
    assert machine.foreseen() == []


def test_swap_that_another_service_brings_back(machine: Machine) -> None:
    """A unit of its own, a generator's, and Raspberry Pi OS' way."""
    machine.write("proc/swaps", "Filename Type\n/var/swap file 100 0 -2\n")
    assert machine.foreseen() == [("swap-changes", "swap//var/swap")]
    machine.write("etc/dphys-swapfile", "CONF_SWAPSIZE=512\n")
    assert machine.foreseen() == []
    machine.write("proc/swaps", "Filename Type\n/dev/sda3 partition 100 0 -2\n")
    assert machine.foreseen() == [("swap-changes", "swap//dev/sda3")]
    machine.write("run/systemd/generator.late/dev-sda3.swap", "[Swap]\n")
    assert machine.foreseen() == []


ELSEWHERE = [
    ("etcd-s3: true\n", []),
    ("etcd-snapshot-dir: /backup\n", [("datastore-snapshot-old", "directory//backup")]),
]


@pytest.mark.parametrize(("text", "expected"), ELSEWHERE)
def test_snapshots_of_etcd_that_are_kept_elsewhere(
    machine: Machine, text: str, expected: list[tuple[str, str]]
) -> None:
    """In another directory, or not on this machine, where they cannot be judged."""
    machine.write("etc/rancher/k3s/config.yaml", text)
    assert machine.foreseen() == expected


def test_a_machine_that_the_network_names_is_not_renamed(machine: Machine) -> None:
    """Its file says nothing then."""
    machine.write("etc/hostname", "localhost.localdomain\n")
    assert machine.foreseen() == []


SPARED = [
    "UUID=gone /srv/usb ext4 defaults,nofail 0 2",
    "UUID=gone /srv/usb ext4 noauto 0 2",
    "UUID=gone /srv/usb ext4 x-systemd.automount 0 2",
    "nas:/export /srv/nas nfs defaults 0 0",
    "tmpfs /tmp tmpfs size=1G 0 0",
    "LABEL=root /srv/again ext4 defaults 0 2",
    "UUID=gone none swap sw,noauto 0 0",
    "half a line",
]


@pytest.mark.parametrize("line", SPARED)
def test_a_line_of_fstab_that_no_boot_waits_for_in_vain(machine: Machine, line: str) -> None:
    """Devices that may be missing, file systems without any, and those that are there."""
    machine.add("etc/fstab", line)
    assert machine.foreseen() == []


def test_a_machine_that_does_not_tell_of_its_devices_misses_none(machine: Machine) -> None:
    """As a service with a /dev of its own, or a container, sees it."""
    (machine.root / "run/udev/data/b8:2").unlink()
    (machine.root / "run/udev/data").rmdir()
    machine.add("etc/fstab", "UUID=gone /srv ext4 defaults 0 2")
    assert machine.foreseen() == []


UNITS = ["etc/systemd/system/var-lib-rancher.mount", "run/systemd/generator/var-lib-rancher.mount"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_mount_that_a_unit_keeps(machine: Machine, unit: str) -> None:
    """Written by hand, or made by a generator."""
    _by_hand(machine)
    machine.write(unit, "[Mount]\n")
    assert machine.foreseen() == []


NAMES = {"/srv/data": "srv-data", "/srv/my-data/": r"srv-my\x2ddata", "/": "-", "/.x/é": r"\x2ex-\xc3\xa9"}


@pytest.mark.parametrize("path", NAMES)
def test_the_unit_of_a_path(path: str) -> None:
    """As systemd-escape --path has it."""
    assert mounts.unit_name(path) == NAMES[path]


def a_kubeconfig(**user: str) -> str:
    """One whose only user shows this."""
    context = {"name": "box", "context": {"cluster": "box", "user": "me"}}
    return json.dumps({"current-context": "box", "contexts": [context], "users": [{"name": "me", "user": user}]})


def a_token(claims: object) -> str:
    """A JWT, of which nobody has checked the signature."""
    said = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJh.{said}.c2ln"


SOON = time.time() + 3 * DAY
SHOWN: list[tuple[dict[str, str], bool]] = [
    ({"client-certificate-data": base64.b64encode(a_certificate(3)).decode()}, True),
    ({"client-certificate-data": base64.b64encode(a_certificate(300)).decode()}, False),
    ({"client-certificate": "client.crt"}, True),
    ({"token": a_token({"exp": SOON})}, True),
    ({"token": a_token({"exp": SOON + 99 * DAY})}, False),
    ({"token": a_token({"exp": "soon"})}, False),
    ({"token": a_token({"exp": 1e300})}, False),
    ({"token": a_token({"sub": "me"})}, False),
    ({"token": "K10abc::server:def"}, False),
    ({"token": "a.b.c"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("user", "ends"), SHOWN)
def test_the_kubeconfig_that_we_come_with(machine: Machine, user: dict[str, str], ends: bool) -> None:
    """Its client certificate, inline or in a file, or a token that says when it ends."""
    machine.write("client.crt", a_certificate(3))
    machine.write("kubeconfig", a_kubeconfig(**user))
    path = machine.root / "kubeconfig"
    assert machine.foreseen(path) == ([("kubeconfig-ends", f"file/{path}")] if ends else [])
    assert machine.facts(path).gaps == ()


BROKEN = ["{", "{}", json.dumps({"current-context": 1}), a_kubeconfig(**{"client-certificate-data": "eA=="})]


@pytest.mark.parametrize("text", BROKEN)
def test_a_kubeconfig_that_cannot_be_read_is_a_gap(machine: Machine, text: str) -> None:
    """And no finding."""
    machine.write("kubeconfig", text)
    path = machine.root / "kubeconfig"
    assert machine.foreseen(path) == []
    assert len(machine.facts(path).gaps) == 1


@given(st.binary(max_size=60), st.integers(0, 500))
def test_what_is_no_certificate_is_a_value_error(noise: bytes, at: int) -> None:
    """Whatever stands in its place, and wherever it is cut or bent."""
    der = x509.load_pem_x509_certificate(a_certificate(3)).public_bytes(serialization.Encoding.DER)
    for text in (noise, der[:at], der[:at] + noise + der[at + len(noise) :]):
        with suppress(ValueError):
            assert isinstance(ours.ends(text), float)


def test_a_certificate_of_a_far_century(tmp_path: Path) -> None:
    """Its time is written in another way from 2050 on; k3s' files are read whatever else lies there."""
    assert ours.earliest(a_certificate(20000)) == pytest.approx(time.time() + 20000 * DAY, abs=5)
    with pytest.raises(ValueError, match="holds no certificate"):
        ours.earliest(b"nothing")
    gaps: list[str] = []
    (tmp_path / TLS).mkdir(parents=True)
    (tmp_path / TLS / "broken.crt").write_text("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")
    assert list(certificates.of_k3s(tmp_path, gaps)) == []
    assert len(gaps) == 1


ARGUMENTS = [
    ("etc/rancher/k3s/config.yaml", "kubelet-arg:\n- fail-swap-on=true\n"),
    ("etc/rancher/k3s/config.yaml", "kubelet-arg: fail-swap-on=true\n"),
    ("etc/rancher/k3s/config.yaml.d/swap.yaml", "kubelet-arg: [fail-swap-on=true]\n"),
    (
        "etc/systemd/system/k3s.service",
        "ExecStart=/usr/local/bin/k3s \\\n server \\\n '--kubelet-arg=fail-swap-on=true' \\\n",
    ),
    ("etc/systemd/system/k3s.service.d/swap.conf", "ExecStart=k3s server --kubelet-arg fail-swap-on=true\n"),
    (f"{DROP_INS}/70-swap.conf", "failSwapOn: true\n"),
]


@pytest.mark.parametrize(("path", "text"), ARGUMENTS)
def test_what_k3s_tells_its_kubelet(machine: Machine, path: str, text: str) -> None:
    """Wherever it is told: k3s itself lets a kubelet start where there is swap."""
    machine.add("etc/fstab", "/swapfile none swap sw 0 0")
    machine.write(path, text)
    assert machine.foreseen() == [("kubelet-refuses-swap", "swap//swapfile")]


def test_a_k3s_that_reads_no_drop_ins_is_told_where_else(machine: Machine) -> None:
    """The exact file is named, with what it holds, and nobody has written it."""
    for file in (machine.root / DROP_INS).iterdir():
        file.unlink()
    (machine.root / DROP_INS).rmdir()
    seen = all_well(machine=machine.facts(), scene=a_scene(nodes=(a_node(version=VERSION),)))
    (found,) = forecast(seen).found
    assert "/etc/rancher/k3s/kubelet.yaml with {apiVersion: kubelet.config.k8s.io/v1beta1" in found.finding.means
    assert "kubelet-arg: config=/etc/rancher/k3s/kubelet.yaml" in found.finding.means
    machine.write("etc/rancher/k3s/config.yaml", "kubelet-arg: [config=/etc/rancher/k3s/kubelet.yaml]\n")
    machine.write("etc/rancher/k3s/kubelet.yaml", TUNED)
    assert machine.foreseen() == []


@pytest.mark.parametrize(
    ("mirrors", "asked"),
    [
        pytest.param("", [LAN, NAS], id="none"),
        pytest.param("mirrors: 7\n", [LAN, NAS], id="nonsense"),
        pytest.param(f'mirrors:\n  "{LAN}":\n    endpoint: [http://10.0.0.7]\n', [NAS], id="of one"),
        pytest.param(f'mirrors:\n  "{LAN}":\n', [NAS], id="among the nodes, by the embedded registry"),
        pytest.param('mirrors:\n  "*":\n    endpoint: [http://10.0.0.7]\n', [], id="of all"),
    ],
)
def test_a_registry_is_not_asked_where_containerd_asks_a_mirror(
    machine: Machine, mirrors: str, asked: list[str]
) -> None:
    """By k3s' registries.yaml: that a registry is silent, to which nobody goes, would be said for nothing."""
    if mirrors:
        machine.write("etc/rancher/k3s/registries.yaml", mirrors)
    assert asked_themselves([LAN, NAS], machine.root) == asked


def test_a_machine_without_k3s_is_asked_for_no_file_of_it(machine: Machine) -> None:
    """Of a host of k3d's, its mounts, its kernel and its clock count."""
    _none(machine)
    machine.program("k3s", "exit 1")
    facts = machine.facts(unit="")
    assert (facts.certificates, facts.datastore, facts.leases, facts.kubelet, facts.node_name) == (
        (),
        None,
        None,
        None,
        "",
    )
    assert facts.mounts


OWN, OTHER = "nameserver 127.0.0.53\n", "nameserver 192.168.1.1\n"
STUB, REAL = "etc/resolv.conf", "run/systemd/resolve/resolv.conf"
RESOLVERS: list[tuple[dict[str, str], tuple[str, tuple[str, ...]]]] = [
    ({STUB: OTHER}, (f"/{STUB}", ("192.168.1.1",))),
    ({STUB: OWN, REAL: OTHER}, (f"/{REAL}", ("192.168.1.1",))),
    ({STUB: OWN}, ("", ())),
    ({STUB: "nameserver 169.254.1.1\n", REAL: "search lan\n"}, (f"/{REAL}", ())),
    ({}, ("", ())),
    ({STUB: OWN, f"{UNIT_FILES}/k3s.service.env": "K3S_RESOLV_CONF=/etc/resolv.conf\n"}, (f"/{STUB}", ("127.0.0.53",))),
    (
        {STUB: OWN, f"{UNIT_FILES}/k3s.service": "ExecStart=k3s server --resolv-conf /etc/x\n", "etc/x": "# none\n"},
        ("/etc/x", ()),
    ),
    (
        {STUB: OTHER, "etc/x": "nameserver ::1\n", "etc/rancher/k3s/config.yaml": "kubelet-arg: resolv-conf=/etc/x\n"},
        ("/etc/x", ("::1",)),
    ),
]


@pytest.mark.parametrize(("files", "expected"), RESOLVERS)
def test_whom_pods_ask_that_ask_as_their_node_does(
    machine: Machine, files: dict[str, str], expected: tuple[str, tuple[str, ...]]
) -> None:
    """What k3s is told is taken as it is; else the first file that names no server of the node alone."""
    for path, text in files.items():
        machine.write(path, text)
    facts = machine.facts()
    assert (facts.resolver, facts.nameservers) == expected


def test_who_may_come_at_a_directory(tmp_path: Path) -> None:
    """Of a directory that is there; a file, and what is not there, have nothing to tell."""
    tmp_path.chmod(0o2770)
    (tmp_path / "file").write_text("")
    assert [mode(str(tmp_path)), mode(str(tmp_path / "file")), mode(str(tmp_path / "gone")), mode("")] == [
        0o2770,
        None,
        None,
        None,
    ]
