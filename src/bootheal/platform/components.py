"""The components that a cluster is made of: k3s' unit, k3d's containers. What their states and symptoms call for.

Generic on purpose: what a component is called and how it is restarted is the host adapter's
business. Nothing is started or restarted that the configuration does not allow, and each
component at most once a boot.
"""

from dataclasses import dataclass, replace

from bootheal.model import Component, ComponentState, HostFacts, Ref, Symptom
from bootheal.ports import World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Wait

# A unit has a moment between two starts, and whoever boots a machine takes some seconds to reach it.
STAYS_DOWN_SECONDS = 60.0

# What falls again and again may only be waiting for the network; after minutes it lacks something else.
KEEPS_FALLING_SECONDS = 300.0

# What a restart is known to clear often clears by itself. Nothing but connections is lost with a load balancer.
PERSISTS_SECONDS = 120.0
PERSISTS_IN_SECONDS = {"loadbalancer": 15.0}

_DOWN = (ComponentState.FAILED, ComponentState.STOPPED, ComponentState.MISSING)
_SAID = {ComponentState.FAILED: "has failed"}


@dataclass(frozen=True, kw_only=True)
class _PartAction(Action):
    """A change of one component. It is no repair: what runs in the cluster goes on running, or is of another boot."""

    repairs = False

    component: str

    @property
    def about(self) -> Ref:
        """The component."""
        return Ref("host", "", self.component)


@dataclass(frozen=True, kw_only=True)
class StartComponent(_PartAction):
    """Start a component that is down. `whole`: a cluster, which takes long and is only begun here."""

    whole: bool = False

    @property
    def sentence(self) -> str:
        """Say which, and why; of what is only begun no more than that."""
        return f"{'begin to ' * self.whole}start {self.component} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; the next looks see how it goes."""
        world.host.start(self.component)


@dataclass(frozen=True, kw_only=True)
class RestartComponent(_PartAction):
    """Restart a component, since what it complains of is known to pass that way."""

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"restart {self.component} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; the next looks see how it goes."""
        world.host.restart(self.component)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the configuration lets us do, by the components' roles."""

    start: frozenset[str] = frozenset()
    restart: frozenset[str] = frozenset()


def conditions(facts: HostFacts) -> frozenset[str]:
    """Name what must last before it counts."""
    down = {
        f"{component.name} {component.state}"
        for component in facts.components
        if component.state is not ComponentState.RUNNING
    }
    return frozenset(down | {_condition(symptom) for symptom in facts.symptoms})


def judge(facts: HostFacts, past: Past, allowed: Allowed) -> Judgement | None:
    """Judge the components, worst first; None where they give no reason for anything."""
    if symptom := min((each for each in facts.symptoms if each.fatal), key=lambda each: each.spares_data, default=None):
        return GiveUp(f"{symptom.component}: {symptom.text}", symptom.hint, person=not symptom.spares_data)
    unwell = (judgement for component in facts.components if (judgement := _judge_component(component, past, allowed)))
    return _explained(next(unwell, None), facts) or judge_symptoms(facts, past, allowed) or _wait_for_symptoms(facts)


def _explained(judgement: Judgement | None, facts: HostFacts) -> Judgement | None:
    """Add what a component complains of to the bare state of its unit, and to the next step of what is given up."""
    first = next(iter(facts.symptoms), None)
    if judgement is None or first is None or first.text in judgement.why:
        return judgement
    match judgement:
        case Wait():
            return replace(judgement, why=f"{judgement.why}; {_told(first)}")
        case GiveUp():
            return replace(judgement, why=f"{judgement.why}; {first.text}", hint=first.hint or judgement.hint)
        case _:
            return judgement


def judge_symptoms(facts: HostFacts, past: Past, allowed: Allowed) -> Judgement | None:
    """Judge only what a restart may be good for, as while everything seems to be up."""
    for symptom in facts.symptoms:
        component = next((component for component in facts.components if component.name == symptom.component), None)
        if component is None or not symptom.restart or component.role not in allowed.restart:
            continue
        if past.held(_condition(symptom)) >= PERSISTS_IN_SECONDS.get(component.role, PERSISTS_SECONDS) and not _once(
            RestartComponent, component, past
        ):
            why = f"{symptom.component}: {symptom.text}"
            return Act(why, (RestartComponent(cause=symptom.text, component=component.name),))
    return None


def _wait_for_symptoms(facts: HostFacts) -> Judgement | None:
    """Say what is known; most of it passes."""
    for symptom in facts.symptoms:
        return Wait(f"{symptom.component}: {_told(symptom)}")
    return None


def _told(symptom: Symptom) -> str:
    return symptom.text + (f" ({symptom.hint})" if symptom.hint else "")


def _judge_component(component: Component, past: Past, allowed: Allowed) -> Judgement | None:
    if component.state is ComponentState.RUNNING:
        return None
    said = _SAID.get(component.state, f"is {component.state}")
    why = f"{component.name} {said}" + (f" ({component.why})" if component.why else "")
    held = past.held(f"{component.name} {component.state}")
    if component.state is ComponentState.PAUSED:  # by somebody, for a moment or for good: none that is can be started
        unpause = f"docker unpause {component.name}"
        return Wait(why, hint=unpause) if held < STAYS_DOWN_SECONDS else GiveUp(why, unpause)
    if component.state is ComponentState.RESTARTING:
        return _judge_falling(component, why, held, past, allowed)
    if component.state not in _DOWN:
        return Wait(why)
    if (
        component.role in allowed.start
        and component.state is not ComponentState.MISSING
        and not _once(StartComponent, component, past)
    ):
        whole = component.role == "cluster"
        return Act(why, (StartComponent(cause=f"it {said}", component=component.name, whole=whole),))
    if held < STAYS_DOWN_SECONDS:
        return Wait(why)
    see = f"; {component.log} shows why it {said}" if component.log else f", and see why it {said}"
    return GiveUp(why, f"start {component.name}{see}")


def _judge_falling(component: Component, why: str, held: float, past: Past, allowed: Allowed) -> Judgement:
    """Judge what is started again and again. How often changes all the time, so that it is no part of the reason."""
    persists = held >= PERSISTS_IN_SECONDS.get(component.role, PERSISTS_SECONDS)
    if component.role in allowed.restart and persists and not _once(RestartComponent, component, past):
        return Act(why, (RestartComponent(cause="it does not stay up", component=component.name),))
    if held >= KEEPS_FALLING_SECONDS:
        return GiveUp(f"{why} and does not stay up", f"{component.log} shows why")
    return Wait(f"{why}; see {component.log}")


def _condition(symptom: Symptom) -> str:
    return f"{symptom.component} {symptom.kind}"


def _once(kind: type[Action], component: Component, past: Past) -> bool:
    return past.times(kind, str(Ref("host", "", component.name))) > 0
