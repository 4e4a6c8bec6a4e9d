"""Which cluster this machine has, where nobody says so."""

import os
from pathlib import Path
from typing import Any

import pytest

from bootheal.cli.this_cluster import find_cluster, named_by
from bootheal.errors import UsageError
from support.somebody import somebody_else


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Look on a machine with neither k3s nor Docker, but for the files that a test makes."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    signs = (tmp_path / "k3s.yaml", tmp_path / "k3s.service")

    def find(kubeconfig: Path | None = None, context: str = "", name: str = "") -> tuple[dict[str, str], str]:
        return find_cluster(kubeconfig, context, name, signs=signs, docker=f"unix://{tmp_path}/none.sock")

    return find


@pytest.mark.parametrize("sign", ["k3s.yaml", "k3s.service"])
def test_k3s_is_known_by_its_kubeconfig_or_its_unit(find: Any, tmp_path: Path, sign: str) -> None:
    """Who may not read the kubeconfig still sees the unit; what the owner says prevails."""
    (tmp_path / sign).touch()
    assert find() == ({"kind": "k3s"}, f"{tmp_path}/{sign} is there")
    assert find(context="home")[0] == {"kind": "k3s", "context": "home"}
    other = tmp_path / "other"
    assert find(kubeconfig=other)[0] == {"kind": "kubernetes", "kubeconfig": str(other)}


def test_a_kubeconfig_is_taken_where_there_is_neither_k3s_nor_k3d(
    find: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable comes before the file at home."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").touch()
    assert find() == (
        {"kind": "kubernetes", "kubeconfig": f"{tmp_path}/.kube/config"},
        "there is neither k3s nor k3d here",
    )
    (tmp_path / "named").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "named"))
    assert find() == ({"kind": "kubernetes", "kubeconfig": f"{tmp_path}/named"}, "$KUBECONFIG names it")


def test_of_several_kubeconfigs_the_one_that_tells_all_is_named(
    find: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its context, so that the configuration means that cluster wherever it is read; else none is named."""
    texts = {"one": "current-context: a\n", "two": "", "three": ""}
    for name in ("two", "three"):
        texts[name] += f'clusters: [{{name: {name}, cluster: {{server: "http://{name}:1"}}}}]\n'
        texts[name] += f"users: [{{name: {name}, user: {{token: t}}}}]\n"
    texts["two"] += "contexts: [{name: a, context: {cluster: two, user: two}}]\n"
    texts["three"] += "contexts: [{name: b, context: {cluster: two, user: three}}]\n"
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("KUBECONFIG", ":".join(str(tmp_path / name) for name in ("gone", *texts)))
    section = {"kind": "kubernetes", "kubeconfig": f"{tmp_path}/two", "context": "a"}
    assert find() == (section, "$KUBECONFIG names it, among others")
    assert find(context="b") == ({"kind": "kubernetes", "context": "b"}, "$KUBECONFIG names several files")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/gone:{tmp_path}/two")
    assert find()[0] == {"kind": "kubernetes", "kubeconfig": f"{tmp_path}/two"}
    for none in (f"{tmp_path}/gone:{tmp_path}/gone2", ":"):
        monkeypatch.setenv("KUBECONFIG", none)
        with pytest.raises(UsageError, match="is not there, or not ours to see"):
            find()


def test_where_there_is_no_home_none_is_looked_for(find: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose user is in no list."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    with pytest.raises(UsageError, match="~/.kube/config is not there"):
        find()


def test_a_directory_that_is_gone_is_told(find: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named from there can be anywhere."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match="cannot tell where config is: No such file or directory"):
        find(kubeconfig=Path("config"))


def test_a_machine_without_a_cluster(find: Any, tmp_path: Path) -> None:
    """It is said what was looked for, and how to name one."""
    with pytest.raises(
        UsageError, match=f"neither k3s nor k3d is on this machine, and {tmp_path}/.kube/config"
    ) as error:
        find()
    assert "--kubeconfig" in error.value.hint
    with pytest.raises(UsageError, match="cannot find the k3d cluster shop: Docker has none"):
        find(name="shop")


def test_a_k3d_cluster_is_known_by_its_server() -> None:
    """Of all containers that k3d has made; a registry of k3d's is no cluster."""
    labels = [
        {"k3d.cluster": "shop", "k3d.role": "server"},
        {"k3d.cluster": "shop", "k3d.role": "server"},
        {"k3d.cluster": "shop", "k3d.role": "loadbalancer"},
        {"k3d.cluster": "k3d-default", "k3d.role": "registry"},
        {"k3d.role": "server"},
        {"k3d.cluster": "a", "k3d.role": "server"},
    ]
    assert named_by(labels) == ("a", "shop")


def test_what_another_user_keeps_to_himself_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not look into a directory is told what else can be said, and sees no traceback."""
    hidden = tmp_path / "rancher"
    hidden.mkdir(mode=0o000)
    monkeypatch.setenv("KUBECONFIG", str(hidden / "config"))
    with somebody_else(), pytest.raises(UsageError, match="is not there, or not ours to see"):
        find_cluster(None, "", "", signs=(hidden / "k3s.yaml",), docker=f"unix://{tmp_path}/no.sock")
