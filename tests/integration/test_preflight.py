"""Hidden faults on the demo: each is foreseen, by its name and nothing else, and comes true with the next power cut."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.history import HistoryFile
from bootheal.demo.stack import BootScript, Stack, StackOptions
from bootheal.demo.values import encoded
from support.boots import boot as a_boot
from support.boots import quick_pass
from support.command import LONGEST, bootheal, heal, start
from support.receiver import TOKEN, receiving
from support.stack import running

# The demo's bare pod is not restarted: that it ends for good is true, and no fault.
TRUE_OF_ALL = ("pod-ends-for-good", "pod/shop/debug-shell", "will change")

# What this very machine is like is not the demo's to say.
OF_THIS_MACHINE = ("disk/", "clock", "unit/")

DRIFTED = ("login-drifted-healed", "role/shop/pooler", "will break")
UNSAVED = ("pooler-setting-unsaved", "deployment/shop/pooler", "will change")
GONE = ("start-lacks-reference", "secret/shop/app", "will break")
BROKEN = ("postgres-next-start-file", "database/shop", "will break")

Finding = tuple[str, str, str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all of it; each test leaves it well."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(drift=False, server_login_retry=1)) as stack:
        yield stack


def foreseen(config: Path, expect: int | Sequence[int]) -> list[Finding]:
    """Run `bootheal preflight --json`; return what it names beside what is true of this machine, and of every demo."""
    said: dict[str, Any] = json.loads(bootheal("preflight", "--json", "--config", config, expect=expect).stdout)
    found = [(each["id"], each["object"], each["sure"]) for each in said["found"]]
    return [each for each in found if each != TRUE_OF_ALL and not each[1].startswith(OF_THIS_MACHINE)]


@contextmanager
def booting(stack: Stack) -> Iterator[None]:
    """Cut the power and boot; in the end wait until all serves, whatever was mended."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.0, stuck="", leftover=False))
    yield
    stack.wait_until("all to serve", lambda: all(stack.serving().values()))


def test_without_a_cluster_that_answers_this_host_is_looked_at_all_the_same(tmp_path: Path) -> None:
    """Nobody can say whether it would come back; what needed repair in each boot is told, and what was not seen."""
    kept = HistoryFile(tmp_path, pytest.fail)
    for number in range(4):
        kept.add(a_boot(f"boot {number}"), quick_pass(20.0, "reset-password"))
    (tmp_path / "kubeconfig").write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
        'clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]\nusers: [{name: u, user: {token: x}}]\n'
    )
    config = tmp_path / "bootheal.yaml"
    config.write_text(
        f"cluster: {{kind: kubernetes, kubeconfig: {tmp_path}/kubeconfig}}\nstate_directory: {tmp_path}\n"
        "workloads: {deployment/shop/web: {}}\n"
    )
    told = bootheal("preflight", "--config", config, expect=1).stdout
    assert "step/pooler/shop: it has needed the same repair in most boots: reset-password was needed in 4" in told
    (gap,) = (line for line in told.splitlines() if line.startswith("not looked at: "))
    assert {"what bootheal may do", "who waits for whom"} <= {
        *gap.removeprefix("not looked at: ").split(":")[0].split(", ")
    }
    assert told.splitlines()[-1].startswith("cannot say whether it would come back")


def test_a_healthy_demo_would_come_back(shop: Stack) -> None:
    """Nothing is found but the bare pod; nothing was written, and it takes less than ten seconds."""
    shop.requests.clear()
    assert foreseen(shop.config, 0) == []
    written = [each.method for each in shop.requests if each.method not in ("GET", "POST")]
    posted = {each.path.rsplit("/", 1)[-1] for each in shop.requests if each.method == "POST"}
    assert (written, posted - {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}) == ([], set())
    assert "pod/shop/debug-shell: nobody makes it again" in bootheal("preflight", "--config", shop.config).stdout
    said = bootheal("preflight", "--gate", "--config", shop.config).stdout
    assert said.startswith("it would come back, though ")
    assert said.count("\n") == 1


def test_what_a_warm_pool_and_a_console_hide_comes_true(shop: Stack) -> None:
    """The password has drifted, and a setting is nowhere but in a process: all serves, and preflight knows."""
    shop.pooler.set("default_pool_size", "50")
    assert foreseen(shop.config, 0) == [UNSAVED]
    shop.postgres.drift_password()
    assert all(shop.serving().values())
    assert foreseen(shop.config, 1) == [DRIFTED, UNSAVED]
    refusal = 'authentication failed for user "pooler"'
    before = shop.logs().count(refusal)  # preflight's own login is among them
    with booting(shop):
        shop.wait_until("a refusal", lambda: shop.logs().count(refusal) > before)
        assert shop.pooler.setting("default_pool_size") == "20"
        shop.postgres.resalt("pooler")  # as bootheal would
    assert foreseen(shop.config, 0) == []


def test_what_no_running_container_reads_again_comes_true(shop: Stack) -> None:
    """A Secret is gone, and postgresql.conf has a line that is none: both keep PostgreSQL from starting."""
    shop.postgres.misconfigure()
    assert foreseen(shop.config, 1) == [BROKEN]
    taken = shop.take_away("secrets", "app")
    assert foreseen(shop.config, 1) == [BROKEN, GONE]
    assert all(shop.serving().values())
    with booting(shop):
        shop.wait_until("a container without its Secret", lambda: "CreateContainerConfigError" in shop.summary())
        shop.put_back("secrets", taken)
        shop.wait_until("what PostgreSQL says of its file", lambda: "contains errors" in shop.logs())
        shop.postgres.correct()
    assert foreseen(shop.config, 0) == []


def made(name: str, **content: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "labels": {"app": name}}, **content}


def a_login(stack: Stack, name: str) -> None:
    """Make a role, and the Secret of its password."""
    with stack.postgres.admin() as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'canary'")
    stack.put_back("secrets", made(name, data={"username": encoded(name), "password": encoded("canary")}))


def a_deployment(name: str, key: str) -> dict[str, Any]:
    """One that takes its environment from a key of a ConfigMap of the same name."""
    variable = {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}
    box = {"name": name, "image": "demo/sleep", "env": [variable]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [box]}}
    return made(name, spec={"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template})


def reload(stack: Stack, rules: str) -> None:
    """Give PostgreSQL another pg_hba.conf; sessions that are open stay open."""
    (stack.postgres.data / "pg_hba.conf").write_text(rules)
    with stack.postgres.admin() as admin:
        admin.execute("SELECT pg_reload_conf()")


def another(name: str, **fields: Any) -> dict[str, Any]:
    """The shop's database once more, under another name."""
    return {name: {"namespace": "shop", "service": "postgres", "dbname": "shop", **fields}}


OLD_LIST = '"pooler" "of last year"\n"app" "of last year"\n'

ASKED = {"admin": {"secret": "postgres-admin"}, "checks": [{"name": "one", "sql": "select 1", "at_least": 1}]}
CHANGES: dict[str, Any] = {
    "databases": {
        **another("first", **ASKED, client={"secret": "reader"}),
        **another("second", **ASKED, client={"secret": "writer"}),
        **another("third", admin={"secret": "archive"}),
    },
    "poolers": {"shop": {"auth_file": {"secret": "pooler-userlist", "path": "userlist.txt"}}},
    "deadline": 4,
}
NO_CHANGES: dict[str, Any] = {
    "databases": dict.fromkeys(CHANGES["databases"]),
    "poolers": {"shop": {"auth_file": None}},
    "deadline": None,
}


@contextmanager
def independent_faults(stack: Stack) -> Iterator[None]:
    """Five faults, each in a place of its own, that nothing shows while all runs; in the end all is mended."""
    rules = (stack.postgres.data / "pg_hba.conf").read_text()
    a_login(stack, "reader")
    a_login(stack, "writer")
    stack.put_back("configmaps", made("extra", data={"mode": "quick"}))
    stack.put_back("deployments", a_deployment("extra", "mode"))
    stack.put_back("secrets", made("archive", data={"username": encoded("postgres"), "password": encoded("canary")}))
    stack.configure(CHANGES)
    stack.wait_until("the new pod to run", lambda: "Running" in stack.summary().partition("extra-")[2][:60])
    stack.take_away("configmaps", "extra")
    stack.put_back("configmaps", made("extra", data={"modus": "quick"}))
    stack.take_away("secrets", "archive")
    userlist = stack.take_away("secrets", "pooler-userlist")
    stack.put_back("secrets", userlist | {"data": {"userlist.txt": encoded(OLD_LIST)}})
    stack.postgres.set_password("writer", "another")
    reload(stack, f"host all reader all reject\n{rules}")
    try:
        yield
    finally:
        reload(stack, rules)
        with stack.postgres.admin() as admin:
            admin.execute("DROP ROLE reader, writer")
        stack.take_away("deployments", "extra")
        stack.take_away("secrets", "pooler-userlist")
        stack.put_back("secrets", userlist)
        stack.configure(NO_CHANGES)
        stack.pooler.kill()


FIVE = [
    ("configuration-names-missing", "step/database/third", "will break"),
    ("login-drifted", "role/second/writer", "will break"),
    ("login-refused", "role/first/reader", "will break"),
    ("pooler-list-differs", "deployment/shop/pooler", "will break"),
    ("start-lacks-reference", "configmap/shop/extra", "will break"),
]


def test_five_faults_in_five_places_come_true_in_one_cut(shop: Stack) -> None:
    """Two roles, the pooler's list, a key, a Secret that only bootheal reads: all serves until the cut."""
    with independent_faults(shop):
        assert all(shop.serving().values())
        assert sorted(each for each in foreseen(shop.config, 1) if each[2] == "will break") == FIVE
        unknown = "SASL authentication failed"
        before = shop.logs().count(unknown)
        shop.power_cut()
        shop.boot(BootScript.quick(crash_recovery=0.0, stuck="", leftover=False))
        shop.wait_until("a client that the pooler's list does not know", lambda: shop.logs().count(unknown) > before)
        shop.wait_until("a container without its key", lambda: "CreateContainerConfigError" in shop.summary())
        assert not any(shop.serving().values())
        report = heal(shop.config, expect=1)
        why = {each["step"]: each["why"] for each in report["outcomes"] if each["ending"] == "gave-up"}
        assert "pg_hba.conf rejects connection" in why["database/first"]
        assert 'password authentication failed for user "writer" (28P01)' in why["database/second"]
        assert why["database/third"] == "cannot find secret/shop/archive"
        assert "SASL authentication failed" in why["pooler/shop"]
    shop.wait_until("all to serve", lambda: all(shop.serving().values()))
    shop.wait_until("nothing more to foresee", lambda: not foreseen(shop.config, (0, 1)))  # one of two pods serves


def test_the_daemon_looks_ahead_while_it_rests(shop: Stack, tmp_path: Path) -> None:
    """What the next boot would break is told once, counted for monitors, said by `status`; then all is well again."""
    with receiving(tmp_path) as receiver:
        (tmp_path / "url").write_text(receiver.url(f"/hook/{TOKEN}"))
        hook = {"kind": "webhook", "url_file": f"{tmp_path}/url", "ca": str(receiver.ca), "when": ["foretold"]}
        metrics = tmp_path / "bootheal.prom"
        changes = {
            "preflight_every": 1,
            "metrics_file": str(metrics),
            "notify": {"program": {**hook, "details": "full"}},
        }
        shop.configure(changes)
        shop.postgres.misconfigure()
        daemon = start("run", "--config", shop.config)
        try:
            receiver.wait_for(1, 120.0)  # it is the last to get a processor where there is other work
            assert 'preflight_findings{level="breaks"} 1.000' in metrics.read_text()
            said = bootheal("status", "--config", shop.config).stdout
            assert "; 1 thing would break the next boot" in said, said
            shop.postgres.correct()
            gone = 'preflight_findings{level="breaks"} 0.000'
            shop.wait_until("the daemon to see that it is well again", lambda: gone in metrics.read_text(), 120.0)
        finally:
            daemon.send_signal(signal.SIGTERM)
            out = "".join(daemon.communicate(timeout=LONGEST))
            shop.configure(dict.fromkeys(changes))
            shop.postgres.correct()
    assert daemon.returncode == 0
    assert out.count("preflight: 1 thing would break the next boot") == 1
    (told,) = receiver.messages
    assert told["occasion"] == "foretold"
    assert told["verdict"].startswith("1 thing would break the next boot")
    assert "PostgreSQL would not start" in told["why"]


def test_a_newcomer_sees_it_in_one_screen() -> None:
    """All serves, three things are foreseen, and each comes true."""
    text = bootheal("demo", "--hidden-faults").stdout
    before, after = text.split("$ bootheal preflight")
    assert before.count(": 200") == 4
    for said in ("[postgres-next-start-file]", "[login-drifted-healed]", "[pooler-setting-unsaved]"):
        assert said in after
    assert "it would not come back\n" in after
    for said in ("PostgreSQL does not start", "PostgreSQL refuses the pooler (28P01)", "default_pool_size is 20 again"):
        assert f"  {said}\n" in after
