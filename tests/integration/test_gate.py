"""The gate against a real API server over HTTPS: it opens when the cluster is of this boot, and says why while not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.demo.stack import Stack
from bootheal.errors import DeniedError


@pytest.fixture
def stack(healthy: Stack) -> Iterator[Stack]:
    """The module's stack without faults."""
    healthy.faults.clear()
    yield healthy
    healthy.faults.clear()


def test_a_renewed_kubeconfig_is_read_without_a_restart_of_ours(stack: Stack, tmp_path: Path) -> None:
    """401 with the old token, 200 as soon as the file holds the new one; half a file changes nothing."""
    file = tmp_path / "k3s.yaml"
    good = stack.kubeconfig.read_text()
    content = json.loads(good)
    content["users"][0]["user"]["token"] = "no-longer-valid"
    file.write_text(json.dumps(content))
    cluster = KubeCluster(Api(LiveKubeconfig(file)))
    with pytest.raises(DeniedError, match="401"):
        cluster.readiness()
    file.write_text(good[: len(good) // 2])
    with pytest.raises(DeniedError, match="401"):
        cluster.readiness()
    file.write_text(good)
    assert cluster.readiness().ready
    file.unlink()
    assert cluster.readiness().ready
    cluster.close()
