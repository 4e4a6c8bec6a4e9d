"""What becomes an Event of Kubernetes."""

from dataclasses import dataclass

from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True)
class KubernetesEvent:
    """Something that happened to an object; `at` is seconds since the epoch. The same one again is counted."""

    object: Ref
    action: str
    reason: str
    note: str
    at: float
    warning: bool = False
