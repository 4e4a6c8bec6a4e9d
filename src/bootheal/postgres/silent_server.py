"""Why a server that does not answer does not: what its container and its log tell.

The log of a container that runs is read where its server is silent (Patroni goes on when its PostgreSQL cannot start),
that of its previous process where it has ended in this boot. It is evidence: nothing fails for want of it.
"""

from dataclasses import dataclass, replace

from bootheal.causes import Finding, Gravity
from bootheal.causes.pods import Trouble
from bootheal.causes.server_pods import beyond, ended_by_its_kubelet, in_words, keeps_back, next_step, read_log, serving
from bootheal.cluster.back_off import NextStart, next_start, outdated
from bootheal.cluster.dead_pods import LOST
from bootheal.cluster.freshness import before_boot
from bootheal.cluster.rollout import crashed
from bootheal.model import BootTime, Container, Pod, State
from bootheal.model.quoted import logged, quoted
from bootheal.ports import World
from bootheal.postgres.server_log import ends_itself, finding, follows, idle, last_words, position, progress
from bootheal.step import Past

# What operators and charts call the container that runs PostgreSQL.
CONTAINERS = ("postgres", "postgresql", "database")


@dataclass(frozen=True, slots=True)
class SilentServer:
    """What is known of a silent server.

    `state` is its container's, where that is not simply running; `finding` the cause that its log tells of, else `last`
    is what the log ended with, and `more` the command that shows more of it. `follows`: its log says that it is a
    standby. `tried`: it has failed more than once, or goes on failing. `recovery` is how far crash recovery is,
    `position` likewise, so that it can be compared; `idle`: its log says that it only waits for others. `started` is
    when its container did, where it runs. `trouble` is what keeps that from running, or from running for long enough,
    by its status and its Events. `again`: it runs on, and begins anew again and again.
    """

    state: str = ""
    finding: Finding | None = None
    last: str = ""
    more: str = ""
    follows: bool = False
    tried: bool = False
    recovery: str = ""
    position: str = ""
    idle: bool = False
    started: float | None = None
    trouble: Trouble | None = None
    again: bool = False
    ended: float | None = None
    next_start: NextStart | None = None

    @property
    def gravity(self) -> int:
        """How grave it is: a number that is greater for what is graver."""
        known = (self.finding, self.trouble.finding if self.trouble else None)
        return max((found.cause.gravity.rank for found in known if found), default=-1)

    @property
    def hint(self) -> str:
        """What a person does next: about what keeps it from starting, else about what it says."""
        return next_step(self.trouble, self.finding, self.more)

    @property
    def damaged(self) -> bool:
        """Whether its data is at risk."""
        logged = bool(self.finding and self.finding.cause.gravity is Gravity.DATA)
        return logged or bool(self.trouble and self.trouble.data)

    def stuck(self, past: Past) -> bool:
        """Tell whether waiting cannot cure it."""
        if self.trouble and self.trouble.certain(past):
            return True
        if self.finding is None or outdated(self.ended, self.next_start, past):
            return False
        cause = self.finding.cause
        if cause.gravity is Gravity.DATA:
            return True
        return cause.gravity is Gravity.PERSON and not cause.restart_helps and self.tried

    def told(self, name: str) -> str:
        """Say it of the server of this name."""
        return "; ".join(filter(None, (f"{name}: {self.state}" if self.state else "", self._log(name))))

    def _log(self, name: str) -> str:
        if self.finding is None:
            return f'{name}\'s log ends with "{logged(self.last)}"' if self.last else ""
        said = self.finding.evidence.text.partition("\n")[0]
        particular = f" ({logged(said)})" if self.finding.cause.gravity is Gravity.PERSON else ""
        return f"{name}'s log: {self.finding.means}{particular}"


def silent_server(world: World, pod: Pod, *, recovering: bool) -> SilentServer:
    """Tell of one pod whose server does not answer, or says that it is `recovering`."""
    container, boot_time = serving(pod, CONTAINERS), world.host.boot_time()
    describe = f"kubectl -n {pod.ref.namespace} describe pod {pod.ref.name}"
    if container is None:
        return _kept_back(world, pod, None, describe)
    if container.state is not State.RUNNING and container.ended and before_boot(container.ended, boot_time, pod.node):
        return SilentServer(more=describe)  # its status is of the previous boot
    if init := _failing_init(pod, boot_time):
        return _of_init(world, pod, container, init)
    previous = _which_log(container)
    if previous is None:
        return _kept_back(world, pod, container, describe)
    kept = _kept_back(world, pod, container, _more(pod, container, previous=previous))
    if recovering and (killed := ended_by_its_kubelet(world.cluster, pod, container, boot_time)):
        kept = replace(kept, state=beyond(kept.state, killed), trouble=killed)
    log = read_log(world.pod_access, pod.ref, container.name, previous=previous)
    again = ends_itself(log)
    found = None if recovering and not again else finding(log, pod.ref, container.name)
    ended = container.state is not State.RUNNING
    return replace(
        kept,
        finding=found,
        last=last_words(log) if (ended or again) and not found else "",
        follows=follows(log),
        tried=container.state is not State.TERMINATED or container.restarts > 0,
        again=again,
        recovery=progress(log) if recovering else "",
        position=position(log) if recovering else "",
        idle=idle(log),
        started=None if ended else container.started,
        ended=container.ended if ended else None,
        next_start=next_start(pod, boot_time),
    )


def _failing_init(pod: Pod, boot_time: BootTime | None) -> Container | None:
    """Return the init container that ends again and again in this boot, before the server's own has begun."""
    of_now = (each for each in crashed(pod) if each.ended and not before_boot(each.ended, boot_time, pod.node))
    return next((each for each in of_now if each in pod.init and not each.sidecar), None)


def _of_init(world: World, pod: Pod, container: Container, init: Container) -> SilentServer:
    """Tell what the init container says: a volume that it cannot give to the server is the server's trouble, too."""
    previous = init.state is not State.TERMINATED
    log = read_log(world.pod_access, pod.ref, init.name, previous=previous)
    found = finding(log, pod.ref, init.name)
    kept = _kept_back(world, pod, container, _more(pod, init, previous=previous))
    due = next_start(pod, world.host.boot_time())
    last = "" if found else last_words(log)
    return replace(kept, finding=found, last=last, tried=init.restarts > 0, ended=init.ended, next_start=due)


def _kept_back(world: World, pod: Pod, container: Container | None, more: str) -> SilentServer:
    found = keeps_back(world.cluster, pod, container, world.host.boot_time())
    return SilentServer(beyond(_state(pod, container), found), more=more, trouble=found)


def _which_log(container: Container) -> bool | None:
    """Tell whether the log of the `previous` process is the one that speaks; None where none does yet."""
    if container.state is State.RUNNING:
        return False
    if container.reason in LOST:
        return None  # the reboot ended it: what it said was said before
    return container.state is not State.TERMINATED if container.ended else None


def _more(pod: Pod, container: Container, *, previous: bool) -> str:
    which = "--previous " if previous else ""
    return f"kubectl -n {pod.ref.namespace} logs {which}{pod.ref.name} -c {container.name}"


def _state(pod: Pod, container: Container | None) -> str:
    """Say how the container is, "" where it simply runs. The same words for a crash loop, whatever it does just now."""
    if pod.unschedulable:
        return f"no node takes it: {quoted(pod.unschedulable)}"
    if waiting := next((init for init in pod.init if not _done(init)), None):
        return f"init container {waiting.name}: {in_words(waiting) or 'runs'}"
    return in_words(container) if container else ""


def _done(init: Container) -> bool:
    return (init.state is State.TERMINATED and init.reason == "Completed") or (
        init.state is State.RUNNING and (init.ready or not init.startup_pending)
    )
