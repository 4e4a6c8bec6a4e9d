"""What is found in manifests as charts, operators and people write them, and what is not guessed.

Each file in `manifests` has beside it, in a .txt of the same name, what must be found in it and nothing else.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bootheal.config.configuration import load
from bootheal.config.draft import draft, probe
from bootheal.discovery import discover
from bootheal.discovery.findings import Findings, Found, FoundDatabase, FoundLogin, FoundPooler, Known
from bootheal.model import Ref
from support.inventory import inventory
from support.rows import each_row

MANIFESTS = sorted((Path(__file__).parent / "manifests").glob("*.yaml"), key=lambda path: path.stem)
every_manifest = each_row(MANIFESTS, "path")


@every_manifest
def test_databases_poolers_logins_and_order_are_found_and_nothing_is_guessed(path: Path) -> None:
    """Of each stack databases, poolers, other servers, logins and edges are found; what is not sure is set apart."""
    assert list(_lines(discover(inventory(path.read_text())))) == path.with_suffix(".txt").read_text().splitlines()


@every_manifest
def test_the_file_is_right_and_holds_no_secret(path: Path, tmp_path: Path) -> None:
    """What is written of any stack is a configuration without a problem, and no password of a manifest is in it."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(draft(discover(inventory(path.read_text())), {"kind": "k3s"}))
    load(file)
    assert not any(word in file.read_text() for word in ("canary", "s3cret", "hunter2"))


@every_manifest
def test_the_same_cluster_gives_the_same_file(path: Path) -> None:
    """In whatever order the API server lists objects, the file is the same byte for byte."""
    found = inventory(path.read_text())
    for seed in range(3):
        mixed = random.Random(seed)  # noqa: S311 - an order, not a secret
        shuffled = replace(
            found,
            controllers=tuple(mixed.sample(found.controllers, len(found.controllers))),
            services=tuple(mixed.sample(found.services, len(found.services))),
            customs=tuple(mixed.sample(found.customs, len(found.customs))),
        )
        assert draft(discover(shuffled), {"kind": "k3s"}) == draft(discover(found), {"kind": "k3s"})


@every_manifest
def test_a_login_names_keys_that_its_secret_has(path: Path) -> None:
    """Of each login that is written, the Secret has the keys, as far as that Secret can be read."""
    held = inventory(path.read_text())
    found = discover(held)
    logins = [(each.namespace, login) for each in found.databases for login in (each.admin, each.client)]
    logins += [(each.namespace, login) for each in found.poolers for login in (each.credential, each.client)]
    for namespace, login in logins:
        facts = held.secrets.get(Ref("secret", namespace, login.secret)) if login else None
        if login and facts:
            assert {login.user_key, login.password_key, login.url_key} - {""} <= facts.keys, login


STANDBY = """
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: reports, namespace: shop}
spec:
  template:
    metadata: {labels: {app: reports}}
    spec:
      containers:
        - name: postgres
          image: docker.io/library/postgres:16
          env: [{name: PRIMARY_HOST, value: acid-shop}]
          ports: [{containerPort: 5432}]
"""


def test_a_standby_of_an_operators_cluster_is_no_workload_that_may_be_restarted() -> None:
    """It is a part of the database that it follows, as one of a plain server is."""
    alone = (Path(__file__).parent / "manifests/zalando_1.yaml").read_text()
    assert list(_lines(discover(inventory(alone + STANDBY)))) == list(_lines(discover(inventory(alone))))


def test_a_database_without_a_login_is_told_with_the_line_to_write(tmp_path: Path) -> None:
    """It is waited for as it is; completed, the line makes a database of it."""
    found = discover(inventory((Path(__file__).parent / "manifests/cnpg_alone.yaml").read_text()))
    notes = [note for server in found.servers for note in server.notes]
    assert "no login is known: is there secret/hidden-app, for its `admin`?" in notes
    lines = [note.partition("in its place: ")[2] for note in notes if "in its place: " in note]
    assert len(lines) == len(found.servers)
    file = tmp_path / "bootheal.yaml"
    for line in lines:
        file.write_text(f"cluster: {{kind: k3s}}\n{line.replace('…', 'hidden-app')}\n")
        assert [*load(file).file.databases] == [line.split("{")[1].rstrip(": ")]


def test_a_pooler_whose_client_logs_in_as_it_does_itself_is_proven_by_that_and_nothing_is_guessed() -> None:
    """Both are told the same Secret: that is the client's login, and no guess."""
    alone = (Path(__file__).parent / "manifests/pooler_alone.yaml").read_text()
    names = "{name: db, key: postgres-password}"
    client = f"""[{{name: DB_HOST, value: pgbouncer}}, {{name: DB_USER, value: postgres}},
            {{name: DB_PASSWORD, valueFrom: {{secretKeyRef: {names}}}}}]"""
    words = "[{name: ConnectionStrings__Shop, valueFrom: {secretKeyRef: {name: web, key: words}}}]"
    assert words in alone
    (guessed,) = discover(inventory(alone)).poolers
    (same,) = discover(inventory(alone.replace(words, client))).poolers
    assert any("guessed" in note for note in guessed.notes)
    assert same.notes == ()
    assert same.client is not None
    assert same.client.told.startswith("deployment/shop/web: ")


def test_of_a_pooler_before_a_database_without_a_login_that_is_what_is_said() -> None:
    """Its database is known, and named as what comes first: it is the login that cannot be told."""
    alone = (Path(__file__).parent / "manifests/pooler_alone.yaml").read_text()
    plain = alone.replace("valueFrom: {secretKeyRef: {name: db, key: postgres-password}}", "value: canary-3")
    (pooler,) = (each for each in discover(inventory(plain)).servers if each.name == "pgbouncer")
    assert [edge.to for edge in pooler.edges] == ["dependency/db"]
    assert any("a login to its database could not be told" in note for note in pooler.notes)


# -- findings as lines -------------------------------------------------------------------------------------------


def _lines(found: Findings) -> Iterator[str]:
    yield from map(_database, found.databases)
    yield from map(_pooler, found.poolers)
    for server in found.servers:
        where = server.service or ",".join(f"{key}={value}" for key, value in sorted(server.selector.items()))
        yield f"dependency {server.name}: {server.namespace}/{where} {probe(server.probe)}{_edges(server)}"
    for workload in found.workloads:
        asked = probe(workload.probe) if workload.probe else "no probe"
        front = f" front {workload.front[0]}" if workload.front else ""
        yield f"{workload.name}: {asked}{_edges(workload)}{front}"
    yield from (f"hook {hook.name}: {hook.reconcile}{_edges(hook)}" for hook in found.hooks)
    yield from (f"left out {text}" for text in found.left_out)


def _database(found: FoundDatabase) -> str:
    where = found.service or ",".join(f"{key}={value}" for key, value in sorted(found.selector.items()))
    port = f" port {found.port}" if found.port else ""
    logins = f"admin {_login(found.admin)} client {_login(found.client)}"
    backup = f" backup {found.backup}" if found.backup else ""
    return f"database {found.name}: {found.namespace}/{where}{port} dbname {found.dbname} {logins}{backup}"


def _pooler(found: FoundPooler) -> str:
    port = f" port {found.port}" if found.port else ""
    own = "certificate" if found.certified else _login(found.credential)
    file = f" auth_file {found.auth_file[0]}[{found.auth_file[1]}] {found.auth_path}" if found.auth_file else ""
    return (
        f"pooler {found.name}: of {found.database}, {found.namespace}/{found.service}{port} "
        f"dbname {found.dbname or '-'} credential {own} client {_login(found.client)}{file}"
    )


def _login(found: FoundLogin | None) -> str:
    """SECRET[user/PASSWORD_KEY], SECRET[.USER_KEY/PASSWORD_KEY] or SECRET[URL_KEY]."""
    if found is None:
        return "-"
    user = found.user or f".{found.user_key}"
    return f"{found.secret}[{found.url_key or f'{user}/{found.password_key}'}]"


def _edges(found: Found) -> str:
    words = {
        "after": [edge.to for edge in found.edges if edge.known is not Known.GUESSED],
        "unsure": [edge.to for edge in found.edges if edge.known is Known.GUESSED],
        "cut": [edge.to for edge in found.cut],
    }
    return "".join(f" {word} {', '.join(steps)}" for word, steps in words.items() if steps)
