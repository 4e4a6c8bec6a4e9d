"""Is a pod dead, and of what? Tables of what the API shows, in the shapes in which it shows it."""

from typing import Any

import pytest

from bootheal.adapters.kube.objects import pod as parse
from bootheal.cluster.dead_pods import BY_DEFAULT, cause_of_death, died, known
from bootheal.model import Pod
from support.objects import BOOT, THIS_BOOT

BEFORE, AFTER = "1970-01-12T13:30:00Z", "1970-01-12T13:48:00Z"  # 1000 s before this boot, and 80 s into it
UNKNOWN = {"terminated": {"exitCode": 255, "reason": "Unknown", "startedAt": BEFORE, "finishedAt": AFTER}}
NOWHERE = {
    "terminated": {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated",
        "startedAt": None,
        "finishedAt": None,
    }
}
RUNS, RAN = {"running": {"startedAt": AFTER}}, {"running": {"startedAt": BEFORE}}
LOOPS = {"waiting": {"reason": "CrashLoopBackOff"}}


def a_pod(status: dict[str, Any], *containers: dict[str, Any], ready: str = "False", **metadata: Any) -> Pod:
    """A pod of a ReplicaSet as the API server has it, its containers in these states."""
    shown = [
        {"name": f"c{number}", "state": state, "ready": "running" in state} for number, state in enumerate(containers)
    ]
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": AFTER}]
    return parse(
        {
            "metadata": {"name": "web-1", "namespace": "shop", "creationTimestamp": BEFORE, **metadata},
            "spec": {"nodeName": "demo"},
            "status": {"conditions": conditions, "containerStatuses": shown} | status,
        }
    )


@pytest.mark.parametrize(
    ("status", "containers", "reason"),
    [
        ({"phase": "Running"}, [UNKNOWN], "Unknown"),
        ({"phase": "Pending"}, [UNKNOWN], "Unknown"),
        ({"phase": "Failed"}, [UNKNOWN], "Unknown"),
        ({"phase": "Running"}, [LOOPS, UNKNOWN], "Unknown"),
        ({"phase": "Running"}, [NOWHERE], "ContainerStatusUnknown"),
        ({"phase": "Failed"}, [NOWHERE], "ContainerStatusUnknown"),
        ({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": UNKNOWN}]}, [], "Unknown"),
        ({"phase": "Failed", "reason": "Terminated", "message": "…imminent node shutdown."}, [], "Terminated"),
        ({"phase": "Failed", "reason": "Shutdown"}, [], "Shutdown"),
        ({"phase": "Failed", "reason": "NodeShutdown"}, [], "NodeShutdown"),
        ({"phase": "Failed", "reason": "NodeAffinity"}, [], "NodeAffinity"),
        ({"phase": "Failed", "reason": "MatchNodeSelector"}, [], "MatchNodeSelector"),
        ({"phase": "Failed", "reason": "UnexpectedAdmissionError"}, [], "UnexpectedAdmissionError"),
        ({"phase": "Running", "reason": "NodeLost"}, [RAN], "NodeLost"),
        ({"phase": "Failed", "reason": "Evicted"}, [NOWHERE], "Evicted"),
        ({"phase": "Failed", "reason": "Preempting"}, [], "Preempting"),
        ({"phase": "Failed", "reason": "OutOfpods"}, [], "OutOfpods"),
        ({"phase": "Failed", "reason": "OutOfnvidia.com/gpu"}, [], "OutOfnvidia.com/gpu"),
        ({"phase": "Failed", "reason": "NodePorts"}, [], "NodePorts"),
        ({"phase": "Failed", "reason": "NodeAffinity"}, [RAN], "NodeAffinity"),
    ],
)
def test_the_reason_is_what_kubectl_would_print(status: Any, containers: Any, reason: str) -> None:
    """A container's where the pod has none; the pod's own where its phase is Failed: an eviction is not a loss."""
    assert cause_of_death(a_pod(status, *containers), boot_time=THIS_BOOT) == reason


@pytest.mark.parametrize(
    ("status", "containers", "more"),
    [
        ({"phase": "Running"}, [RUNS], {"ready": "True"}),
        ({"phase": "Running"}, [RUNS], {}),
        ({"phase": "Running"}, [RUNS, UNKNOWN], {}),
        ({"phase": "Failed", "reason": "Evicted"}, [RUNS], {}),
        ({"phase": "Running"}, [UNKNOWN], {"ready": "True"}),
        ({"phase": "Running"}, [RAN], {}),
        ({"phase": "Running"}, [LOOPS], {}),
        ({"phase": "Running"}, [{"waiting": {"reason": "Unknown"}}], {}),
        ({"phase": "Pending"}, [{"waiting": {"reason": "ImagePullBackOff"}}], {}),
        ({"phase": "Unknown"}, [], {}),
        ({"phase": "Failed"}, [{"terminated": {"reason": "Error", "exitCode": 1}}], {}),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, [UNKNOWN], {}),
        ({"phase": "Succeeded"}, [UNKNOWN], {}),
        ({"phase": "Running"}, [UNKNOWN], {"deletionTimestamp": AFTER}),
        ({}, [], {}),
    ],
)
def test_what_lives_or_died_of_something_else_is_not_dead(status: Any, containers: Any, more: Any) -> None:
    """What runs in this boot lives, whatever else is said of it; failing by itself is not the reboot's doing."""
    assert cause_of_death(a_pod(status, *containers, **more), boot_time=THIS_BOOT) == ""


def test_without_a_boot_time_everything_that_runs_lives() -> None:
    """A remote cluster's clock and boot are not ours to compare with."""
    pod = a_pod({"phase": "Failed", "reason": "NodeAffinity"}, RAN)
    assert cause_of_death(pod, boot_time=None) == ""


def test_a_pod_died_when_the_last_of_it_ended() -> None:
    """Or stopped being ready; what says no time at all has been dead since it was made, for all we know."""
    assert died(a_pod({"phase": "Running"}, UNKNOWN)) == BOOT + 80
    assert died(a_pod({"phase": "Failed", "reason": "NodeShutdown", "conditions": []})) == BOOT - 1000


def test_the_default_reasons_are_what_a_reboot_leaves() -> None:
    """No more: what the node has no room for is not mended by deleting it."""
    expected = {
        "Unknown",
        "ContainerStatusUnknown",
        "Terminated",
        "Shutdown",
        "NodeShutdown",
        "NodeAffinity",
        "MatchNodeSelector",
        "UnexpectedAdmissionError",
        "NodeLost",
        "Evicted",
        "Preempting",
        "Completed",
    }
    assert expected == BY_DEFAULT
    assert all(map(known, (*expected, "OutOfcpu", "OutOfephemeral-storage", "NodePorts")))
    assert not known("Error")
