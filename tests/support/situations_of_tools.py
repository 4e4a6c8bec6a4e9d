"""What Flux and Argo CD have in hand, and what the node and the control plane say of themselves."""

from collections.abc import Iterator
from typing import Any

from support.healthy import Box, Json
from support.raw_objects import RESTART, WEB, conditions, merged, unready, web, web_pod
from support.situations import Situation

FLUX, HELM = "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
HOOK = """\
workloads: {deployment/shop/web: {}}
hooks: {flux: {after: [deployment/shop/web], reconcile: KIND/flux-system/shop}}
"""


def flux(it: Box, kind: str, *shown: str, at: float = 90, spec: Json | None = None, **status: Any) -> Iterator[Json]:
    """Yield an application that serves, and the object of Flux's that it came from."""
    yield from web(it)
    version = HELM if kind == "HelmRelease" else FLUX
    told = {"observedGeneration": 1, "conditions": conditions(it, *shown, at=at)} | status
    yield it.object(kind, "shop", "flux-system", version, spec={"interval": "10m"} | (spec or {}), status=told)


def crashing(it: Box, **metadata: Any) -> Iterator[Json]:
    loop = unready(it, web_pod(it), reason="CrashLoopBackOff", message="back-off 5m0s restarting failed container=web")
    yield from web(it, loop, ready=False, metadata=metadata)


def application(it: Box, **status: Any) -> Iterator[Json]:
    yield from web(it)
    yield it.object("Application", "shop", "argocd", "argoproj.io/v1alpha1", spec={}, status=status)


def node(it: Box, *shown: str, at: float = 17, **status: Any) -> Iterator[Json]:
    """Yield the node anew: conditions that replace its own, and what else its status has."""
    made = next(iter(it.node()))
    more = conditions(it, *shown, at=at)
    kept = [each for each in made["status"]["conditions"] if each["type"] not in {new["type"] for new in more}]
    yield merged(made, {"status": {"conditions": [*kept, *more], **status}})
    yield from web(it)


def election(it: Box, name: str, holder: str, renewed: float, **spec: Any) -> Iterator[Json]:
    yield from web(it)
    held = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": f"{it.at(renewed)[:-1]}.000000Z"} | spec
    held |= {"acquireTime": f"{it.at(renewed - 900)[:-1]}.000000Z", "leaseTransitions": 3}
    yield it.object("Lease", name, "kube-system", "coordination.k8s.io/v1", spec=held)


COORDINATED = {"strategy": "OldestEmulationVersion", "preferredHolder": "box_new"}

TOOLS = {
    "Flux: a Kustomization is suspended, and says what it said before": Situation(
        objects=lambda it: flux(
            it, "Kustomization", "Ready=False HealthCheckFailed: timeout", at=-5000, spec={"suspend": True}
        ),
        declared=HOOK.replace("KIND", "kustomization"),
        ends="gave-up|settled",
        says=["suspended"],
    ),
    "Flux: a HelmRelease is suspended": Situation(
        objects=lambda it: flux(it, "HelmRelease", "Ready=True UpgradeSucceeded", at=-5000, spec={"suspend": True}),
        declared=HOOK.replace("KIND", "helmrelease"),
        ends="gave-up|settled",
        says=["suspended"],
    ),
    "Flux: a Kustomization is asked once all serves": Situation(
        objects=lambda it: flux(it, "Kustomization", "Ready=True ReconciliationSucceeded"),
        declared=HOOK.replace("KIND", "kustomization"),
        ends="settled",
        deeds=frozenset({"reconcile shop"}),
    ),
    "Flux: what it gave up was suspended": Situation(
        objects=lambda it: flux(it, "HelmRelease", "Stalled=True RetriesExceeded: x", spec={"suspend": True}),
        declared=WEB,
        ends="settled",
    ),
    "Flux: its retries are exhausted": Situation(
        objects=lambda it: flux(
            it,
            "HelmRelease",
            "Stalled=True RetriesExceeded: Failed to upgrade after 3 attempt(s)",
            "Ready=False UpgradeFailed: Helm upgrade failed for release shop/web: context deadline exceeded",
        ),
        declared=WEB,
        ends="settled",
        roots=["helmrelease/flux-system/shop"],
    ),
    "Flux: nothing to roll back to": Situation(
        objects=lambda it: flux(
            it,
            "HelmRelease",
            "Stalled=True MissingRollbackTarget: Failed to perform remediation: missing target release for rollback",
            "Ready=False InstallFailed: Helm install failed",
        ),
        declared=WEB,
        ends="settled",
        roots=["helmrelease/flux-system/shop"],
    ),
    "Flux: remediation is under way": Situation(
        objects=lambda it: flux(
            it,
            "HelmRelease",
            "Reconciling=True ProgressingWithRetry: Running 'rollback' action with timeout of 5m0s",
            "Ready=False UpgradeFailed: Helm upgrade failed",
            "Released=False UpgradeFailed: Helm upgrade failed",
            at=3580,
        ),
        declared=WEB,
        ends="settled",
    ),
    "Flux: it was stalled before the cut, and begins again": Situation(
        objects=lambda it: flux(
            it,
            "HelmRelease",
            "Stalled=True RetriesExceeded: Failed to upgrade after 3 attempt(s)",
            "Ready=False UpgradeFailed: Helm upgrade failed",
            observedGeneration=0,
        ),
        declared=WEB,
        ends="settled",
    ),
    "Flux: what it depends on is not ready": Situation(
        objects=lambda it: flux(
            it,
            "Kustomization",
            "Ready=False DependencyNotReady: dependency 'flux-system/infra' is not ready",
            "Reconciling=True ProgressingWithRetry",
        ),
        declared=WEB,
        ends="settled",
    ),
    "Argo CD heals itself: what crashes is not annotated": Situation(
        objects=lambda it: crashing(
            it, annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}
        ),
        declared=WEB,
        ends="gave-up|unfinished",
        deeds=frozenset({"delete web-1"}),
        roots=["pod/shop/web-1"],
    ),
    "Flux with drift detection: what crashes is not annotated by kubectl": Situation(
        objects=lambda it: crashing(it, labels={"helm.toolkit.fluxcd.io/name": "web"}),
        declared=WEB,
        ends="gave-up|unfinished",
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "Argo CD: a sync is under way": Situation(
        objects=lambda it: application(
            it,
            sync={"status": "OutOfSync"},
            health={"status": "Progressing"},
            operationState={"phase": "Running", "startedAt": it.at(3550), "message": "waiting for healthy state"},
        ),
        declared=WEB,
        ends="settled",
    ),
    "Argo CD: a sync has failed": Situation(
        objects=lambda it: application(
            it,
            sync={"status": "OutOfSync"},
            health={"status": "Degraded"},
            operationState={
                "phase": "Failed",
                "startedAt": it.at(100),
                "finishedAt": it.at(120),
                "message": "one or more objects failed to apply, reason: the server could not find it",
            },
        ),
        declared=WEB,
        ends="settled",
        roots=["application/argocd/shop"],
    ),
    "Argo CD: it warns of what is nobody's": Situation(
        objects=lambda it: application(
            it, conditions=[{"type": "OrphanedResourceWarning", "message": "x", "lastTransitionTime": it.at(50)}]
        ),
        declared=WEB,
        ends="settled",
    ),
    "Argo CD: it failed in the boot before": Situation(
        objects=lambda it: application(
            it, conditions=[{"type": "SyncError", "message": "x", "lastTransitionTime": it.at(-5000)}]
        ),
        declared=WEB,
        ends="settled",
    ),
    "the node's kubelet has stopped to speak": Situation(
        objects=lambda it: node(it, "Ready=Unknown NodeStatusUnknown: Kubelet stopped posting node status.", at=50),
        declared=WEB,
        ends="skipped|unfinished",
        says=["Kubelet stopped posting node status"],
        roots=["node"],
    ),
    "the node is still of the boot before": Situation(
        objects=lambda it: node(it, nodeInfo={"bootID": "11111111-2222-3333-4444-555555555555"}),
        declared=WEB,
        ends="skipped|unfinished",
        says=["previous boot"],
        roots=["node"],
    ),
    "the node does not tell its boot": Situation(
        objects=lambda it: node(it, nodeInfo={"bootID": ""}),
        declared=WEB,
        ends="skipped|unfinished",
        roots=["node"],
    ),
    "the node tells of features, swap and handlers": Situation(
        objects=lambda it: node(
            it,
            features={"supplementalGroupsPolicy": True},
            declaredFeatures=["GuaranteedQoSPodCPUResize"],
            runtimeHandlers=[{"name": "", "features": {"userNamespaces": True}}],
            nodeInfo={"swap": {"capacity": 2147483648}, "kubeProxyVersion": ""},
        ),
        declared=WEB,
        ends="settled",
    ),
    "a coordinated election, whose holder is of the boot before": Situation(
        objects=lambda it: election(it, "kube-scheduler", "box_old", -20, **COORDINATED),
        declared=WEB,
        ends="settled",
        deeds=frozenset({"release kube-scheduler"}),
    ),
    "an election that another has won since": Situation(
        objects=lambda it: election(it, "kube-scheduler", "box_new", 58),
        declared=WEB,
        ends="settled",
    ),
    "an API server of before, by its name": Situation(
        objects=lambda it: election(it, "apiserver-abc", "apiserver-abc_1", -20),
        declared=WEB,
        ends="settled",
    ),
    "ranges and addresses of Services": Situation(
        objects=lambda it: (
            *web(it),
            it.object(
                "ServiceCIDR",
                "extra",
                version="networking.k8s.io/v1",
                spec={"cidrs": ["10.96.0.0/28"]},
                status={"conditions": conditions(it, "Ready=False Terminating: There are still IPAddresses")},
            ),
            it.object("IPAddress", "10.43.0.77", version="networking.k8s.io/v1", spec={"parentRef": {"name": "web"}}),
        ),
        declared=WEB,
        ends="settled",
    ),
}
