"""What is no fault, or none yet: traces of before this boot, and what may take its time."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bootheal.diagnosis import Diagnosis, diagnose
from bootheal.model import Occurrence, Ref
from bootheal.model.scene import Scene, Unwell
from support.objects import BOOT, a_pod, running, waiting
from support.scenes import LOOP, NOW, a_scene, roots, web_pod, with_pod

POD = Ref("pod", "shop", "web-5d4-a")
GIVEN_UP = Unwell(Ref("helmrelease", "shop", "web"), "RetriesExceeded", "six tries", BOOT - 86400)
MIGRATION = Unwell(Ref("job", "shop", "migrate-1"), "BackoffLimitExceeded", "six tries", BOOT - 86400)

NIGHTLY = Ref("cronjob", "shop", "nightly")
MISSED = (
    Occurrence("MissSchedule", "Missed scheduled time to start a job", NOW - 30),
    Occurrence("TooManyMissedTimes", "too many missed start times", NOW - 20),
)
CORRECTED = (Occurrence("InvalidSchedule", "invalid schedule: x", NOW - 3000),)
NOT_MADE = (Occurrence("FailedCreate", "Error creating job: connection refused", NOW - 300),)

WELL: Mapping[str, Callable[[], Scene]] = {
    "a Job that failed before this boot": lambda: a_scene(jobs=(MIGRATION,)),
    "a HelmRelease that Flux has given up long ago": lambda: a_scene(stalled=(GIVEN_UP,)),
    # since 1.21 the latest of them is begun
    "a CronJob that had missed its times": lambda: a_scene(events={NIGHTLY: MISSED}),
    "a CronJob whose schedule was corrected": lambda: a_scene(events={NIGHTLY: CORRECTED}),
    "a Job that could not be made while the API server started": lambda: a_scene(events={NIGHTLY: NOT_MADE}),
}


@pytest.mark.parametrize("name", WELL)
def test_a_trace_of_before_this_boot_is_no_fault(name: str) -> None:
    """Neither found nor said to pass."""
    found = diagnose(WELL[name]())
    assert (roots(found), found.passing) == ([], ())


def _after(scene: Scene, seconds: float) -> Diagnosis:
    """Diagnose it so many seconds after the boot."""
    return diagnose(replace(scene, now=BOOT + seconds, nodes=(), leases={}))


def test_a_slow_start_is_no_fault_while_its_startup_probe_allows_it() -> None:
    """Twenty minutes are allowed: after ten it passes, after forty it does not."""
    starts = running(name="web", ready=False, startup_pending=True)
    scene = with_pod(web_pod(ready=False, containers=(starts,)))
    slow = replace(scene, workloads=tuple(replace(each, startup=1200.0) for each in scene.workloads))
    assert roots(_after(slow, 600)) == []
    assert roots(_after(slow, 2400)) == [("pod-not-ready", str(POD))]


def test_a_job_has_a_quarter_of_an_hour_to_find_what_it_waits_for() -> None:
    """As one that waits for its database by failing."""
    pod = a_pod("migrate-1", waiting("CrashLoopBackOff", **LOOP), ready=False, node="box", created=BOOT + 5)
    scene = a_scene()
    scene = replace(scene, pods=(*scene.pods, replace(pod, owner=Ref("job", "shop", "migrate"), labels={})))
    assert roots(_after(scene, 600)) == []
    assert roots(_after(scene, 1000)) == [("job-crashes", "pod/shop/migrate-1")]


def test_what_was_to_end_before_this_boot_has_as_long_as_what_is_to_end_in_it() -> None:
    """Its kubelet has just come up; of what the one before could not end the boot has left no process."""
    unkillable = Occurrence("FailedKillPod", "error killing pod: wait container: timeout", BOOT - 60)
    pods = (web_pod(deleting=True, delete_by=BOOT - 400),)
    scene = a_scene(pods=pods, workloads=(), services=(), events={POD: (unkillable,)})
    soon = _after(scene, 30)
    assert (roots(soon), [each.id for each in soon.passing]) == ([], ["pod-not-ending"])
    assert roots(_after(scene, 400)) == [("pod-not-ending", str(POD))]


def test_who_is_ready_between_two_ends_has_failed_since_before() -> None:
    """Without a readiness probe it is Ready as soon as it runs: else it would be young for ever."""
    loop = waiting("CrashLoopBackOff", name="web", message="back-off 5m0s restarting failed container=web", **LOOP)
    pod = web_pod(ready=False, containers=(loop,), ready_changed=NOW - 32, created=BOOT + 20)
    assert roots(diagnose(with_pod(pod))) == [("pod-ends-silently", str(POD))]
    first = replace(loop, message="back-off 40s restarting failed container=web")
    assert roots(diagnose(with_pod(replace(pod, containers=(first,))))) == []


def test_who_enters_addresses_by_itself_may_take_as_long_as_others() -> None:
    """Patroni enters the primary's once it leads: fifteen seconds after a boot that is no fault."""
    scene = a_scene()
    bare = tuple(replace(each, selector={}) if each.ref.name == "postgres" else each for each in scene.services)
    empty = replace(scene, services=bare, endpoints={**scene.endpoints, Ref("service", "shop", "postgres"): ()})
    assert roots(_after(empty, 15)) == []
    assert roots(_after(empty, 3600)) == [("service-without-pods", "service/shop/postgres")]
