"""Whatever a cluster calls something: what `init` writes is read back as the same, and has no key that nobody found."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bootheal.config.comparing import not_in_file
from bootheal.config.configuration import Configuration, load
from bootheal.config.discovered import completed
from bootheal.config.draft import draft, summary
from bootheal.config.writable import writable
from bootheal.discovery import addresses, discover, images
from bootheal.discovery.findings import Findings
from bootheal.model.inventory import Box, Inventory
from bootheal.probes import Exec
from support.hostile_manifests import DIGITS, hostile, read, stacks
from support.thorough import thorough

STACKS = stacks(Path(__file__).parent / "manifests")
CLUSTER = {"kind": "k3s"}
PARTS = 4
SEEDS = 2_000 if thorough() else 28


def a_deployment(name: str, **container: Any) -> dict[str, Any]:
    box = {"name": "box", "image": "web:1", **container}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [box]}}},
    }


def written(found: Findings, path: Path) -> Configuration:
    """Return what the file says that is written of findings."""
    path.write_text(draft(found, CLUSTER), encoding="utf-8")
    return load(path)


def check(found: Findings, configuration: Configuration, seen: Inventory) -> None:
    """Assert that the file says what was found, and no more."""
    file, steps = configuration.file, configuration.plan.steps
    assert {*file.databases} == {each.name for each in found.databases}
    assert {*file.poolers} == {each.name for each in found.poolers}
    assert {*file.dependencies} == {each.name for each in found.servers}
    assert {*file.workloads} == {each.name for each in found.workloads}
    assert {*file.hooks} == {each.name for each in found.hooks}
    assert [*not_in_file(found, file, seen)] == []
    for database in found.databases:
        said = file.databases[database.name]
        assert (said.namespace, said.service or "", said.dbname) == (
            database.namespace,
            database.service,
            whole(database.dbname),
        )
        assert {**said.selector} == {**database.selector}
    for name, probe in [
        *((f"dependency/{each.name}", each.probe) for each in found.servers),
        *((each.name, each.probe) for each in found.workloads if each.probe),
    ]:
        if isinstance(probe, Exec):
            probe = replace(probe, command=tuple(map(whole, probe.command)))  # noqa: PLW2901
        assert getattr(steps[name], "probe", None) == probe


def whole(text: str) -> str:
    """Return a text as the API server would have it: of half a character it makes one that says so."""
    return text.replace("\ud800", "\ufffd")


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_found_in_anything_is_written_and_read_back_as_the_same(part: int, tmp_path: Path) -> None:
    """By `init`, and by a daemon that takes what it finds; a failure names the seed that brings it again."""
    taking = tmp_path / "taking.yaml"
    taking.write_text("cluster: {kind: k3s}\ndiscover: {namespaces: [shop, n, home, data]}\n")
    declared = load(taking)
    for seed in range(part, SEEDS, PARTS):
        random = Random(seed)  # noqa: S311
        seen = read(hostile(STACKS[random.choice([*STACKS])], random))
        try:
            found = writable(discover(seen), CLUSTER)
            check(found, written(found, tmp_path / "bootheal.yaml"), seen)
            completed(declared, seen)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        assert all(len(line) < 2_000 for line in summary(found))


@pytest.mark.parametrize("said", ["echo \U0001f600", "printf \x7f", "a: b # c", "\u202e", "é", '"', "\\"])
def test_a_command_is_written_as_it_is(said: str, tmp_path: Path) -> None:
    """A character beyond the first plane was written as two halves, and then nothing of the cluster was."""
    seen = read([a_deployment("web", readinessProbe={"exec": {"command": ["sh", "-c", said]}})])
    found = writable(discover(seen), CLUSTER)
    steps = written(found, tmp_path / "bootheal.yaml").plan.steps
    assert getattr(steps["deployment/shop/web"], "probe", None) == Exec(("sh", "-c", said))


def test_what_has_no_name_that_can_be_is_not_taken(tmp_path: Path) -> None:
    """An API server that says such a name ended a daemon that takes what it finds, as a bug."""
    file = tmp_path / "bootheal.yaml"
    file.write_text("cluster: {kind: k3s}\ndiscover: {namespaces: [shop]}\n")
    full, wrong = completed(load(file), read([a_deployment("web"), a_deployment("a/b\x1b[2J")]))
    assert [*full.file.workloads] == ["deployment/shop/web"]
    assert [text.partition(": ")[0] for text in wrong] == ["cannot take deployment/shop/a/b\\x1b[2J"]


def test_what_the_file_cannot_name_is_left_out_and_told(tmp_path: Path) -> None:
    """One odd object kept all others from being written."""
    names = ("web", "- a\nevil: x", "Web", "x" * 900)
    found = writable(discover(read([a_deployment(name) for name in names])), CLUSTER)
    assert [*written(found, tmp_path / "bootheal.yaml").file.workloads] == ["deployment/shop/web"]
    told = [line for line in summary(found) if line.startswith("left out")]
    assert len(told) == len(names) - 1
    assert "left out: deployment/shop/- a\\nevil: x: that can be no name" in told


@pytest.mark.parametrize(
    "said", [f"postgres://db:{DIGITS}/x", f"db:{DIGITS}", f"host=db port={DIGITS}", f"jdbc:postgresql://db:{DIGITS}/x"]
)
def test_a_port_of_five_thousand_digits_is_none(said: str) -> None:
    """In a variable of any pod; it ended `init`, and a daemon that looks around, as a bug."""
    seen = read([a_deployment("web", env=[{"name": "DATABASE_URL", "value": said}])])
    assert [each.name for each in discover(seen).workloads] == ["deployment/shop/web"]


def test_a_service_that_selects_an_empty_name_leads_nowhere() -> None:
    """As `cnpg.io/cluster: ""` does, which Kubernetes takes; it ended `init` as a bug."""
    service = {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"cnpg.io/cluster": ""}, "ports": [{"port": 80}]},
    }
    assert [each.name for each in discover(read([a_deployment("web"), service])).workloads] == ["deployment/shop/web"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgres://u:p@db.shop:5432/x", ["db.shop:5432"]),
        ("jdbc:postgresql://db:5432,db2/x", ["db:5432", "db2"]),
        ("(http://a-b.c)", ["a-b.c"]),
        (f"http://{'a' * 63}/", ["a" * 63]),
        (f"http://{'a' * 64}/", []),
        ("redis://db_/0", ["db"]),
    ],
)
def test_addresses_are_what_they_were(text: str, found: list[str]) -> None:
    """Of a host with a label that is too long no part is taken for it."""
    assert [str(each) for each in addresses.in_text(text)] == found


def test_an_image_is_recognised_at_once_whatever_it_is_called() -> None:
    """Each letter of a name that ends in none doubled the time: `init`, and a daemon that looks around, hung."""
    assert not images.is_pooler(Box(name="box", image=f"x-pgbouncer{'a' * 200}!"))
    assert images.is_pooler(Box(name="box", image=f"x-pgbouncer{'a' * 200}-{'b' * 50}_1.2"))
