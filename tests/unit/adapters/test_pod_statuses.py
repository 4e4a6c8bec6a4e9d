"""What a kubelet really reported, moment by moment, is read for what it is: statuses of pods after a cut of power.

`skipped-init.jsonl` was recorded from a kubelet of Kubernetes 1.36, whose power was cut while the pod's container was
being made again: `after` is seconds since it was back. Names are ours, and what nobody reads was left out.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube import objects
from bootheal.cluster.rollout import looping
from bootheal.cluster.starting import skipped_init, starting
from bootheal.model import BootTime, Pod

BOOT = BootTime.since(datetime.fromisoformat("2026-11-30T03:46:22+00:00").timestamp())
MOMENTS = [json.loads(line) for line in Path(__file__).with_name("skipped-init.jsonl").read_text("utf-8").splitlines()]
TOLD = [
    # still of before the cut, then nothing runs, then the first init container
    (12.25, "web-5dcbd567b-n492k", ""),
    (13.83, "web-5dcbd567b-n492k", ""),
    (18.42, "web-5dcbd567b-n492k", ""),
    (19.99, "web-5dcbd567b-n492k", ""),
    # the application runs, and is Ready, beside the first; the second was left out
    (20.37, "web-5dcbd567b-n492k", "second"),
    (21.42, "web-5dcbd567b-n492k", "second"),
    (21.42, "bare", "second"),
]


def at(moment: int) -> Pod:
    return objects.pod(MOMENTS[moment])


@pytest.mark.parametrize(("moment", "told"), list(enumerate(TOLD)))
def test_a_skipped_init_container_is_seen_as_soon_as_the_application_runs(
    moment: int, told: tuple[float, str, str]
) -> None:
    """Not before: what has not run yet may still do so. The one that was left out is named, not the one that ran."""
    after, name, container = told
    skipped = skipped_init(at(moment), BOOT)
    assert (MOMENTS[moment]["after"], at(moment).ref.name) == (after, name)
    assert (skipped.name if skipped else "") == container


@pytest.mark.parametrize(
    ("reason", "message", "image"),
    [
        (
            "ImagePullBackOff",
            'Back-off pulling image "registry.lan/models:3": ErrImagePull: not found',
            "registry.lan/models:3",
        ),
        ("ErrImagePull", 'failed to pull and unpack image "registry.lan/models:3": EOF', "registry.lan/models:3"),
        ("ImagePullBackOff", 'Back-off pulling image "docker.io/library/web:1"', "web:1"),
        ("ErrImagePull", "rpc error: code = Unknown", "web:1"),
        ("CrashLoopBackOff", 'back-off 10s restarting: image "other:1"', "web:1"),
    ],
)
def test_whose_image_is_not_there_may_be_a_volume_of_the_pod(reason: str, message: str, image: str) -> None:
    """The kubelet says so where it says it of the container's own (Kubernetes 1.33): the registry lacks that one."""
    status = {"name": "web", "image": "web:1", "state": {"waiting": {"reason": reason, "message": message}}}
    raw = {"metadata": {"name": "web-1", "namespace": "shop"}, "status": {"containerStatuses": [status]}}
    assert objects.pod(raw).containers[0].image == image


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
@pytest.mark.parametrize("reported", ["docker.io/acid/pgbouncer:master-27", "sha256:0ffee1", ""])
def test_an_image_is_the_declared_one_not_another_name_of_the_same_content(kind: str, reported: str) -> None:
    """Seen on k3s: containerd reports whichever of its names comes first; else Redis was asked as a PgBouncer."""
    statuses = {"containers": "containerStatuses", "initContainers": "initContainerStatuses"}[kind]
    raw = {
        "metadata": {"name": "redis-1", "namespace": "shop"},
        "spec": {kind: [{"name": "redis", "image": "redis:7"}]},
        "status": {statuses: [{"name": "redis", "image": reported, "state": {"running": {}}}]},
    }
    pod = objects.pod(raw)
    assert [each.image for each in (*pod.init, *pod.containers)] == ["redis:7"]


@pytest.mark.parametrize(
    ("policy", "final"),
    [
        ({}, False),
        ({"restartPolicy": "Always"}, False),
        ({"restartPolicy": "Never"}, True),
        ({"restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart"}]}, False),
    ],
)
def test_a_container_may_have_a_restart_policy_of_its_own(policy: dict[str, Any], final: bool) -> None:
    """Since Kubernetes 1.34: what has ended then waits for no back-off."""
    ended = {"exitCode": 3, "reason": "Error", "finishedAt": "2026-11-30T03:47:00Z"}
    status = {"name": "once", "state": {"terminated": ended}}
    metadata = {"name": "web-1", "namespace": "shop"}
    raw = {"metadata": metadata, "spec": {"containers": [{"name": "once", **policy}]}}
    pod = objects.pod(raw | {"status": {"containerStatuses": [status]}})
    assert looping(pod, boot_time=BOOT, now=BOOT.spans[0][0] + 600) == (not final)


def test_it_is_ready_all_the_same() -> None:
    """Which is why nobody notices: Kubernetes is content with it, and so would a rollout be."""
    pod = at(5)
    assert pod.ready
    assert starting(pod) == ""
    assert pod.owner is not None
    assert at(6).owner is None
