"""Hosts: what every machine knows of its own boot, and the host that cannot be seen from here."""

import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from bootheal.adapters.systemd_credentials import given
from bootheal.adapters.wallclock import WallClock
from bootheal.errors import BoothealError, PermanentError, scarce
from bootheal.model import BootTime, Directory, HostFacts, Node
from bootheal.ports import Host

MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
# As for all that a host says.
BELIEVED_SECONDS = 2.0

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Machine:
    """The machine that we run on: its boot id, and when that boot began.

    A container's boot is younger than its kernel's, and has an id of its own: whoever booted it has mounted a file over
    the kernel's. Under systemd 252 the service does not see that, whose hardening mounts /proc once more, under 257 it
    does. So systemd gives it the id.
    """

    def __init__(self, boot_id_file: Path = BOOT_ID, clock: WallClock | None = None) -> None:
        self._given = given("boot_id") if boot_id_file == BOOT_ID else None
        self._file = self._given or boot_id_file
        self._clock = clock or WallClock()

    def boot_id(self) -> str:
        """Return the boot id, read anew each time."""
        try:
            with scarce(f"read the boot id {self._file}"):
                boot_id = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise PermanentError(
                f"cannot read the boot id {self._file}: {reason}", hint="see cluster.boot_id_file"
            ) from None
        if not boot_id:
            raise PermanentError(f"cannot use the boot id {self._file}: it is empty", hint="see cluster.boot_id_file")
        return boot_id

    def boot_id_if_known(self) -> str:
        """Return the boot id, "" where it cannot be had now."""
        with suppress(BoothealError):
            return self.boot_id()
        return ""

    def boot_time(self) -> BootTime:
        """Return when this boot has been."""
        boot_time = self._clock.boot_time()
        began = self._contained_since()
        return boot_time if began is None else boot_time.after(began)

    def _contained_since(self) -> float | None:
        """Return when a container's boot began: by systemd's notes, or by the age of its own file."""
        if self._given:
            return self._clock.first_noted if self._is_contained else None
        return _mounted_over(self._file)

    @cached_property
    def _is_contained(self) -> bool:
        """Whether the boot id that we were given is not the kernel's; that never changes, and every look asks."""
        return self.boot_id() != BOOT_ID.read_text(encoding="ascii").strip() or _mounted_over(BOOT_ID) is not None

    def directory(self, path: str) -> Directory:
        """Look at a path, and at the kernel's table of mounts, which needs no right to the directories above it."""
        if os.path.realpath(path) in mount_points(MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")):
            return Directory.MOUNTED
        try:
            Path(path).stat()
        except PermissionError:
            return Directory.UNKNOWN
        except OSError:
            return Directory.MISSING
        return Directory.PLAIN


def _mounted_over(file: Path) -> float | None:
    """Return when a file of /proc was written that somebody has mounted there; None where it is the kernel's own."""
    try:
        status = file.stat()
    except OSError:
        return None
    of_the_kernel = os.stat("/proc").st_dev == status.st_dev  # noqa: PTH116 - st_dev, not a path question
    return None if of_the_kernel else status.st_mtime


def mount_points(table: str) -> frozenset[str]:
    """Return the mount points; proc(5): the fifth field, with ASCII's white space, and no other, as octal numbers."""
    fields = (line.split(" ") for line in table.split("\n") if line)
    return frozenset(unescaped(field[4]) for field in fields)


def unescaped(field: str) -> str:
    """Return a field of the kernel's table of mounts, or of fstab, with what is written as octal numbers there."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), field)


class HostAmongNodes:
    """A host whose cluster has other nodes, which are other machines: its boot is that of its own node alone.

    `nodes` lists them, from a list that is kept; where it cannot be had, the latest answer counts.
    """

    def __init__(self, host: Host, nodes: Callable[[], Sequence[Node]]) -> None:
        self._host, self._nodes = host, nodes
        self._ours: frozenset[str] | None = None
        self._asked = float("-inf")

    def boot_time(self) -> BootTime | None:
        """Return it as that of the nodes that report this boot, where there are others."""
        boot_time = self._host.boot_time()
        if time.monotonic() - self._asked >= BELIEVED_SECONDS:
            self._look()
        return boot_time and replace(boot_time, nodes=self._ours)

    def boot_id(self) -> str | None:
        """Return this host's."""
        return self._host.boot_id()

    def epoch(self) -> str | None:
        """Return this host's."""
        return self._host.epoch()

    def facts(self) -> HostFacts:
        """Return this host's."""
        return self._host.facts()

    def directory(self, path: str) -> Directory:
        """Look at this host's."""
        return self._host.directory(path)

    def start(self, component: str) -> None:
        """Start it on this host."""
        self._host.start(component)

    def restart(self, component: str) -> None:
        """Restart it on this host."""
        self._host.restart(component)

    def _look(self) -> None:
        with suppress(BoothealError):
            boot_id, nodes = self._host.boot_id(), self._nodes()
            ours = frozenset(node.name for node in nodes if node.boot_id == boot_id)
            self._ours = None if len(ours) == len(nodes) else ours or self._ours or frozenset()
            self._asked = time.monotonic()


class OneNode:
    """Finds out whether the only node of a cluster is this machine, where the configuration does not say so.

    It is where we run in a pod of that cluster (`inside`), or where the node has this machine's name and address. The
    boot id alone is no proof: containers that are nodes, as those of kind, share it, and boot when they are started.
    `nodes` lists them, from a list that is kept; where it cannot be had, the latest answer counts. Each answer is
    believed for `believed` seconds.
    """

    def __init__(
        self,
        machine: Machine,
        nodes: Callable[[], Sequence[Node]],
        *,
        inside: bool,
        believed: float = BELIEVED_SECONDS,
    ) -> None:
        self._machine, self._nodes, self._inside, self._believed = machine, nodes, inside, believed
        self._here = False
        self._asked = float("-inf")

    def machine(self) -> Machine | None:
        """Return this machine where it is the cluster's, else None."""
        if time.monotonic() - self._asked >= self._believed:
            with suppress(BoothealError):
                nodes = self._nodes()
                self._here = len(nodes) == 1 and (self._inside or is_this_machine(nodes[0]))
                self._asked = time.monotonic()
        return self._machine if self._here else None


def is_this_machine(node: Node) -> bool:
    """Tell whether a node has both the name and an address of the machine that we run on."""
    name = os.uname().nodename.lower()
    return node.name.lower() in (name, name.partition(".")[0]) and _is_local(node.ip)


def _is_local(address: str) -> bool:
    """Tell whether an address is this machine's: what is sent there is sent from there. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return bool(ip_address(probe.getsockname()[0]) == ip_address(address))
    except (OSError, ValueError):
        return False


def _nowhere() -> None:
    return None


class RemoteHost:
    """A cluster that is reached by its kubeconfig alone: nothing of its components can be seen or done from here.

    Its boot is known where `here` returns the machine that it is on; else it cannot be known, see `freshness`.
    """

    def __init__(self, here: Callable[[], Machine | None] = _nowhere) -> None:
        self._here = here

    def boot_id(self) -> str | None:
        """Return this machine's where the cluster is on it."""
        machine = self._here()
        return machine.boot_id() if machine else None

    def epoch(self) -> str | None:
        """Return None: what its nodes report is the name of it, and is asked for where they are looked at."""
        return None

    def boot_time(self) -> BootTime | None:
        """Return this machine's where the cluster is on it."""
        machine = self._here()
        return machine.boot_time() if machine else None

    def facts(self) -> HostFacts:
        """Return nothing."""
        return HostFacts()

    def directory(self, path: str) -> Directory:  # noqa: ARG002 - nothing can be seen of any path
        """Return nothing."""
        return Directory.UNKNOWN

    def start(self, component: str) -> None:
        """Refuse: there are no components."""
        raise PermanentError(f"cannot start {component}: the cluster runs elsewhere")

    def restart(self, component: str) -> None:
        """Refuse: there are no components."""
        raise PermanentError(f"cannot restart {component}: the cluster runs elsewhere")
