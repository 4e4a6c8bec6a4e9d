"""What is declared in a cluster, as far as a configuration can be drawn from it: no state, and no value of a Secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bootheal.model.identity import Ref
from bootheal.model.service import Service


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is, as a text names it: a host, its port (0: not said), and a scheme ("": not said)."""

    host: str
    port: int = 0
    scheme: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


@dataclass(frozen=True, slots=True)
class Source:
    """A key of a Secret or ConfigMap ("secret", "configmap") of the same namespace; "": all of its keys."""

    kind: Literal["secret", "configmap"]
    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable as it is written: a value, or where that comes from."""

    name: str
    value: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Variables:
    """All keys of a Secret or ConfigMap as environment variables (envFrom), each with a prefix."""

    source: Source
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Mounted:
    """A Secret or ConfigMap as files: the whole of it in directory `path`, or one key of it as the file `path`."""

    path: str
    source: Source


@dataclass(frozen=True, slots=True)
class Question:
    """A readinessProbe. A port may be the name of one; `headers` names those that it sends, in small letters."""

    kind: Literal["http", "https", "tcp", "exec", "grpc"]
    port: int | str = 0
    path: str = ""
    command: tuple[str, ...] = ()
    headers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A container as it is declared. `environment` is in the order in which later ones win: envFrom first, then env."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: tuple[Variable | Variables, ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    mounts: tuple[Mounted, ...] = ()
    question: Question | None = None
    pull_always: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The command line."""
        return (*self.command, *self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A Deployment, StatefulSet, DaemonSet or CronJob as it is declared.

    `owner` is what made it, as an operator does. `init` are the containers that must have ended before the others
    are started.
    """

    ref: Ref
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    boxes: tuple[Box, ...] = ()
    init: tuple[Box, ...] = ()
    replicas: int = 1
    owner: Ref | None = None


@dataclass(frozen=True, slots=True)
class Custom:
    """An object of a kind that an operator, Flux or the front door brings along: its labels, and its `spec`."""

    ref: Ref
    labels: Mapping[str, str]
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """What may be known of a Secret: its keys, and the Services' addresses that its values name."""

    keys: frozenset[str] = frozenset()
    addresses: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is in a cluster. Of Secrets and ConfigMaps only those that a container refers to.

    `gaps` say what could not be read, `unlisted` which of that hides workloads, `kinds` which kinds the cluster has of
    those that `customs` may hold.
    `registries` are the containers of images beside the cluster: each one's name, and the port of this host.
    """

    controllers: tuple[Controller, ...] = ()
    services: tuple[Service, ...] = ()
    secrets: Mapping[Ref, SecretFacts] = field(default_factory=dict)
    config_maps: Mapping[Ref, Mapping[str, str]] = field(default_factory=dict)
    customs: tuple[Custom, ...] = ()
    kinds: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    registries: tuple[tuple[str, int], ...] = ()
