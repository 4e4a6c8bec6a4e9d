"""The Kubernetes API in the few sentences that we need, as five ports: whoever asks for one says what it does.

Namespaces, names, labels and kinds are as in the API; a Ref's kind is the lower-case singular. A `version` is the
resourceVersion that an object was seen at, a `uid` its metadata.uid.

Any method may raise UnreachableError (no answer, or one of 429 and 5xx, and then `again` is what the server asks for)
and DeniedError (401, 403: `status`). What else it raises stands beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bootheal.model import (
    Admission,
    Answer,
    Backup,
    Budget,
    ConfigMap,
    Credentials,
    Document,
    Election,
    Endpoint,
    Extensions,
    KubernetesEvent,
    Leadership,
    Lease,
    Login,
    Node,
    Occurrence,
    Operated,
    Pod,
    PodToDelete,
    Readiness,
    Ref,
    Right,
    Service,
    Workload,
)
from bootheal.ports.interest import Interest


class ClusterReader(Protocol):
    """Objects, as snapshots of ours. Any thread may ask.

    What somebody is interested in is watched, and comes from a list that is kept: at no cost, and as old as the
    watch is late. The rest is asked for each time, and takes ten seconds at most.
    """

    def readiness(self) -> Readiness:
        """Ask /readyz with our credentials, for five seconds. What is not ready is an answer, not an error."""

    def watched(self, kind: str, namespace: str = "") -> bool:
        """Tell whether changes of such objects are told of just now; whoever waits for one need not ask for it."""

    def nodes(self) -> Sequence[Node]:
        """List the nodes."""

    def lease(self, node: str) -> Lease | None:
        """Return the heartbeat of the node of this name, None where it has none yet."""

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        """List the pods of a namespace that carry all `labels`; all of them where none are given."""

    def unpulled(self, namespace: str) -> Sequence[Pod]:
        """List the pods of a namespace that wait for an image which they cannot get, and are not to end."""

    def workload(self, ref: Ref) -> Workload:
        """Return a Deployment, StatefulSet or DaemonSet.

        MissingError names it and the next thing to do; PermanentError where its pods can't be told from others.
        """

    def budgets(self, namespace: str) -> Sequence[Budget]:
        """List the PodDisruptionBudgets of a namespace; none where we may not see them."""

    def access_modes(self, namespace: str, claim: str) -> tuple[str, ...]:
        """Return how a PersistentVolumeClaim may be mounted ("ReadWriteOnce"); empty where that can't be known."""

    def service(self, namespace: str, name: str) -> Service:
        """Return a Service; MissingError names it."""

    def services(self, namespace: str) -> Sequence[Service]:
        """List the Services of a namespace."""

    def endpoints(self, namespace: str, service: str) -> Sequence[Endpoint]:
        """Return what the Service's EndpointSlices hold; empty where it has none, or does not exist."""

    def leadership(self, namespace: str, scope: str) -> Leadership | None:
        """Return the lock that Patroni keeps in the Endpoints of its scope, or in the ConfigMap SCOPE-leader.

        Where both hold one, the one that was renewed later. None where neither does, or we may not see them.
        """

    def primary_lease(self, namespace: str, cluster: str) -> Leadership | None:
        """Return the Lease by which CloudNativePG (1.30 and later) keeps one primary; MissingError without one."""

    def operated(self, namespace: str, cluster: str) -> Operated | None:
        """Return what is asked of a cluster of CloudNativePG; None where there is none, or we may not see it."""

    def configured(self, namespace: str, scope: str) -> Operated | None:
        """Return what Patroni is told by the Endpoints SCOPE-config, or the ConfigMap of that name.

        None where there is none, or we may not see it.
        """

    def suspended(self, what: Ref) -> bool:
        """Tell whether one of Flux's objects is suspended; False where there is none, or we may not see it."""

    def statefulsets(self, namespace: str) -> Sequence[Workload]:
        """List the StatefulSets of a namespace; none where we may not see them."""

    def directory(self, namespace: str, claim: str) -> str:
        """Return the directory on its node that a claim's volume is, an absolute path; "" where it is none."""

    def extensions(self) -> Extensions:
        """Return what is broken of webhooks and aggregated APIs; up to ten seconds old, up to 300 if all was well."""

    def bound_to(self, node: str) -> Sequence[Ref]:
        """Return the pods that run on a node, and the claims whose volumes lie there; as far as we may see them."""

    def admission(self, namespace: str) -> Admission:
        """Return what may keep new pods out of a namespace; two seconds old at most, webhooks ten where one is broken.

        What we may not read keeps nobody out, as far as we know.
        """

    def occurrences(self, about: Ref) -> Sequence[Occurrence]:
        """Return the Events of a pod, a workload or a claim, oldest first; none where we may not see them.

        They are two seconds old at most, and none of a watched pod that has been there for less than three.
        """

    def newest_backup(self, cronjob: Ref) -> Backup | None:
        """Return the Job of `cronjob` that succeeded last, None where there is none."""

    def document(self, config_map: Ref, key: str) -> Document:
        """Read one key of a ConfigMap; MissingError names the ConfigMap or the key."""

    def elections(self, namespace: str) -> Sequence[Election]:
        """Read a namespace's Leases of leader election, afresh each time."""

    def config_map(self, ref: Ref) -> ConfigMap:
        """Read a ConfigMap; MissingError where there is none."""

    def may(self, right: Right, name: str = "") -> bool:
        """Return whether we have a right, of any object or of one `name`; five seconds old at most."""


class PodAccess(Protocol):
    """What is inside pods: the API server asks the kubelet of their node for it. Any thread may ask.

    No password that this process has read is in any text that is returned.
    """

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        """Return the last lines of a container's log, or of its `previous` life's; "" where there is none.

        It may be two seconds old.
        """

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        """Run a command in a container ("": its default one), without a terminal or input, and wait for its end.

        Ok for exit code 0, and then `value` is the beginning of what it printed; else `text` says how it ended, or
        that it did not within `timeout` seconds. UnreachableError where it can't begin, as where there is no such
        pod. The command is in the URL and in audit logs: never a secret in it.
        """

    def pod_evidence(self, pod: Ref, containers: Sequence[str], lines: int) -> Mapping[str, str]:
        """Return what a pod leaves behind: by "status", "events", and "log NAME" with the last lines of `containers`.

        Each text is 4,000 characters at most. It raises nothing: what can't be had says why in its place.
        """

    def pods_of_kubelet(self, node: str) -> frozenset[str]:
        """Ask the node's kubelet for the UIDs of the pods that it has from the API. DeniedError names the right."""


class CredentialReader(Protocol):
    """What we log in with, and by what we know a server. Any thread may ask; two seconds old at most."""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        """Read user and password from a Secret; `fresh` insists on asking the API server now.

        MissingError names the Secret or the key, and how to make it.
        """

    def certificate(self, where: Ref, key: str) -> str:
        """Return the PEM in `key` of a Secret or ConfigMap, or in a file of this host (kind "file", the path its name).

        MissingError where there is none.
        """


class ClusterWriter(Protocol):
    """The changes that we make. For the loop's thread alone; each is one short request, but for `delete_pods`.

    Each insists on what was seen: ConflictError where the object has changed since (and then it is read anew, however
    late the watch is), MissingError where it is gone.
    What is written is in the lists that are kept before the call returns. A refusal by a webhook is an
    UnreachableError that names the webhook.
    """

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        """Delete the pod with this UID, at this version ("": at any); gracefully, if not by `force`.

        That it is gone already is fine, and no error.
        """

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        """Delete gracefully, some at a time, for half a minute at most, however many there are.

        Those that are not what was seen, and those for which there was no time, are left to the next look. What fails
        does not keep the others from being deleted; the first failure is raised in the end. Only where the API server
        refuses us, or asks for a pause, no more is begun.
        """

    def note_loan(self, pod: Ref, uid: str, key: str, value: str | None) -> None:
        """Note on the pod with this UID that a setting is lent to it, and the value to restore; None: it was."""

    def roll_out(self, workload: Ref, version: str, cause: str, at: float) -> None:
        """Annotate the pod template with `cause` and the time, `at` seconds since the epoch: its pods are replaced."""

    def scale(self, workload: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        """Set the number of replicas.

        `was` and `cause` are written into the object by the same request (None: `was` is removed, "": `cause` stays).
        """

    def uncordon(self, node: str, version: str) -> None:
        """Make a node schedulable."""

    def request_reconciliation(self, what: Ref, at: float) -> None:
        """Ask Flux to bring one of its objects up to date, whatever its version; `at`: seconds since the epoch.

        MissingError if there is no such object, or no Flux.
        """

    def release(self, lease: Ref, version: str) -> None:
        """Make a Lease nobody's, at that version: whoever wants it takes it at its next try."""

    def write_document(self, document: Document, text: str) -> None:
        """Replace the document's key of its ConfigMap by `text`, at the version that was read."""


class KubernetesEvents(Protocol):
    """Who tells the cluster's own readers what we do to its objects. For one thread; a few short requests each."""

    def tell(self, event: KubernetesEvent, epoch: str) -> None:
        """Write it as an Event, or count it where it was written before in this epoch."""


class ClusterWatcher(Protocol):
    """Who is told of changes. For the loop's thread alone."""

    def rights(self, interests: frozenset[Interest]) -> frozenset[Right]:
        """Name the rights that keeping lists of `interests` needs; it asks nobody and raises nothing."""

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Keep lists up to date from now on, and call `changed` with the kind, namespace and name of what changed.

        The name is "" where any may have changed. What was watched before stays watched, and goes on telling whom
        it told. It returns at once: a list that cannot be had raises for whoever reads it. ExhaustedError where there
        are too few threads for the watches.
        `changed` is called on the watches' own threads; it must be quick and raise nothing.
        """
