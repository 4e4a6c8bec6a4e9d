"""What a configuration must be allowed: each right with the names of the objects it is for, and the keys that need it.

One place for all who ask: `check` asks for each, `rbac` prints them. A step says what it does; what its probe, its
logins and the way to its pods need is added here, since that is the same for all of them. Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from bootheal.config import names
from bootheal.config.sections.workloads import Workload
from bootheal.dependencies import flux
from bootheal.model import WORKLOADS, Login, Ref, Right
from bootheal.ports import Interest
from bootheal.probes import Exec, Sql
from bootheal.step import Step

ListRights = Callable[[frozenset[Interest]], frozenset[Right]]
"""What keeping lists needs: `ClusterWatcher.rights`."""

# What can be asked of one object only: by its name, where a step's settings hold that.
_OF_ONE = frozenset({"get", "patch", "update", "delete"})

# Whose reading one by one is needed, too, where no watch keeps a list yet.
_READ_ALONE = {
    "service": "services",
    **{kind: f"{kind}s" for kind in WORKLOADS},
}
_STREAMS = ("pods/exec", "pods/portforward")

_KINDS = {
    "secrets": "secret",
    "configmaps": "configmap",
    "leases": "lease",
    **{f"{kind}s": kind for kind in WORKLOADS},
    **{plural: kind for kind, (_, plural) in flux.RESOURCES.items()},
}

_SECTIONS = {
    names.DATABASE: "databases",
    names.DISK: "databases",
    names.PRIMARY: "databases",
    names.CREDENTIAL: "poolers",
    names.POOLER: "poolers",
    names.DEPENDENCY: "dependencies",
    names.HOOK: "hooks",
}


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A right, the one object that it is for ("": any), and whether less is only known without it."""

    right: Right
    name: str = ""
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.right} ({self.name})" if self.name else str(self.right)


def needs(step: Step[Any], list_rights: ListRights, *, direct: bool) -> frozenset[Need]:
    """Return all that a step must be allowed, and what it would like to be; `direct`: this host reaches pods itself."""
    wanted = step.rights() | list_rights(step.interests()) | _of_parts(step, direct=direct) | _alone(step)
    wished = step.wishes() | _to_ask(step.wishes(), direct=direct)
    return frozenset(_named(step, wanted, optional=False)) | frozenset(_named(step, wished, optional=True))


def _to_ask(wishes: frozenset[Right], *, direct: bool) -> frozenset[Right]:
    """Who would like to find a Service would like to ask it, too."""
    found = (
        () if direct else {right.namespace for right in wishes if (right.verb, right.resource) == ("get", "services")}
    )
    return frozenset(Right(verb, "pods/portforward", each) for each in found for verb in ("get", "create"))


def of_lease(lease: Ref) -> frozenset[Need]:
    """Return what holding a Lease needs; what is not there yet cannot be named where it is to be made."""
    held = {
        Need(Right(verb, "leases", lease.namespace, "coordination.k8s.io"), lease.name) for verb in ("get", "update")
    }
    return frozenset({*held, Need(Right("create", "leases", lease.namespace, "coordination.k8s.io"))})


def _of_parts(step: Step[Any], *, direct: bool) -> frozenset[Right]:
    """What the step's probe, logins and connections need."""
    found: set[Right] = set()
    namespaces = {interest.namespace for interest in step.interests() if interest.kind == "service"}
    for part in parts(step):
        match part:
            case Login(secret=secret):
                found.add(Right("get", "secrets", secret.namespace))
            case Exec():
                found |= {Right(verb, "pods/exec", namespace) for namespace in namespaces for verb in ("get", "create")}
            case Sql(login=login):
                found.add(Right("get", "secrets", login.secret.namespace))
            case _:
                pass
    if not direct:  # whoever minds a Service talks to the pods behind it
        found |= {Right(verb, "pods/portforward", each) for each in namespaces for verb in ("get", "create")}
    return frozenset(
        found
        | {
            Right(verb, right.resource, right.namespace)
            for right in step.rights()
            for verb in ("get", "create")
            if right.resource in _STREAMS
        }
    )


def _alone(step: Step[Any]) -> frozenset[Right]:
    found = set()
    for interest in step.interests():
        if plural := _READ_ALONE.get(interest.kind):
            found.add(Right("get", plural, interest.namespace, "" if interest.kind == "service" else "apps"))
    return frozenset(found)


def _named(step: Step[Any], rights: frozenset[Right], *, optional: bool) -> Iterator[Need]:
    """Name the objects that the rights are for, as far as the step's settings hold them."""
    refs = {part for part in parts(step) if isinstance(part, Ref)}
    for right in rights:
        kind = _KINDS.get(right.resource, "")
        known = {ref.name for ref in refs if (ref.kind, ref.namespace) == (kind, right.namespace)}
        if right.verb in _OF_ONE and known:
            yield from (Need(right, name, optional) for name in sorted(known))
        else:
            yield Need(right, "", optional)


def parts(value: Any) -> Iterator[Any]:
    """Yield a step's settings, at any depth."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        for each in fields(value):
            yield from parts(getattr(value, each.name))
    elif isinstance(value, tuple | list | frozenset | set):
        for item in value:
            yield from parts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from parts(item)


def of_any(namespaces: Iterable[str], list_rights: ListRights, *, direct: bool) -> Iterator[Need]:
    """Yield what workloads of any name in these namespaces need: which there are is known by looking only."""
    for namespace in namespaces:
        for kind in WORKLOADS:
            step = Workload().step(f"{kind}/{namespace}/any")
            yield from (replace(need, name="") for need in needs(step, list_rights, direct=direct))


def key_of(step: str) -> str:
    """Return the key of the file that a step comes from."""
    for prefix, section in _SECTIONS.items():
        if step.startswith(prefix):
            return f"{section}.{step[len(prefix) :].partition('/')[0]}"
    if step.partition("/")[0] in WORKLOADS:
        return f"workloads.{step}"
    return {
        "cleanup": "cleanup",
        "leases": "stale_leases",
        "registry": "registry",
        "images": "registry",
        "restore": "workloads",
    }.get(step, "cluster")
