"""Which pods a Service is meant for, where its selector fits none: what nearly fits, and what differs. Pure."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

# Labels that controllers and operators put on a pod, and that no template has.
PUT_ON = ("pod-template-hash", "controller-revision-hash", "apps.kubernetes.io/pod-index")
POD_NAME = "statefulset.kubernetes.io/pod-name"

# By these a pod says whose it is.
NAMES = frozenset({"app", "name", "k8s-app", "app.kubernetes.io/name"})

# Values that are alike enough for one to be meant as the other: "web" and "webapp", "front-end" and "frontend".
ALIKE = 0.6

# Where a Service leads to those pods already, only a slip of the pen: not "old-web", nor "green" beside "blue".
SLIP = 0.8


def put_on(key: str) -> bool:
    """Tell whether a label is put on a pod by its controller."""
    return key in PUT_ON or key == POD_NAME or key.endswith("-hash")


def wanted(selector: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a selector asks for, without what controllers put on pods."""
    return tuple((key, value) for key, value in selector.items() if not put_on(key))


def nearness(selector: Mapping[str, str], labels: Mapping[str, str], alike: float = ALIKE) -> float:
    """Return how near labels come to a selector, 0 to 1; 0 where they have nothing to do with it."""
    parts = [
        1.0 if labels.get(key) == value else 0.5 if _nearly(key, value, labels, alike) else 0.0
        for key, value in wanted(selector)
    ]
    return sum(parts) / len(parts) if parts else 0.0


def meant(selector: Mapping[str, str], labels: Mapping[str, str], alike: float = ALIKE) -> bool:
    """Tell whether all that a selector asks for is there, or nearly so.

    A label that is missing altogether may have been forgotten, where another one says whose they are.
    """
    asked = wanted(selector)
    named = any(key in NAMES and labels.get(key) == value for key, value in asked)
    return bool(asked) and all(
        labels.get(key) == value or _nearly(key, value, labels, alike) or (named and key not in labels)
        for key, value in asked
    )


def differences(selector: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[str]:
    """Say of each label that differs what the pods have in its place."""
    for key, value in wanted(selector):
        if labels.get(key) == value:
            continue
        likely = next((other for other, held in labels.items() if held == value), "")
        if key in labels:
            yield f"have {key}={labels[key]}"
        else:
            yield f"have no label {key}" + (f", but {likely}={value}" if likely else "")


def spelled(selector: Mapping[str, str]) -> str:
    """Write a selector as kubectl takes it, its keys in their order."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _nearly(key: str, value: str, labels: Mapping[str, str], alike: float) -> bool:
    held = labels.get(key, "")
    return value in labels.values() or bool(held and value and SequenceMatcher(None, value, held).ratio() >= alike)
