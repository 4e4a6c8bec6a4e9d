"""What operators of databases write into the API, as it is understood: locks, leases, hibernation, fencing."""

from typing import Any

import pytest

from bootheal.adapters.kube.operators import leadership, operated, primary_lease
from bootheal.model import Operated

LOCK = {
    "leader": "pg-0",
    "acquireTime": "2026-11-21T11:00:00+00:00",
    "renewTime": "2026-11-21T12:00:00+00:00",
    "transitions": "4",
    "ttl": "30",
}


@pytest.mark.parametrize(
    ("annotations", "leader"),
    [
        (LOCK, "pg-0"),
        ({}, None),
        (None, None),
        (LOCK | {"ttl": "soon"}, None),
        ({key: value for key, value in LOCK.items() if key != "leader"}, None),
    ],
)
def test_patronis_lock_is_understood_or_not_there(annotations: dict[str, str] | None, leader: str | None) -> None:
    """What is not whole is none: ConfigMaps of that name hold other things, too."""
    found = leadership({"metadata": {"annotations": annotations}})
    assert (found.leader if found else None) == leader


@pytest.mark.parametrize(
    ("spec", "leader"),
    [
        ({"holderIdentity": "pg-1", "leaseDurationSeconds": 15, "leaseTransitions": 2}, "pg-1"),
        ({"holderIdentity": "", "leaseDurationSeconds": 1}, ""),
        ({"holderIdentity": None}, ""),
        ({}, ""),
        (None, ""),
        ({"leaseDurationSeconds": "soon"}, None),
    ],
)
def test_a_lease_that_was_released_is_nobodys(spec: dict[str, Any] | None, leader: str | None) -> None:
    """CloudNativePG empties its holder when the primary stops in good order."""
    found = primary_lease({"metadata": {}, "spec": spec})
    assert (found.leader if found else None) == leader


@pytest.mark.parametrize(
    ("annotations", "asked"),
    [
        ({}, Operated()),
        (None, Operated()),
        ({"cnpg.io/hibernation": "on"}, Operated(hibernated=True)),
        ({"cnpg.io/hibernation": "off"}, Operated()),
        ({"cnpg.io/fencedInstances": '["pg-1", "pg-2"]'}, Operated(fenced=("pg-1", "pg-2"))),
        ({"cnpg.io/fencedInstances": '["*"]'}, Operated(fenced=("*",))),
        ({"cnpg.io/fencedInstances": ""}, Operated()),
        ({"cnpg.io/fencedInstances": "[1, null]"}, Operated()),
        ({"cnpg.io/fencedInstances": '"pg-1"'}, Operated()),
        ({"cnpg.io/fencedInstances": "{broken"}, Operated()),
    ],
)
def test_hibernation_and_fencing_are_read_from_the_cluster(annotations: dict[str, str] | None, asked: Operated) -> None:
    """Annotations come from outside: what they hold is never an error."""
    assert operated({"metadata": {"annotations": annotations}}) == asked
