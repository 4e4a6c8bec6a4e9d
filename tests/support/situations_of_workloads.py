"""Workloads as Kubernetes 1.21 to 1.36 have them in the API: fields that came, or mean another thing than before."""

from collections.abc import Iterable, Iterator
from typing import Any

from support.healthy import APPS, BATCH, SLICES, Box, Json
from support.situations import Situation, conditions, merged, none_ready, unready, web, web_pod

WEB = "workloads: {deployment/shop/web: {}}\n"
CLEANED = f"cleanup: {{namespaces: [shop]}}\n{WEB}"
SET = "workloads: {statefulset/shop/store: {OPTIONS}}\n"


def declared(**options: str) -> str:
    return SET.replace("OPTIONS", ", ".join(f"{key}: {value}" for key, value in options.items()))


def endpoint(ip: str, pod: str, **shown: Any) -> Json:
    reference = {"kind": "Pod", "name": pod, "namespace": "shop", "uid": f"u-Pod-shop-{pod}"}
    return {"addresses": [ip], "conditions": shown, "targetRef": reference}


def leading(it: Box, *endpoints: Json, pods: tuple[Json, ...] = (), ready: bool = True) -> Iterator[Json]:
    """Yield the workload; its Service leads to these endpoints instead of the usual one."""
    yield from sliced(web(it, *pods, ready=ready), endpoints=list(endpoints))


def sliced(objects: Iterable[Json], **fields: Any) -> Iterator[Json]:
    """Yield them, the slices among them with other fields."""
    for each in objects:
        yield each | fields if each["kind"] == "EndpointSlice" else each


def mirrored(it: Box) -> Json:
    """Return a slice that another controller has left, with an address of the boot before."""
    labels = {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    old = [endpoint("10.42.0.3", "web-1", ready=True)]
    ports = [{"name": "main", "port": 80}]
    fields: Json = {"addressType": "IPv4", "endpoints": old, "ports": ports}
    return it.object("EndpointSlice", "web-m", "shop", SLICES, metadata={"labels": labels}, **fields)


def conditioned(it: Box, *shown: str, **status: Any) -> Json:
    pod = web_pod(it)
    more = conditions(it, *shown)
    kinds = {each["type"] for each in more}
    kept = [each for each in pod["status"]["conditions"] if each["type"] not in kinds]
    return merged(pod, {"status": {"conditions": [*kept, *more], **status}})


def pending(it: Box, condition: str, **spec: Any) -> Json:
    """Return a pod that has no node."""
    pod = web_pod(it, ip="")
    pod["spec"].pop("nodeName")
    status = {"phase": "Pending", "conditions": conditions(it, condition, at=-100)}
    return pod | {"spec": pod["spec"] | spec, "status": status}


def beginning(it: Box, reason: str, message: str = "", **status: Any) -> Json:
    """Return a pod whose containers have never run."""
    pod = unready(it, web_pod(it, ip=""), reason=reason, message=message, restarts=0)
    for each in pod["status"]["containerStatuses"]:
        each["lastState"] = {}
    return merged(pod, {"status": {"phase": "Pending", **status}})


def sidecar(it: Box, state: Json, *, main: str, ready: bool = False, restarts: int = 3) -> Json:
    """Return a pod with an init container that is to run on; the state of its main container is `main`."""
    pod = unready(it, web_pod(it), reason=main) if main else unready(it, web_pod(it))
    shown = {"name": "proxy", "ready": ready, "started": ready, "restartCount": restarts, "image": "p:1"} | state
    if not main:
        for each in pod["status"]["containerStatuses"]:
            each["ready"] = True
    init = [{"name": "proxy", "image": "p:1", "restartPolicy": "Always"}]
    return merged(pod, {"spec": {"initContainers": init}, "status": {"initContainerStatuses": [shown]}})


LOOPS = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container=proxy"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "1970-01-12T13:47:20Z"}},
}


def store(it: Box, *names: str, ready: bool = True, **changes: Any) -> Iterator[Json]:
    labels = {"app": "store"}
    workload = merged(it.workload("StatefulSet", "store", labels, count=len(names)), changes)
    yield workload if ready else none_ready(workload)
    for number, name in enumerate(names):
        revision = labels | {"controller-revision-hash": "store-a"}
        pod = it.pod(name, "StatefulSet/store", labels=revision, ip=f"10.42.0.5{number}", containers=["store=store:1"])
        yield pod if ready else unready(it, pod, reason="CrashLoopBackOff", message="back-off 5m0s restarting failed")


def dead(it: Box, **status: Any) -> Iterator[Json]:
    """Yield the workload, whose new pod serves, and a pod that the shutdown ended."""
    yield from web(it)
    yield it.ended("web-0", "ReplicaSet/web-5", phase="Failed", **status)


# Deleted at first, since its pod waits; another restart is by the template.
RESTART = frozenset({"delete web-1", "roll out web"})
RETAIN = {"whenDeleted": "Retain", "whenScaled": "Delete"}
CHANGING = {
    "phase": "Bound",
    "allocatedResourceStatuses": {"storage": "NodeResizePending"},
    "modifyVolumeStatus": {"status": "Infeasible", "targetVolumeAttributesClassName": "gold"},
}
GATED = "PodScheduled=False SchedulingGated: Scheduling is blocked due to non-empty scheduling gates"
CLAIMS = (
    "PodScheduled=False Unschedulable: 0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, "
    "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
HOST_USERS = (
    'Failed to create pod sandbox: can\'t set `spec.hostUsers: false`, RuntimeClass handler "" does not support user '
    "namespaces"
)
VOLUME = (
    'Back-off pulling image "registry.example.org/models:3": ErrImagePull: rpc error: code = NotFound desc = failed to '
    'pull and unpack image "registry.example.org/models:3": not found'
)


def job(it: Box, spec: Json, **status: Any) -> Iterator[Json]:
    yield from web(it)
    yield it.object("Job", "import", "shop", BATCH, spec=spec, status=status, metadata={"creationTimestamp": it.at(5)})


KUBERNETES = {
    # discovery/v1: "A nil value should be interpreted as 'true'"
    "an endpoint whose readiness is not told": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.32", "web-1", ready=None, serving=None, terminating=None)),
        declared=WEB,
        ends="settled",
    ),
    "an endpoint without any conditions": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.32", "web-1")), declared=WEB, ends="settled"
    ),
    "an endpoint that is terminating beside the one that serves": Situation(
        objects=lambda it: leading(
            it,
            endpoint("10.42.0.9", "web-0", ready=False, serving=True, terminating=True),
            endpoint("10.42.0.32", "web-1", ready=True, serving=True, terminating=False),
        ),
        declared=WEB,
        ends="settled",
    ),
    "only an endpoint that is terminating": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.9", "web-0", ready=False, serving=True, terminating=True)),
        declared=WEB,
        ends="unfinished",
        says=["service/shop/web"],
    ),
    "a Service that publishes what is not ready": Situation(
        objects=lambda it: leading(
            it, endpoint("10.42.0.32", "web-1", ready=True), pods=(unready(it, web_pod(it)),), ready=False
        ),
        declared=WEB,
        ends="unfinished",
        says=["0 of 1"],
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "a slice without ports": Situation(objects=lambda it: sliced(web(it), ports=None), declared=WEB, ends="settled"),
    "a slice for all ports": Situation(
        objects=lambda it: sliced(web(it), ports=[{"name": "", "port": None}]), declared=WEB, ends="settled"
    ),
    "an endpoint that is nobody's": Situation(
        objects=lambda it: sliced(web(it), endpoints=[{"addresses": ["10.42.0.32"], "targetRef": None}]),
        declared=WEB,
        ends="settled",
    ),
    "a slice without endpoints": Situation(
        objects=lambda it: sliced(web(it), endpoints=None),
        declared=WEB,
        ends="unfinished",
        says=["service/shop/web"],
    ),
    "a slice of another controller's, of the boot before": Situation(
        objects=lambda it: (*web(it), mirrored(it)), declared=WEB, ends="unfinished", says=["10.42.0.3"]
    ),
    "a Service of both families": Situation(
        objects=lambda it: (
            *leading(
                it,
                endpoint("10.42.0.32", "web-1", ready=True),
                pods=(merged(web_pod(it), {"status": {"podIPs": [{"ip": "10.42.0.32"}, {"ip": "fd00:42::20"}]}}),),
            ),
            it.object(
                "EndpointSlice",
                "web-x6",
                "shop",
                SLICES,
                addressType="IPv6",
                metadata={"labels": {"kubernetes.io/service-name": "web"}},
                ports=[{"name": "main", "port": 80}],
                endpoints=[endpoint("fd00:42::20", "web-1", ready=True)],
            ),
        ),
        declared=WEB,
        ends="settled",
    ),
    # A restart would begin that time anew, and so on without end.
    "what must be ready for ten minutes to count": Situation(
        objects=lambda it: web(it, status={"availableReplicas": 0}, spec={"minReadySeconds": 600}),
        declared=WEB,
        ends="unfinished",
        says=["0 of 1 replicas are available: all are ready, but not yet for minReadySeconds, 600 s"],
    ),
    "a sidecar that has not started yet": Situation(
        objects=lambda it: web(
            it,
            sidecar(it, {"state": {"running": {"startedAt": it.at(40)}}}, main="PodInitializing", restarts=0),
            ready=False,
        ),
        declared=WEB,
        ends="unfinished",
        says=["sidecar proxy"],
        roots=["pod/shop/web-1"],
    ),
    "a sidecar that crashes, beside what runs": Situation(
        objects=lambda it: web(it, sidecar(it, LOOPS, main="", restarts=9), ready=False),
        declared=WEB,
        ends="gave-up|unfinished",
        deeds=RESTART,
        says=["crash-loop back-off (exit code 1)"],
        roots=["pod/shop/web-1"],
    ),
    "no sandbox yet": Situation(
        objects=lambda it: web(
            it,
            beginning(
                it, "ContainerCreating", conditions=conditions(it, "PodReadyToStartContainers=False", "Ready=False")
            ),
            ready=False,
        ),
        declared=WEB,
        ends="unfinished",
        says=["ContainerCreating"],
        roots=["pod/shop/web-1"],
    ),
    "a resize that the node cannot give": Situation(
        objects=lambda it: web(
            it,
            conditioned(
                it,
                "PodResizePending=True Infeasible: Node didn't have enough capacity: cpu, requested: 9000",
                observedGeneration=1,
                resize="Infeasible",
            ),
        ),
        declared=WEB,
        ends="settled",
    ),
    "a resize that fails": Situation(
        objects=lambda it: web(it, conditioned(it, "PodResizeInProgress=True Error: failed to resize cgroup")),
        declared=WEB,
        ends="settled",
    ),
    "all its containers are being restarted": Situation(
        objects=lambda it: web(
            it,
            merged(
                unready(it, web_pod(it)),
                {"status": {"conditions": conditions(it, "AllContainersRestarting=True", "Ready=False")}},
            ),
            ready=False,
        ),
        declared=WEB,
        ends="unfinished",
        says=["0 of 1"],
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "what the kubelet ended for the shutdown": Situation(
        objects=lambda it: dead(
            it,
            reason="Terminated",
            message="Pod was terminated in response to imminent node shutdown.",
            conditions=conditions(it, "DisruptionTarget=True TerminationByKubelet: Pod was terminated", at=-20),
        ),
        declared=WEB,
        ends="settled",
        deeds=frozenset({"delete web-0"}),
    ),
    "what the kubelet ended of another kind of set": Situation(
        objects=lambda it: (*web(it), it.ended("kb-0", "InstanceSet/kb", phase="Failed", reason="Terminated")),
        declared=CLEANED,
        ends="settled",
        says=["kb-0"],
    ),
    "what the kubelet ended of an operator's": Situation(
        objects=lambda it: (*web(it), it.ended("db-1", "Cluster/db", phase="Failed", reason="Terminated")),
        declared=CLEANED,
        ends="settled",
        says=["db-1"],
    ),
    "what the kubelet ended of a Rollout's ReplicaSet": Situation(
        objects=lambda it: (*web(it), it.ended("roll-1", "ReplicaSet/roll-5", phase="Failed", reason="Terminated")),
        declared=CLEANED,
        ends="settled",
        deeds=frozenset({"delete roll-1"}),
    ),
    "what the kubelet ended of a Job": Situation(
        objects=lambda it: (*web(it), it.ended("once-1", "Job/once", phase="Failed", reason="Terminated")),
        declared=CLEANED,
        ends="settled",
        says=["once-1"],
    ),
    "a pod of which nothing is told": Situation(
        objects=lambda it: web(
            it,
            merged(web_pod(it), {"status": dict.fromkeys(("containerStatuses", "conditions", "podIPs"))}),
            ready=False,
        ),
        declared=WEB,
        ends="unfinished",
        roots=["pod/shop/web-1"],
    ),
    "a set whose numbers begin at five": Situation(
        objects=lambda it: store(it, "store-5", "store-6", spec={"ordinals": {"start": 5}}),
        declared=declared(),
        ends="settled",
    ),
    "a set that may lose two at a time": Situation(
        objects=lambda it: store(
            it,
            "store-0",
            "store-1",
            spec={"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}},
        ),
        declared=declared(),
        ends="settled",
    ),
    # Scaling such a set to zero deletes its volumes.
    "a set whose volumes go when it is scaled down": Situation(
        objects=lambda it: store(
            it,
            "store-0",
            ready=False,
            spec={"persistentVolumeClaimRetentionPolicy": RETAIN, "volumeClaimTemplates": [{}]},
        ),
        declared=declared(strategy="scale", restart="always"),
        ends="gave-up|unfinished",
        deeds=frozenset({"delete store-0"}),
        roots=["pod/shop/store-0"],
    ),
    "a set whose volumes go when it is deleted": Situation(
        objects=lambda it: store(
            it,
            "store-0",
            ready=False,
            spec={"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}},
        ),
        declared=declared(strategy="scale", restart="always"),
        ends="gave-up|unfinished",
        deeds=frozenset({"delete store-0", "scale store to 0"}),
        roots=["pod/shop/store-0"],
    ),
    "a set that is to be scaled, and Argo CD heals itself": Situation(
        objects=lambda it: store(
            it, "store-0", ready=False, metadata={"annotations": {"argocd.argoproj.io/tracking-id": "x"}}
        ),
        declared=declared(strategy="scale", restart="always"),
        ends="gave-up|unfinished",
        deeds=frozenset({"delete store-0"}),
        roots=["pod/shop/store-0"],
    ),
    "a set that is to be scaled, and is an operator's": Situation(
        objects=lambda it: store(
            it, "store-0", ready=False, metadata={"ownerReferences": [{"kind": "postgresql", "name": "db", "uid": "x"}]}
        ),
        declared=declared(strategy="scale", restart="always"),
        ends="gave-up|unfinished",
        deeds=frozenset({"delete store-0"}),
        roots=["pod/shop/store-0"],
    ),
    "a Deployment that waits for its old pod to go": Situation(
        objects=lambda it: web(
            it,
            merged(web_pod(it), {"metadata": {"deletionTimestamp": it.at(90), "deletionGracePeriodSeconds": 30}}),
            ready=False,
            spec={"podReplacementPolicy": "TerminationComplete"},
            status={"replicas": 0, "updatedReplicas": 0, "terminatingReplicas": 1, "unavailableReplicas": 1},
        ),
        declared=WEB,
        ends="unfinished",
        says=["deleted"],
        roots=["pod/shop/web-1"],
    ),
    "a pod that a taint has driven out": Situation(
        objects=lambda it: web(
            it,
            merged(
                conditioned(it, "DisruptionTarget=True DeletionByTaintManager: NoExecute taint", "Ready=False"),
                {"metadata": {"deletionTimestamp": it.at(70)}},
            ),
            ready=False,
        ),
        declared=WEB,
        ends="unfinished",
        says=["pod/shop/web-1 is being deleted"],
        roots=["pod/shop/web-1"],
    ),
    "a volume that is being made larger, and one that cannot be changed": Situation(
        objects=lambda it: (
            *store(it, "store-0"),
            it.object("PersistentVolumeClaim", "data", "shop", spec={}, status=CHANGING),
        ),
        declared=declared(),
        ends="settled",
    ),
    "a pod behind a scheduling gate": Situation(
        objects=lambda it: web(it, pending(it, GATED, schedulingGates=[{"name": "example.org/quota"}]), ready=False),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["scheduling gates"],
        roots=["pod/shop/web-1"],
    ),
    "devices that nobody can allocate": Situation(
        objects=lambda it: (
            *web(it, pending(it, CLAIMS, resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]), ready=False),
            it.object("ResourceClaim", "gpu", "shop", "resource.k8s.io/v1", spec={}, status={}),
        ),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["cannot allocate all claims"],
        roots=["pod/shop/web-1"],
    ),
    "the image of a volume is not there": Situation(
        objects=lambda it: web(it, beginning(it, "ImagePullBackOff", VOLUME), ready=False),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["registry.example.org/models:3"],
        roots=["pod/shop/web-1"],
    ),
    "a runtime without user namespaces": Situation(
        objects=lambda it: (
            *web(it, beginning(it, "ContainerCreating"), ready=False),
            it.event("Pod/web-1", "FailedCreatePodSandBox", HOST_USERS, 3500),
        ),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["user namespaces"],
        roots=["pod/shop/web-1"],
    ),
    "a crash loop on a node that waits five seconds at most": Situation(
        objects=lambda it: web(
            it,
            unready(
                it,
                web_pod(it),
                reason="CrashLoopBackOff",
                message="back-off 5s restarting failed container=web",
                restarts=40,
            ),
            ready=False,
        ),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["web"],
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "a container that is never started again, in a pod that is": Situation(
        objects=lambda it: web(
            it,
            merged(
                web_pod(it),
                {
                    "spec": {"containers": [{"name": "web-1"}, {"name": "once", "restartPolicy": "Never"}]},
                    "status": {
                        "conditions": conditions(it, "Ready=False ContainersNotReady", "ContainersReady=False"),
                        "containerStatuses": [
                            *web_pod(it)["status"]["containerStatuses"],
                            {
                                "name": "once",
                                "ready": False,
                                "restartCount": 0,
                                "state": {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": it.at(50)}},
                            },
                        ],
                    },
                },
            ),
            ready=False,
        ),
        declared=WEB,
        ends="gave-up|unfinished",
        says=["once"],
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "a Job that is suspended": Situation(
        objects=lambda it: job(
            it, {"suspend": True}, conditions=conditions(it, "Suspended=True JobSuspended: Job suspended")
        ),
        declared=WEB,
        ends="settled",
    ),
    "a Job of another controller": Situation(
        objects=lambda it: job(it, {"managedBy": "kueue.x-k8s.io/multikueue", "suspend": False}),
        declared=WEB,
        ends="settled",
    ),
    "a Job that is complete by its success policy": Situation(
        objects=lambda it: job(
            it,
            {"successPolicy": {"rules": [{"succeededIndexes": "0"}]}},
            startTime=it.at(6),
            succeeded=1,
            failed=1,
            conditions=conditions(it, "SuccessCriteriaMet=True SuccessPolicy", "Complete=True SuccessPolicy"),
        ),
        declared=WEB,
        ends="settled",
    ),
    "a Job that its failure policy has ended": Situation(
        objects=lambda it: job(
            it,
            {"podFailurePolicy": {"rules": []}, "backoffLimit": 6},
            startTime=it.at(6),
            failed=1,
            conditions=conditions(
                it,
                "FailureTarget=True PodFailurePolicy: Container main exited with code 42",
                "Failed=True PodFailurePolicy: Container main for pod shop/import-x failed with exit code 42",
            ),
        ),
        declared=WEB,
        ends="settled",
        roots=["job/shop/import"],
    ),
    "a Job of which some indexes have failed": Situation(
        objects=lambda it: job(
            it,
            {"backoffLimitPerIndex": 1, "completionMode": "Indexed"},
            startTime=it.at(6),
            succeeded=2,
            failedIndexes="1",
            conditions=conditions(it, "Failed=True FailedIndexes: Job has failed indexes"),
        ),
        declared=WEB,
        ends="settled",
        roots=["job/shop/import"],
    ),
    "a CronJob in a zone that nobody knows": Situation(
        objects=lambda it: (
            *web(it),
            it.object(
                "CronJob", "nightly", "shop", BATCH, spec={"schedule": "0 3 * * *", "timeZone": "Mars/Base"}, status={}
            ),
            it.event("CronJob/nightly", "UnknownTimeZone", 'invalid timeZone: "Mars/Base": unknown time zone', 3500),
        ),
        declared=WEB,
        ends="settled",
        roots=["cronjob/shop/nightly"],
    ),
    "a Deployment in the hands of Argo Rollouts": Situation(
        objects=lambda it: (
            it.workload("Deployment", "web", {"app": "web"}, count=0),
            it.object(
                "Rollout",
                "web",
                "shop",
                "argoproj.io/v1alpha1",
                spec={"replicas": 1, "workloadRef": {"apiVersion": APPS, "kind": "Deployment", "name": "web"}},
                status={"phase": "Healthy", "readyReplicas": 1},
            ),
            web_pod(it),
        ),
        declared=WEB,
        ends="settled",
        says=["scaled to zero"],
    ),
}
