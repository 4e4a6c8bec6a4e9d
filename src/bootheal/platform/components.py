"""The parts that a cluster is made of: k3s' unit, k3d's containers. What their states and complaints call for.

Generic on purpose: what a part is called and how it is restarted is the host adapter's
business. Nothing is started or restarted that the configuration does not allow, and each
part at most once a boot.
"""

from dataclasses import dataclass

from bootheal.model import Complaint, HostFacts, Part, PartState, Ref
from bootheal.ports import World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Wait

# A unit has a moment between two starts, and whoever boots a machine takes some seconds to reach it.
STAYS_DOWN = 60.0

# What falls again and again may only be waiting for the network; after minutes it lacks something else.
KEEPS_FALLING = 300.0

# What a restart is known to clear often clears by itself. Nothing but connections is lost with a load balancer.
PERSISTS = 120.0
PERSISTS_IN = {"loadbalancer": 15.0}

_DOWN = (PartState.FAILED, PartState.STOPPED, PartState.MISSING)
_SAID = {PartState.FAILED: "has failed"}


@dataclass(frozen=True, kw_only=True)
class _PartAction(Action):
    """A change of one part. It is no repair: what runs in the cluster goes on running, or is of another boot."""

    repairs = False

    part: str

    @property
    def about(self) -> Ref:
        """The part."""
        return Ref("host", "", self.part)


@dataclass(frozen=True, kw_only=True)
class StartPart(_PartAction):
    """Start a part that is down."""

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"start {self.part} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; the next looks see how it goes."""
        world.host.start(self.part)


@dataclass(frozen=True, kw_only=True)
class RestartPart(_PartAction):
    """Restart a part, since what it complains of is known to pass that way."""

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"restart {self.part} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; the next looks see how it goes."""
        world.host.restart(self.part)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the configuration lets us do, by the parts' roles."""

    start: frozenset[str] = frozenset()
    restart: frozenset[str] = frozenset()


def conditions(facts: HostFacts) -> frozenset[str]:
    """Name what must last before it counts."""
    down = {f"{part.name} {part.state}" for part in facts.parts if part.state is not PartState.RUNNING}
    return frozenset(down | {_condition(complaint) for complaint in facts.complaints})


def judge(facts: HostFacts, past: Past, allowed: Allowed) -> Judgement | None:
    """Judge the parts, worst first; None where they give no reason for anything."""
    for complaint in facts.complaints:
        if complaint.fatal:
            return GiveUp(f"{complaint.part}: {complaint.text}", complaint.hint, person=True)
    unwell = (judgement for part in facts.parts if (judgement := _judge_part(part, past, allowed)))
    return next(unwell, None) or judge_complaints(facts, past, allowed) or _wait_for_complaints(facts)


def judge_complaints(facts: HostFacts, past: Past, allowed: Allowed) -> Judgement | None:
    """Judge only what a restart may be good for, as while everything seems to be up."""
    for complaint in facts.complaints:
        part = next((part for part in facts.parts if part.name == complaint.part), None)
        if part is None or not complaint.restart or part.role not in allowed.restart:
            continue
        if past.held(_condition(complaint)) >= PERSISTS_IN.get(part.role, PERSISTS) and not _once(
            RestartPart, part, past
        ):
            why = f"{complaint.part}: {complaint.text}"
            return Act(why, (RestartPart(cause=complaint.text, part=part.name),))
    return None


def _wait_for_complaints(facts: HostFacts) -> Judgement | None:
    """Say what is known; most of it passes."""
    for complaint in facts.complaints:
        return Wait(f"{complaint.part}: {complaint.text}" + (f" ({complaint.hint})" if complaint.hint else ""))
    return None


def _judge_part(part: Part, past: Past, allowed: Allowed) -> Judgement | None:
    if part.state is PartState.RUNNING:
        return None
    said = _SAID.get(part.state, f"is {part.state}")
    why = f"{part.name} {said}" + (f" ({part.why})" if part.why else "")
    held = past.held(f"{part.name} {part.state}")
    if part.state is PartState.RESTARTING:
        return _judge_falling(part, why, held, past, allowed)
    if part.state not in _DOWN:
        return Wait(why)
    if part.role in allowed.start and part.state is not PartState.MISSING and not _once(StartPart, part, past):
        return Act(why, (StartPart(cause=f"it {said}", part=part.name),))
    if held < STAYS_DOWN:
        return Wait(why)
    see = f"; {part.log} shows why it {said}" if part.log else f", and see why it {said}"
    return GiveUp(why, f"start {part.name}{see}")


def _judge_falling(part: Part, why: str, held: float, past: Past, allowed: Allowed) -> Judgement:
    """Judge what is started again and again. How often changes all the time, so that it is no part of the reason."""
    persists = held >= PERSISTS_IN.get(part.role, PERSISTS)
    if part.role in allowed.restart and persists and not _once(RestartPart, part, past):
        return Act(why, (RestartPart(cause="it does not stay up", part=part.name),))
    if held >= KEEPS_FALLING:
        return GiveUp(f"{why} and does not stay up", f"{part.log} shows why")
    return Wait(f"{why}; see {part.log}")


def _condition(complaint: Complaint) -> str:
    return f"{complaint.part} {complaint.kind}"


def _once(kind: type[Action], part: Part, past: Past) -> bool:
    return past.times(kind, str(Ref("host", "", part.name))) > 0
