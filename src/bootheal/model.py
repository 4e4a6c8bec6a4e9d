"""The nouns: frozen values that everything else speaks in.

Snapshots of cluster objects are ours, not the client's: only the fields that a
judgement needs, and none that could hold a secret. Times are seconds since the
epoch (float), durations are seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Names one Kubernetes object; `kind` is the lower-case singular ("deployment")."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


class Secret:
    """A value that cannot be printed, compared by accident, pickled or turned into JSON.

    `reveal()` is the one way to the text; whoever calls it must hand the text to a
    socket or a key derivation and to nothing else.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a secret")

    def __eq__(self, _other: object) -> NoReturn:
        raise TypeError("cannot compare secrets; reveal them where the comparison belongs")

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in. `version` is the resourceVersion of the Secret they came from."""

    user: str
    password: Secret
    version: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Where credentials are kept: a Secret and its keys. `user` overrides what the Secret says."""

    secret: Ref
    user_key: str = "username"
    password_key: str = "password"  # noqa: S105 - the name of a key
    user: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who must have signed a server's certificate (PEM), and the name that it must be for ("": any)."""

    authority: str = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A TCP port to talk to: of a pod (then a port-forward can carry it) or of a bare address.

    PostgreSQL's protocol turns to TLS where the server offers it; with `trust` it must, and is verified.
    """

    host: str
    port: int
    pod: Ref | None = None
    trust: Trust | None = None

    def __str__(self) -> str:
        return f"{self.pod}:{self.port}" if self.pod else f"{self.host}:{self.port}"


# --- cluster objects ------------------------------------------------------------------------------


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
    """What the API server says of itself under /readyz; `why` is empty when it is ready."""

    ready: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `boot_id` is what its kubelet last reported, perhaps before the reboot; `heartbeat` is when it did."""

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


@dataclass(frozen=True, slots=True)
class Lease:
    """A node's heartbeat in kube-node-lease.

    `advanced` says that this process has seen `renewed` move: the one proof of life
    that needs no clock and no boot id.
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

    `ended` is when its last process did.
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


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod's status. `reason` is the pod's own, not a container's; `turned` is when `ready` last changed.

    `unplaced` is why no node takes it; `due` is when a pod that is being deleted should be gone: its
    deletionTimestamp, which has the grace period in it. `patroni` is what Patroni wrote of itself: "replica, starting".
    """

    ref: Ref
    uid: str
    version: str
    phase: str
    reason: str = ""
    ip: str = ""
    ready: bool = False
    created: float = 0.0
    unplaced: str = ""
    deleting: bool = False
    due: float | None = None
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
    turned: float | None = None
    patroni: str = ""

    @property
    def finished(self) -> bool:
        """Whether it has ended for good; it may lie around for long, and stands for nothing."""
        return self.phase in ("Failed", "Succeeded")


@dataclass(frozen=True, slots=True)
class Doomed:
    """A pod to be deleted, as it was seen: not a successor of its name, nor what it has become since."""

    ref: Ref
    uid: str
    version: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet: what `kubectl rollout status` looks at, and how it may be restarted.

    `caused_by` is what we wrote into the pod template when we last rolled it out, `scaled_by` into the object when
    we last scaled it; `scaled_from` is the number of replicas to go back to, while it is we who hold it at zero.
    `surge` and `unavailable` are in pods. `managed_by` is who may undo a change of it.
    `refused` says why its pods cannot be created, where a webhook stands in the way.
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

    @property
    def on_delete(self) -> bool:
        """Whether its controller replaces only pods that somebody else deletes."""
        return self.strategy == "OnDelete"


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget: how many of the pods with these labels may be taken down just now."""

    ref: Ref
    selector: Mapping[str, str]
    allowed: int


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: cluster IP ("" when headless), (port, target port) pairs, pod selector, labels."""

    ref: Ref
    cluster_ip: str
    ports: tuple[tuple[int, int | str], ...]
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def port_on(self, pod: Pod) -> int:
        """Return the number of the Service's first port on `pod`, 0 where it has none."""
        return next((_on(pod, port, target) for port, target in self.ports), 0)

    def port_to(self, pod: Pod, number: int) -> int:
        """Return the Service's port that leads to port `number` of `pod`, 0 where none does."""
        return next((port for port, target in self.ports if _on(pod, port, target) == number), 0)


def _on(pod: Pod, port: int, target: int | str) -> int:
    """Look a named target port up in the pod's containers."""
    return target if isinstance(target, int) else pod.ports.get(target, port)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a Service, from its EndpointSlices."""

    address: str
    port: int
    pod: str = ""
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Backup:
    """A Job that succeeded. `made_by` is the CronJob it belongs to, None for a Job by hand."""

    ref: Ref
    ended: float
    made_by: Ref | None = None


@dataclass(frozen=True, slots=True)
class Leadership:
    """Patroni's lock: who holds it, since when, when it was last renewed, for how long, after how many changes."""

    leader: str
    acquired: float
    renewed: float
    ttl: float
    transitions: int


@dataclass(frozen=True, slots=True)
class Document:
    """One key of a ConfigMap, with what is needed to change just that key."""

    ref: Ref
    key: str
    text: str
    version: str
    managed_by: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An admission webhook that must be asked (failurePolicy Fail), and whose Service has no ready endpoint."""

    name: str
    configuration: str
    service: Ref


@dataclass(frozen=True, slots=True)
class Extensions:
    """What is broken of what others have hung into the API server.

    `unavailable`: aggregated APIs and why; `deaf`: webhooks that refuse everything; `unread`: what we may not see.
    """

    unavailable: tuple[tuple[str, str], ...] = ()
    deaf: tuple[Webhook, ...] = ()
    unread: tuple[str, ...] = ()


# --- the host -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BootTime:
    """When this boot has been, as timestamps tell it: one span, and one more for each time the clock was set.

    A machine without a battery boots in the past and is set right by the network, perhaps after its
    first containers have started. Both of their times belong to this boot.
    """

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def since(cls, began: float) -> "BootTime":
        """Return a boot that began then, under a clock that is right."""
        return cls(((began, float("inf")),))


class PartState(StrEnum):
    """What a service manager says of a unit, or a container engine of a container."""

    RUNNING = "running"
    STARTING = "starting"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Part:
    """A unit or a container that the cluster is made of.

    `role` is "k3s", "server", "agent", "loadbalancer" or "registry". `since` is when it
    entered its state; `why` is how it ended last, where it did not end well.
    """

    name: str
    role: str
    state: PartState
    since: float | None = None
    restarts: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A known trouble that a part's own journal or log tells of.

    `fatal`: it does not pass by itself, and `hint` is the human step. `restart`: it is known
    to pass when the part is restarted.
    """

    kind: str
    part: str
    text: str
    hint: str = ""
    fatal: bool = False
    restart: bool = False


class Directory(StrEnum):
    """What a path on the host is. UNKNOWN: it cannot be seen from here, or not by us."""

    MOUNTED = "mounted"
    PLAIN = "plain"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the host knows of the parts of the cluster. Empty where it cannot be known from here.

    `names`: by which the cluster should know this machine and the containers beside it, with their addresses;
    `unaware`: parts that do not know this machine's name themselves.
    """

    parts: tuple[Part, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    clock_synchronised: bool | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    unaware: tuple[str, ...] = ()


# --- PostgreSQL and PgBouncer ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a PostgreSQL or PgBouncer said to a login (and, where one was sent, to a query).

    Exactly one of three shapes: `ok`; refused by the server (`sqlstate` and/or `text`,
    `spoke` true); or no protocol answer at all (`spoke` false, `text` says why).
    `value` is the first column of the first row, where a query was asked.
    """

    ok: bool
    spoke: bool
    sqlstate: str = ""
    text: str = ""
    value: str = ""

    def __str__(self) -> str:
        if self.ok:
            return "ok"
        return f"{self.text} ({self.sqlstate})" if self.sqlstate else self.text


@dataclass(frozen=True, slots=True)
class Role:
    """A PostgreSQL role. `matches`: does the stored verifier belong to the wanted password?

    None when the verifier cannot be read (no right to pg_authid) or is of an unknown kind.
    `same`: is it, byte for byte, the verifier that was asked about? None where that was not asked.
    """

    name: str
    superuser: bool
    replication: bool
    can_login: bool
    expired: bool
    matches: bool | None
    same: bool | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of PgBouncer's SHOW CONFIG."""

    value: str
    changeable: bool


@dataclass(frozen=True, slots=True)
class Console:
    """What PgBouncer's admin console shows, of one database where it is about one.

    `starved`: clients wait, and PgBouncer neither has a server connection for them nor tries
    to log one in, as it does while server_login_retry runs. `servers`: how many connections to
    the server it has. `unknown_for`: for how many seconds it will go on to believe that the
    server's name does not exist. `forced_user`: as whom it logs in for everybody, "" where as
    each client's own role.
    """

    settings: Mapping[str, Setting]
    starved: bool = False
    version: str = ""
    servers: int = 0
    paused: bool = False
    disabled: bool = False
    forced_user: str = ""
    unknown_for: float = 0.0


# --- what happened --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """One action as remembered: `number` counts a step's actions, `result` is "intended" until it is known.

    `incident` counts how often the step had been mended before, in this epoch: see `Past.present`.
    `note` is what undoing it needs, `evidence` what it destroys: log lines, events.
    """

    number: int
    action: str
    object: str
    cause: str
    at: float
    sentence: str
    result: str = "intended"
    note: Mapping[str, str] = field(default_factory=dict)
    repairs: bool = True
    incident: int = 0
    evidence: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether it is known not to have happened; what is only "intended" may have."""
        return self.result.startswith("failed")

    def same_as(self, other: "Done") -> bool:
        """Tell whether both are the same action on the same object for the same cause."""
        return (self.action, self.object, self.cause) == (other.action, other.object, other.cause)


class EventKind(StrEnum):
    """What the engine tells while it works; each has one sentence in `narrate`."""

    STARTED = "started"
    WAITING = "waiting"
    ACTING = "acting"
    ACTED = "acted"
    FAILED = "failed"
    SETTLED = "settled"
    UNSETTLED = "unsettled"
    GAVE_UP = "gave-up"
    SKIPPED = "skipped"
    BUG = "bug"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as a fact; `narrate` makes the sentence.

    `elapsed` is seconds since the run began, `took` since the step began; `settled` of `total` steps have settled.
    `action` is an action's kind and `cause` why it is done; `epoch` is the boot that the run belongs to.
    """

    kind: EventKind
    at: float
    elapsed: float
    step: str = ""
    text: str = ""
    hint: str = ""
    object: str = ""
    settled: int = 0
    total: int = 0
    action: str = ""
    cause: str = ""
    epoch: str = ""
    took: float | None = None


class Ending(StrEnum):
    """How a step, or the whole run, ended."""

    SETTLED = "settled"
    GAVE_UP = "gave-up"
    SKIPPED = "skipped"
    UNFINISHED = "unfinished"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended: `began` and `ended` are seconds since the run began, None if it never did.

    `refused`: our own credential was refused, see `GiveUp`.
    """

    step: str
    ending: Ending
    why: str
    hint: str = ""
    person: bool = False
    began: float | None = None
    ended: float | None = None
    after: tuple[str, ...] = ()
    actions: tuple[Done, ...] = ()
    remarks: tuple[str, ...] = ()
    refused: bool = False


class Verdict(StrEnum):
    """The whole run in one word."""

    HEALTHY = "healthy"
    HEALED = "healed"
    NOT_HEALED = "not-healed"
    NEEDS_PERSON = "needs-person"
    INTERRUPTED = "interrupted"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, and how it ended."""

    epoch: str
    began: float
    seconds: float
    outcomes: tuple[Outcome, ...]
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """Judge the run by its worst step; never better than what was seen."""
        endings = {outcome.ending for outcome in self.outcomes}
        if Ending.BUG in endings:
            return Verdict.BUG
        if any(outcome.person for outcome in self.outcomes):
            return Verdict.NEEDS_PERSON
        if self.interrupted:
            return Verdict.INTERRUPTED
        if endings - {Ending.SETTLED}:
            return Verdict.NOT_HEALED
        return Verdict.HEALED if any(True for _ in self.actions()) else Verdict.HEALTHY

    def actions(self) -> Iterator[Done]:
        """Yield every action of this run, in the order of the steps."""
        for outcome in self.outcomes:
            yield from outcome.actions


def report_from_json(data: Mapping[str, Any]) -> Report:
    """Rebuild a report from what `to_json` made of it."""
    outcomes = (
        Outcome(
            **item
            | {
                "ending": Ending(item["ending"]),
                "after": tuple(item["after"]),
                "actions": tuple(Done(**done) for done in item["actions"]),
                "remarks": tuple(item["remarks"]),
            }
        )
        for item in data["outcomes"]
    )
    return Report(data["epoch"], data["began"], data["seconds"], tuple(outcomes), interrupted=data["interrupted"])


def to_json(value: Any) -> Any:
    """Turn a value of this module into what `json.dumps` takes; a Secret is refused."""
    if isinstance(value, Secret):
        raise TypeError("cannot write a secret into JSON")
    if hasattr(value, "__dataclass_fields__"):
        return {name: to_json(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return value
