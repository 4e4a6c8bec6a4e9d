"""Pods as Kubernetes 1.21 to 1.36 show them: fields that came, or mean another thing than before."""

from typing import Any

from support.healthy import Box, Json
from support.raw_objects import RESTART, WEB, conditions, merged, unready, web, web_pod
from support.situations import Situation


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


def waiting(reason: str, said: str) -> Situation:
    """Return what is told in the kubelet's own words of a container that does not begin."""
    return Situation(
        objects=lambda it: web(it, beginning(it, reason, said), ready=False),
        declared=WEB,
        ends="gave-up|unfinished",
        says=[said],
        roots=["pod/shop/web-1"],
    )


def unplaced(said: str) -> Situation:
    """Return what is told in the scheduler's own words of a pod that it has no node for."""
    return Situation(
        objects=lambda it: web(it, pending(it, f"PodScheduled=False Unschedulable: {said}"), ready=False),
        declared=WEB,
        ends="gave-up|unfinished",
        says=[said],
        roots=["pod/shop/web-1"],
    )


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


GATED = "PodScheduled=False SchedulingGated: Scheduling is blocked due to non-empty scheduling gates"
CLAIMS = (
    "PodScheduled=False Unschedulable: 0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, "
    "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
DEBUGGED = {"name": "debug", "state": {"terminated": {"exitCode": 137, "reason": "Error"}}}
HOST_USERS = (
    'Failed to create pod sandbox: can\'t set `spec.hostUsers: false`, RuntimeClass handler "" does not support user '
    "namespaces"
)
VOLUME = (
    'Back-off pulling image "registry.example.org/models:3": ErrImagePull: rpc error: code = NotFound desc = failed to '
    'pull and unpack image "registry.example.org/models:3": not found'
)

PODS = {
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
    "an image that only whoever has its credentials may use": waiting(
        "ErrImagePull", 'failed to pull image "example/web-1:1": image pull credentials could not be verified'
    ),
    "a file of variables that is not there": waiting(
        "CreateContainerConfigError", 'couldn\'t parse env file: environment variable file "config.env" not found'
    ),
    "a node without the features that the pod is declared to need": unplaced(
        "0/1 nodes are available: 1 node(s) didn't match the pod's required declared features"
    ),
    "a pod that waits for the rest of its gang": unplaced(
        "waiting for minCount pods from a gang to appear in scheduling queue"
    ),
    "an ephemeral container that has ended": Situation(
        objects=lambda it: web(it, merged(web_pod(it), {"status": {"ephemeralContainerStatuses": [DEBUGGED]}})),
        declared=WEB,
        ends="settled",
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
}
