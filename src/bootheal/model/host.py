"""The machine, or the container engine, that the cluster runs on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BootTime:
    """When this boot has been, as timestamps tell it: one span, and one more for each time the clock was set.

    A machine without a battery boots in the past and is set right by the network, perhaps after its
    first containers have started. Both of their times belong to this boot.
    `nodes` are those that it is the boot of, None for all of the cluster: others are other machines, which did not
    reboot because this one did.
    """

    spans: tuple[tuple[float, float], ...]
    nodes: frozenset[str] | None = None

    def concerns(self, node: str) -> bool:
        """Tell whether what is on this node is to be judged as of this boot; "" is on no node."""
        return self.nodes is None or not node or node in self.nodes

    @classmethod
    def since(cls, began: float) -> "BootTime":
        """Return a boot that began then, under a clock that is right."""
        return cls(((began, float("inf")),))

    def after(self, began: float) -> "BootTime":
        """Leave out what was before something of this boot began, as its own stamp tells.

        A later span stays although its times may be smaller: the clock was set back. All of them stay
        where none holds the stamp: it is by a clock that was set before anybody took note.
        """
        holding = [number for number, (first, last) in enumerate(self.spans) if first <= began <= last]
        if not holding:
            return self
        _, last = self.spans[holding[-1]]
        return replace(self, spans=((began, last), *self.spans[holding[-1] + 1 :]))


class ComponentState(StrEnum):
    """What a service manager says of a unit, or a container engine of a container."""

    RUNNING = "running"
    STARTING = "starting"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Component:
    """A unit or a container that the cluster is made of.

    `role` is "k3s", "server", "agent", "loadbalancer" or "registry". `since` is when it
    entered its state; `why` is how it ended last, where it did not end well; `log` is the command
    that shows what it has said. `at_boot` is its manager's word on whether a boot starts it, "" where nothing tells:
    systemd's ("enabled", "disabled"), or Docker's restart policy ("unless-stopped", "no"). `port` is that of this host
    at which a registry of images is reached, 0 of others.
    """

    name: str
    role: str
    state: ComponentState
    since: float | None = None
    why: str = ""
    log: str = ""
    at_boot: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Symptom:
    """A known trouble that a component's own journal or log tells of.

    `fatal`: it does not pass by itself, and `hint` is the human step. `restart`: it is known
    to pass when the component is restarted. `spares_data`: no data is at risk with it, fatal as it may be.
    """

    kind: str
    component: str
    text: str
    hint: str = ""
    fatal: bool = False
    restart: bool = False
    spares_data: bool = False


class Directory(StrEnum):
    """What a path on the host is. UNKNOWN: it cannot be seen from here, or not by us."""

    MOUNTED = "mounted"
    PLAIN = "plain"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the host knows of the components of the cluster. Empty where it cannot be known from here.

    `names`: by which the cluster should know this machine and the containers beside it, with their addresses;
    `unaware`: components that do not know this machine's name themselves;
    `failed`: what was begun on the host for us and failed, with the reason and the next human step.
    """

    components: tuple[Component, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    clock_synchronised: bool | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    unaware: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
