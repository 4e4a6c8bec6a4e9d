"""What the kubelet starts again sooner than a new pod would run is left to it: healing is not slower than waiting."""

from collections.abc import Iterable, Mapping

from bootheal.cluster import back_off
from bootheal.cluster.back_off import NextStart
from bootheal.cluster.starting import clock
from bootheal.model import Pod, Ref
from bootheal.step import Past, Wait
from bootheal.workloads.observation import ILL, WorkloadObservation

# Under what name it is remembered for how many seconds a new pod of the workload is on its way to its start.
DETOUR = "a new pod starts after"


def sooner(pods: Iterable[Pod], seen: WorkloadObservation, past: Past) -> Mapping[Ref, NextStart]:
    """Return those that the kubelet starts again before a new one would run, and when: they have one start for it.

    Where that did not help either, as where the kubelet never waits for long, the usual cures follow.
    """
    takes = back_off.detour(seen.pods)
    if takes is None:
        takes = float(past.baseline.get(DETOUR, back_off.DETOUR_SECONDS))
    ill = seen.held(ILL, past)
    starts = ((pod.ref, back_off.sooner_by_itself(pod, seen.boot_time, past.now, takes)) for pod in pods)
    return {ref: start for ref, start in starts if start is not None and ill <= takes + start.spread}


def wait(left: Mapping[Ref, NextStart], why: str, past: Past) -> Wait:
    """Wait until the first of them must run again; a change of its status wakes the step before."""
    ref, start = min(left.items(), key=lambda item: item[1].latest)
    soon = f"the kubelet starts {ref} again at {clock(start.earliest)} or soon after, sooner than a new pod would run"
    return Wait(f"{why}; {soon}", again=max(start.latest - past.now, 0.1))


def measured(seen: WorkloadObservation) -> dict[str, str]:
    """Return what is worth remembering of how long new pods take, {} where none shows it."""
    takes = back_off.detour(seen.pods)
    return {} if takes is None else {DETOUR: f"{takes:.1f}"}
