"""Whoever answers at the API server's address: an end in time, little memory, the truth, and no token elsewhere."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.demo.api.certificates import Authority
from bootheal.errors import BoothealError
from bootheal.model import Login, PodToDelete, Ref, Right
from bootheal.model.quoted import LONGEST
from bootheal.ports import Interest
from support.malicious_api import LIES, ODDITIES, STRANGERS, WATCHES
from support.malicious_http import TLS, Behaviour, Impostor, impostor

CANARY = "canary-token-7f31"
SECONDS = 0.3
MEGABYTES = 640  # all that is asked at once, some thirty questions: an answer has 33 at most, and its seconds
POD, WORKLOAD = Ref("pod", "shop", "web"), Ref("deployment", "shop", "web")


@contextmanager
def cluster(server: Impostor, directory: Path, *, tls: bool = False, seconds: float = SECONDS) -> Iterator[KubeCluster]:
    """Ask the impostor with a token, as a kubeconfig for it would say."""
    path = directory / f"kubeconfig-{server.port}"
    authority = f"certificate-authority: {directory}/ca.crt" if tls else ""
    scheme = "https" if tls else "http"
    path.write_text(
        f"""
current-context: a
clusters: [{{name: c, cluster: {{server: "{scheme}://127.0.0.1:{server.port}", {authority}}}}}]
users: [{{name: u, user: {{token: {CANARY}}}}}]
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
"""
    )
    with Scope(lambda _text: None, seconds=1.0) as scope:
        yield KubeCluster(Api(LiveKubeconfig(path), scope, seconds))


def questions(it: KubeCluster) -> dict[str, Callable[[], Any]]:
    """Return all that a pass may ask of a cluster, and change in it."""
    return {
        "readiness": it.reader.readiness,
        "nodes": it.reader.nodes,
        "lease": lambda: it.reader.lease("web"),
        "pods": lambda: it.reader.pods("shop"),
        "workload": lambda: it.reader.workload(WORKLOAD),
        "budgets": lambda: it.reader.budgets("shop"),
        "service": lambda: it.reader.service("shop", "web"),
        "services": lambda: it.reader.services("shop"),
        "endpoints": lambda: it.reader.endpoints("shop", "web"),
        "leadership": lambda: it.reader.leadership("shop", "web"),
        "directory": lambda: it.reader.directory("shop", "web"),
        "access modes": lambda: it.reader.access_modes("shop", "web"),
        "extensions": it.reader.extensions,
        "backup": lambda: it.reader.newest_backup(Ref("cronjob", "shop", "web")),
        "document": lambda: it.reader.document(Ref("configmap", "shop", "web"), "key"),
        "config map": lambda: it.reader.config_map(Ref("configmap", "shop", "web")),
        "elections": lambda: it.reader.elections("shop"),
        "release": lambda: it.writer.release(Ref("lease", "shop", "web"), "7"),
        "may": lambda: it.reader.may(Right("get", "pods", "shop")),
        "credentials": lambda: it.secrets.credentials(Login(Ref("secret", "shop", "web"))),
        "log": lambda: it.pod_access.log_tail(POD, "web", 20, previous=False),
        "evidence": lambda: it.pod_access.pod_evidence(POD, ["web"], 20),
        "kubelet": lambda: it.pod_access.pods_of_kubelet("web"),
        "delete": lambda: it.writer.delete_pod(POD, "u-1", "7"),
        "delete many": lambda: it.writer.delete_pods([PodToDelete(POD, "u-1", "7")]),
        "scale": lambda: it.writer.scale(WORKLOAD, "7", 0, was=1, cause="x"),
        "roll out": lambda: it.writer.roll_out(WORKLOAD, "7", "x", 0.0),
        "reconcile": lambda: it.writer.request_reconciliation(Ref("kustomization", "shop", "web"), 0.0),
    }


# What a liar can be asked without being believed: that something is deleted is seen by the next look, and where a lock
# may not be read there is none known.
HARMLESS = {"leadership", "may", "readiness", "budgets", "log", "evidence", "access modes", "extensions", "directory"}
HARMLESS |= {"elections"}  # none is known then, and nobody is released


def outcome(ask: Callable[[], Any]) -> tuple[Any, str, float]:
    """Return the answer, or why there is none, and how long it took. Anything but an error of ours is a bug."""
    began = time.monotonic()
    try:
        found, why = ask(), ""
    except BoothealError as error:
        found, why = None, f"{error} {error.hint}"
    return found, why, time.monotonic() - began


def told(behaviour: Behaviour, directory: Path) -> dict[str, tuple[Any, str, float]]:
    """Ask an impostor everything at once."""
    with impostor(behaviour) as server, cluster(server, directory) as it:
        asked = questions(it)
        with ThreadPoolExecutor(len(asked)) as pool:
            found = dict(zip(asked, pool.map(outcome, asked.values()), strict=True))
        assert bytes(server.strayed) == b""
    return found


@contextmanager
def bounded_memory(megabytes: int) -> Iterator[None]:
    """Assert that what is done in here takes no more."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes << 20


def check(found: dict[str, tuple[Any, str, float]]) -> None:
    """Assert what holds for each answer."""
    for name, (answer, why, took) in found.items():
        # Each question ends by its deadlines; the rest is for a machine that is busy with other work.
        assert took < 8 * SECONDS + 10.0, (name, took)
        assert len(why) <= 1000, (name, why[:200])
        assert why.isprintable(), (name, why)
        assert CANARY not in f"{why}{answer}", name
    for text in (found["evidence"][0] or {}).values():
        assert all(line.isprintable() and len(line) <= LONGEST for line in text.split("\n")), text
    for pod in found["pods"][0] or ():
        said = (pod.reason, pod.unschedulable, *(f"{each.reason}{each.message}" for each in pod.containers))
        assert all(text.isprintable() and len(text) <= 2 * LONGEST for text in said), said


@pytest.mark.parametrize("name", LIES)
def test_a_liar_is_not_believed(name: str, tmp_path: Path) -> None:
    """Whatever is asked, read or changed: an error that names it, in time."""
    endless = "without end" in name or "for ever" in name
    with bounded_memory(MEGABYTES) if endless else nullcontext():
        found = told(LIES[name], tmp_path)
    check(found)
    for question, (answer, why, _) in found.items():
        assert why or question in HARMLESS, (question, answer)


@pytest.mark.parametrize("name", STRANGERS)
def test_another_object_is_not_taken_for_the_one_that_was_asked_for(name: str, tmp_path: Path) -> None:
    """Neither a workload that would be scaled, nor a Secret whose password would be used."""
    found = told(STRANGERS[name], tmp_path)
    check(found)
    for question in ("workload", "service", "document", "config map", "credentials", "leadership", "scale", "roll out"):
        assert found[question][1], question


@pytest.mark.parametrize("name", ODDITIES)
def test_what_is_odd_in_one_part_is_an_answer_or_an_error(name: str, tmp_path: Path) -> None:
    """And never a bug of ours."""
    check(told(ODDITIES[name], tmp_path))


@pytest.mark.parametrize("name", WATCHES)
def test_a_watch_that_lies_harms_nobody(name: str, tmp_path: Path) -> None:
    """Its thread lives on, reads are honest, and nobody is woken without end."""
    with impostor(WATCHES[name]) as server, cluster(server, tmp_path, seconds=2.0) as it:
        heard: list[Interest] = []
        it.watcher.watch(frozenset({Interest("pod", "shop")}), heard.append)
        time.sleep(0.3)
        assert [pod.ref for pod in it.reader.pods("shop")] == [POD]
        assert len(heard) < 10_000


@pytest.mark.parametrize("name", TLS)
def test_who_has_not_proven_to_be_the_server_hears_no_token(name: str, tmp_path: Path) -> None:
    """TLS that fails in any way."""
    (tmp_path / "ca.crt").write_bytes(Authority().pem)
    with impostor(TLS[name]) as server, cluster(server, tmp_path, tls=True) as it:
        _, why, _ = outcome(it.reader.nodes)
        assert why
        assert CANARY.encode() not in bytes(server.heard)


def test_a_list_of_400_megabytes_costs_little_and_is_named(tmp_path: Path) -> None:
    """It is not read to its end."""
    endless = LIES["a list without end"]
    with impostor(endless) as server, cluster(server, tmp_path, seconds=10.0) as it, bounded_memory(100):
        _, why, _ = outcome(lambda: it.reader.pods("shop"))
    assert "cannot use pods of namespace shop: the answer is longer than 32 MiB" in why
