"""config/kubernetes: what is applied to a cluster is what the configuration beside it needs, and nothing more."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.systemd import HEARTBEAT
from bootheal.cli.rbac import needed
from bootheal.config import load
from bootheal.config.rbac import grants, manifests
from support.documents import documents

BASE = Path(__file__).parents[3] / "config" / "kubernetes"


def objects(name: str) -> list[Any]:
    return documents((BASE / name).read_text())


def base() -> dict[str, Any]:
    found: dict[str, Any] = objects("kustomization.yaml")[0]
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = objects("deployment.yaml")[0]["spec"]["template"]
    return found


def container() -> dict[str, Any]:
    found: dict[str, Any] = pod()["spec"]["containers"][0]
    return found


def test_the_base_names_each_file_and_no_other() -> None:
    """A manifest that nobody applies is none."""
    generated = [name for each in base()["configMapGenerator"] for name in each["files"]]
    named = {*base()["resources"], *generated, "kustomization.yaml", "Containerfile"}
    assert named == {path.name for path in BASE.iterdir()}
    assert "namespace" not in base(), "it would move the Roles out of the namespaces that they are for"


def test_the_rights_are_those_that_rbac_prints() -> None:
    """To renew them: bootheal rbac --namespace bootheal --config config/kubernetes/bootheal.yaml."""
    text = manifests(needed(load(BASE / "bootheal.yaml")), "bootheal", "bootheal")
    assert (BASE / "rbac.yaml").read_text() == text
    assert ("bootheal", "coordination.k8s.io", "leases", "update", "bootheal") in grants(objects("rbac.yaml"))


def test_no_right_is_for_a_name_that_kustomize_writes_a_hash_to() -> None:
    """It takes `resourceNames` for the ConfigMap of that name: the Lease was refused to each pod, for good (403)."""
    (volume,) = (each for each in pod()["spec"]["volumes"] if "configMap" in each)
    generated = {each["name"] for each in base()["configMapGenerator"]}
    assert generated == {volume["configMap"]["name"]}
    named = [rule.get("resourceNames", []) for each in objects("rbac.yaml") for rule in each.get("rules", [])]
    assert ["bootheal"] in named
    assert not generated & {name for names in named for name in names}


def test_it_runs_as_nobody_and_may_nothing() -> None:
    """As Kubernetes' own standard "restricted" wants it, which the namespace enforces, and with nothing to write to."""
    assert objects("namespace.yaml")[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    whole, own = pod()["spec"]["securityContext"], container()["securityContext"]
    assert (whole["runAsNonRoot"], whole["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert whole["runAsUser"] > 0
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod()["spec"].keys()
    assert not [volume for volume in pod()["spec"]["volumes"] if "hostPath" in volume]


def test_what_it_writes_to_is_there() -> None:
    """The state, the sign of life, and nothing on the image's own file system."""
    mounts = {each["mountPath"]: each for each in container()["volumeMounts"]}
    assert {each["name"] for each in mounts.values()} == {each["name"] for each in pod()["spec"]["volumes"]}
    assert str(load(BASE / "bootheal.yaml").file.state_directory) in mounts
    (alive,) = (each["value"] for each in container()["env"] if each["name"] == HEARTBEAT)
    assert str(Path(alive).parent) in mounts
    for probe in ("readinessProbe", "livenessProbe"):
        assert alive in container()[probe]["exec"]["command"][-1]


def test_it_comes_back_first_and_two_of_them_are_not_on_one_node() -> None:
    """Whoever heals is not driven out, nor behind the others in the queue."""
    spec = objects("deployment.yaml")[0]["spec"]
    assert pod()["spec"]["priorityClassName"] == "system-cluster-critical"
    assert {each["key"] for each in pod()["spec"]["tolerations"]} >= {
        "node-role.kubernetes.io/control-plane",
        "node.kubernetes.io/not-ready",
    }
    assert pod()["spec"]["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    labels = pod()["metadata"]["labels"]
    assert spec["replicas"] > 1
    assert load(BASE / "bootheal.yaml").file.lease is not None, "more than one replica takes a Lease"
    assert spec["selector"]["matchLabels"] == labels == objects("budget.yaml")[0]["spec"]["selector"]["matchLabels"]
    assert container()["imagePullPolicy"] == "IfNotPresent"


def test_the_probe_tells_a_loop_that_turns_from_one_that_hangs(tmp_path: Path) -> None:
    """By the shell that runs it in the pod: fresh, old, not there."""
    alive = tmp_path / "alive"
    command = [
        part.replace("/run/bootheal/alive", str(alive)) for part in container()["livenessProbe"]["exec"]["command"]
    ]

    def well() -> bool:
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0

    assert not well()
    alive.touch()
    assert well()
    subprocess.run(["touch", "-d", "90 seconds ago", str(alive)], check=True)
    assert not well()


def test_the_image_is_made_from_any_base_and_fetches_nothing_when_it_runs() -> None:
    """The base is an argument, the last stage only copies, and whoever runs it is not root."""
    text = (BASE / "Containerfile").read_text()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert all(stage.startswith("${BASE}") for stage in stages)
    assert "RUN" not in stages[-1]
    user = re.search(r"^USER (\d+)", stages[-1], re.MULTILINE)
    assert user is not None
    assert int(user[1]) == pod()["spec"]["securityContext"]["runAsUser"]
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((BASE.parents[1] / name).exists() for name in source.split())


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_builds_it() -> None:
    """With the configuration under a name that changes with it, so that a change of it rolls the pods out."""
    built = subprocess.run(["kubectl", "kustomize", str(BASE)], check=True, capture_output=True, text=True).stdout
    found = documents(built)
    names = {(each["kind"], each["metadata"].get("namespace", "")) for each in found}
    assert {("Deployment", "bootheal"), ("ConfigMap", "bootheal"), ("Role", "default")} <= names
    role = next(each for each in found if (each["kind"], each["metadata"].get("namespace")) == ("Role", "bootheal"))
    assert {"resourceNames": ["bootheal"], "resources": ["leases"]}.items() <= role["rules"][1].items()
