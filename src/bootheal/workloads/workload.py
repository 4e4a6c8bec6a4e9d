"""A workload: well, rolled out, and serving its probe.

`if-needed` leaves alone what is well. What loops in crash-loop back-off has its looping
pods deleted once, which resets the back-off without changing any spec, unless the kubelet
starts them again sooner than new ones would run; what still is not well is restarted once,
in a way that ends (`workloads.strategy`). Once means: since what it comes after was last
repaired. The engine sees to it that none of this begins before all that the workload
comes after has settled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bootheal.causes.pods import how_it_ended, more
from bootheal.cluster import refusals
from bootheal.cluster.rollout import crashed, looping
from bootheal.model import ActionRecord, Pod, Ref, Right
from bootheal.model.sqlstates import RECOVERS_WITHIN_SECONDS, REFUSED
from bootheal.ports import Interest, World
from bootheal.probes import Exec, Probe, Sql
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Step, Wait
from bootheal.workloads import by_itself, kube_proxy, told
from bootheal.workloads.actions import AT_ZERO_SECONDS, UNWELL, ResetPod, RollOut, ScaleUp, delete_all
from bootheal.workloads.observation import RECOVERS, WorkloadObservation, look
from bootheal.workloads.restart import (
    RESTARTS,
    by_another,
    happened,
    indistinct,
    last_scaling,
    marked,
    of,
    older,
    restart,
    unscale,
    well_with,
)
from bootheal.workloads.strategy import Rule, Strategy
from bootheal.workloads.stuck import allowed, stuck_pods

# Without a probe, that it has run for this long is all that proves that it does not end at once.
SOAK_SECONDS = 5.0

# A controller cuts its name short where the pod's name would grow too long.
NAMED_AFTER = 40

# One crash may still be the old trouble passing; several in a row are a new one.
ROLL_OUT_AFTER = 2
GIVE_UP_AFTER = 3

CRASH_LOOP = "CrashLoopBackOff, and what it comes after serves"
CURES = RESTARTS | {ResetPod.kind(), ScaleUp.kind()}


@dataclass(frozen=True, kw_only=True)
class WorkloadStep(Step[WorkloadObservation]):
    """Restarts one workload by its rule, waits for its rollout, probes it.

    `soak` is for how long it must have been well; None: not at all where a probe proves it, else a little.
    """

    workload: Ref
    restart: Rule = "if-needed"
    strategy: Strategy = "auto"
    probe: Probe | None = None
    soak: float | None = None

    def lives_on(self, seen: WorkloadObservation) -> frozenset[str]:
        """The nodes of its pods."""
        return frozenset(pod.node for pod in seen.pods if pod.node)

    def interests(self) -> frozenset[Interest]:
        """The workload, its pods, which are named after it, and the Services that may be in front of them."""
        kind, namespace, name = self.workload.kind, self.workload.namespace, self.workload.name[:NAMED_AFTER]
        of_that_name = {Interest(kind, namespace, name, sum=True), Interest("pod", namespace, name)}
        return frozenset(of_that_name | {Interest("service", namespace), Interest("endpointslice", namespace)})

    def rights(self) -> frozenset[Right]:
        """To restart it, to read why it crash-loops, and what a restart could harm."""
        namespace = self.workload.namespace
        needed = {Right("get", "pods/log", namespace)}
        if isinstance(self.probe, Exec):
            needed |= {Right(verb, "pods/exec", namespace) for verb in ("get", "create")}
        if self.restart != "never":
            needed |= {Right("delete", "pods", namespace), Right("patch", f"{self.workload.kind}s", namespace, "apps")}
            needed |= {Right("list", "poddisruptionbudgets", namespace, "policy")}
            needed |= {Right("get", "persistentvolumeclaims", namespace)}
        return frozenset(needed)

    def wishes(self) -> frozenset[Right]:
        """To read what would keep new pods out, and why pods do not start."""
        return refusals.wishes((self.workload.namespace,)) | {Right("list", "events", self.workload.namespace)}

    def look(self, world: World) -> WorkloadObservation:
        """Read workload and pods, probe, and find out how it could be restarted."""
        strategy = None if self.restart == "never" else self.strategy
        return look(world, world.cluster.workload(self.workload), strategy, self.probe)

    def judge(self, seen: WorkloadObservation, past: Past) -> Judgement:
        """Leave alone what is well; else the smallest cure that has not been tried, and that can succeed."""
        judgement = self._judge(seen, past)
        if isinstance(judgement, Wait) and not judgement.hint:
            return replace(judgement, hint=told.next_step(seen))
        return allowed(judgement, seen)

    @property
    def shows_more(self) -> str:
        """Describe the workload."""
        return f"kubectl -n {self.workload.namespace} describe {self.workload.kind} {self.workload.name}"

    def _judge(self, seen: WorkloadObservation, past: Past) -> Judgement:
        if seen.doubt:
            return Wait(seen.doubt)
        if action := unscale(seen, past):
            return self._judge_scaled(seen, past, action)
        if seen.workload.desired == 0:
            return told.at_zero(seen)
        if seen.workload.paused:
            return self._judge_paused(seen)
        return told.refused(seen, past) if seen.refused else self._judge_pods(seen, past)

    def _judge_pods(self, seen: WorkloadObservation, past: Past) -> Judgement:
        loops = [pod for pod in seen.present if looping(pod, boot_time=seen.boot_time, now=past.now)]
        always = self._judge_always(seen, past)
        if always and not isinstance(always, Wait):
            return always
        if stuck := stuck_pods(seen, past, never=self.restart == "never"):
            return stuck
        if hopeless := told.hopeless(seen, past):
            return hopeless
        if not seen.pods:
            return always or told.absent(seen, past)
        if loops:
            return self._judge_looping(loops, seen, past)
        if always:
            return always
        return self._judge_well(seen, past) if seen.well else self._judge_unwell(seen, past)

    def owes(self, done: tuple[ActionRecord, ...]) -> bool:
        """Whether its replicas may not have been given back."""
        return last_scaling(done) is not None

    def wind_down(self, seen: WorkloadObservation, past: Past) -> Judgement:
        """Give back the replicas, as soon as its pods have ended."""
        action = unscale(seen, past)
        return self._judge_scaled(seen, past, action) if action else super().wind_down(seen, past)

    # --- what its owner, or we ourselves, hold back -------------------------------------------------

    def _judge_scaled(self, seen: WorkloadObservation, past: Past, action: ScaleUp) -> Judgement:
        if seen.workload.desired == 0 and seen.pods and seen.held("zero", past) < AT_ZERO_SECONDS:
            return Wait(f"scaled to zero: {len(seen.pods)} of its pods have yet to end")
        return Act(action.cause, (action,))

    def _judge_paused(self, seen: WorkloadObservation) -> Judgement:
        remark = f"{self.workload} is paused: it was not restarted"
        if seen.rollout.done:
            return Settled("left alone: it is paused", (remark,))
        return Wait(f"{seen.rollout.why}; it is paused, so bootheal does not restart it")

    def _judge_always(self, seen: WorkloadObservation, past: Past) -> Judgement | None:
        if self.restart != "always":
            return None
        judgement = restart(seen, past, "always", "restart: always")
        objection = seen.unpullable or (seen.budget if seen.well else "")
        return Wait(f"not restarted yet: {objection}") if isinstance(judgement, Act) and objection else judgement

    # --- what does not run --------------------------------------------------------------------------

    def _judge_looping(self, loops: list[Pod], seen: WorkloadObservation, past: Past) -> Judgement:
        why = f"{len(loops)} of {len(seen.pods)} pods in crash-loop back-off"
        ends = dict.fromkeys(said for pod in loops for said in (*how_it_ended(pod), *told.killed(pod, seen)))
        why += f" ({'; '.join((*ends, *told.last_words(seen)))})" if ends or seen.log else ""
        reason, first = f"looping-{past.trouble}", f"reset-{past.trouble}"
        if self.restart == "never":
            return Wait(why)
        reset = next((done for done in past.done if past.bears(of(done), first) and not done.failed), None)
        restarted = next(_restarts(seen, past), None)
        if not restarted and by_another(seen, past):
            return self._judge_unwell_still(seen, f"{why}; another process has restarted it")
        if restarted or marked(seen, past, reason):
            new = [pod for pod in loops if restarted is None or not older(pod, restarted)]
            return self._judge_looping_still(new, f"{why}, although it was restarted")
        if stale := [pod for pod in loops if older(pod, reset)]:
            if reset is None and (wait := indistinct(seen, past, why)):
                return wait
            left = by_itself.sooner(stale, seen, past)
            if later := [pod for pod in stale if pod.ref not in left]:
                return Act(why, delete_all(ResetPod, later, CRASH_LOOP, f"{past.epoch}/{first}", seen.pods))
            return by_itself.wait(left, why, past)
        if seen.choice.way == "delete-pods":
            return self._judge_looping_still(loops, f"{why}, although its pods were deleted")
        if any(_crashes(pod) >= ROLL_OUT_AFTER for pod in loops):
            return restart(seen, past, reason, "crash-loops again after its pods were deleted") or Wait(why)
        return Wait(why)

    def _judge_looping_still(self, loops: list[Pod], why: str) -> Judgement:
        again = [pod for pod in loops if _crashes(pod) >= GIVE_UP_AFTER]
        if not again:
            return Wait(why)
        shows = more(again[0].ref, max(crashed(again[0]), key=lambda each: each.restarts).name)
        anew = f"kubectl -n {self.workload.namespace} rollout restart {self.workload.kind} {self.workload.name}"
        return GiveUp(why, f"{shows}; once that is corrected: {anew}")

    # --- what runs ----------------------------------------------------------------------------------

    def _judge_well(self, seen: WorkloadObservation, past: Past) -> Judgement:
        if wait := kube_proxy.follows(seen, past):
            return wait
        old = self._judge_old(seen, past)
        if old and not isinstance(old, GiveUp):
            return old
        if wait := told.outlived(seen, past):
            return wait
        cured = any(done.action in CURES and not done.failed for done in past.present.done)
        little = SOAK_SECONDS + (seen.blind_seconds if cured else 0.0)
        soak = self.soak if self.soak is not None else 0.0 if self.probe else little
        youngest = max((c.started or 0.0 for pod in seen.pods for c in pod.containers), default=0.0)
        steady = max(seen.held("well", past), past.now - youngest)
        if steady < soak:
            return Wait(f"well, but only for {steady:.0f} of {soak:g} s", again=soak - steady)
        serves = f"{seen.rollout.why}, probe ok" if seen.probe else seen.rollout.why
        kept = self._kept(seen, past)
        remarks = tuple(filter(None, (f"{self.workload}: {old.why}" if old else "", seen.shut, seen.unserved, kept)))
        said = "well, not all restarted" if kept else "serves again" if cured else "well, left alone"
        return Settled(f"{said}: {serves}", remarks, baseline=well_with(seen, past))

    def _kept(self, seen: WorkloadObservation, past: Past) -> str:
        """Name the pods that a rollout of ours has left as they were: a partition does, and OnDelete."""
        rolled = next((done for done in _restarts(seen, past) if done.action == RollOut.kind()), None)
        left = [pod for pod in seen.pods if rolled and older(pod, rolled) and not pod.deleting]
        if not left:
            return ""
        names = " ".join(pod.ref.name for pod in left)
        return f"{self.workload} still runs what it ran before: kubectl -n {self.workload.namespace} delete pod {names}"

    def _judge_old(self, seen: WorkloadObservation, past: Past) -> Judgement | None:
        """Replace pods that may hold dead connections, where nothing proves that they serve."""
        if self.restart != "if-needed" or self.probe or past.repaired is None:
            return None
        reason = f"repaired-{past.trouble}"
        begun = any(past.bears(of(done), reason) for done in past.done)
        if not begun and all(_started(pod) >= past.repaired for pod in seen.pods if not pod.deleting):
            return None
        cause = "started before what it comes after was repaired"
        judgement = restart(seen, past, reason, cause)
        if isinstance(judgement, Act) and (objection := seen.unpullable or seen.budget):
            return GiveUp(f"{cause}, but left alone: {objection}")
        return judgement

    def _judge_unwell(self, seen: WorkloadObservation, past: Past) -> Judgement:
        why = told.unwell(seen) or told.not_up(seen) or seen.rollout.why
        if seen.unproven:
            recovers = RECOVERS in seen.conditions and past.held(RECOVERS) < RECOVERS_WITHIN_SECONDS
            return Wait(why, counts=not recovers, hint=self._refused(seen))
        if self.restart == "never":
            return Wait(why)
        reason = f"{UNWELL}-{past.trouble}"
        held = seen.held("unwell", past)
        limit = seen.slowest_start
        if not any(_restarts(seen, past)) and held < limit and not seen.rollout.failed:
            return Wait(why)
        if seen.unpullable:
            return Wait(f"{why}; not restarted: {seen.unpullable}")
        if any(_restarts(seen, past, but=reason)) or by_another(seen, past):
            return self._judge_unwell_still(seen, why)
        cause = f"not well for {limit:g} s although its pods run" if seen.unwell else seen.rollout.why
        return restart(seen, past, reason, cause) or self._judge_unwell_still(seen, why)

    def _refused(self, seen: WorkloadObservation) -> str:
        """Say what a person does where the probe's login is refused: another step may mend that meanwhile."""
        login = self.probe.login if isinstance(self.probe, Sql) and seen.answers in REFUSED else None
        return f"compare {login.secret} (the login of its probe) with the role" if login else ""

    def _judge_unwell_still(self, seen: WorkloadObservation, why: str) -> Judgement:
        if not seen.rollout.failed:
            return Wait(why)
        said = why if why == seen.rollout.why else f"{why}; {seen.rollout.why}"
        return GiveUp(f"{said}, although it was restarted", self.shows_more)


def _restarts(seen: WorkloadObservation, past: Past, but: str = "") -> Iterator[ActionRecord]:
    """Yield what restarted it since the last repair, the latest first, except for the reason `but`."""
    for done in reversed(past.done):
        mark = of(done)
        for_it = done.action in RESTARTS and mark.endswith(f"-{past.trouble}") and not past.bears(mark, but)
        if for_it and happened(seen, done):
            yield done


def _crashes(pod: Pod) -> int:
    """Count the restarts of whichever container ends again and again, be it an init container or a sidecar."""
    return max((container.restarts for container in crashed(pod) or pod.containers), default=0)


def _started(pod: Pod) -> float:
    return min((container.started or pod.created for container in pod.containers), default=pod.created)
