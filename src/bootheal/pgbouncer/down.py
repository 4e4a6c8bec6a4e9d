"""A pooler's pod that does not run, or not any more: what its container and its own log tell of it."""

from dataclasses import dataclass

from bootheal.causes import Finding, Gravity
from bootheal.causes.pods import Trouble
from bootheal.causes.server_pods import beyond, in_words, keeps_back, next_step, read_log
from bootheal.cluster.back_off import NextStart, next_start, outdated
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.rollout import BACK_OFF
from bootheal.model import BootTime, Pod, Ref, State
from bootheal.model.quoted import logged, quoted
from bootheal.pgbouncer.server_log import finding, last_words
from bootheal.ports import World
from bootheal.step import Past

# What operators and charts call the container that runs PgBouncer.
CONTAINERS = ("pgbouncer", "connection-pooler", "pooler")


@dataclass(frozen=True, slots=True)
class Down:
    """One pod; `state` is its container's, `finding` the cause that its log tells of, else `last` what that ended with.

    `more` is the command that shows more; `tried`: it has failed more than once. `trouble` is what keeps the container
    from running, by its status and its Events. `ended` is when it did, and `next_start` when it is started again.
    """

    ref: Ref
    state: str
    finding: Finding | None = None
    last: str = ""
    more: str = ""
    tried: bool = False
    trouble: Trouble | None = None
    ended: float | None = None
    next_start: NextStart | None = None

    def stuck(self, past: Past) -> bool:
        """Tell whether waiting cannot cure it."""
        if self.trouble and self.trouble.certain(past):
            return True
        if self.finding is None or not self.tried or outdated(self.ended, self.next_start, past):
            return False
        cause = self.finding.cause
        return cause.gravity in (Gravity.PERSON, Gravity.DATA) and not cause.restart_helps

    @property
    def hint(self) -> str:
        """What a person does next: about what keeps it from starting, else about what it says."""
        return next_step(self.trouble, self.finding, self.more)

    def __str__(self) -> str:
        said = f"{self.ref} does not run yet: {self.state}"
        if self.finding:
            return f"{said}; its log: {self.finding.means} ({self.finding.evidence.quote})"
        return f'{said}; its log ends with "{logged(self.last)}"' if self.last else said


def down(world: World, pod: Pod, boot_time: BootTime | None) -> Down | None:
    """Tell of a pod that does not run, None where it does."""
    stopped = next((c for c in pod.containers if c.state is not State.RUNNING), None)
    if pod.ip and stopped is None:
        return None
    waiting = next((c for c in pod.init if c.state is not State.RUNNING and c.reason not in ("", "Completed")), stopped)
    describe = f"kubectl -n {pod.ref.namespace} describe pod {pod.ref.name}"
    if waiting is None:
        kept = keeps_back(world.cluster, pod, None, boot_time)
        return Down(pod.ref, quoted(pod.unschedulable) or pod.phase, more=describe, trouble=kept)
    state, ended = in_words(waiting) or pod.phase, waiting.ended
    if ended and before_boot(ended, boot_time, pod.node):
        return Down(pod.ref, state, more=describe)
    kept = keeps_back(world.cluster, pod, waiting, boot_time)
    state = beyond(state, kept)
    if not ended:
        return Down(pod.ref, state, more=describe, trouble=kept)
    previous = waiting.state is not State.TERMINATED
    text = read_log(world.pod_access, pod.ref, waiting.name, previous=previous)
    found = finding(text, pod.ref, waiting.name)
    which = "--previous " if previous else ""
    return Down(
        pod.ref,
        state,
        found,
        last="" if found else last_words(text),
        more=f"kubectl -n {pod.ref.namespace} logs {which}{pod.ref.name} -c {waiting.name}",
        tried=waiting.restarts > 0 or waiting.reason == BACK_OFF,
        trouble=kept,
        ended=ended,
        next_start=next_start(pod, boot_time),
    )


def log_of(world: World, pod: Ref, container: str) -> Finding | None:
    """Return the cause that the log of a pod that runs tells of."""
    return finding(read_log(world.pod_access, pod, container, previous=False), pod, container)
