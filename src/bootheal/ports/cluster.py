"""The Kubernetes API, as the steps see it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bootheal.model import (
    Answer,
    Backup,
    Budget,
    Credentials,
    Document,
    Endpoint,
    Extensions,
    Leadership,
    Lease,
    Login,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Right,
    Service,
    Workload,
)
from bootheal.ports.interest import Interest


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
        """Delete gracefully, some at a time; those that are not what was seen are left to the next look."""

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
