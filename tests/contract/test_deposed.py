"""The last word before a write: a process that is not the one that acts sends none, and reads as ever."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.errors import DeposedError
from bootheal.model import PodToDelete, Ref, Right
from support.malicious_api import right
from support.malicious_http import Behaviour, Peer, impostor

POD, WORKLOAD = Ref("pod", "shop", "web"), Ref("deployment", "shop", "web")
ANOTHER = "host-2 (boot b) heals: it holds lease/kube-system/bootheal"

WRITES: dict[str, Callable[[KubeCluster], Any]] = {
    "delete": lambda it: it.writer.delete_pod(POD, "u-1", "7"),
    "delete many": lambda it: it.writer.delete_pods([PodToDelete(POD, "u-1", "7")]),
    "scale": lambda it: it.writer.scale(WORKLOAD, "7", 0, was=1, cause="x"),
    "roll out": lambda it: it.writer.roll_out(WORKLOAD, "7", "x", 0.0),
    "release": lambda it: it.writer.release(Ref("lease", "shop", "web"), "7"),
    "uncordon": lambda it: it.writer.uncordon("web", "7"),
    "note a loan": lambda it: it.writer.note_loan(POD, "u-1", "key", "15"),
}


def noting(methods: list[str]) -> Behaviour:
    """Be honest, and note what is asked."""

    def play(peer: Peer) -> None:
        while True:
            path = peer.request()
            methods.append(bytes(peer.heard).split(b" ", 1)[0].decode())
            peer.heard.clear()
            data = json.dumps(right(path)).encode()
            peer.head("200 OK", "Content-Type: application/json", f"Content-Length: {len(data)}")
            peer.send(data)

    return play


@pytest.mark.parametrize("what", WRITES)
def test_a_write_is_not_sent_once_another_process_acts(what: str, tmp_path: Path) -> None:
    """The server hears of none of it; what is only asked is answered."""
    methods: list[str] = []
    with impostor(noting(methods)) as server, Scope(pytest.fail) as scope:
        path = tmp_path / "kubeconfig"
        path.write_text(
            f"""
current-context: a
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{server.port}"}}}}]
users: [{{name: u, user: {{token: t}}}}]
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
"""
        )
        it = KubeCluster(Api(LiveKubeconfig(path), scope, objection=lambda: ANOTHER))
        with pytest.raises(DeposedError, match="heals: it holds lease/kube-system/bootheal"):
            WRITES[what](it)
        assert [each for each in methods if each not in ("GET", "POST")] == []
        assert [pod.ref for pod in it.reader.pods("shop")] == [POD]
        it.reader.may(Right("get", "pods", "shop"))  # a POST, which asks and changes nothing
