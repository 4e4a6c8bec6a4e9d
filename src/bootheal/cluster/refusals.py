"""Would a new pod be taken now? The one rule for it: who deletes, rolls out or scales asks here first.

What is in back-off, or Unknown, comes back in its place when it is left alone; what is deleted does not come back
while a webhook, a quota, its namespace or its node refuses its successor. So whatever bootheal has itself seen to
refuse new pods is waited for, and nothing is taken down meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bootheal.cluster.rollout import unpulled
from bootheal.cluster.webhooks import describe
from bootheal.model import Admission, Node, Pod, Right
from bootheal.ports import ClusterReader

# What keeps pods away from a node, whose own controller puts it there. DaemonSets' pods tolerate all of it.
SHUTTING = (
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/out-of-service",
    "node.cloudprovider.kubernetes.io/uninitialized",
)

# A pod with requests tolerates it.
OF_BEST_EFFORT = "node.kubernetes.io/memory-pressure"

# Quotas of these count none of a controller's pods, or only those of a class that nothing here tells.
_OTHERS = frozenset({"Terminating", "PriorityClass", "CrossNamespacePodAffinity"})


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is known of a namespace and of the nodes, as far as new pods are concerned; `unpulled`: image -> by whom."""

    admission: Admission = field(default_factory=Admission)
    nodes: tuple[Node, ...] = ()
    unpulled: Mapping[str, Pod] = field(default_factory=dict)

    def of(self, pod: Pod) -> str:
        """Say why a successor of `pod` would not come to be, "" where nothing is known to keep it out."""
        return self.placed(pod) or self._of_images(pod)

    def placed(self, pod: Pod) -> str:
        """Say why a successor would not even be made, or find no node; whether its images are there is not asked."""
        return self._of_namespace(pod) or self._of_nodes(pod)

    def of_any(self, pods: Iterable[Pod]) -> str:
        """Say why one of these would have no successor; "" for none of them."""
        return next((why for pod in pods if (why := self.of(pod))), "")

    def _of_namespace(self, pod: Pod) -> str:
        """Say why the API server would refuse it."""
        if self.admission.going_away:
            return f"namespace {self.admission.namespace} is being deleted and takes no new pods"
        for webhook in self.admission.webhooks:
            if all(requirement.met(pod.labels) for requirement in webhook.objects):
                return describe(webhook, "refuses new pods")
        for quota in self.admission.quotas:
            if quota.used_up and _counts(quota.scopes, pod):
                return f"{quota.ref} is used up ({', '.join(quota.used_up)}) and takes no new pods"
        return ""

    def _of_nodes(self, pod: Pod) -> str:
        if not self.nodes or (pod.owner and pod.owner.kind == "daemonset"):
            return ""
        shut = [(node, why) for node in self.nodes if (why := _shut(node, pod))]
        if len(shut) < len(self.nodes):
            return ""
        return f"no node takes new pods: {', '.join(f'{node.name} {why}' for node, why in shut)}"

    def _of_images(self, pod: Pod) -> str:
        """A pod that waits for an image itself is no reason to leave itself alone: that is for its own step to say."""
        for image in (container.image for container in (*pod.init, *pod.containers)):
            other = self.unpulled.get(image)
            if image and other and other.uid != pod.uid and other.node in ("", pod.node):
                return f"image {image} cannot be pulled ({other.ref})"
        return ""


def look(cluster: ClusterReader, namespace: str, neighbours: Sequence[Pod] = ()) -> Refusals:
    """Read what may refuse new pods; `neighbours` are pods of the namespace that lack images."""
    lacking = {image: pod for pod in neighbours if not pod.deleting and (image := unpulled(pod))}
    return Refusals(cluster.admission(namespace), tuple(cluster.nodes()), lacking)


def wishes(namespaces: Iterable[str]) -> frozenset[Right]:
    """Name what `look` would read; where that is not allowed less is known."""
    needed = {Right("list", "resourcequotas", namespace) for namespace in namespaces}
    return frozenset(needed | {Right("get", "namespaces"), Right("list", "nodes")})


def _counts(scopes: Sequence[str], pod: Pod) -> bool:
    """Tell whether a quota of these scopes is about such a pod."""
    effort = pod.quality == "BestEffort"
    if _OTHERS.intersection(scopes) or (effort and "NotBestEffort" in scopes):
        return False
    return effort or "BestEffort" not in scopes or not pod.quality


def _shut(node: Node, pod: Pod) -> str:
    """Say why a node takes no new pod of this kind."""
    if node.unschedulable:
        return "is cordoned"
    if not node.ready:
        return "is not Ready"
    kept = [*SHUTTING, *([OF_BEST_EFFORT] if pod.quality == "BestEffort" else ())]
    return next((f"has the taint {taint}" for taint in kept if taint in node.taints), "")
