"""The gate against a real API server over HTTPS: it opens when the cluster is of this boot, and says why while not."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import MERGE_PATCH, Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import GivenKubeconfig, LiveKubeconfig
from bootheal.adapters.kube.reader import READYZ_TIMEOUT_SECONDS
from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Fault, Stack
from bootheal.errors import DeniedError, UnreachableError
from support import double
from support.command import LONGEST, bootheal, heal, not_healed, outcome, start
from support.systemd import Systemd

KINDS = {
    "validatingwebhookconfigurations": ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    "apiservices": ("apiregistration.k8s.io", "APIService"),
}
GONE = {"type": "Available", "status": "False", "reason": "MissingEndpoints"}


@pytest.fixture
def stack(healthy: Stack) -> Iterator[Stack]:
    """The module's stack without faults."""
    healthy.faults.clear()
    yield healthy
    healthy.faults.clear()


def test_a_renewed_kubeconfig_is_read_without_a_restart_of_ours(stack: Stack, tmp_path: Path, scope: Scope) -> None:
    """401 with the old token, 200 as soon as the file holds the new one; half a file changes nothing."""
    file = tmp_path / "k3s.yaml"
    good = stack.kubeconfig.read_text()
    content = json.loads(good)
    content["users"][0]["user"]["token"] = "no-longer-valid"
    file.write_text(json.dumps(content))
    cluster = KubeCluster(Api(LiveKubeconfig(file), scope))
    with pytest.raises(DeniedError, match="401"):
        cluster.reader.readiness()
    file.write_text(good[: len(good) // 2])
    with pytest.raises(DeniedError, match="401"):
        cluster.reader.readiness()
    file.write_text(good)
    assert cluster.reader.readiness().ready
    file.unlink()
    assert cluster.reader.nodes()


def test_a_kubeconfig_that_k3s_has_not_written_yet_is_waited_for(stack: Stack, tmp_path: Path) -> None:
    """As where bootheal was installed first; that it is missing is said."""
    file = tmp_path / "k3s.yaml"
    stack.configure({"cluster": {"kubeconfig": str(file)}})
    with start("run", "--once", "--config", stack.config) as process:
        assert process.stdout is not None
        awaited = f"cannot use the kubeconfig {file}: it is not there yet"
        assert any(awaited in line for line in process.stdout)
        file.write_text(stack.kubeconfig.read_text())
        process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    stack.configure({"cluster": {"kubeconfig": str(stack.kubeconfig)}})


def test_a_copy_of_no_use_is_as_good_as_refused(tmp_path: Path, scope: Scope) -> None:
    """What systemd copied before k3s had written it: a restart brings a better one, as soon as there is one."""
    copy, original = tmp_path / "kubeconfig", tmp_path / "k3s.yaml"
    copy.write_text("none")
    os.utime(copy, (1_000.0, 1_000.0))
    cluster = KubeCluster(Api(GivenKubeconfig(copy, original=original), scope))
    with pytest.raises(UnreachableError, match="k3s.yaml: it is not there yet"):
        cluster.reader.readiness()
    original.touch()
    with pytest.raises(DeniedError, match="missing or not usable when this service was started") as refusal:
        cluster.reader.readiness()
    assert (refusal.value.status, refusal.value.final) == (401, True)
    os.utime(original, (900.0, 900.0))  # it is what was copied: the same would be copied again
    with pytest.raises(DeniedError) as refusal:
        cluster.reader.readiness()
    assert not refusal.value.final
    with pytest.raises(DeniedError):  # of which we know nothing but the copy
        KubeCluster(Api(GivenKubeconfig(copy), scope)).reader.readiness()


@pytest.fixture
def down(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stack, Systemd]]:
    """The machine before its API server answers, with a systemd that the test directs."""
    systemd = Systemd(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    stack.configure({"cluster": {"unit": "k3s.service"}})
    stack.faults.door = "reset"
    yield stack, systemd
    stack.faults.door = ""
    stack.configure({"cluster": {"unit": ""}, "deadline": 60})


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"ActiveState": "inactive", "SubState": "dead"}, "k3s.service is stopped; cannot reach the API server"),
        (
            {"ActiveState": "activating", "Result": "exit-code", "ExecMainStatus": "1", "NRestarts": "7"},
            "k3s.service is restarting (exit status 1); see journalctl -u k3s.service -e; cannot reach the API server",
        ),
    ],
)
def test_an_api_server_that_is_not_there_is_explained_by_k3s_unit(
    down: tuple[Stack, Systemd], properties: dict[str, str], said: str
) -> None:
    """Not yet healed is exit code 1, and both the unit and the wire are told."""
    stack, systemd = down
    systemd.unit(**properties)
    not_healed(stack, said)


def test_a_damaged_database_of_k3s_needs_a_person_at_once(down: tuple[Stack, Systemd]) -> None:
    """Exit code 3 with the human step, and nothing is restarted although that is allowed."""
    stack, systemd = down
    stack.configure({"cluster": {"restart_k3s": "once-per-boot"}, "deadline": 60})
    systemd.unit(ActiveState="activating", SubState="auto-restart", Result="exit-code", ExecMainStatus="1")
    systemd.journal('level=fatal msg="starting kubernetes: database disk image is malformed"')
    report = heal(stack.config, expect=3)
    gate = outcome(report, "gate")
    assert gate["why"] == "k3s.service: its database is damaged (database disk image is malformed)"
    assert "restore the newest backup" in gate["hint"]
    assert not any(call.startswith("restart") for call in systemd.calls)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/readyz", status=401, times=3),
        Fault(path="/api/v1/nodes", status=503, times=3),
        Fault(path="leases", status=429, headers={"Retry-After": "2"}, times=2),
    ],
    ids=str,
)
def test_what_passes_is_waited_for(stack: Stack, fault: Fault) -> None:
    """The API server of a booting machine answers so for seconds; then all is found well: exit 0.

    For how long a Retry-After asks is the server's to say, up to a minute: so it is short here.
    """
    stack.faults.add(fault)
    report = heal(stack.config)
    assert report["verdict"] in ("healthy", "healed")
    assert stack.faults.used


def test_a_half_open_connection_costs_one_timeout(stack: Stack) -> None:
    """Accepted and never answered: the next request goes over a new connection."""
    stack.faults.add(Fault(path="/readyz", cut="silence", times=1))
    stack.requests.clear()
    heal(stack.config)
    silent, answered, *_ = (each for each in stack.requests if each.path == "/readyz")
    assert answered.status == 200
    assert answered.time - silent.time < READYZ_TIMEOUT_SECONDS + 4.0, (
        "a busy machine asks later, but not a timeout later"
    )


def test_broken_extensions_are_remarked_and_hold_up_nobody(stack: Stack) -> None:
    """A metrics API without a server, and a webhook without one: told by name, with what they lack."""
    webhook: dict[str, Any] = {
        "name": "check.policy.example",
        "clientConfig": {"service": {"namespace": "shop", "name": "policy"}},
        "failurePolicy": "Fail",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
    }
    ignored = webhook | {"name": "ignored.policy.example", "failurePolicy": "Ignore"}
    made: dict[str, dict[str, Any]] = {
        "validatingwebhookconfigurations": {"webhooks": [webhook, ignored]},
        "apiservices": {"spec": {"group": "metrics.k8s.io"}, "status": {"conditions": [GONE]}},
    }
    api = double.Api(stack.kubeconfig)
    for plural, content in made.items():
        group, kind = KINDS[plural]
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "example"}} | content
        assert api.call("POST", f"/apis/{group}/v1/{plural}", body)[0] == 201
    try:
        report = heal(stack.config)
    finally:
        for plural in made:
            api.call("DELETE", f"/apis/{KINDS[plural][0]}/v1/{plural}/example")
    remarks = outcome(report, "gate")["remarks"]
    assert "API example is not available (MissingEndpoints)" in remarks
    expected = "webhook check.policy.example of ValidatingWebhookConfiguration example refuses"
    assert [f"{expected}: service/shop/policy is not there"] == [r for r in remarks if "webhook" in r]


def test_a_write_that_a_webhook_refuses_names_the_webhook(stack: Stack, scope: Scope) -> None:
    """The API server says 500 and, in words, whom it could not call; nothing else of its words is passed on."""
    said = 'Internal error occurred: failed calling webhook "check.policy.example": failed to call webhook: canary'
    stack.faults.add(Fault(path="/pods/", method="DELETE", status=500, body=json.dumps({"message": said}), times=1))
    cluster = KubeCluster(Api(LiveKubeconfig(stack.kubeconfig), scope))
    pod = cluster.reader.pods("shop", {"app": "nginx"})[0]
    with pytest.raises(UnreachableError, match=r"webhook check\.policy\.example does not answer") as refused:
        cluster.writer.delete_pod(pod.ref, pod.uid, pod.version)
    assert "canary" not in str(refused.value)


def test_without_the_right_to_look_the_gate_says_so_and_opens(stack: Stack) -> None:
    """A Role of one namespace is enough to heal."""
    for resource in ("apiservices", "validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        stack.faults.deny("list", resource)
    remarks = outcome(heal(stack.config), "gate")["remarks"]
    assert sum(remark.startswith("not looked at: cannot list ") for remark in remarks) == 3
    assert "so it will know less: list apiservices" in bootheal("check", "--config", stack.config).stdout


def test_a_database_whose_disk_is_not_mounted_is_not_touched(stack: Stack, tmp_path: Path) -> None:
    """The database is not even asked; with a disk there, everything goes on."""
    stack.configure({"databases": {"shop": {"mount": str(tmp_path)}}})
    why = f"no disk is mounted at {tmp_path}"
    report = json.loads(not_healed(stack, why).stdout)
    assert why == outcome(report, "disk/shop")["why"]
    assert outcome(report, "database/shop")["began"] is None
    stack.configure({"databases": {"shop": {"mount": "/proc"}}, "deadline": 60})
    assert outcome(heal(stack.config), "disk/shop")["why"] == "/proc is there"
    stack.configure({"databases": {"shop": {"mount": None}}})


def test_the_directory_of_a_databases_volume_must_be_there(stack: Stack, tmp_path: Path) -> None:
    """Found by the claims of its pods, as local-path makes them."""
    api, volume = double.Api(stack.kubeconfig), tmp_path / "pvc-1_shop_data-postgres-0"
    claim = "/api/v1/namespaces/shop/persistentvolumeclaims/data-postgres-0"
    bound = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pvc-1"}}
    assert api.call("PATCH", claim, {"spec": {"volumeName": "pvc-1"}}, MERGE_PATCH)[0] == 200
    body = bound | {"spec": {"hostPath": {"path": str(volume)}}}
    assert api.call("POST", "/api/v1/persistentvolumes", body)[0] == 201
    why = f"the directory {volume} is not there"
    try:
        report = json.loads(not_healed(stack, why).stdout)
        volume.mkdir()
        stack.configure({"deadline": 60})
        well = outcome(heal(stack.config), "disk/shop")["why"]
    finally:
        api.call("PATCH", claim, {"spec": {"volumeName": None}}, MERGE_PATCH)
        api.call("DELETE", "/api/v1/persistentvolumes/pvc-1")
    assert why == outcome(report, "disk/shop")["why"]
    assert f"{volume} is there" == well
