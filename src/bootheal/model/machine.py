"""What a machine of the cluster would boot with: read from its files, and judged by `preflight`. Times are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address


def is_own(server: str) -> bool:
    """Tell whether a name server is one of whoever asks: no other machine answers at such an address."""
    try:
        address = ip_address(server.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_elsewhere(server: str) -> bool:
    """Tell whether a name server has an address that can be asked from anywhere: Go's IsGlobalUnicast."""
    try:
        address = ip_address(server)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in a file, or in a kubeconfig; of several in one file the one that ends first.

    `ends` is a time of day; `authority`: it signs others. `renewed`: k3s makes it anew as it starts.
    """

    path: str
    ends: float
    authority: bool = False
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Datastore:
    """Where k3s keeps its objects: "etcd" or "sqlite", and when the newest snapshot of etcd was written, if any."""

    kind: str
    directory: str
    newest: float | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system that is mounted now. `kept`: a line of fstab or a unit mounts it at the next boot, too."""

    path: str
    source: str
    kept: bool


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of fstab that the boot waits for, and whose device there is not."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap area: in use now, and by the next boot's files."""

    source: str
    now: bool
    then: bool


@dataclass(frozen=True, slots=True)
class Leases:
    """Addresses of this node's pods, as its network plugin keeps them: how many there are, and how many are taken."""

    directory: str
    size: int
    taken: int


@dataclass(frozen=True, slots=True)
class Kubelet:
    """What k3s tells its kubelet, as far as that decides how a boot goes, by lower-case names without hyphens.

    `drop_ins` is the directory whose files it reads, "" where this k3s has none.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    drop_ins: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """All of it, read at `at`, a time of day. What could not be read is left out, and `gaps` says why.

    `programs` are those that the next boot runs another version of, by name, with the reason. `kubernetes` is the
    version of the k3s on the disk, "" where it is not known. `old_cgroups`: the kernel's first version of them is in
    force. `battery`: whether something keeps the time while the machine is off, None where that is not known.
    `complaints` are the kernel's, of this boot, by the disk that they are about. `node_name` is the one that k3s would
    give this machine's node at the next boot, "" where that is not known. `resolver` is the file that k3s hands on to
    pods that ask as their node does, such as CoreDNS, and `nameservers` are those in it.
    """

    at: float = 0.0
    certificates: tuple[Certificate, ...] = ()
    datastore: Datastore | None = None
    mounts: tuple[Mount, ...] = ()
    lines: tuple[TableLine, ...] = ()
    swaps: tuple[Swap, ...] = ()
    leases: Leases | None = None
    kubelet: Kubelet | None = None
    programs: Mapping[str, str] = field(default_factory=dict)
    kubernetes: str = ""
    old_cgroups: bool = False
    battery: bool | None = None
    complaints: Mapping[str, str] = field(default_factory=dict)
    node_name: str = ""
    resolver: str = ""
    nameservers: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
