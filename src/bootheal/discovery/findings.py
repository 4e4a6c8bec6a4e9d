"""What was found, and by what it is known: values, from which a configuration is written. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import count
from typing import TypeVar

from bootheal.model import Ref
from bootheal.probes import Probe


class Known(IntEnum):
    """How strongly it is known that something comes after something else. What is only GUESSED is not believed."""

    GUESSED = 0
    FILE = 1
    NAMED = 2
    WAITS = 3


@dataclass(frozen=True, slots=True)
class Edge:
    """What must serve first, by its name in the file; `told` says by what that is known."""

    to: str
    told: str
    known: Known = Known.NAMED


@dataclass(frozen=True, slots=True)
class FoundLogin:
    """A Secret and its keys; with `url_key` both are in a URL. `user` where the Secret has none."""

    secret: str
    told: str
    user_key: str = ""
    password_key: str = ""
    url_key: str = ""
    user: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """All but by what it is known."""
        return self.secret, self.user_key, self.password_key, self.url_key, self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something with a name of its own in the file. `notes` are lines for its owner, such as what could not be told."""

    name: str
    namespace: str = ""
    told: str = ""
    notes: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    cut: tuple[Edge, ...] = ()


FoundT = TypeVar("FoundT", bound=Found)


def named(found: Iterable[FoundT]) -> tuple[FoundT, ...]:
    """Give each a name of its own: where several are called alike, their namespaces come first; in order of names.

    What is called alike all the same is counted, in the order in which it comes.
    """
    every = tuple(found)
    times = Counter(each.name for each in every)
    told = [replace(each, name=f"{each.namespace}-{each.name}") if times[each.name] > 1 else each for each in every]
    wanted, taken, own = {each.name for each in told}, set[str](), list[FoundT]()
    for each in told:
        others = (f"{each.name}-{number}" for number in count(2))
        name = each.name if each.name not in taken else next(other for other in others if other not in wanted | taken)
        taken.add(name)
        own.append(replace(each, name=name))
    return tuple(sorted(own, key=lambda each: (each.name, each.namespace)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDatabase(Found):
    """A PostgreSQL. `made` are the workloads that it consists of, `cluster` is how its operator calls it.

    `probe` is how it can be asked without a login. `follows` is what says that it follows a database that is not in
    this cluster, or another of its operator's, and so takes no writes ("": nothing does).
    """

    cluster: str = ""
    service: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    dbname: str = ""
    dbname_told: str = ""
    admin: FoundLogin | None = None
    client: FoundLogin | None = None
    backup: str = ""
    made: tuple[Ref, ...] = ()
    probe: Probe | None = None
    follows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPooler(Found):
    """A PgBouncer. `certified`: it logs in to PostgreSQL by a certificate. `auth_file` is a Secret and its key.

    `names` are the databases that it has, ("*",) any, () where that is not known. `md5` is what says that it asks for
    passwords by MD5 where its file holds them as they are, "" where nothing does. `listed` is where the list of its
    clients' passwords comes from, which need not be an `auth_file` of a Secret ("": it has none, or none is known).
    """

    database: str = ""
    deployment: Ref
    service: str = ""
    port: int = 0
    dbname: str = ""
    credential: FoundLogin | None = None
    certified: bool = False
    client: FoundLogin | None = None
    auth_file: tuple[str, str] | None = None
    auth_path: str = ""
    md5: str = ""
    listed: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer(Found):
    """Another server that must serve first. `database` is that which it stands in front of, where it is a pooler.

    `is_postgres`: a PostgreSQL that is only asked, see `fallbacks`; like any other it is never restarted.
    """

    service: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    probe: Probe
    made: tuple[Ref, ...] = ()
    database: str = ""
    is_postgres: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWorkload(Found):
    """A workload; `part_of` is the application that it says to belong to, `front` a URL that leads to it, and why."""

    front: tuple[str, str] | None = None
    ref: Ref
    probe: Probe | None = None
    part_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHook(Found):
    """An object of Flux."""

    reconcile: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found, each kind in the order of its names.

    `registries` are containers beside the cluster, each with its port on this host. `cuts` say where a circle was cut,
    `left_out` what is in the cluster and was not taken, and why.
    """

    databases: tuple[FoundDatabase, ...] = ()
    poolers: tuple[FoundPooler, ...] = ()
    servers: tuple[FoundServer, ...] = ()
    workloads: tuple[FoundWorkload, ...] = ()
    hooks: tuple[FoundHook, ...] = ()
    registries: tuple[tuple[str, int], ...] = ()
    cuts: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
