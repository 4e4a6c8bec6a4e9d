"""What the steps ask of the outside: narrow interfaces, implemented in `adapters`.

Every method may raise TransientError (look again later) or PermanentError (a
person is needed); no other error, and no error text that could hold a secret.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from bootheal.model import (
    ActionRecord,
    Answer,
    Backup,
    BootTime,
    Budget,
    Component,
    Console,
    Credentials,
    Directory,
    Document,
    Endpoint,
    Extensions,
    HostFacts,
    Leadership,
    Lease,
    Login,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Right,
    Role,
    Secret,
    Service,
    Target,
    Workload,
)


@dataclass(frozen=True, slots=True)
class Interest:
    """A kind of object in a namespace ("" for the cluster), of whatever name or of names that begin with `name`.

    `pulse`: it changes all the time, like a heartbeat, and is worth a look only to who waits for it.
    """

    kind: str
    namespace: str = ""
    name: str = ""
    pulse: bool = False

    def covers(self, change: "Interest") -> bool:
        """Tell whether a change concerns us; `change.name` is the object's, or "" if any may have changed."""
        same = (self.kind, self.namespace) == (change.kind, change.namespace)
        return same and (not change.name or change.name.startswith(self.name))


class Cluster(Protocol):
    """The Kubernetes API, in the few sentences we need. Reading is cheap while a watch is live."""

    def readiness(self) -> Readiness:
        """Ask /readyz with our credentials. DeniedError for 401/403, UnreachableError for no answer."""

    def nodes(self) -> Sequence[Node]:
        """List the nodes."""

    def lease(self, node: str) -> Lease | None:
        """Return the node's heartbeat, None where it has none yet."""

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        """List the pods of a namespace that carry all `labels`."""

    def workload(self, ref: Ref) -> Workload:
        """Return a workload; MissingError names it and the next thing to do."""

    def budgets(self, namespace: str) -> Sequence[Budget]:
        """List the PodDisruptionBudgets of a namespace; none where we may not see them."""

    def access_modes(self, namespace: str, claim: str) -> tuple[str, ...]:
        """Return how a PersistentVolumeClaim may be mounted ("ReadWriteOnce"); empty where that can't be known."""

    def service(self, namespace: str, name: str) -> Service:
        """Return a Service; MissingError names it."""

    def services(self, namespace: str) -> Sequence[Service]:
        """List the Services of a namespace."""

    def endpoints(self, namespace: str, service: str) -> Sequence[Endpoint]:
        """Return what the Service's EndpointSlices hold."""

    def leadership(self, namespace: str, service: str) -> Leadership | None:
        """Return the lock that Patroni keeps in the Service's Endpoints, None where it keeps none there."""

    def directory(self, namespace: str, claim: str) -> str:
        """Return the directory on its node that a claim's volume is, "" where it is something else."""

    def extensions(self) -> Extensions:
        """Return what is broken of webhooks and aggregated APIs; it may be some seconds old."""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        """Read a Secret; MissingError names the Secret or the key and how to make it."""

    def certificate(self, where: Ref, key: str) -> str:
        """Read PEM from a key of a Secret or ConfigMap, or from a file of this host (whose path is the Ref's name)."""

    def newest_backup(self, cronjob: Ref) -> Backup | None:
        """Return the Job of `cronjob` that succeeded last, None where there is none."""

    def document(self, config_map: Ref, key: str) -> Document:
        """Read one key of a ConfigMap."""

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        """Return the last lines of a container's log, "" where there is none."""

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        """Run a command in a container ("": its default one), without a terminal or input, and wait for its end.

        Ok for exit code 0, and then `value` is the beginning of what it printed. UnreachableError
        where it can't begin. The command is in the URL and in audit logs: never a secret in it.
        """

    def pod_evidence(self, pod: Ref, containers: Sequence[str], lines: int) -> Mapping[str, str]:
        """Return a pod's status, events, and the last lines of `containers`; what can't be had says why."""

    def pods_of_kubelet(self, node: str) -> frozenset[str]:
        """Ask the node's kubelet for the UIDs of the pods that it has from the API. DeniedError names the right."""

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        """Delete, gracefully if not by `force`. Gone is fine; ConflictError where it is not the one that was seen."""

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        """Delete gracefully, DELETES_AT_ONCE at a time; those that are not what was seen are left to the next look."""

    def roll_out(self, workload: Ref, version: str, cause: str, at: float) -> None:
        """Annotate the pod template, if the workload is still at `version`; ConflictError if not."""

    def uncordon(self, node: str, version: str) -> None:
        """Make a node schedulable, if it is still at `version`; ConflictError if not."""

    def scale(self, workload: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        """Set the number of replicas, if the workload is still at `version`; ConflictError if not.

        `was` and `cause` are written into the object by the same request (None: `was` is removed).
        """

    def request_reconciliation(self, what: Ref, at: float) -> None:
        """Ask Flux to bring one of its objects up to date; MissingError if there is no such object, or no Flux."""

    def write_document(self, document: Document, text: str) -> None:
        """Replace one key of a ConfigMap, if it is still at the version that was read."""

    def may(self, right: Right) -> bool:
        """Ask the API server whether we have a right (SelfSubjectAccessReview)."""

    def rights(self, interests: frozenset[Interest]) -> frozenset[Right]:
        """Name the rights that keeping lists of `interests` needs."""

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Keep LISTs up to date from now on, and call `changed` with the kind, namespace and name of what changed."""

    def close(self) -> None:
        """Stop the watches and close every connection."""


class Host(Protocol):
    """The machine (or the container engine) that the cluster runs on."""

    def boot_id(self) -> str | None:
        """Return this boot's id as the kubelet will report it, None where it cannot be known from here."""

    def epoch(self) -> str | None:
        """Return what tells this boot of the cluster from others, None where it cannot be known from here.

        It is more than the boot id where the cluster can be stopped and started within one boot.
        """

    def boot_time(self) -> BootTime | None:
        """Return when this boot of the cluster has been, None where it cannot be known from here."""

    def facts(self) -> HostFacts:
        """Return the state of the cluster's components; it may be some seconds old. What cannot be read is left out."""

    def directory(self, path: str) -> Directory:
        """Tell what a path is on the machine where the volumes are."""

    def start(self, component: str) -> None:
        """Begin to start a component; looking shows when it is up."""

    def restart(self, component: str) -> None:
        """Begin to restart a component."""


class Containers(Protocol):
    """This host's container engine, for what runs beside the cluster."""

    def component(self, name: str) -> Component:
        """Look at a container; MissingError where there is none."""

    def start(self, name: str) -> None:
        """Start it, if it does not run."""

    def restart(self, name: str) -> None:
        """Restart it."""


class Postgres(Protocol):
    """PostgreSQL over TCP, by its own protocol."""

    def ask(
        self,
        target: Target,
        who: Credentials,
        dbname: str,
        *,
        timeout: float,
        sql: str = "select 1",
        read_only: bool = False,
    ) -> Answer:
        """Log in, ask one question, leave. Refusals are answers, not errors; `timeout` is for all of it.

        `read_only`: every transaction is, and the server itself ends a statement shortly before the time is up.
        """

    def role(
        self,
        target: Target,
        admin: Credentials,
        dbname: str,
        role: str,
        wanted: Secret,
        *,
        verifier: Secret | None = None,
    ) -> Role | None:
        """Read a role, whether what is stored belongs to the `wanted` password, and whether it is `verifier`.

        None if it does not exist.
        """

    def set_password(
        self,
        target: Target,
        admin: Credentials,
        dbname: str,
        role: str,
        password: Secret,
        *,
        verifier: Secret | None = None,
    ) -> None:
        """ALTER ROLE with exactly `verifier`, or one computed here; the password itself is not sent."""


class Pooler(Protocol):
    """PgBouncer's admin console."""

    def read(self, target: Target, who: Credentials, dbname: str) -> Console:
        """Read settings, pools, names, version. DeniedError where `who` may not use the console."""

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        """SET key = value; PgBouncer reports success even where nothing changes, so look again."""

    def reload(self, target: Target, who: Credentials) -> None:
        """RELOAD: read pgbouncer.ini and auth_file again, which undoes every SET."""


class Web(Protocol):
    """Probes of what the workloads serve."""

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        """GET; ok for that status (0: 200 to 399), else `text` has the status or why there was none."""

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        """Connect, say something if there is something to say, and wait for what is expected."""

    def dns(self, target: Target, name: str, timeout: float) -> Answer:
        """Ask a DNS server over TCP; that the name does not exist is a good answer, too."""

    def visit(
        self,
        url: str,
        timeout: float,
        *,
        method: str = "GET",
        ca: str = "",
        insecure: bool = False,
        address: str = "",
        status: int = 0,
    ) -> Answer:
        """Ask a URL from this host, trusting `ca` (else the system's authorities), connecting to `address` if given.

        Redirects of a GET are followed on the same host, but never from https to http.
        """


class Clock(Protocol):
    """Time, and the one place where the engine sleeps."""

    def now(self) -> float:
        """Return seconds since the epoch, as remembered over restarts."""

    def monotonic(self) -> float:
        """Return seconds that only go forward, for durations: the same for all processes of a boot of this machine."""

    def receive(self, inbox: "SimpleQueue[Any]", timeout: float | None) -> Any:
        """Return the next item, or None after `timeout` seconds."""


class Workers(Protocol):
    """Where looks run, so that none holds up another."""

    def start(self, call: Callable[[], None]) -> None:
        """Run `call` soon, on some thread."""


class Memory(Protocol):
    """What survives a crash: per epoch, what was first seen when and done why; over all epochs, what was good."""

    def enter(self, epoch: str) -> None:
        """Open the memory of `epoch`; what is remembered of another epoch is put aside, but for what was kept."""

    def observe(self, step: str, conditions: frozenset[str], now: float) -> Mapping[str, float]:
        """Remember since when each condition holds, forget those that ended; return the first-seen times.

        `now` is of the monotonic clock, so that a jump of the wall clock does not matter.
        """

    def done(self, step: str) -> tuple[ActionRecord, ...]:
        """Return what this step did in this epoch, oldest first."""

    def record(self, step: str, done: ActionRecord) -> None:
        """Write `done` to disk before returning; a record of the same number replaces the former."""

    def incident(self, step: str) -> int:
        """Return how often this step has been mended in this epoch."""

    def close_incident(self, step: str) -> None:
        """A pass has ended with this step settled: if it did anything since it was last mended, that has helped."""

    def boots_in_vain(self, step: str, action: str) -> int:
        """Return in how many epochs in a row the step did this kind of action, and was not mended."""

    def set_baseline(self, step: str, facts: Mapping[str, str]) -> None:
        """Remember what the step settled with, in place of what it settled with before."""

    def baseline(self, step: str) -> Mapping[str, str]:
        """Return what the step last settled with, in whatever epoch."""


@dataclass(frozen=True, slots=True)
class World:
    """All that a look may read and an action may change.

    `direct`: this host reaches the addresses of pods and Services itself, as on k3s.
    Where it does not, port-forwards carry the connections, and a Service cannot be tried.
    `containers`: None where there is no container engine to ask.
    """

    cluster: Cluster
    host: Host
    postgres: Postgres
    pooler: Pooler
    web: Web
    direct: bool = True
    containers: Containers | None = None
