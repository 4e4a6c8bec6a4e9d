"""What a look at a workload may have found, and what its step says to that."""

from dataclasses import replace
from typing import Any

from bootheal.cluster.rollout import rollout
from bootheal.model import Pod, Ref, Workload
from bootheal.step import Judgement
from bootheal.workloads.observation import WorkloadObservation
from bootheal.workloads.workload import WorkloadStep
from support.objects import NOW, THIS_BOOT, a_deployment, past

WEB = Ref("deployment", "shop", "web")
STEP = WorkloadStep(name=str(WEB), workload=WEB)


def down(**fields: Any) -> Workload:
    return a_deployment(desired=1, replicas=1, updated=1, ready=0, available=0, **fields)


def seen(*pods: Pod, workload: Workload | None = None, **facts: Any) -> WorkloadObservation:
    workload = workload or down()
    return replace(WorkloadObservation(workload, pods, rollout(workload), boot_time=THIS_BOOT), **facts)


def judged(facts: WorkloadObservation, held: float = 0, step: WorkloadStep = STEP) -> Judgement:
    """Judge what has been so for a while."""
    return step.judge(facts, past(first_seen=dict.fromkeys(facts.conditions, NOW - held)))
