"""Which kubeconfig is read, and whose end is looked at before a reboot: one answer."""

from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig, GivenKubeconfig, LiveKubeconfig
from bootheal.cli.wiring import OWN_KUBECONFIG, kubeconfig, kubeconfig_file, make_host
from bootheal.config.sections.cluster import Cluster

CASES: dict[str, tuple[dict[str, Any], dict[str, str], type, str | None]] = {
    "k3s": ({"kind": "k3s"}, {}, LiveKubeconfig, "/etc/rancher/k3s/k3s.yaml"),
    "k3s, by what systemd gives": (
        {"kind": "k3s"},
        {"CREDENTIALS_DIRECTORY": "given"},
        GivenKubeconfig,
        "given/kubeconfig",
    ),
    "a file that is named": (
        {"kind": "k3s", "kubeconfig": "named"},
        {"CREDENTIALS_DIRECTORY": "given"},
        LiveKubeconfig,
        "named",
    ),
    "k3d": ({"kind": "k3d", "name": "shop"}, {}, FetchedKubeconfig, None),
    "k3d, by a file": ({"kind": "k3d", "name": "shop", "kubeconfig": "named"}, {}, LiveKubeconfig, "named"),
    "another, by the environment": ({"kind": "kubernetes"}, {"KUBECONFIG": "named"}, LiveKubeconfig, "named"),
    "another, by the home": ({"kind": "kubernetes"}, {}, LiveKubeconfig, ".kube/config"),
    "an account of its own": ({"kind": "k3s"}, {OWN_KUBECONFIG: "named"}, LiveKubeconfig, None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_file_whose_end_is_foreseen_is_the_one_that_is_read(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By kind, file, environment, and what systemd gives; none where it is in no file, or is renewed every day."""
    section, environment, kind, file = CASES[case]
    for name in ("given/kubeconfig", "named", ".kube/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
            'clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]\nusers: [{name: u, user: {token: x}}]\n'
        )
    for name in ("KUBECONFIG", "CREDENTIALS_DIRECTORY", OWN_KUBECONFIG):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": ".", **environment}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    told = {key: str(tmp_path / value) if key == "kubeconfig" else value for key, value in section.items()}
    cluster = Cluster.model_validate(told)
    assert isinstance(kubeconfig(cluster, make_host(cluster)), kind)
    assert kubeconfig_file(cluster) == (tmp_path / file if file else None)
