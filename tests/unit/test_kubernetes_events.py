"""What becomes an Event of Kubernetes."""

import pytest

from bootheal.kubernetes_events import LONGEST_NOTE, kubernetes_event, rights
from bootheal.model import Event, EventKind, Ref
from support.boots import HOSTILE

POD = "pod/shop/web-1"


def event(kind: str, *, step: str = "cleanup", object: str = "", text: str = "said", action: str = "") -> Event:  # noqa: A002
    return Event(EventKind(kind), at=1.0, elapsed=0.0, step=step, text=text, object=object, action=action, cause="dead")


@pytest.mark.parametrize(
    ("happened", "where", "reason", "warning"),
    [
        (event("acted", object=POD, action="delete-pod"), POD, "BoothealDeletePod", False),
        (event("failed", object=POD, action="delete-pod"), POD, "BoothealDeletePodFailed", True),
        (event("acted", object="node/box", action="uncordon"), "node/box", "BoothealUncordon", False),
        (
            event("acted", step="deployment/shop/web", object="probe/x", action="roll-out"),
            "deployment/shop/web",
            "BoothealRollOut",
            False,
        ),
        (event("gave-up", step="deployment/shop/web"), "deployment/shop/web", "BoothealGaveUp", True),
    ],
)
def test_what_is_done_is_told_of_the_object_it_was_done_to(
    happened: Event, where: str, reason: str, *, warning: bool
) -> None:
    """And a workload that does not come back is warned of."""
    told = kubernetes_event(happened)
    assert told is not None
    assert (str(told.object), told.reason, told.warning) == (where, reason, warning)


@pytest.mark.parametrize(
    "happened",
    [
        event("acting", object=POD, action="delete-pod"),
        event("waiting", step="deployment/shop/web"),
        event("settled", step="deployment/shop/web"),
        event("gave-up", step="database/shop"),
        event("acted", step="pooler-credential/shop", object="role/shop/pooler", action="reset-password"),
    ],
)
def test_what_kubernetes_does_not_know_is_not_told_there(happened: Event) -> None:
    """A role of PostgreSQL cannot be described by kubectl."""
    assert kubernetes_event(happened) is None


def test_a_note_is_one_line_that_kubernetes_takes() -> None:
    """At most 1024 bytes, whatever characters they are."""
    told = kubernetes_event(event("acted", object=POD, action="delete-pod", text=f"{HOSTILE}\n{'🙂' * 1000}"))
    assert told is not None
    assert told.object == Ref("pod", "shop", "web-1")
    assert len(told.note) <= LONGEST_NOTE
    assert len(told.note.encode()) <= 1024
    assert told.note.isprintable()


def test_the_rights_are_named() -> None:
    """In each namespace, and no more than to write and to count."""
    assert [str(right) for right in rights({"shop"})] == [
        "create events in namespace shop",
        "patch events in namespace shop",
    ]
