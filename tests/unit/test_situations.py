"""A pass over what operators, tools and Kubernetes have left in the API: told, mended or left alone as it should be.

Each row is a situation of its own, after the API types of those who write it.
"""

from pathlib import Path

import pytest

from support.rows import each_row
from support.situations import Situation, seen
from support.situations_of_cloudnative_pg import CLOUDNATIVE_PG
from support.situations_of_patroni import PATRONI
from support.situations_of_pods import PODS
from support.situations_of_services import SERVICES
from support.situations_of_tools import TOOLS
from support.situations_of_workloads import WORKLOADS


def check(situation: Situation, directory: Path) -> None:
    """How it ends, what is told and what is not, no deed but those; and doctor names what is ill, and nothing else."""
    found = seen(situation, directory)
    assert found.last.ending in situation.ends.split("|"), found.told
    assert [word for word in situation.says if word not in found.told] == [], found.told
    assert [word for word in situation.never if word in found.told] == [], found.told
    assert found.deeds <= situation.deeds, found.deeds
    assert bool(found.deeds) == bool(situation.deeds)
    well = situation.ends == "settled" and not situation.servers
    roots = () if situation.roots is None and well else situation.roots
    if roots is not None:
        assert [each for each in found.roots if not any(root in each for root in roots)] == []
        assert [root for root in roots if not any(root in each for each in found.roots)] == []


@each_row([*CLOUDNATIVE_PG.items(), *PATRONI.items()], "name", "situation")
def test_databases(name: str, situation: Situation, tmp_path: Path) -> None:
    """Who leads is found; why nobody does is told; a standby is never written to."""
    assert name
    check(situation, tmp_path)


@each_row([*SERVICES.items(), *PODS.items(), *WORKLOADS.items()], "name", "situation")
def test_what_releases_of_kubernetes_have(name: str, situation: Situation, tmp_path: Path) -> None:
    """What one has that others have not changes nothing about what is well."""
    assert name
    check(situation, tmp_path)


@each_row(TOOLS.items(), "name", "situation")
def test_tools_and_the_control_plane(name: str, situation: Situation, tmp_path: Path) -> None:
    """What they have in hand is left to them, and what they have given up is told."""
    assert name
    check(situation, tmp_path)


def test_a_situation_would_be_noticed(tmp_path: Path) -> None:
    """Of a database whose primary is lost, nobody says that it is well."""
    lost = CLOUDNATIVE_PG["its disk is full, and it will not start"]
    with pytest.raises(AssertionError):
        check(Situation(objects=lost.objects, declared=lost.declared, servers=lost.servers, ends="settled"), tmp_path)
