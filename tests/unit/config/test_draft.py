"""What `bootheal init` writes, and how a file is compared with a cluster."""

import re
from pathlib import Path

import pytest

from bootheal.cli.this_cluster import choose
from bootheal.config.comparing import not_in_cluster, not_in_file
from bootheal.config.configuration import load
from bootheal.config.draft import draft, summary
from bootheal.discovery import discover
from bootheal.errors import UsageError
from support.inventory import inventory

MANIFESTS = Path(__file__).parents[1] / "discovery/manifests"


def written(name: str) -> str:
    return draft(discover(inventory((MANIFESTS / f"{name}.yaml").read_text())), {"kind": "k3s"})


def test_each_line_has_its_evidence() -> None:
    """An edge says which variable of the workload names what; a login, which key of which Secret."""
    text = written("zalando_1")
    edge = next(line for line in text.splitlines() if "after: [pooler/acid-shop-pooler]" in line)
    assert (
        "# DB_HOST is acid-shop-pooler.shop.svc.cluster.local:5432" in edge or "# DB_HOST is acid-shop-pooler" in edge
    )
    admin = next(line for line in text.splitlines() if line.strip().startswith("admin:"))
    assert "# PGPASSWORD_SUPERUSER is key password of secret/postgres.acid-shop" in admin


def test_the_readme_shows_first_what_init_writes() -> None:
    """Word for word, for the shop of shop.yaml."""
    text = (Path(__file__).parents[3] / "README.md").read_text()
    shop = inventory((Path(__file__).parent / "shop.yaml").read_text())
    assert text.partition("```yaml\n")[2].partition("```")[0] == draft(discover(shop), {"kind": "k3s"})


def test_what_is_not_sure_is_commented_out() -> None:
    """An edge that may mean something else does not hold anything up."""
    line = next(
        line for line in written("settings").splitlines() if "deployment/shop/web" in line and "not sure" in line
    )
    assert line.strip().startswith("# - deployment/shop/web")
    assert "may be said to others only" in line


@pytest.mark.parametrize(
    ("stack", "said"), [("edoburu", "AUTH_TYPE is md5"), ("pooler_files", "auth_type is md5"), ("mastodon", "")]
)
def test_a_pooler_that_may_ask_by_md5_is_offered_the_key_that_allows_it(stack: str, said: str) -> None:
    """Commented out, since it is needed for plain passwords only, and hands a hash to whoever listens."""
    text = (MANIFESTS / f"{stack}.yaml").read_text()
    asked = text.replace("value: scram-sha-256", "value: md5").replace("auth_type = scram-sha-256", "auth_type = md5")
    offered = rf"# auth: md5 +# {said}: only if its auth_file holds plain passwords\n"
    assert "auth: md5" not in draft(discover(inventory(text)), {"kind": "k3s"})
    written_then = draft(discover(inventory(asked if said else text)), {"kind": "k3s"})
    assert bool(re.search(offered, written_then)) == bool(said)


def test_a_cut_is_told_where_it_is_and_in_the_end() -> None:
    """Who reads the file, and who reads the summary, learns which edge was left out of a circle, and why."""
    found = discover(inventory((MANIFESTS / "circle.yaml").read_text()))
    assert "# - deployment/ring/c" in draft(found, {"kind": "k3s"})
    assert any(line.startswith("cut: deployment/ring/b after deployment/ring/c") for line in summary(found))


def test_a_front_door_is_offered_as_a_probe() -> None:
    """It is commented out: whether this host can resolve that name is for its owner to say."""
    assert '# probe: {url: "https://home.example/"}' in written("flux_and_front")


def test_a_file_is_compared_both_ways(tmp_path: Path) -> None:
    """What was added to the cluster is named, and so is what is gone; what is called otherwise is the same."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(
        written("edoburu").replace("\n  pgbouncer:", "\n  front:").replace("pooler/pgbouncer", "pooler/front")
    )
    found = inventory((MANIFESTS / "edoburu.yaml").read_text())
    configuration = load(file).file
    assert list(not_in_file(discover(found), configuration, found)) == []
    assert list(not_in_cluster(configuration, found)) == []
    other = inventory((MANIFESTS / "edoburu_variables.yaml").read_text())
    missing = "\n".join(not_in_file(discover(other), configuration, other))
    assert "database/pg " in missing
    assert "pooler/bouncer " in missing
    assert "deployment/shop/web" in list(not_in_cluster(configuration, other))


# What an earlier version wrote, or a person would rather have: a server as a workload.
AS_WORKLOADS = """\
workloads:
  deployment/app/mosquitto: {}
  statefulset/app/influxdb: {}
  deployment/app/telegraf: {}
  statefulset/app/zigbee2mqtt: {}
"""
# A pooler of which init could not tell all, completed by a person; a database by its labels.
COMPLETED = """\
databases: {d: {namespace: shop, selector: {app: pg}, dbname: shop, admin: {secret: pg}}}
poolers: {p: {database: d, deployment: pool, service: pool, client: {secret: shop}}}
"""
# Clusters of CloudNativePG, whose pods nobody declares.
OPERATORS = "databases:\n" + "".join(
    f"  {name}: {{namespace: data, service: {name}-rw, dbname: app, admin: {{secret: {name}}}}}\n"
    for name in ("orders", "copy", "hidden")
)


@pytest.mark.parametrize(
    ("name", "text"), [("mqtt", AS_WORKLOADS), ("pooler_by_file", COMPLETED), ("cnpg_alone", OPERATORS)]
)
def test_what_the_file_names_otherwise_is_not_missing(tmp_path: Path, name: str, text: str) -> None:
    """By whatever entry it is about a workload or a Service."""
    found = inventory((MANIFESTS / f"{name}.yaml").read_text())
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"cluster: {{kind: k3s}}\n{text}\n")
    assert list(not_in_file(discover(found), load(file).file, found)) == []


def test_of_several_k3d_clusters_one_is_named() -> None:
    """Where there is one, nobody is asked."""
    assert choose(("shop",), "") == "shop"
    assert choose((), "") == ""
    assert choose(("a", "b"), "b") == "b"
    with pytest.raises(UsageError, match="cannot tell which k3d cluster is meant: Docker has a, b") as error:
        choose(("a", "b"), "")
    assert "--name" in error.value.hint
    with pytest.raises(UsageError, match="cannot find the k3d cluster c"):
        choose(("a", "b"), "c")
