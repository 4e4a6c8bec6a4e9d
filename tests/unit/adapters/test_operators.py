"""What operators of databases write into the API, as it is understood: locks, leases, hibernation, fencing."""

from typing import Any

import pytest

from bootheal.adapters.kube.operators import configured, leadership, operated, primary_lease
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
        ({"cnpg.io/fencedInstances": "[" * 100_000}, Operated()),
    ],
)
def test_hibernation_and_fencing_are_read_from_the_cluster(annotations: dict[str, str] | None, asked: Operated) -> None:
    """Annotations come from outside: what they hold is never an error."""
    assert operated({"metadata": {"annotations": annotations}}) == asked


@pytest.mark.parametrize(
    ("replica", "follows"),
    [
        (None, False),
        ({"enabled": True, "source": "east"}, True),
        ({"enabled": False, "primary": "east"}, False),
        ({"primary": "east", "self": "west"}, True),
        ({"primary": "west", "self": "west"}, False),
        ({"primary": "db"}, False),
        ({"primary": "east"}, True),
    ],
)
def test_a_replica_cluster_is_one_by_a_switch_or_by_its_topology(replica: Any, follows: bool) -> None:
    """Whoever is not named as the primary follows it; without a name of its own it is called as its object is."""
    assert operated({"metadata": {"name": "db"}, "spec": {"replica": replica}}).follows == follows


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (None, ""),
        ({"phase": "Cluster in healthy state"}, ""),
        ({"phase": "Failing over", "phaseReason": "db-1 is gone"}, "Failing over: db-1 is gone"),
        ({"phase": "Waiting for user action", "phaseReason": ""}, "Waiting for user action"),
    ],
)
def test_what_cloudnativepg_says_of_a_cluster_is_kept_but_for_good_news(status: Any, phase: str) -> None:
    """Good news may be of before the boot, and explains nothing."""
    assert operated({"metadata": {}, "status": status}).phase == phase


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (None, None),
        ("{broken", None),
        ("[" * 100_000, None),
        ("[]", None),
        ("{}", Operated()),
        ('{"pause": true}', Operated(paused=True)),
        ('{"pause": false, "standby_cluster": null}', Operated()),
        ('{"standby_cluster": {"host": "east"}}', Operated(follows=True)),
    ],
)
def test_patronis_configuration_tells_of_a_pause_and_of_a_standby_cluster(config: Any, told: Operated | None) -> None:
    """As `patronictl edit-config` shows it."""
    annotations = None if config is None else {"config": config}
    assert configured({"metadata": {"annotations": annotations}}) == told
