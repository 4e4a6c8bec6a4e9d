"""Why a server that does not answer does not: what its container and its log tell.

The log of a container that runs is read where its server is silent (Patroni goes on when its PostgreSQL cannot start),
that of its previous process where it has ended in this boot. It is evidence: nothing fails for want of it.
"""

from dataclasses import dataclass

from bootheal.causes import Finding, Gravity
from bootheal.cluster.freshness import before_boot
from bootheal.errors import BoothealError
from bootheal.model import Container, Pod, State
from bootheal.model.quoted import quoted
from bootheal.ports import World
from bootheal.postgres.server_log import finding, follows, last_words, progress

LOG_LINES = 60

# What operators and charts call the container that runs PostgreSQL.
CONTAINERS = ("postgres", "postgresql", "database")

LOOPS = "CrashLoopBackOff"


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a silent server.

    `state` is its container's, where that is not simply running; `finding` the cause that its log tells of, else `last`
    is what the log ended with, and `more` the command that shows more of it. `follows`: its log says that it is a
    standby. `tried`: it has failed more than once, or goes on failing. `recovery` is how far crash recovery is.
    """

    state: str = ""
    finding: Finding | None = None
    last: str = ""
    more: str = ""
    follows: bool = False
    tried: bool = False
    recovery: str = ""

    @property
    def gravity(self) -> int:
        """How grave it is: a number that is greater for what is graver."""
        return self.finding.cause.gravity.rank if self.finding else -1

    @property
    def hint(self) -> str:
        """What a person does next."""
        return self.finding.next_step if self.finding else self.more

    @property
    def damaged(self) -> bool:
        """Whether its data is at risk."""
        return bool(self.finding and self.finding.cause.gravity is Gravity.DATA)

    @property
    def stuck(self) -> bool:
        """Whether waiting cannot cure it."""
        if self.finding is None:
            return False
        cause = self.finding.cause
        return self.damaged or (cause.gravity is Gravity.PERSON and not cause.restart_helps and self.tried)

    def told(self, name: str) -> str:
        """Say it of the server of this name."""
        return "; ".join(filter(None, (f"{name}: {self.state}" if self.state else "", self._log(name))))

    def _log(self, name: str) -> str:
        if self.finding is None:
            return f'{name}\'s log ends with "{quoted(self.last)}"' if self.last else ""
        said = self.finding.evidence.text.partition("\n")[0]
        particular = f" ({quoted(said)})" if self.finding.cause.gravity is Gravity.PERSON else ""
        return f"{name}'s log: {self.finding.means}{particular}"


def account(world: World, pod: Pod, *, recovering: bool) -> Account:
    """Tell of one pod whose server does not answer, or says that it is `recovering`."""
    container, boot_time = serving(pod), world.host.boot_time()
    describe = f"kubectl -n {pod.ref.namespace} describe pod {pod.ref.name}"
    if container is None:
        return Account(_state(pod, None), more=describe)
    if container.state is not State.RUNNING and container.ended and before_boot(container.ended, boot_time, pod.node):
        return Account(more=describe)  # its status is of the previous boot
    state, previous = _state(pod, container), _which_log(container)
    if previous is None:
        return Account(state, more=describe)
    log = _log(world, pod, container, previous=previous)
    found = None if recovering else finding(log, pod.ref, container.name)
    ended = container.state is not State.RUNNING
    return Account(
        state,
        found,
        last=last_words(log) if ended and not found else "",
        more=_more(pod, container, previous=previous),
        follows=follows(log),
        tried=container.state is not State.TERMINATED or container.restarts > 0,
        recovery=progress(log) if recovering else "",
    )


def serving(pod: Pod) -> Container | None:
    """Return the container that runs PostgreSQL, by its name, else the first."""
    return next((c for c in pod.containers if c.name in CONTAINERS), next(iter(pod.containers), None))


def _which_log(container: Container) -> bool | None:
    """Tell whether the log of the `previous` process is the one that speaks; None where none does yet."""
    if container.state is State.RUNNING:
        return False
    return container.state is not State.TERMINATED if container.ended else None


def _log(world: World, pod: Pod, container: Container, *, previous: bool) -> str:
    try:
        return world.pod_access.log_tail(pod.ref, container.name, LOG_LINES, previous=previous)
    except BoothealError:
        return ""


def _more(pod: Pod, container: Container, *, previous: bool) -> str:
    which = "--previous " if previous else ""
    return f"kubectl -n {pod.ref.namespace} logs {which}{pod.ref.name} -c {container.name}"


def _state(pod: Pod, container: Container | None) -> str:
    """Say how the container is, "" where it simply runs. The same words for a crash loop, whatever it does just now."""
    if pod.unschedulable:
        return f"no node takes it: {quoted(pod.unschedulable)}"
    if waiting := next((init for init in pod.init if not _done(init)), None):
        return f"init container {waiting.name}: {_said(waiting) or 'runs'}"
    return _said(container) if container else ""


def _done(init: Container) -> bool:
    return (init.state is State.TERMINATED and init.reason == "Completed") or (
        init.state is State.RUNNING and (init.ready or not init.startup_pending)
    )


def _said(container: Container) -> str:
    restarts = f", {container.restarts} restarts" if container.restarts else ""
    killed = f", {container.last_reason}" if container.last_reason == "OOMKilled" else ""
    if container.reason == LOOPS or (container.ended and container.restarts > 1):
        return f"{LOOPS}{restarts}{killed}"  # its message counts seconds
    if container.state is State.RUNNING:
        return restarts[2:] + killed
    image = f" of {container.image}" if "Image" in container.reason and container.image else ""
    message = f": {quoted(container.message)}" if container.message else ""
    return f"{container.reason}{image}{message}{restarts}{killed if container.reason != 'OOMKilled' else ''}"
