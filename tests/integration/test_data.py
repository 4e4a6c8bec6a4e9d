"""Is the data still there? On a real PostgreSQL whose rows, tables and volume go away."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from bootheal.demo.stack import Stack
from support.command import actions, bootheal, heal, outcome
from support.double import Api
from support.stack import running

CHECKS = [{"name": "orders kept", "sql": "select count(*) from orders", "at_least": 1, "may_shrink": 0}]
BATCH = "/apis/batch/v1/namespaces/shop"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def kept(stack: Stack) -> Stack:
    """The stack after a good boot: bootheal has seen its data, and nothing before."""
    shutil.rmtree(stack.directory / "state", ignore_errors=True)
    checks: dict[str, Any] = {"client": {"secret": "app"}, "checks": CHECKS, "backup": {"cronjob": "dump"}}
    stack.configure({"databases": {"shop": checks}, "cleanup": {"namespaces": []}})
    assert outcome(heal(stack.config), "database/shop")["why"].endswith("takes writes; orders kept")
    return stack


def stopped(stack: Stack) -> tuple[str, str]:
    """Run, which ends with exit 3 and changes nothing; return reason and hint."""
    report = heal(stack.config, expect=3)
    assert actions(report) == []
    assert outcome(report, "pooler/shop")["ending"] == "skipped"
    found = outcome(report, "database/shop")
    return found["why"], found["hint"]


def a_backup(stack: Stack) -> None:
    """A CronJob with a Job that has succeeded, and one that failed later."""
    api = Api(stack.kubeconfig)
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "dump"}, "spec": {"schedule": "@daily"}}
    status, made = api.call("POST", f"{BATCH}/cronjobs", cron)
    assert status == 201
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "dump", "uid": made["metadata"]["uid"]}
    for name, kind, at in (
        ("dump-1", "Complete", "2026-11-20T03:00:07Z"),
        ("dump-2", "Failed", "2026-11-21T03:00:07Z"),
    ):
        metadata = {"name": name, "ownerReferences": [owner | {"controller": True}]}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": {}}}}
        assert api.call("POST", f"{BATCH}/jobs", job)[0] == 201
        found = {"status": {"conditions": [{"type": kind, "status": "True"}], "completionTime": at}}
        merge = "application/merge-patch+json"
        assert api.call("PATCH", f"{BATCH}/jobs/{name}/status", found, content_type=merge)[0] == 200


def test_rows_that_vanished_stop_everything_until_the_owner_accepts(kept: Stack) -> None:
    """Exit 3 names both numbers and the newest backup; --accept-data goes on, once, and is remembered."""
    a_backup(kept)
    with kept.postgres.admin() as connection:
        connection.execute("delete from orders where id <= 7")
    why, hint = stopped(kept)
    assert why == "orders kept: 2993, and 3000 in the last good boot"
    assert "the newest backup is job/shop/dump-1, of 2026-11-20 03:00 UTC" in hint
    assert "bootheal run --once --accept-data shop" in hint
    wrong = bootheal("run", "--once", "--accept-data", "shpo", "--config", kept.config, expect=2)
    assert "did you mean shop?" in wrong.stderr
    said = bootheal("run", "--once", "--accept-data", "shop", "--config", kept.config).stdout
    assert "accept the data of database/shop as it is, by --accept-data (orders kept: 2993" in said
    assert actions(heal(kept.config)) == []


def test_a_table_that_is_gone_is_data_that_is_gone(kept: Stack) -> None:
    """42P01 where the check could be asked before."""
    with kept.postgres.admin() as connection:
        connection.execute("alter table orders rename to hidden")
    assert 'relation "orders" does not exist (42P01); it could be asked in the last good boot' in stopped(kept)[0]
    with kept.postgres.admin() as connection:
        connection.execute("alter table hidden rename to orders")
    heal(kept.config)


def test_a_check_cannot_write_and_its_rows_are_not_told(kept: Stack) -> None:
    """It is asked as the application's role in a read-only session, and only a number is an answer."""
    for sql, said in (
        ("delete from orders returning 1", "cannot execute DELETE in a read-only transaction (25006)"),
        ("select item from orders", "its answer is not one number"),
        ("select item::int from orders", "the query fails (22P02)"),
        ("select count(*) from pg_authid", "permission denied for table pg_authid (42501)"),
    ):
        kept.configure({"databases": {"shop": {"checks": [{"name": "odd", "sql": sql}]}}})
        run = bootheal("run", "--once", "--config", kept.config, expect=1)
        assert said in run.stdout
        assert "ring" not in run.stdout


def test_a_new_cluster_on_an_empty_volume_is_noticed(kept: Stack) -> None:
    """PostgreSQL is up, writable and empty: the system identifier tells, although all tables are there."""
    kept.postgres.stop()
    kept.wait_until("PostgreSQL to stop", lambda: not kept.postgres.pods)
    shutil.rmtree(kept.postgres.data)
    kept.postgres.start()
    kept.wait_until("PostgreSQL", lambda: bool(kept.postgres.pods))
    why, hint = stopped(kept)
    assert "this is another database cluster: its system identifier is" in why
    assert "initdb" in why
    assert "restore from a backup" in hint


def test_a_server_outside_the_cluster_is_healed_around(kept: Stack) -> None:
    """The same database by its address: no pod and no Service of it is known."""
    kept.configure({"databases": {"shop": {"service": None, "host": kept.postgres.address}}})
    why = f"{kept.postgres.address} accepts connections and takes writes; orders kept"
    assert outcome(heal(kept.config), "database/shop")["why"] == why
    kept.configure({"databases": {"shop": {"service": "postgres", "host": None}}})


def test_a_server_that_cannot_find_its_checkpoint_is_explained_by_its_log(kept: Stack) -> None:
    """It crash-loops and nobody answers: exit 3, with what not to do. (It does not come back: the last test here.)"""
    kept.postgres.stop()
    kept.wait_until("PostgreSQL to stop", lambda: not kept.postgres.pods)
    for path in (kept.postgres.data / "pg_wal").glob("0*"):
        path.unlink()
    kept.postgres.start()
    why, hint = stopped(kept)
    assert "postgres-0's log: it cannot locate a valid checkpoint record: its data is damaged" in why
    assert "do not run pg_resetwal" in hint
