"""`kind: k3d` from end to end: the command, a real Docker daemon with stand-ins for its containers, the double as API.

The double is what would run inside the server container: it is reached by the kubeconfig that lies there.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import MERGE_PATCH, STRATEGIC_PATCH, Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.demo.stack import BootScript, Stack
from bootheal.errors import UnreachableError
from bootheal.ports import World
from bootheal.step import Act, Past, Settled, Step
from support.command import actions, bootheal, heal, not_healed, outcome
from support.docker import FOREVER, LOADBALANCER, SERVER, Docker, own_docker
from support.stack import running


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    with own_docker(tmp_path_factory.mktemp("docker")) as docker:
        yield docker


@pytest.fixture
def stack(tmp_path: Path, docker: Docker) -> Iterator[Stack]:
    """A stack that is the cluster "shop" of this Docker; its applications are of no interest here."""
    with running(tmp_path) as stack:
        docker.make_cluster(stack)
        cluster = {"kind": "k3d", "name": "shop", "docker": docker.address, "kubeconfig": None}
        stack.configure({"cluster": cluster, "cleanup": {"grace": 1}})
        yield stack
    docker.remove_all()


def test_a_cluster_that_docker_did_not_bring_back_is_started_and_healed(stack: Stack, docker: Docker) -> None:
    """From two stopped containers to every workload serving; nothing was ever stopped."""
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    stack.power_cut()
    # The API server is reached through the load balancer.
    booting = docker.when_it_runs(LOADBALANCER, lambda: stack.boot(BootScript.quick(crash_recovery=0.5)))
    report = heal(stack.config)
    booting.join()
    assert [done for done in actions(report) if done.startswith("start ")] == [
        f"start {SERVER} (it is stopped)",
        f"start {LOADBALANCER} (it is stopped)",
    ]
    assert re.fullmatch(rf"{stack.boot_id_file.read_text().strip()}@\d+\.\d+", report["epoch"])
    assert all(stack.serving().values())


def test_a_running_cluster_is_left_alone(stack: Stack, docker: Docker) -> None:
    """Its containers are as they were, and all that is needed to reach it is read from them."""
    before = docker.state(SERVER), docker.state(LOADBALANCER)
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.5))
    report = heal(stack.config)
    assert not [done for done in actions(report) if done.startswith(("start ", "restart k3d"))]
    assert before == (docker.state(SERVER), docker.state(LOADBALANCER))


def after_minutes(step: Step[Any], world: World) -> list[str]:
    """Look, judge as if everything had been like that for long, act, and look again; return what was done."""
    seen = step.look(world)
    since, later = time.time(), time.time() + 600
    judgement = step.judge(seen, Past(now=later, first_seen=dict.fromkeys(seen.conditions, since)))
    assert isinstance(judgement, Act)
    for action in judgement.actions:
        action.apply(world)
    assert isinstance(step.judge(step.look(world), Past(now=later)), Settled)
    return [str(action.about) for action in judgement.actions]


def test_lost_names_are_restored_and_a_cordoned_node_takes_pods_again(
    stack: Stack, docker: Docker, scope: Scope
) -> None:
    """Where both are allowed: one key of one ConfigMap, and one field of one node; everything else in them stays."""
    api = Api(LiveKubeconfig(stack.kubeconfig), scope)
    place, node = "/api/v1/namespaces/kube-system/configmaps", "/api/v1/nodes/demo"
    data = {"Corefile": ".:53 { hosts /etc/coredns/NodeHosts }"}  # as k3s leaves it when it applies its manifest
    api.write("POST", place, {"metadata": {"name": "coredns"}, "data": data}, about="coredns")
    api.write("PATCH", node, {"spec": {"unschedulable": True}}, about="node", content_type=MERGE_PATCH)
    docker.network("k3d-shop", "10.213.78")
    docker("network", "disconnect", "none", SERVER)
    docker("network", "connect", "k3d-shop", SERVER)
    stack.configure({"cluster": {"node_hosts": "restore", "uncordon": True}})
    configuration = load(stack.config)
    steps = configuration.plan.steps
    world = open_world(configuration.file.cluster, scope)
    assert after_minutes(steps["names"], world) == ["configmap/kube-system/coredns"]
    assert after_minutes(steps["scheduling"], world) == ["node/demo"]
    assert api.get(f"{place}/coredns", about="coredns")["data"] == {
        **data,
        "NodeHosts": f"10.213.78.1 host.k3d.internal\n10.213.78.2 {SERVER}\n",
    }
    assert not api.get(node, about="node")["spec"].get("unschedulable")


def test_a_load_balancer_in_a_restart_loop_is_restarted_and_nothing_else(
    stack: Stack, docker: Docker, scope: Scope
) -> None:
    """The API server cannot be reached without it; the server, where the databases are, goes on running."""
    docker("rm", "--force", LOADBALANCER)
    complains = """echo 'nginx: [error] invalid PID number "" in "/run/nginx.pid"' >&2; sleep 0.2; exit 1"""
    docker.node(LOADBALANCER, "loadbalancer", script=f"[ -e /fixed ] && {{ {FOREVER}; }}; {complains}")
    docker.wait_until("a loop", lambda: restarts(docker, LOADBALANCER) >= 3)
    stack.power_cut()
    configuration = load(stack.config)
    server = docker.state(SERVER)
    world = open_world(configuration.file.cluster, scope)
    gate = configuration.plan.steps["gate"]
    seen = gate.look(world)
    for_a_while = dict.fromkeys(seen.conditions, time.time() - 15)
    judgement = gate.judge(seen, Past(now=time.time(), first_seen=for_a_while))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert action.sentence == f"restart {LOADBALANCER} (it does not stay up)"
    action.apply(world)
    assert restarts(docker, LOADBALANCER) < 3, "Docker counts anew"
    assert server == docker.state(SERVER)


def restarts(docker: Docker, name: str) -> int:
    return int(docker("inspect", name, "--format", "{{.RestartCount}}"))


def test_check_finds_everything_and_everything_allowed(stack: Stack) -> None:
    """By the kubeconfig in the server container."""
    assert "all that bootheal may have to do is allowed" in bootheal("check", "--config", stack.config).stdout


def test_plan_says_what_would_be_started_and_starts_nothing(stack: Stack, docker: Docker) -> None:
    """Also where Docker is asked."""
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    stack.faults.door = "reset"
    said = bootheal("plan", "--config", stack.config, expect=1).stdout
    assert f"start {SERVER} (it is stopped)" in said
    assert not docker.state(SERVER)["Running"]


def test_what_may_not_be_started_is_given_up_with_the_next_step(stack: Stack, docker: Docker) -> None:
    """`start: never`, for who stops clusters on purpose."""
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    stack.power_cut()
    stack.configure({"cluster": {"start": "never"}})
    report = json.loads(not_healed(stack, f"{SERVER} is stopped").stdout)
    assert f"{SERVER} is stopped" in outcome(report, "gate")["why"]


def test_without_docker_the_reason_and_the_next_step_are_told(stack: Stack, tmp_path: Path) -> None:
    """Its daemon may be starting, so it is waited for; exit 1 when time is up."""
    stack.configure({"cluster": {"docker": f"unix://{tmp_path}/none.sock"}})
    not_healed(stack, f"cannot reach Docker at unix://{tmp_path}/none.sock: no such file or directory")


def answers(api: Api, path: str) -> bool:
    with suppress(UnreachableError):
        return bool(api.get(path, about=path))
    return False


REGISTRY = """
import http.server
class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401 if self.path == "/v2/" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", {port}), Registry).serve_forever()
"""


def test_a_dead_registry_is_started_and_whoever_waits_for_its_images_is_made_anew(
    stack: Stack, docker: Docker, scope: Scope
) -> None:
    """On any kind of cluster. The kubelet alone would have tried again after ten minutes; no working pod is touched."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    docker.make("registry", script=f"exec python3 -c '{REGISTRY.format(port=port)}'", network="host")
    always = {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "imagePullPolicy": "Always"}]}}}}
    api = Api(LiveKubeconfig(stack.kubeconfig), scope)
    path = "/apis/apps/v1/namespaces/shop/deployments/nginx"
    stack.power_cut()
    stack.faults.unavailable_images = frozenset({"demo/web"})
    stack.boot(BootScript.quick(crash_recovery=0.5, backoff_first=600.0, backoff_cap=600.0))
    stack.wait_until("the API server", lambda: answers(api, path))
    api.write("PATCH", path, always, about="nginx", content_type=STRATEGIC_PATCH)
    stack.wait_until("back-off", lambda: "ImagePullBackOff" in stack.summary())
    registry = {"url": f"http://127.0.0.1:{port}", "container": "registry", "start": "when-down", "images": ["demo"]}
    stack.configure({"registry": registry})
    serving = docker.when_it_runs("registry", stack.faults.clear)
    report = heal(stack.config)
    serving.join()
    assert outcome(report, "registry")["actions"][0]["sentence"] == "start container registry (it is stopped)"
    (deleted,) = outcome(report, "images")["actions"]
    assert re.fullmatch(
        r"delete pod/shop/nginx-\S+ \(in back-off for demo/web, whose registry answers\)", deleted["sentence"]
    )
    assert report["seconds"] < 300
