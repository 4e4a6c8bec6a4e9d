"""The kinds of objects that the demo cluster knows, as values. Names only: no storage and no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""One Kubernetes object as JSON has it. Objects that come out of the store are read, never changed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind and the resource that serves it; `subresources` are those the API offers beside the object itself."""

    group: str
    version: str
    name: str
    plural: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """As an object writes it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As the server's messages write it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def has_status(self) -> bool:
        """Whether `status` is written through its own subresource only."""
        return "status" in self.subresources


_SCALED = ("status", "scale")

POD = Kind("", "v1", "Pod", "pods", ("po",), subresources=("status", "log", "portforward", "exec"))
NODE = Kind("", "v1", "Node", "nodes", ("no",), namespaced=False, subresources=("status", "proxy"))
SERVICE = Kind("", "v1", "Service", "services", ("svc",), subresources=("status",))
SECRET = Kind("", "v1", "Secret", "secrets")
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", ("cm",))
NAMESPACE = Kind("", "v1", "Namespace", "namespaces", ("ns",), namespaced=False, subresources=("status",))
EVENT = Kind("", "v1", "Event", "events", ("ev",))
ENDPOINTS = Kind("", "v1", "Endpoints", "endpoints", ("ep",))
CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", ("pvc",), subresources=("status",))
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", ("deploy",), subresources=_SCALED)
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets", ("rs",), subresources=_SCALED)
STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets", ("sts",), subresources=_SCALED)
DAEMON_SET = Kind("apps", "v1", "DaemonSet", "daemonsets", ("ds",), subresources=("status",))
JOB = Kind("batch", "v1", "Job", "jobs", subresources=("status",))
SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases")

SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", ("sa",), subresources=("token",))
_RBAC = ("rbac.authorization.k8s.io", "v1")
ROLE, ROLE_BINDING = Kind(*_RBAC, "Role", "roles"), Kind(*_RBAC, "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind(*_RBAC, "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(*_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)

QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas", ("quota",), subresources=("status",))
WEBHOOKS = tuple(
    Kind("admissionregistration.k8s.io", "v1", f"{what}WebhookConfiguration", plural, namespaced=False)
    for what, plural in (
        ("Validating", "validatingwebhookconfigurations"),
        ("Mutating", "mutatingwebhookconfigurations"),
    )
)

KINDS: tuple[Kind, ...] = (
    POD,
    NODE,
    SERVICE,
    SECRET,
    CONFIG_MAP,
    NAMESPACE,
    EVENT,
    Kind("events.k8s.io", "v1", "Event", "events", ("ev",)),
    CLAIM,
    ENDPOINTS,
    Kind("", "v1", "PersistentVolume", "persistentvolumes", ("pv",), namespaced=False, subresources=("status",)),
    SERVICE_ACCOUNT,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    JOB,
    Kind("batch", "v1", "CronJob", "cronjobs", ("cj",), subresources=("status",)),
    SLICE,
    LEASE,
    Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", ("pdb",), subresources=("status",)),
    QUOTA,
    *WEBHOOKS,
    Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", ("ks",), subresources=("status",)),
    Kind("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", ("hr",), subresources=("status",)),
    Kind("apiregistration.k8s.io", "v1", "APIService", "apiservices", namespaced=False, subresources=("status",)),
)

BY_RESOURCE: dict[tuple[str, str, str], Kind] = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_NAME: dict[tuple[str, str], Kind] = {(kind.api_version, kind.name): kind for kind in KINDS}


def kind_of(manifest: Object) -> Kind:
    """The kind that a manifest names; KeyError where the demo cluster has no such kind."""
    return BY_NAME[manifest["apiVersion"], manifest["kind"]]
