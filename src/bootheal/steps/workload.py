"""A workload: well, rolled out, and serving its probe.

`if-needed` leaves alone what is well. What loops in crash-loop back-off has its looping
pods deleted once, which resets the back-off without changing any spec; what still is
not well is rolled out once. The engine sees to it that none of this begins before all
that the workload comes after has settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from bootheal.actions import DeletePod, delete_pod
from bootheal.death import lost
from bootheal.errors import PermanentError, TransientError
from bootheal.freshness import endpoints_doubt, pod_doubt, workload_doubt
from bootheal.health import Rollout, looping, rollout, starting
from bootheal.model import Answer, Done, Pod, Ref, Right, Workload
from bootheal.ports import Interest, World
from bootheal.probes import Exec, Probe, ask
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

# A readiness probe has a period of 10 s by default: what is not well for this long will not be by itself.
UNWELL = 30.0
LOG_LINES = 5

# A controller cuts its name short where the pod's name would grow too long.
NAMED_AFTER = 40

# One crash may still be the old trouble passing; several in a row are a new one.
ROLL_OUT_AFTER = 2
GIVE_UP_AFTER = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """The workload, its pods, and what the probe said (None: not probed).

    `services`: why a Service in front of it may not reach it yet; `log`: why a pod loops.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    rollout: Rollout
    doubt: str = ""
    probe: Answer | None = None
    services: str = ""
    log: str = ""

    @property
    def unwell(self) -> str:
        """Say what is wrong although every container runs; "" if nothing, or if some still start."""
        if self.doubt or any(starting(pod) or lost(pod) or looping(pod) for pod in self.pods):
            return ""
        if self.probe is not None and not self.probe.ok:
            return f"probe: {self.probe}"
        return "" if self.rollout.done else self.rollout.why

    @property
    def conditions(self) -> frozenset[str]:
        """How long it has been unwell, as the same set of pods, matters."""
        pods = ",".join(sorted(pod.uid for pod in self.pods))
        return frozenset({f"unwell {pods}"}) if self.unwell else frozenset()


@dataclass(frozen=True, kw_only=True)
class RollOut(Action):
    """Make new pods the way `kubectl rollout restart` does: by an annotation on the pod template.

    The cause is written by the same request, so that a crash between the write and our
    note of it cannot lead to a second restart.
    """

    disruptive: ClassVar[bool] = True

    workload: Ref
    version: str
    mark: str
    at: float
    newest: float

    @property
    def about(self) -> Ref:
        """The workload."""
        return self.workload

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"roll out {self.workload} ({self.cause})"

    @property
    def note(self) -> Mapping[str, str]:
        """Return the mark that the template carries once this has happened, and when the newest pod was made."""
        return {"mark": self.mark, "newest": str(self.newest)}

    def apply(self, world: World) -> None:
        """Annotate the template, if nobody changed the workload since."""
        world.cluster.roll_out(self.workload, self.version, self.mark, self.at)


@dataclass(frozen=True, kw_only=True)
class WorkloadStep(Step[Seen]):
    """Restarts one workload by its rule, waits for its rollout, probes it."""

    workload: Ref
    restart: Literal["if-needed", "always", "never"] = "if-needed"
    probe: Probe | None = None

    def interests(self) -> frozenset[Interest]:
        """The workload, its pods, which are named after it, and the Services that may be in front of them."""
        kind, namespace, name = self.workload.kind, self.workload.namespace, self.workload.name[:NAMED_AFTER]
        of_that_name = {Interest(kind, namespace, name), Interest("pod", namespace, name)}
        return frozenset(of_that_name | {Interest("service", namespace), Interest("endpointslice", namespace)})

    def rights(self) -> frozenset[Right]:
        """To restart it, and to read why it crash-loops."""
        namespace = self.workload.namespace
        read = {Right("get", "pods/log", namespace)}
        if isinstance(self.probe, Exec):
            read |= {Right(verb, "pods/exec", namespace) for verb in ("get", "create")}
        if self.restart == "never":
            return frozenset(read)
        change = {Right("delete", "pods", namespace), Right("patch", f"{self.workload.kind}s", namespace, "apps")}
        return frozenset(read | change)

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> Seen:
        """Read workload and pods; probe every ready pod once the rollout is done."""
        workload = world.cluster.workload(self.workload)
        found = world.cluster.pods(self.workload.namespace, workload.selector)
        pods = tuple(sorted((pod for pod in found if not pod.finished), key=lambda pod: pod.ref))
        boot_time = world.host.boot_time()
        doubts = (why for pod in pods if (why := pod_doubt(pod, boot_time=boot_time)))
        doubt = next(doubts, workload_doubt(workload, pods))
        state = rollout(workload, boot_time=boot_time)
        probe = self._ask(world, pods) if state.done and not doubt else None
        services = _services_doubt(world, pods) if state.done and not doubt else ""
        return Seen(workload, pods, state, doubt, probe, services, _why_looping(world, pods))

    def _ask(self, world: World, pods: tuple[Pod, ...]) -> Answer | None:
        return ask(world, self.probe, (pod for pod in pods if pod.ready and not pod.deleting)) if self.probe else None

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: Seen, past: Past) -> Judgement:
        """Leave alone what is well; else the smallest cure that has not been tried in this boot."""
        if seen.doubt:
            return Wait(seen.doubt)
        if seen.workload.desired == 0:
            return Settled("left alone: it is scaled to zero", (f"{self.workload} is scaled to zero",))
        if seen.workload.paused:
            return self._judge_paused(seen)
        if self.restart == "always" and not _rolled(seen, past, "always"):
            return self._roll_out(seen, past, "always", "restart: always")
        if loops := [pod for pod in seen.pods if looping(pod) and not pod.deleting]:
            return self._judge_looping(loops, seen, past)
        if seen.rollout.done and (seen.probe is None or seen.probe.ok):
            return self._judge_well(seen, past)
        return self._judge_unwell(seen, past)

    def _judge_paused(self, seen: Seen) -> Judgement:
        remark = f"{self.workload} is paused: it was not restarted"
        if seen.rollout.done:
            return Settled("left alone: it is paused", (remark,))
        return Wait(f"{seen.rollout.why}; it is paused, so bootheal does not restart it")

    def _judge_looping(self, loops: list[Pod], seen: Seen, past: Past) -> Judgement:
        why = f"{len(loops)} of {len(seen.pods)} pods in crash-loop back-off{seen.log}"
        deleted, rolled = past.last(DeletePod), past.last(RollOut)
        if self.restart == "never":
            return Wait(why)
        if rolled or _rolled(seen, past, "looping"):
            again = [pod for pod in loops if pod.created > _newest(rolled) and _restarts(pod) >= GIVE_UP_AFTER]
            if not again:
                return Wait(why)
            hint = f"kubectl -n {self.workload.namespace} logs --previous {again[0].ref.name}"
            return GiveUp(f"{why}, although it was rolled out", hint)
        if older := [pod for pod in loops if deleted is None or pod.created <= _newest(deleted)]:
            cause = "CrashLoopBackOff, and what it comes after serves"
            return Act(why, tuple(delete_pod(pod, cause, seen.pods) for pod in older))
        if any(_restarts(pod) >= ROLL_OUT_AFTER for pod in loops):
            return self._roll_out(seen, past, "looping", "crash-loops again after its pods were deleted")
        return Wait(why)

    def _judge_well(self, seen: Seen, past: Past) -> Judgement:
        if seen.services:
            return Wait(seen.services)
        serves = f"{seen.rollout.why}, probe ok" if seen.probe else seen.rollout.why
        if self.restart == "if-needed" and self.probe is None and past.repaired is not None:
            reason = f"repaired-{past.repaired:.0f}"
            if any(_started(pod) < past.repaired for pod in seen.pods) and not _rolled(seen, past, reason):
                return self._roll_out(seen, past, reason, "started before what it comes after was repaired")
        if past.times(RollOut) or past.times(DeletePod):
            return Settled(f"serves again: {serves}")
        return Settled(f"well, left alone: {serves}")

    def _judge_unwell(self, seen: Seen, past: Past) -> Judgement:
        why = seen.unwell or next((why for pod in seen.pods if (why := _not_up(pod))), seen.rollout.why)
        held = max((past.held(condition) for condition in seen.conditions), default=0.0)
        if self.restart == "never" or held < UNWELL or past.times(RollOut) or _rolled(seen, past, "unwell"):
            return Wait(why)
        return self._roll_out(seen, past, "unwell", f"not well for {UNWELL:g} s although its pods run")

    def _roll_out(self, seen: Seen, past: Past, reason: str, cause: str) -> Judgement:
        mark = f"{past.epoch}/{reason}"
        version = seen.workload.version
        newest = max((pod.created for pod in seen.pods), default=0.0)
        action = RollOut(cause=cause, workload=self.workload, version=version, mark=mark, at=past.now, newest=newest)
        return Act(cause, (action,))


def _services_doubt(world: World, pods: tuple[Pod, ...]) -> str:
    """Say which Service in front of `pods` still sends elsewhere: its slices follow seconds after its pods."""
    boot_time = world.host.boot_time()
    for namespace in {pod.ref.namespace for pod in pods}:
        everyone = world.cluster.pods(namespace)
        for service in world.cluster.services(namespace):
            wanted = service.selector.items()
            if wanted and any(wanted <= pod.labels.items() for pod in pods):
                endpoints = world.cluster.endpoints(namespace, service.ref.name)
                if doubt := endpoints_doubt(endpoints, everyone, boot_time=boot_time):
                    return f"{service.ref} {doubt}"
    return ""


def _rolled(seen: Seen, past: Past, reason: str) -> bool:
    """Whether it was rolled out for this reason in this boot; the object knows, should our memory have missed it."""
    mark = f"{past.epoch}/{reason}"
    remembered = (d for d in past.done if d.action == RollOut.kind() and d.result == "done")
    return seen.workload.caused_by == mark or any(done.note.get("mark") == mark for done in remembered)


def _newest(done: Done | None) -> float:
    """Return when the newest pod at the time of an action of ours was made, by the cluster's clock."""
    return float(done.note.get("newest", "0")) if done else 0.0


def _restarts(pod: Pod) -> int:
    return max((container.restarts for container in pod.containers), default=0)


def _not_up(pod: Pod) -> str:
    if reason := lost(pod):
        return f"{pod.ref} {reason}"
    return starting(pod)


def _started(pod: Pod) -> float:
    return min((container.started or pod.created for container in pod.containers), default=pod.created)


def _why_looping(world: World, pods: tuple[Pod, ...]) -> str:
    """Return the last words of the first looping container, to tell the person why."""
    for pod in pods:
        container = looping(pod)
        if container:
            try:
                text = world.cluster.log_tail(pod.ref, container.name, LOG_LINES, previous=True)
            except (TransientError, PermanentError):
                return ""
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return f" (last words: {lines[-1][:160]})" if lines else ""
    return ""
