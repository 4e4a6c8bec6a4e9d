"""Snapshots of cluster objects: the fields that a judgement needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that must be allowed: "delete pods in namespace shop"; `resource` may name a subresource."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{where}"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the API server says of itself under /readyz: `why` it is not ready, and the first `check` that failed."""

    ready: bool
    why: str = ""
    check: str = ""

    @property
    def precisely(self) -> str:
        """Say why, and which check it is, if that was told."""
        return f"{self.why} ({self.check})" if self.check else self.why


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `boot_id` is what its kubelet last reported, perhaps before the reboot; `heartbeat` is when it did.

    `ready_changed` is when `ready` last changed.

    `control_plane`: by its label it is one that runs the control plane.
    """

    name: str
    boot_id: str
    ready: bool
    why: str = ""
    taints: tuple[str, ...] = ()
    unschedulable: bool = False
    pressures: tuple[str, ...] = ()
    version: str = ""
    ip: str = ""
    heartbeat: float | None = None
    control_plane: bool = False
    ready_changed: float | None = None


@dataclass(frozen=True, slots=True)
class Election:
    """A Lease by which processes elect their leader; times are seconds since the epoch, 0 where there is none.

    `holder` is "" where it is nobody's; `marks` are the names of its labels and annotations, and what its owners are.
    """

    ref: Ref
    version: str
    holder: str
    acquired: float
    renewed: float
    duration: float
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """A node's heartbeat in kube-node-lease.

    `advanced` says that this process has seen `renewed` move within the last `duration`: the one proof of life that
    needs no clock in common and no boot id.
    """

    renewed: float
    duration: float = 40.0
    advanced: bool = False


class State(StrEnum):
    """A container's state, as in `status.containerStatuses[].state`."""

    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Container:
    """One container's status. `reason` and `started` belong to `state`; `message` is why it waits.

    `ended` is when its last process did, `last_reason` how ("OOMKilled"), `last_code` by which exit code, and
    `last_message` why it never began, where its runtime says so; `startup_pending`: its startup probe has not succeeded
    yet. `sidecar`: an init container that runs on beside the others (restartPolicy Always). `final`: it is not begun
    again once it has ended, by a policy of its own.
    """

    name: str
    state: State
    reason: str = ""
    ready: bool = False
    restarts: int = 0
    started: float | None = None
    ended: float | None = None
    image: str = ""
    message: str = ""
    startup_pending: bool = False
    last_reason: str = ""
    last_message: str = ""
    sidecar: bool = False
    last_code: int | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod's status. `reason` is the pod's own, not a container's; `ready_changed` is when `ready` last changed,
    `initialized` when it was last said to have been.

    `unschedulable` is why no node takes it; `delete_by` is when a pod that is being deleted should be gone: its
    deletionTimestamp, which has the grace period in it. `patroni` is what Patroni wrote of itself: "replica, starting".
    `lent` is what was noted on it as lent: by setting, the value to restore; whoever may change it may have written it.
    `gated` is which readiness gate keeps it from being ready, although its containers are; `message` is the pod's own.
    """

    ref: Ref
    uid: str
    version: str
    phase: str
    reason: str = ""
    ip: str = ""
    ready: bool = False
    created: float = 0.0
    unschedulable: str = ""
    deleting: bool = False
    delete_by: float | None = None
    finalizers: tuple[str, ...] = ()
    mirror: bool = False
    owner: Ref | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()
    init: tuple[Container, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    node: str = ""
    claims: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    ready_changed: float | None = None
    initialized: float | None = None
    patroni: str = ""
    lent: Mapping[str, str] = field(default_factory=dict)
    gated: str = ""
    message: str = ""
    quality: str = ""

    @property
    def revision(self) -> str:
        """Return of which template its StatefulSet or DaemonSet made it, "" where nothing tells."""
        return self.labels.get("controller-revision-hash", "")

    @property
    def finished(self) -> bool:
        """Whether it has ended for good; it may lie around for long, and stands for nothing."""
        return self.phase in ("Failed", "Succeeded")


# Deletes under way at once: enough to hide the round trip, few enough to leave the API server to others.
DELETES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class PodToDelete:
    """A pod to be deleted, as it was seen: not a successor of its name, nor what it has become since."""

    ref: Ref
    uid: str
    version: str


# The kinds of workloads, as a Ref and the owner of a pod name them; all are of the API group apps.
WORKLOADS = ("deployment", "statefulset", "daemonset")


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet: what `kubectl rollout status` looks at, and how it may be restarted.

    `caused_by` is what we wrote into the pod template when we last rolled it out, `scaled_by` into the object when
    we last scaled it; `scaled_from` is the number of replicas to go back to, while it is we who hold it at zero.
    `initial_delay` is for how many seconds more than usual its probes let a pod take to begin, `startup` for how many
    its startup probes do; `min_ready` is for how many it must have been ready to count. `surge` and `unavailable` are
    in pods. `managed_by` is who may undo a change of it. `refused` says why its pods cannot be created, in its
    controller's words. `images` are those of its init containers, too. `volumes_go`: its controller deletes the volumes
    of pods that scaling it down takes away. `proves_ready`: a probe of the kubelet's decides when its pods are Ready;
    `ends_after`: for how many seconds what does not serve may run before a liveness probe ends it, 0 where none does.
    """

    ref: Ref
    uid: str
    version: str
    generation: int
    observed: int
    desired: int
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    paused: bool = False
    strategy: str = "RollingUpdate"
    surge: int = 0
    unavailable: int = 1
    ordered: bool = False
    partition: int | None = None
    update_revision: str = ""
    current_revision: str = ""
    deadline_exceeded: float | None = None
    refused: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    caused_by: str = ""
    scaled_by: str = ""
    scaled_from: int | None = None
    managed_by: str = ""
    host_ports: bool = False
    claims: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    pulls_always: bool = False
    initial_delay: float = 0.0
    startup: float = 0.0
    min_ready: float = 0.0
    volumes_go: bool = False
    proves_ready: bool = True
    ends_after: float = 0.0

    @property
    def on_delete(self) -> bool:
        """Whether its controller replaces only pods that somebody else deletes."""
        return self.strategy == "OnDelete"


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget: how many of the pods with these labels may be taken down just now.

    `selector` is empty for all pods, and where it has expressions: more may be spared than had to be.
    """

    ref: Ref
    selector: Mapping[str, str]
    allowed: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A Job that succeeded. `made_by` is the CronJob it belongs to, None for a Job by hand."""

    ref: Ref
    ended: float
    made_by: Ref | None = None


@dataclass(frozen=True, slots=True)
class Leadership:
    """A lock: who holds it, since when, when it was last renewed, for how long in seconds, after how many changes.

    `kind` says whose it is; `also` names another object that holds one of the same cluster, renewed longer ago.
    """

    leader: str
    acquired: float
    renewed: float
    ttl: float
    transitions: int
    kind: str = "Patroni's lock"
    also: str = ""


@dataclass(frozen=True, slots=True)
class Operated:
    """What somebody has told CloudNativePG or Patroni to do with a cluster, and what the former says of it.

    `fenced` are the instances that are held stopped ("*": all), `follows`: it follows a primary elsewhere, `paused`:
    Patroni starts and promotes nobody. `phase` is in the operator's words, perhaps of before the boot; "" is well.
    """

    hibernated: bool = False
    fenced: tuple[str, ...] = ()
    follows: bool = False
    paused: bool = False
    phase: str = ""
