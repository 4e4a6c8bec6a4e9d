"""All that was seen of a machine and its cluster at one moment, for whoever asks why something is not well."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.model.admission import Extensions, Occurrence
from bootheal.model.cluster import Lease, Node, Pod, Readiness, Workload
from bootheal.model.host import BootTime, Component, HostFacts
from bootheal.model.identity import Ref
from bootheal.model.servers import Answer
from bootheal.model.service import Endpoint, Service

# Of a Job that its controller has not begun.
NOT_BEGUN = "NotBegun"


@dataclass(frozen=True, slots=True)
class Need:
    """A Secret or ConfigMap that a container cannot begin without: one key of it, or "" for the object alone."""

    about: Ref
    key: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """What a workload's pods will be: their labels, the ports that they name, what they need.

    `mentions` are the names of Services that stand in environment and arguments.
    """

    owner: Ref
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    mentions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim: its phase, the volume and class that it names, and how it may be mounted."""

    ref: Ref
    phase: str
    volume: str = ""
    storage_class: str = ""
    created: float = 0.0
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """What somebody has told to stand still, and how."""

    ref: Ref
    why: str


@dataclass(frozen=True, slots=True)
class Unwell:
    """An object that says itself that it has failed, or that it is to end: its reason word, message, and since when."""

    ref: Ref
    reason: str
    message: str = ""
    at: float | None = None
    owner: Ref | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The end of a container's log, without passwords; `previous`: of the process before the present one."""

    pod: Ref
    container: str
    text: str
    previous: bool = False


@dataclass(frozen=True, slots=True)
class Greeted:
    """What the server in a container said to somebody who begins a login without any credentials."""

    pod: Ref
    container: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Judged:
    """What a step of the configuration waits for, or gives up for, on which object, and the next human step."""

    about: Ref
    step: str
    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of this host by a directory on it: which parts of its room and its inodes are free, 0 to 1."""

    path: str
    free: float
    inodes: float = 1.0
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One moment. Of what could not be read `gaps` says why; `present` is whether the API server told of objects,
    `refused` whether it did not let us in, `unusable` whether it could not be asked by the kubeconfig that there is.

    `volumes` are the names of the nodes on which the volumes of claims can be mounted, where they name any, and
    `directories` are where the data of a volume lies on a node. `keys` are
    those of the Secrets and ConfigMaps that are needed, None of one that is not there. `owners` lead from a ReplicaSet
    to its Deployment, and from a Job to its CronJob. `registries` are the containers of this machine that serve images
    which pods wait for, each with those pods. `stalled` is what Flux has given up, and what Argo CD, cert-manager and
    k3s say themselves that is not well. `unread` are the kinds that could
    not be listed.
    """

    now: float
    boot_id: str | None = None
    boot_time: BootTime | None = None
    facts: HostFacts = field(default_factory=HostFacts)
    host_silent: str = ""
    disks: tuple[Disk, ...] = ()
    registries: Mapping[Component, tuple[Ref, ...]] = field(default_factory=dict)
    readiness: Readiness = field(default_factory=lambda: Readiness(ready=True))
    refused: bool = False
    unusable: bool = False
    present: bool = True
    nodes: tuple[Node, ...] = ()
    leases: Mapping[str, Lease] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    workloads: tuple[Workload, ...] = ()
    templates: tuple[Template, ...] = ()
    owners: Mapping[Ref, Ref] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    endpoints: Mapping[Ref, tuple[Endpoint, ...]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    volumes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    directories: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[Ref, frozenset[str] | None] = field(default_factory=dict)
    jobs: tuple[Unwell, ...] = ()
    namespaces: tuple[Unwell, ...] = ()
    stalled: tuple[Unwell, ...] = ()
    halted: tuple[Halted, ...] = ()
    events: Mapping[Ref, tuple[Occurrence, ...]] = field(default_factory=dict)
    extensions: Extensions = field(default_factory=Extensions)
    said: tuple[Said, ...] = ()
    greeted: tuple[Greeted, ...] = ()
    judged: tuple[Judged, ...] = ()
    gaps: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def blind(self) -> bool:
        """Whether nothing is known of the pods, so that nobody can say how it is."""
        return not self.present or "pod" in self.unread

    @property
    def staying(self) -> Mapping[Ref, Pod]:
        """The pods that neither have ended nor are being deleted."""
        return {pod.ref: pod for pod in self.pods if not pod.finished and not pod.deleting}

    @property
    def our_node(self) -> Node | None:
        """The node that is this machine: it tells this boot's id."""
        return next((node for node in self.nodes if self.boot_id and node.boot_id == self.boot_id), None)
