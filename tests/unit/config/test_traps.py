"""What a file may say, and its owner seldom means."""

from pathlib import Path

import pytest

from bootheal.cli.check import warnings
from bootheal.config import load
from bootheal.config.draft import draft
from bootheal.config.traps import in_cluster
from bootheal.discovery import discover
from support.inventory import inventory
from support.rows import each_row

MANIFESTS = Path(__file__).parents[1] / "discovery/manifests"
GOOD = """\
cleanup: {namespaces: [n]}
databases:
  d: {namespace: n, service: s, dbname: d, admin: {secret: a}, client: {secret: c}, backup: {cronjob: b},
      checks: [{name: rows, sql: select 1}]}
dependencies: {redis: {namespace: n, service: redis, probe: {port: 6379}}}
workloads: {deployment/n/w: {after: [database/d, dependency/redis], probe: {http: /, port: 80}}}
"""


def said(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "bootheal.yaml"
    file.write_text(text)
    return [str(each) for each in warnings(load(file))]


def test_a_good_file_is_not_complained_of(tmp_path: Path) -> None:
    """Or nobody would read what is."""
    assert said(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "place", "told"),
    [
        (
            "[n]}\ndat",
            "[m]}\ndat",
            "6:13",
            "warning: workloads.deployment/n/w: is in namespace n, which cleanup",
        ),
        (
            "port: 80}",
            "port: 80}, patience: 3",
            "6:",
            "warning: workloads.deployment/n/w.patience: is 3 s, and its probe alone",
        ),
        (", dependency/redis", "", "5:16", "note: dependencies.redis: is waited for by nobody"),
        (", backup: {cronjob: b}", "", "3:3", "note: databases.d: has no backup"),
        (",\n      checks: [{name: rows, sql: select 1}]", "", "3:3", "note: databases.d: has no checks"),
    ],
)
def test_traps_are_told_with_their_places(tmp_path: Path, good: str, bad: str, place: str, told: str) -> None:
    """Each with file, line and column."""
    assert good in GOOD
    found = said(tmp_path, GOOD.replace(good, bad))
    assert len(found) == 1
    assert f"bootheal.yaml:{place}" in found[0]
    assert told in found[0]


@each_row(sorted(path.stem for path in MANIFESTS.glob("*.yaml")), "name")
def test_init_writes_nothing_that_is_warned_of(tmp_path: Path, name: str) -> None:
    """So `check --strict` is content with it; what it could not find may be noted."""
    text = draft(discover(inventory((MANIFESTS / f"{name}.yaml").read_text())), {"kind": "k3s"})
    assert not [each for each in said(tmp_path, text) if "warning: " in each]


def test_images_that_are_pulled_at_each_start_from_the_registry_beside_the_cluster(tmp_path: Path) -> None:
    """Such a workload cannot come back before the registry does."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"{GOOD}registry: {{url: 'http://127.0.0.1:5000', container: registry}}\n")
    found = inventory("""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: w, namespace: n}
spec: {template: {spec: {containers: [{name: c, image: "localhost:5000/w:1", imagePullPolicy: Always}]}}}
""")
    (path, text), *more = in_cluster(load(file).file, found)
    assert (path, more) == (("workloads", "deployment/n/w"), [])
    assert "imagePullPolicy: Always" in text
