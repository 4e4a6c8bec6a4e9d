"""A registry of images beside the cluster: it answers, or its container is started where that is allowed.

It needs no cluster, so it does not wait for the gate: what it has not served by then costs the
kubelet's back-off. Pods that are in that back-off already are another step's, see `images`.
"""

from dataclasses import dataclass

from bootheal.model import Answer, Component, ComponentState, Ref
from bootheal.ports import World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "registry"
TIMEOUT_SECONDS = 3.0
UNAUTHORIZED = 401

# A registry with much to look through takes that long to begin.
STARTS_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class _ContainerAction(Action):
    """A change of one container beside the cluster."""

    container: str

    @property
    def about(self) -> Ref:
        """The container."""
        return Ref("container", "", self.container)


@dataclass(frozen=True, kw_only=True)
class StartContainer(_ContainerAction):
    """Start a container that does not run."""

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"start container {self.container} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; looking shows when it serves."""
        if world.containers:
            world.containers.start(self.container)


@dataclass(frozen=True, kw_only=True)
class RestartContainer(_ContainerAction):
    """Restart a container that runs and does not serve."""

    @property
    def sentence(self) -> str:
        """Say which, and why."""
        return f"restart container {self.container} ({self.cause})"

    def apply(self, world: World) -> None:
        """Begin it; looking shows when it serves."""
        if world.containers:
            world.containers.restart(self.container)


@dataclass(frozen=True, slots=True)
class RegistryObservation:
    """What the registry said, and, where it did not answer and that is ours to know, what its container is like."""

    answer: Answer
    component: Component | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """How long it has been silent matters, while its container runs.

        What answers is not silent, whatever it says: under /v2/ it may be something else. Nor is what nobody could ask.
        """
        silent = not (self.answer.ok or self.answer.spoke or self.answer.unasked)
        return frozenset({f"silent, {self.component.state}" if self.component else "silent"} if silent else ())


@dataclass(frozen=True, kw_only=True)
class Registry(Step[RegistryObservation]):
    """Waits for the registry at `url`; may start and restart `container`, each once a boot, where `start` says so."""

    url: str
    container: str = ""
    start: bool = False
    name: str = NAME

    @property
    def shows_more(self) -> str:
        """Show what its container says, or ask it."""
        return f"docker logs --tail=50 {self.container}" if self.container else f"curl -v {self.url}"

    def look(self, world: World) -> RegistryObservation:
        """Ask for /v2/: 200, or 401 where one must log in; then look at the container."""
        door = f"{self.url.rstrip('/')}/v2/"
        answer = world.web.visit(door, TIMEOUT_SECONDS, insecure=True)
        if not answer.ok and answer.spoke:
            asks_who = world.web.visit(door, TIMEOUT_SECONDS, insecure=True, status=UNAUTHORIZED)
            answer = asks_who if asks_who.ok else answer
        if answer.ok or not self.container or world.containers is None:
            return RegistryObservation(answer)
        return RegistryObservation(answer, world.containers.component(self.container))

    def judge(self, seen: RegistryObservation, past: Past) -> Judgement:
        """Start what is stopped, restart what is silent for long; once each."""
        if seen.answer.ok:
            return Settled(f"{self.url} answers")
        why = f"the registry does not answer: {seen.answer.text}"
        if seen.component is None:
            return Wait(why)
        component, about = seen.component, str(Ref("container", "", self.container))
        why = f"{why}; container {component.name} is {component.state}" + (
            f" ({component.why})" if component.why else ""
        )
        if component.state is ComponentState.STOPPED:
            if not self.start:
                return GiveUp(why, f"docker start {component.name}; registry.start: when-down lets bootheal do it")
            if not past.times(StartContainer, about):
                return Act(why, (StartContainer(cause="it is stopped", container=component.name),))
        if self.start and component.state in (ComponentState.RUNNING, ComponentState.RESTARTING):
            silent = f"silent, {component.state}"
            lasts = silent in seen.conditions and past.held(silent) >= STARTS_SECONDS
            if lasts and not past.times(RestartContainer, about):
                return Act(why, (RestartContainer(cause=f"silent for {STARTS_SECONDS:g} s", container=component.name),))
        return Wait(why)
