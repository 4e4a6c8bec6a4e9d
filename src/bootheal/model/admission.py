"""What may keep new objects out of a cluster, and what it tells about them in Events."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a label selector: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def met(self, labels: Mapping[str, str]) -> bool:
        """Tell whether these labels meet it, as Kubernetes does: what is not there is NotIn."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class Webhook:
    """An admission webhook that must be asked (failurePolicy Fail), and whose Service has no ready endpoint.

    `pods`: it is asked about new pods; `namespaces` and `objects` are the selectors of those that it is asked about.
    `gone`: there is no such Service.
    """

    name: str
    configuration: str
    service: Ref
    pods: bool = True
    namespaces: tuple[Requirement, ...] = ()
    objects: tuple[Requirement, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota: which of what pods need is used up ("limits.memory"), and for which pods it counts."""

    ref: Ref
    used_up: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """What may keep new pods out of a namespace: its own end, its quotas, webhooks that nobody answers for."""

    namespace: str = ""
    going_away: bool = False
    quotas: tuple[Quota, ...] = ()
    webhooks: tuple[Webhook, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What Kubernetes calls an Event of an object: reason, message, when it happened last, and to which container."""

    reason: str
    message: str
    at: float | None = None
    container: str = ""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An API that others serve and that is not to be had: "v1beta1.metrics.k8s.io", why, and by which Service."""

    name: str
    why: str
    service: Ref | None = None


@dataclass(frozen=True, slots=True)
class Extensions:
    """What is broken of what others have hung into the API server.

    `unavailable`: aggregated APIs; `unreachable`: webhooks that refuse everything; `unread`: what we may not
    see. `guarded`: whether any webhook refuses what its server does not answer, as far as we can see.
    """

    unavailable: tuple[Aggregated, ...] = ()
    unreachable: tuple[Webhook, ...] = ()
    unread: tuple[str, ...] = ()
    guarded: bool = True
