"""Hooks on the stack: done once per boot, after what they come after; what fails holds up nothing."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.demo.stack import Fault, Stack
from support.command import actions, bootheal, heal, interrupt_at, outcome
from support.double import Api

NGINX = "deployment/shop/nginx"
FLUX = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/shop/kustomizations"


@pytest.fixture
def api(healthy: Stack) -> Iterator[Api]:
    """A client; Flux has an object called shop."""
    api = Api(healthy.kubeconfig)
    api.call("POST", FLUX, {"metadata": {"name": "shop"}, "spec": {"interval": "10m"}})
    yield api
    api.call("DELETE", f"{FLUX}/shop")
    healthy.faults.clear()


@pytest.fixture
def door() -> Iterator[tuple[str, list[str]]]:
    """A URL, and what it was asked."""
    asked: list[str] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def config(stack: Stack, directory: Path, **hooks: Any) -> Path:
    """Write a configuration of nginx and these hooks, with a memory of its own."""
    content = yaml.safe_load(stack.config.read_text())
    kept = {"cluster": content["cluster"], "workloads": {NGINX: {}}, "deadline": 90}
    hooks = {name: {"after": [NGINX]} | hook for name, hook in hooks.items()}
    path = directory / "bootheal.yaml"
    path.write_text(yaml.safe_dump(kept | {"hooks": hooks, "state_directory": str(directory / "state")}))
    return path


def test_each_kind_is_done_once_per_boot(healthy: Stack, api: Api, door: tuple[str, list[str]], tmp_path: Path) -> None:
    """Flux is asked by an annotation, a URL is called, a command runs in a pod; the second run does none of it."""
    url, asked = door
    path = config(
        healthy,
        tmp_path,
        flux={"reconcile": "kustomization/shop/shop"},
        call={"url": f"{url}/booted?token=canary"},
        command={"exec": ["sh", "-c", "echo booted > booted"], "workload": NGINX},
    )
    assert "ask Flux to reconcile" in bootheal("plan", "--config", path).stdout
    assert asked == []
    report = heal(path)
    assert sorted(actions(report)) == [
        f"POST {url}/booted",
        "ask Flux to reconcile kustomization/shop/shop",
        f"run sh in {NGINX}",
    ]
    assert asked == ["/booted?token=canary"]
    requested = api.get(f"{FLUX}/shop")["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
    assert list(healthy.cluster.runtime.home.rglob("booted"))
    assert actions(heal(path)) == []
    assert api.get(f"{FLUX}/shop")["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"] == requested
    assert asked == ["/booted?token=canary"]


@pytest.mark.usefixtures("api")
def test_what_fails_is_reported_and_holds_up_nothing(
    healthy: Stack, door: tuple[str, list[str]], tmp_path: Path
) -> None:
    """The others are done, what serves has settled, the exit code says that not all was well."""
    url, asked = door
    path = config(
        healthy,
        tmp_path,
        missing={"reconcile": "kustomization/shop/none"},
        broken={"url": f"{url}/broken", "patience": 1},
        well={"url": f"{url}/well"},
    )
    report = heal(path, expect=1)
    assert outcome(report, "hook/missing")["why"].endswith("cannot find kustomization/shop/none")
    assert "says 500" in outcome(report, "hook/broken")["why"]
    assert outcome(report, "hook/well")["ending"] == "settled"
    assert outcome(report, NGINX)["ending"] == "settled"
    assert asked.count("/well") == 1


def test_one_that_was_interrupted_is_done_by_the_next_run(healthy: Stack, api: Api, tmp_path: Path) -> None:
    """kill -9 while the API server takes its time: it is asked again, and then no more."""
    path = config(healthy, tmp_path, flux={"reconcile": "kustomization/shop/shop"})
    healthy.faults.add(Fault(path=f"{FLUX}/shop", method="PATCH", delay=2, status=500, times=1))
    interrupt_at(path, "does .*ask Flux")
    assert set(actions(heal(path))) == {"ask Flux to reconcile kustomization/shop/shop"}
    assert "reconcile.fluxcd.io/requestedAt" in api.get(f"{FLUX}/shop")["metadata"]["annotations"]
    assert actions(heal(path)) == []


@pytest.mark.usefixtures("api")
def test_a_cluster_without_flux_says_so(healthy: Stack, tmp_path: Path) -> None:
    """Nothing serves its group."""
    healthy.faults.add(Fault(path="/apis/kustomize.toolkit.fluxcd.io", status=404))
    report = heal(config(healthy, tmp_path, flux={"reconcile": "kustomization/shop/shop"}), expect=1)
    assert "cannot find kustomize.toolkit.fluxcd.io, which Flux serves" in outcome(report, "hook/flux")["why"]
