"""What a kubelet really reported, moment by moment, is read for what it is: statuses of pods after a cut of power.

`skipped-init.jsonl` was recorded from a kubelet of Kubernetes 1.36, whose power was cut while the pod's container was
being made again: `after` is seconds since it was back. Names are ours, and what nobody reads was left out.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from bootheal.adapters.kube import objects
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


def test_it_is_ready_all_the_same() -> None:
    """Which is why nobody notices: Kubernetes is content with it, and so would a rollout be."""
    pod = at(5)
    assert pod.ready
    assert starting(pod) == ""
    assert pod.owner is not None
    assert at(6).owner is None
