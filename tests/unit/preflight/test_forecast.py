"""What was seen in, what the next boot would bring to light out: each hidden fault by its name, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.causes.reboot import REBOOT
from bootheal.model import Answer, Component, ComponentState, Extensions, HostFacts, Ref, Webhook
from bootheal.model.prospect import Guard
from bootheal.model.scene import Claim, Disk, Scene
from bootheal.preflight import Forecast, Seen, Sure, forecast
from bootheal.preflight.foreseen import foreseen
from bootheal.preflight.own import OwnFacts
from bootheal.preflight.poolers import PodFacts
from bootheal.preflight.words import as_json, lines, verdict
from support.hidden_machine import MACHINE, MACHINE_WELL
from support.hidden_pods import PODS, PODS_WELL
from support.hidden_servers import SERVERS, SERVERS_WELL, refused_for_postgresqls_sake
from support.objects import BOOT, a_node, running
from support.prospects import (
    APP,
    DATABASE,
    DAY,
    DRIFTED,
    FILE,
    POOLER,
    SETTINGS,
    WEB,
    Faults,
    Healthy,
    a_component,
    all_well,
    database,
    in_file,
    in_force,
    login,
    named,
    pooler,
    prospect,
    web,
)
from support.rows import each_row
from support.scenes import NOW, PASSWORD, a_scene, component, web_pod, web_says, with_pod

BREAKS, MAY, CHANGES = Sure.BREAKS, Sure.MAY_BREAK, Sure.CHANGES

HIDDEN: Faults = {
    "the pooler's password has drifted behind a warm pool": (
        lambda: all_well(poolers=(pooler(logins=(login(direct=DRIFTED),)),)),
        ("login-drifted", "role/shop/pooler", BREAKS),
    ),
    "likewise, and bootheal would reset it": (
        lambda: all_well(poolers=(pooler(logins=(login(direct=DRIFTED, resets=True),)),)),
        ("login-drifted-healed", "role/shop/pooler", BREAKS),
    ),
    "an administrator whose password has drifted": (
        lambda: all_well(databases=(database(logins=(login("postgres", direct=DRIFTED),)),)),
        ("login-drifted", "role/shop/postgres", BREAKS),
    ),
    "a role that pg_hba.conf does not let in any more": (
        lambda: all_well(poolers=(pooler(logins=(login(direct=replace(DRIFTED, sqlstate="28000")),)),)),
        ("login-refused", "role/shop/pooler", BREAKS),
    ),
    "a password that ends next week": (
        lambda: all_well(databases=(database(valid_until={"pooler": NOW + 7 * DAY, "guest": NOW + DAY}),)),
        ("login-expires", "role/shop/pooler", MAY),
    ),
    "a password stored as md5 where that is on its way out": (
        lambda: all_well(databases=(database(md5=frozenset({"pooler", "guest"})),)),
        ("login-md5", "role/shop/pooler", MAY),
    ),
    "an auth_file with another password than the Secret": (
        lambda: all_well(poolers=(pooler(auth_file=Ref("secret", "shop", "userlist"), other=("app",)),)),
        ("pooler-list-differs", str(POOLER), BREAKS),
    ),
    "an auth_file that has changed since the pod was made": (
        lambda: all_well(
            poolers=(
                pooler(
                    auth_file=Ref("secret", "shop", "userlist"),
                    pods=(PodFacts(Ref("pod", "shop", "p"), SETTINGS, FILE, listed=False),),
                ),
            )
        ),
        ("pooler-list-changes", str(POOLER), CHANGES),
    ),
    "a setting that only the console knows": (
        lambda: all_well(poolers=(in_force("default_pool_size", "50"),)),
        ("pooler-setting-unsaved", str(POOLER), CHANGES),
    ),
    "a setting that was changed on the console, against the file": (
        lambda: all_well(poolers=(in_force("server_login_retry", "1"),)),
        ("pooler-file-changed", str(POOLER), CHANGES),
    ),
    "a setting that was written into the file, and not loaded": (
        lambda: all_well(poolers=(in_file(default_pool_size="70"),)),
        ("pooler-file-changed", str(POOLER), CHANGES),
    ),
    "a setting that there is not": (
        lambda: all_well(poolers=(in_file(defualt_pool_size="20"),)),
        ("pooler-file-broken", "pod/shop/pooler-7c9-b", MAY),
    ),
    "a line that is none": (
        lambda: all_well(poolers=(in_file(broken=(7,)),)),
        ("pooler-file-broken", "pod/shop/pooler-7c9-b", MAY),
    ),
    "a syntax error in postgresql.conf": (
        lambda: all_well(databases=(database(broken=("postgresql.conf line 9: syntax error",)),)),
        ("postgres-next-start-file", DATABASE, BREAKS),
    ),
    "an error in pg_hba.conf": (
        lambda: all_well(databases=(database(rules=("line 3: invalid connection type",)),)),
        ("postgres-next-start-hba", DATABASE, BREAKS),
    ),
    "a library that is not there": (
        lambda: all_well(databases=(database(missing=("pg_cron",)),)),
        ("postgres-next-start-library", DATABASE, BREAKS),
    ),
    "a setting that waits for a restart": (
        lambda: all_well(databases=(database(pending=("max_connections",)),)),
        ("postgres-pending-restart", DATABASE, CHANGES),
    ),
    "a slot that nobody reads": (
        lambda: all_well(databases=(database(slots={"old": 5 << 30}),)),
        ("postgres-slot-holds-wal", "slot/shop/old", MAY),
    ),
    "a backup of last week": (
        lambda: all_well(databases=(database(cronjob=Ref("cronjob", "shop", "dump"), backup=NOW - 7 * DAY),)),
        ("postgres-backup-old", "cronjob/shop/dump", MAY),
    ),
    "no backup at all, where a CronJob is to make them": (
        lambda: all_well(databases=(database(cronjob=Ref("cronjob", "shop", "dump")),)),
        ("postgres-backup-old", "cronjob/shop/dump", MAY),
    ),
    "a Secret that somebody deleted, needed by all": (
        lambda: all_well(scene=a_scene(keys={PASSWORD.about: None})),
        ("start-lacks-reference", "secret/shop/app", BREAKS),
    ),
    "a key of a Secret that is gone": (
        lambda: all_well(scene=a_scene(keys={PASSWORD.about: frozenset({"username"})})),
        ("start-lacks-reference", "secret/shop/app", BREAKS),
    ),
    "a claim that is gone under a pod": (
        lambda: all_well(scene=a_scene(claims=(Claim(Ref("persistentvolumeclaim", "shop", "x"), "Bound"),))),
        ("start-lacks-reference", "persistentvolumeclaim/shop/data", BREAKS),
    ),
    "a ServiceAccount that is gone": (
        lambda: all_well(prospect=prospect(accounts=frozenset({Ref("serviceaccount", "shop", "other")}))),
        ("start-lacks-account", "serviceaccount/shop/default", MAY),
    ),
    "a Secret that was changed after the pod had begun": (
        lambda: all_well(prospect=prospect(changed={APP: BOOT + 900})),
        ("start-with-other-values", "secret/shop/app", CHANGES),
    ),
    "a bare pod that is not restarted": (
        lambda: all_well(
            scene=with_pod(replace(web_pod(), owner=None)), prospect=prospect(replace(web(), returns=False))
        ),
        ("pod-ends-for-good", WEB, CHANGES),
    ),
    "an image that the node has not any more": (
        lambda: all_well(prospect=prospect(images={"box": frozenset({"docker.io/example/web:2"})})),
        ("image-not-here", WEB, MAY),
    ),
    "an image that is always pulled from a registry of this machine": (
        lambda: all_well(
            prospect=prospect(
                web(image="localhost:5000/web:1", pulls_always=True),
                images={"box": frozenset({"localhost:5000/web:1"})},
            )
        ),
        ("image-always-pulled", WEB, MAY),
    ),
    "a database in memory": (
        lambda: all_well(prospect=prospect(web(scratch={"/var/lib/postgresql/data": True}))),
        ("data-in-memory", WEB, MAY),
    ),
    "a database on an emptyDir": (
        lambda: all_well(prospect=prospect(web(scratch={"/var/lib/mysql": False, "/cache": False}))),
        ("data-in-empty-dir", WEB, MAY),
    ),
    "a liveness probe that is nearly too impatient": (
        lambda: all_well(
            scene=with_pod(web_pod(containers=(running(name="web"),), ready_changed=BOOT + 10 + 20)),
            prospect=prospect(web(liveness=30.0)),
        ),
        ("liveness-impatient", WEB, MAY),
    ),
    "a webhook that guards its own pods": (
        lambda: all_well(
            prospect=prospect(guards=(Guard(name="g", service=Ref("service", "shop", "g"), guards_own=True),))
        ),
        ("webhook-guards-itself", "service/shop/g", MAY),
    ),
    "a k3s that nothing starts": (
        lambda: all_well(scene=a_component("k3s.service", "k3s", "disabled")),
        ("unit-not-enabled", "unit/k3s.service", BREAKS),
    ),
    "a bootheal that nothing starts": (
        lambda: all_well(own=OwnFacts(units=(("bootheal.service", "disabled"),))),
        ("unit-not-enabled", "unit/bootheal.service", BREAKS),
    ),
    "a node's container that Docker leaves lying": (
        lambda: all_well(scene=a_component("k3d-shop-server-0", "server", "no")),
        ("container-not-restarted", "container/k3d-shop-server-0", BREAKS),
    ),
    "a disk with little room": (
        lambda: all_well(scene=a_scene(disks=(Disk("/var/lib/rancher", 0.07, 0.9),))),
        ("disk-nearly-full", "disk//var/lib/rancher", MAY),
    ),
    "a disk with few inodes": (
        lambda: all_well(scene=a_scene(disks=(Disk("/var/lib/rancher", 0.4, 0.03),))),
        ("disk-nearly-full", "disk//var/lib/rancher", MAY),
    ),
    "a clock that follows nobody": (
        lambda: all_well(
            scene=a_scene(
                facts=HostFacts(
                    (Component("k3s.service", "k3s", ComponentState.RUNNING, BOOT + 1),), clock_synchronised=False
                )
            )
        ),
        ("clock-not-synchronised", "clock", MAY),
    ),
    "a kernel that was replaced on the disk": (
        lambda: all_well(own=OwnFacts(upgrades=("linux-image-amd64: waits for a reboot",))),
        ("boot-is-upgrade", "upgrade/linux-image-amd64", CHANGES),
    ),
    "a state directory that cannot be written to": (
        lambda: all_well(own=OwnFacts(state_directory="/var/lib/bootheal", state="it is not writable")),
        ("state-not-writable", "directory//var/lib/bootheal", MAY),
    ),
    "a right that is missing": (
        lambda: all_well(own=OwnFacts(refused=("delete pods in namespace shop",))),
        ("right-missing", "right/delete-pods-in-namespace-shop", MAY),
    ),
    "a repair that most boots needed": (
        lambda: all_well(own=OwnFacts(habits=("pooler/shop: restart-pooler was needed in 4 of the last 5 boots",))),
        ("repaired-each-boot", "step/pooler/shop", MAY),
    ),
    "a Secret that only bootheal.yaml names, and that is gone": (
        lambda: all_well(poolers=(), missing=(("pooler/shop", "cannot find secret/shop/pooler"),)),
        ("configuration-names-missing", "step/pooler/shop", BREAKS),
    ),
    "a Secret that is gone, which workloads and bootheal.yaml name": (
        lambda: all_well(
            scene=a_scene(keys={PASSWORD.about: None}),
            missing=(("pooler/shop", "cannot find secret/shop/app: make it"),),
        ),
        ("start-lacks-reference", "secret/shop/app", BREAKS),
    ),
    "what does not serve now, and usually does a little later": (
        lambda: all_well(scene=replace(web_says("KeyError: 'COLOUR'"), now=BOOT + 60)),
        ("pod-crashes", "pod/shop/web-5d4-a", MAY),
    ),
    "what is not well already": (
        lambda: all_well(scene=component(ComponentState.FAILED, "exit status 1")),
        ("component-stopped", "unit/k3s.service", BREAKS),
    ),
}


HIDDEN |= MACHINE | PODS | SERVERS


def test_a_webhook_that_is_gone_guards_nobody() -> None:
    """It is told once: that it is gone."""
    service = Ref("service", "shop", "g")
    hook = Webhook("g", "ValidatingWebhookConfiguration g", service, gone=True)
    seen = all_well(
        scene=a_scene(extensions=Extensions(unreachable=(hook,))),
        prospect=prospect(guards=(Guard(name="g", service=service, guards_own=True),)),
    )
    assert [cause for cause, _, _ in named(forecast(seen))] == ["webhook-orphaned"]


@each_row(HIDDEN, "fault")
def test_a_hidden_fault_is_named_and_nothing_else(fault: str) -> None:
    """Each by the id that scripts keep, on its object, as sure as can be shown."""
    make, expected = HIDDEN[fault]
    assert named(forecast(make())) == [expected]


def test_every_rule_has_a_fault_that_shows_it() -> None:
    """Nobody adds a rule that no row proves."""
    assert {cause.id for cause in REBOOT} == {row[0] for _, row in HIDDEN.values()} - {
        "component-stopped",
        "pod-crashes",
    }


WELL: Healthy = {
    "all of it": all_well,
    "a file whose values are written otherwise": lambda: all_well(poolers=(in_file(log_connections="yes"),)),
    "a pooler so old that it tells no defaults": lambda: all_well(
        poolers=(
            pooler(
                pods=(
                    PodFacts(Ref("pod", "shop", "p"), {k: replace(v, default=None) for k, v in SETTINGS.items()}, FILE),
                )
            ),
        )
    ),
    "a password that has long ended for a role that nobody uses": lambda: all_well(
        databases=(database(valid_until={"guest": NOW - DAY}),)
    ),
    "a backup of this night": lambda: all_well(
        databases=(database(cronjob=Ref("cronjob", "shop", "dump"), backup=NOW - 0.4 * DAY),)
    ),
    "a node that does not tell of all its images": lambda: all_well(
        prospect=prospect(images={"box": frozenset({"other:1"})}, complete=frozenset())
    ),
    "an image that is always pulled from elsewhere": lambda: all_well(prospect=prospect(web(pulls_always=True))),
    "an emptyDir for scratch": lambda: all_well(prospect=prospect(web(scratch={"/cache": True}))),
    "a liveness probe with patience": lambda: all_well(prospect=prospect(web(liveness=300.0))),
    "a pod that became ready again as its node came back": lambda: all_well(
        scene=replace(
            with_pod(web_pod(containers=(running(name="web"),), ready_changed=BOOT + 10 + 20)),
            nodes=(a_node(ready_changed=BOOT + 25),),
        ),
        prospect=prospect(web(liveness=30.0)),
    ),
    # Of etcd under a real kubelet 1.36 that was restarted: begun at 3:46:26, Initialized 3:49:30, Ready 3:50:27.
    "a static pod of which its kubelet tells anew": lambda: all_well(
        scene=with_pod(
            web_pod(containers=(running(name="web"),), initialized=BOOT + 10 + 184, ready_changed=BOOT + 10 + 241)
        ),
        prospect=prospect(web(liveness=320.0)),
    ),
    "a webhook that leaves its own namespace out": lambda: all_well(
        prospect=prospect(guards=(Guard(name="g", service=Ref("service", "shop", "g"), guards_own=False),))
    ),
    "containers that Docker starts": lambda: all_well(
        scene=a_component("k3d-shop-server-0", "server", "unless-stopped")
    ),
    "a machine whose clock nobody tells of": lambda: all_well(
        scene=a_scene(facts=HostFacts((Component("k3s.service", "k3s", ComponentState.RUNNING, BOOT + 1),)))
    ),
    "an unreachable server, which is no refusal": lambda: all_well(
        poolers=(pooler(logins=(login(direct=Answer(ok=False, spoke=False, text="no answer in time")),)),)
    ),
}


WELL |= MACHINE_WELL | PODS_WELL | SERVERS_WELL


@each_row(WELL, "case")
def test_what_is_well_would_come_back(case: str) -> None:
    """No finding, and the verdict says so."""
    found = forecast(WELL[case]())
    assert (named(found), found.code(strict=True)) == ([], 0)
    assert verdict(found).startswith("it would come back")


CODES = [
    ([], 0, 0, "it would come back"),
    (["StartOtherValues"], 0, 0, "it would come back, though 1 thing would be different"),
    (["BackupOld", "EndsForGood"], 0, 1, "it would come back, though 1 thing may break and 1 thing would be different"),
    (["LoginDriftedHealed"], 1, 1, "it would not come back by itself: bootheal would have to heal it"),
    (["LoginDriftedHealed", "LoginDrifted"], 1, 1, "it would not come back"),
    (["DataInMemory", "LoginDrifted"], 3, 3, "it must not be rebooted now: data would be at risk"),
]


@pytest.mark.parametrize(("words", "code", "strictly", "said"), CODES)
def test_the_verdict_and_the_exit_code(words: list[str], code: int, strictly: int, said: str) -> None:
    """What breaks is 1, data 3; what may break counts for who is strict."""
    found = Forecast(found=tuple(foreseen(word, Ref("role", "shop", word)) for word in words))
    assert (found.code(), found.code(strict=True), verdict(found)) == (code, strictly, said)


def test_a_finding_is_told_with_its_evidence_and_the_next_command() -> None:
    """A person reads what would happen, by what that is known, and one command."""
    found = forecast(all_well(poolers=(pooler(logins=(login(direct=DRIFTED, resets=True),)),)))
    told = "\n".join(lines(found))
    assert "would break at the next boot:\n  role/shop/pooler: a new connection of the pooler would be refused" in told
    assert 'straight to PostgreSQL=password authentication failed for user "pooler" (28P01)' in told
    assert "through the pooler=ok" in told
    assert "next:     sudo bootheal run --once" in told
    assert as_json(found)["found"][0]["sure"] == "will break"


def test_what_postgresql_refuses_is_not_the_poolers_fault() -> None:
    """The role is named, and not the pooler beside it."""
    assert [each.id for each in forecast(refused_for_postgresqls_sake()).found] == ["login-drifted"]


@pytest.mark.parametrize("name", ["app-db", "app.credentials", "app2", "app"])
def test_a_name_that_begins_like_anothers_is_told_by_itself(name: str) -> None:
    """Of two Secrets that are gone both are named, also where only bootheal.yaml names the second; each once."""
    gone = all_well(
        scene=a_scene(keys={PASSWORD.about: None}),
        missing=(("pooler/shop", f"cannot find secret/shop/{name}: make it"),),
    )
    others = [] if name == PASSWORD.about.name else ["step/pooler/shop"]
    assert sorted(str(each.about) for each in forecast(gone).found) == ["secret/shop/app", *others]


def test_what_others_say_cannot_forge_a_line() -> None:
    """A server's error is quoted, and comes in one line."""
    found = forecast(all_well(databases=(database(broken=("x\nit would come back\x1b[2J",)),)))
    assert all("\x1b" not in line and "\n" not in line for line in lines(found))


def test_what_could_not_be_looked_at_is_told() -> None:
    """Who may not see something is not told that all is well."""
    found = forecast(all_well(databases=(database(gaps=("database/shop: its configuration: denied (42501)",)),)))
    assert "not looked at: database/shop: its configuration: denied (42501)" in list(lines(found))
    assert verdict(found) == "it would come back; not all could be looked at"


def test_who_could_not_see_the_cluster_says_so() -> None:
    """Where the API server tells nothing, nobody is told that it would come back, and no script reboots for it."""
    refused = "cannot use the kubeconfig /etc/rancher/k3s/k3s.yaml: it is not there yet"
    unseen = Scene(now=0.0, present=False)
    found = forecast(Seen(scene=unseen, gaps=tuple(f"{what}: {refused}" for what in ("database/shop", "pods"))))
    assert (
        verdict(found)
        == "cannot say whether it would come back: the API server tells nothing of pods; see bootheal doctor"
    )
    assert (found.code(), found.code(strict=True)) == (1, 1)
    assert f"not looked at: database/shop, pods: {refused}" in list(lines(found))
    assert as_json(found)["not_looked_at"] == [f"database/shop: {refused}", f"pods: {refused}"]


FIVE = "integration/test_preflight.py::test_five_faults_in_five_places_come_true_in_one_cut"
# What is said to break for sure, and the test in which it does: a power cut, a reboot, a server that does not start.
PROVEN = {
    "login-drifted": FIVE,
    "login-refused": FIVE,
    "pooler-list-differs": FIVE,
    "configuration-names-missing": FIVE,
    "start-lacks-reference": "integration/test_preflight.py::test_what_no_running_container_reads_again_comes_true",
    "login-drifted-healed": "integration/test_preflight.py::test_what_a_warm_pool_and_a_console_hide_comes_true",
    "postgres-next-start-file": "contract/test_next_start.py::test_what_it_would_not_start_with_is_known_while_it_runs",
    "postgres-next-start-hba": "contract/test_next_start.py::test_what_it_would_not_start_with_is_known_while_it_runs",
    "postgres-next-start-library": "contract/test_next_start.py::"
    "test_what_it_would_not_start_with_is_known_while_it_runs",
    "container-not-restarted": "integration/test_docker.py::"
    "test_when_docker_starts_anew_some_containers_come_back_and_some_do_not",
    "unit-not-enabled": "systemd/test_gate.py::test_a_service_that_nothing_starts_does_not_come_back",
}


def test_what_is_said_to_break_has_been_seen_to() -> None:
    """Each rule that says "will" names the test that has cut the power; whatever else is found says "may"."""
    sure = {
        cause.id
        for cause in REBOOT
        for sign in cause.signs
        if foreseen(sign.reason, Ref("role", "shop", "x")).sure is BREAKS
    }
    assert sure == set(PROVEN)
    for place in PROVEN.values():
        file, _, test = place.partition("::")
        assert f"def {test}(" in (Path(__file__).parents[2] / file).read_text()
