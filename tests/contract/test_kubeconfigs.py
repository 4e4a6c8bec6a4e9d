"""A kubeconfig with a client certificate, and one that is fetched: what is used of it, and when it is read anew."""

import json
import re
import tempfile
from pathlib import Path

import pytest
import yaml

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig, LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Stack
from bootheal.errors import DeniedError, UnreachableError
from support.command import bootheal
from support.served import serving


def test_a_client_certificate_is_used_and_its_key_is_in_no_file(stack: Stack, scope: Scope) -> None:
    """As in k3s' own kubeconfig: the key is inline, and nothing of it stays behind if we are killed."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    api = Api(LiveKubeconfig(stack.certified_kubeconfig), scope)
    assert KubeCluster(api).reader.readiness().ready
    with api.forward("shop", "postgres-0", 5432, 3.0) as half:
        half.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert half.recv(1) == b"N"
    assert set(Path(tempfile.gettempdir()).iterdir()) <= before


def test_a_kubeconfig_that_is_fetched_is_fetched_again_when_in_doubt(stack: Stack, scope: Scope) -> None:
    """A credential, then an address that is not right any more: each costs one look, and no restart of ours."""
    right = stack.kubeconfig.read_text()
    stale, moved = right.replace('"token": "', '"token": "stale-'), re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", right)
    texts = [stale, moved, right]
    cluster = KubeCluster(Api(FetchedKubeconfig("of a test", lambda: texts.pop(0)), scope))
    with pytest.raises(DeniedError, match="401"):
        cluster.reader.readiness()
    with pytest.raises(UnreachableError, match="127.0.0.1:1: connection refused"):
        cluster.reader.readiness()
    assert cluster.reader.readiness().ready
    assert cluster.reader.nodes(), "nothing is fetched while all is well"


def test_a_kubeconfig_that_cannot_be_fetched_is_waited_for(scope: Scope) -> None:
    """Where it comes from may be starting, too."""

    def fetch() -> str:
        raise UnreachableError("cannot reach Docker")

    with pytest.raises(UnreachableError, match="cannot reach Docker"):
        KubeCluster(Api(FetchedKubeconfig("of a test", fetch), scope)).reader.readiness()


def test_what_several_files_tell_together_is_examined_and_not_written_down(tmp_path: Path) -> None:
    """The user of one and the cluster of another: doctor looks; a configuration could name neither for both."""
    with serving(tmp_path, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n") as server:
        whole = yaml.safe_load(server.kubeconfig.read_text())
        (tmp_path / "users").write_text(yaml.safe_dump({"users": whole.pop("users")}))
        (tmp_path / "rest").write_text(yaml.safe_dump(whole))
        both, docker = f"{tmp_path}/users:{tmp_path}/rest", f"unix://{tmp_path}/none"
        told = bootheal("doctor", "--json", "shop", "nope", expect=1, KUBECONFIG=both, DOCKER_HOST=docker)
        found = json.loads(told.stdout)
        assert (found["api_server"], found["missing"]) == (True, ["namespace/nope"])
        said = bootheal("init", "--output", "-", expect=2, KUBECONFIG=both, DOCKER_HOST=docker)
        assert said.stdout == ""
        assert "in several files of $KUBECONFIG\n  kubectl config view --flatten --minify" in said.stderr
        one = bootheal("init", "-o", "-", KUBECONFIG=f"{server.kubeconfig}:{tmp_path}/rest", DOCKER_HOST=docker)
        assert f"kubeconfig: {server.kubeconfig}" in one.stdout
