"""`doctor`, `explain` and `bundle` on the stack, as their user runs them."""

import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.scope import Scope
from bootheal.cli.looking.scene import examined
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.demo.objects.kinds import CLAIM, DEPLOYMENT, POD, SERVICE, SLICE
from bootheal.demo.stack import BootScript, Passwords, Stack, StackOptions
from bootheal.diagnosis import Diagnosis, diagnose
from bootheal.exit_codes import ExitCode
from bootheal.ports import World
from bootheal.preflight import Forecast, Seen, forecast
from support.command import bootheal, not_healed, outcome
from support.double import MERGE, SHOP, Api
from support.stack import running

CANARIES = Passwords(postgres="canary-root-5f1d", pooler="canary-pooler-77c0", app="canary-app-93be-x")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack whose passwords are known."""
    directory = tmp_path_factory.mktemp("doctor")
    with running(directory, StackOptions(passwords=CANARIES, drift=False)) as stack:
        stack.wait_until("all to serve", lambda: all(stack.serving().values()))
        yield stack


def diagnosed(stack: Stack, *about: str, expect: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        bootheal("doctor", "--json", "--config", stack.config, *about, expect=expect).stdout
    )
    return found


def test_a_healthy_machine_has_nothing_to_tell(shop: Stack) -> None:
    """In one line, by a kubeconfig alone or with a configuration; and nothing but GETs was asked."""
    shop.requests.clear()
    told = bootheal("doctor", "--kubeconfig", shop.kubeconfig).stdout
    assert told.startswith("checked and well: 1 node, ")
    assert len(told.splitlines()) == 1
    found = diagnosed(shop)
    assert (found["found"], found["passing"], found["not_looked_at"]) == ([], [], [])
    assert {request.method for request in shop.requests} == {"GET"}


@pytest.mark.parametrize(
    ("about", "hint"),
    [("shoop", "kubectl get namespaces"), ("deployment/shop/nope", "kubectl --namespace shop get deployments")],
)
def test_what_is_not_there_is_not_well(shop: Stack, about: str, hint: str) -> None:
    """A name that was mistyped, or an object that somebody has deleted: it is named, and exit code 1."""
    told = bootheal("doctor", about, "--config", shop.config, expect=1)
    assert "cannot find " in told.stderr
    assert about in told.stderr
    assert f"{hint} shows which there are" in told.stderr
    assert told.stdout == ""


def test_beside_what_is_not_there_the_rest_is_told(shop: Stack) -> None:
    """All that was asked for and is there, once; each that is not is named, for scripts, too."""
    told = bootheal("doctor", "nope", "shop", "pod/shop/none", "shop", "--config", shop.config, expect=1)
    assert told.stdout.count("checked and well: ") == 1
    assert [line for line in told.stderr.splitlines() if line.startswith("bootheal: ")] == [
        "bootheal: cannot find namespace/nope",
        "bootheal: cannot find pod/shop/none",
    ]
    found = diagnosed(shop, "shop", "nope", expect=1)
    assert (found["exit_code"], found["missing"], found["found"]) == (1, ["namespace/nope"], [])


def test_a_whole_power_cut_is_told_as_what_passes(shop: Stack) -> None:
    """From the first second to the last: no fault, though much is told of what is still on its way."""
    passing: set[str] = set()
    shop.power_cut()
    shop.boot(BootScript.quick(crash_recovery=2.0, stuck=""))
    with Scope(pytest.fail) as scope:
        world = open_world(load(shop.config).file.cluster, scope)
        until, served = time.monotonic() + 60, 0.0
        while time.monotonic() < until and (not served or time.monotonic() < served + 1):
            found = examined(world, scope)[1]
            assert [(each.id, str(each.about), each.age(found.now)) for each in found.found] == []
            passing |= {each.id for tree in found.passing for each in tree.all()}
            served = served or (time.monotonic() if all(shop.serving().values()) else 0.0)
    assert served
    assert passing


def test_an_api_server_that_is_down_leaves_what_the_host_knows(shop: Stack, tmp_path: Path) -> None:
    """It says so, and ends: with 1, since that machine has been up for long."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(shop.kubeconfig.read_text().replace("127.0.0.1", "127.0.0.99"))
    told = bootheal("doctor", "--kubeconfig", kubeconfig, expect=1).stdout
    assert "the API server tells nothing: only what this host knows itself was looked at" in told
    assert "[api-silent]" in told


KINDS = (
    *("pods", "services", "persistentvolumeclaims", "events", "endpointslices", "deployments", "statefulsets"),
    *("daemonsets", "jobs", "cronjobs", "nodes", "persistentvolumes", "namespaces", "leases", "secrets"),
    "serviceaccounts",
)


def test_what_may_not_be_read_is_called_neither_ill_nor_well(shop: Stack) -> None:
    """A right that is missing is a gap, to doctor and preflight; without pods nobody says that all is well."""
    with Scope(pytest.fail) as scope:
        world = open_world(load(shop.config).file.cluster, scope, most=1000)
        shop.wait_until("nothing to come back any more", lambda: _quiet(world))
        judged = {"": _judged(world)}
        for kind in KINDS:
            shop.faults.deny(resource=kind)
            judged[kind] = _judged(world)
            shop.faults.clear()
    well = {each.id for each in judged[""][1].found}
    for kind, (diagnosis, ahead) in judged.items():
        assert ([f"{each.about} {each.id}" for each in diagnosis.found], kind) == ([], kind)
        assert ({each.id for each in ahead.found} - well, kind) == (set(), kind)
        assert any(kind in gap for gap in ahead.gaps) or not kind
        expected = ExitCode.NOT_HEALED if kind == "pods" else ExitCode.HEALED
        assert (diagnosis.exit_code, ahead.code(), kind) == (expected, expected, kind)


def _quiet(world: World) -> bool:
    diagnosis = diagnose(world.scenes.scene())
    return not (diagnosis.found or diagnosis.passing)


def _judged(world: World) -> tuple[Diagnosis, Forecast]:
    scene = world.scenes.scene()
    return diagnose(scene), forecast(Seen(scene=scene, prospect=world.prospects.prospect()))


def mistake(stack: Stack, name: str) -> None:
    """Let a Service ask for pods that there are not."""
    status, _ = Api(stack.kubeconfig).call(
        "PATCH", f"{SHOP}/services/{name}", {"spec": {"selector": {"app": f"{name}s"}}}, MERGE
    )
    assert status == 200
    stack.wait_until("nobody to be behind it", lambda: not addresses(stack, name))


def addresses(stack: Stack, name: str) -> list[Any]:
    slices = stack.cluster.store.all(SLICE, "shop")
    ours = [each for each in slices if each["metadata"]["labels"]["kubernetes.io/service-name"] == name]
    return [address for each in ours for address in each.get("endpoints") or ()]


def repair(stack: Stack, name: str) -> None:
    Api(stack.kubeconfig).call("PATCH", f"{SHOP}/services/{name}", {"spec": {"selector": {"app": name}}}, MERGE)
    stack.wait_until("all to serve again", lambda: all(stack.serving().values()))


def test_a_run_that_does_not_heal_says_what_the_doctor_says_and_keeps_the_evidence(shop: Stack, tmp_path: Path) -> None:
    """A step waits for an address; that the Service asks for pods that there are not, only the doctor sees.

    The bundle is for its owner alone, has what the manifest says, and no password anywhere.
    """
    evidence = tmp_path / "evidence"
    mistake(shop, "pooler")
    shop.configure({"evidence_directory": str(evidence), "cleanup": {"namespaces": []}})
    report = json.loads(not_healed(shop, "pooler/shop").stdout)
    remarks = outcome(report, "pooler/shop")["remarks"]
    said = "its selector fits no pod: it asks for app=poolers; the pods of deployment/shop/pooler have app=pooler"
    assert any(f"doctor: service/shop/pooler: {said}" in remark for remark in remarks)
    kept = sorted(evidence.glob("*.tar.gz"))
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    texts = unpacked(kept[0])
    assert {"doctor.txt", "doctor.json", "report.txt", "versions.json", "host.json", "events.json"} <= texts.keys()
    assert "configuration/bootheal.yaml" in texts
    assert "service-selects-nothing" in texts["doctor.txt"]
    manifest = json.loads(texts["manifest.json"])
    assert {each["name"] for each in manifest["files"]} == texts.keys() - {"manifest.json"}
    assert any("journal of bootheal.service" in each or "variables" in each for each in manifest["left_out"])
    for password in (CANARIES.postgres, CANARIES.pooler, CANARIES.app):
        assert [name for name, text in texts.items() if password in text] == []
    shop.configure({"evidence_directory": None})
    found = diagnosed(shop, "shop", expect=1)
    assert [(each["id"], each["object"]) for each in found["found"]] == [
        ("service-selects-nothing", "service/shop/pooler")
    ]
    repair(shop, "pooler")


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file}


def test_a_bundle_by_hand_hides_what_containers_say(shop: Stack, tmp_path: Path) -> None:
    """Each container logs a password, and a Deployment's status has one: neither comes out, and the log does."""
    mistake(shop, "django")
    shop.wait_until(
        "nginx to be unwell", lambda: "pod/shop/nginx" in bootheal("doctor", "--config", shop.config, expect=1).stdout
    )
    for path in shop.cluster.log_files():
        with path.open("a") as log:
            log.write(f"connects with password {CANARIES.app} and {CANARIES.pooler[:12]}\n")

    def leak(deployment: dict[str, Any]) -> None:
        deployment["status"]["leak"] = f"postgres://app:{CANARIES.app}@pooler/shop {CANARIES.postgres}"

    shop.invoke(lambda: shop.cluster.store.edit(DEPLOYMENT, "shop", "nginx", leak))
    target = tmp_path / "evidence.tar.gz"
    bootheal("bundle", "--config", shop.config, "--output", target)
    texts = unpacked(target)
    assert any("connects with" in text for name, text in texts.items() if name.startswith("logs/"))
    assert any(name.startswith("objects/") for name in texts)
    for password in (CANARIES.postgres, CANARIES.pooler, CANARIES.app, CANARIES.pooler[:12]):
        assert [name for name, text in texts.items() if password in text] == []
    repair(shop, "django")


def test_data_at_risk_is_exit_code_3(shop: Stack) -> None:
    """A claim whose volume is gone; the gravest decides."""

    def lose(phase: str) -> None:
        def change(claim: dict[str, Any]) -> None:
            claim["status"]["phase"] = phase

        shop.invoke(lambda: shop.cluster.store.edit(CLAIM, "shop", "data-postgres-0", change))

    lose("Lost")
    told = bootheal("doctor", "--config", shop.config, expect=3).stdout
    assert told.startswith("DATA IS AT RISK:\n  persistentvolumeclaim/shop/data-postgres-0: its volume is gone")
    lose("Bound")


def test_two_hundred_pods_take_no_five_seconds(shop: Stack) -> None:
    """Of a machine on which each pod has its own namesake of a Service; measured with the process' own start."""

    def crowd() -> None:
        store = shop.cluster.store
        model = next(pod for pod in store.all(POD, "shop") if pod["metadata"]["labels"].get("app") == "django")
        service = store.get(SERVICE, "shop", "django")
        for number in range(200):
            labels = {"app": f"crowd-{number}"}
            metadata = {"name": f"crowd-{number}", "namespace": "crowd", "labels": labels}
            pod = {"metadata": metadata, "spec": model["spec"] | {"nodeName": "elsewhere"}, "status": model["status"]}
            store.create(POD, pod)
            store.create(SERVICE, {"metadata": dict(metadata), "spec": service["spec"] | {"selector": labels}})

    def seconds() -> float:
        began = time.monotonic()
        bootheal("doctor", "--config", shop.config, expect=(0, 1))
        return time.monotonic() - began

    few = seconds()
    shop.invoke(crowd)
    assert seconds() < max(5, 4 * few)  # other work on this machine is no fault of ours
