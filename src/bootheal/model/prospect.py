"""What containers would be started from at the next boot, beside what they were started from in this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A container as its pod declares it.

    `taken` are the Secrets and ConfigMaps that its environment, or a file, is taken from, once, as it starts.
    `liveness` is for how many seconds its probes let it start, None where nothing ends it; `by_command`: what its
    liveness probe asks is a command in the container. `scratch` are the directories on an emptyDir, and whether that
    is in memory.
    """

    name: str
    image: str = ""
    pulls_always: bool = False
    taken: frozenset[Ref] = frozenset()
    liveness: float | None = None
    by_command: bool = False
    scratch: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """What a pod declares. `returns`: its containers begin again after a boot. `account` "": it mounts no token.

    `host_paths` are directories of the node, `host_ports` are the node's: address ("" for all), protocol, number.
    `written` are the claims that it may write to, and where its containers have them; `mounts` are all of its claims'
    places: directory in a container, claim, directory in its volume.
    """

    ref: Ref
    returns: bool = True
    account: str = ""
    host_paths: tuple[str, ...] = ()
    host_ports: frozenset[tuple[str, str, int]] = frozenset()
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mounts: tuple[tuple[str, str, str], ...] = ()
    containers: tuple[Planned, ...] = ()
    init: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A workload whose pods begin only once another one serves, and by what that is known."""

    owner: Ref
    on: Ref
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A webhook without whose answer no pod can be made; `guards_own`: also in the namespace of its own pods."""

    name: str
    service: Ref
    guards_own: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A Secret with the certificate of an Ingress, and when that ends; `kept`: cert-manager makes it anew in time."""

    secret: Ref
    ends: float
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """All of it. `images` are those that a node tells of; `complete`: nodes that tell of all they have.

    `changed` is when the content of a Secret or ConfigMap was last written; `accounts` are the ServiceAccounts.
    `silent` are the registries nearby that do not answer, by the first part of their images' names, and why.
    `doors` are the certificates that Ingresses show; `corefile` is what CoreDNS is told, "" where that is not known.
    """

    plans: tuple[PodPlan, ...] = ()
    images: Mapping[str, frozenset[str]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    accounts: frozenset[Ref] = frozenset()
    changed: Mapping[Ref, float] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    silent: Mapping[str, str] = field(default_factory=dict)
    doors: tuple[Door, ...] = ()
    corefile: str = ""
    gaps: tuple[str, ...] = ()
