"""Workloads, Jobs and what the kubelet has ended, as Kubernetes 1.21 to 1.36 have them in the API."""

from collections.abc import Iterator
from typing import Any

from support.healthy import APPS, BATCH, Box, Json
from support.raw_objects import WEB, conditions, merged, none_ready, unready, web, web_pod
from support.situations import Situation

CLEANED = f"cleanup: {{namespaces: [shop]}}\n{WEB}"
SET = "workloads: {statefulset/shop/store: {OPTIONS}}\n"


def declared(**options: str) -> str:
    return SET.replace("OPTIONS", ", ".join(f"{key}: {value}" for key, value in options.items()))


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


RETAIN = {"whenDeleted": "Retain", "whenScaled": "Delete"}
CHANGING = {
    "phase": "Bound",
    "allocatedResourceStatuses": {"storage": "NodeResizePending"},
    "modifyVolumeStatus": {"status": "Infeasible", "targetVolumeAttributesClassName": "gold"},
}


def job(it: Box, spec: Json, **status: Any) -> Iterator[Json]:
    yield from web(it)
    yield it.object("Job", "import", "shop", BATCH, spec=spec, status=status, metadata={"creationTimestamp": it.at(5)})


WORKLOADS = {
    # A restart would begin that time anew, and so on without end.
    "what must be ready for ten minutes to count": Situation(
        objects=lambda it: web(it, status={"availableReplicas": 0}, spec={"minReadySeconds": 600}),
        declared=WEB,
        ends="unfinished",
        says=["0 of 1 replicas are available: all are ready, but not yet for minReadySeconds, 600 s"],
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
    "a volume that is being made larger, and one that cannot be changed": Situation(
        objects=lambda it: (
            *store(it, "store-0"),
            it.object("PersistentVolumeClaim", "data", "shop", spec={}, status=CHANGING),
        ),
        declared=declared(),
        ends="settled",
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
