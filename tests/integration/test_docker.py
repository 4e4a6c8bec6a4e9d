"""k3d's containers, as a real Docker daemon shows them: what they are, and what is started and restarted."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.docker.k3d import K3dHost
from bootheal.adapters.host import Machine
from bootheal.errors import MissingError, PermanentError, UnreachableError
from bootheal.model import Component, ComponentState
from bootheal.preflight import Seen, forecast
from support.docker import CLUSTER, LOADBALANCER, PROGRAMS, SERVER, Docker, own_docker
from support.scenes import a_scene

AGENT = f"k3d-{CLUSTER}-agent-0"
FAILS = "sleep 0.3; exit 1"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """A daemon for the module."""
    with own_docker(tmp_path_factory.mktemp("docker")) as docker:
        yield docker


@pytest.fixture
def docker(daemon: Docker) -> Iterator[Docker]:
    """The daemon, without any container."""
    yield daemon
    daemon.remove_all()


@pytest.fixture
def host(docker: Docker) -> K3dHost:
    """The host as bootheal sees it; no k3d is installed."""
    return K3dHost(DockerEngine(docker.address), CLUSTER, Machine(), command="no-such-k3d", keeps=0)


def components(host: K3dHost) -> dict[str, Component]:
    return {component.name: component for component in host.facts().components}


def test_a_running_cluster_is_told_part_by_part(docker: Docker, host: K3dHost) -> None:
    """Role, state and since when; nothing of the labels' secrets."""
    before = time.time()
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    found = components(host)
    assert [(component.role, component.state) for component in found.values()] == [
        ("server", ComponentState.RUNNING),
        ("loadbalancer", ComponentState.RUNNING),
    ]
    assert before - 1 < (found[SERVER].since or 0) < time.time()
    assert "hidden-token" not in repr(host.facts())


def test_the_epoch_is_the_boot_and_the_start_of_the_server(docker: Docker, host: K3dHost) -> None:
    """Its containers share the machine's boot id: a restarted server is a new epoch, a restarted load balancer not."""
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    first = host.epoch()
    assert first is not None
    assert first.startswith(Machine().boot_id())
    docker("restart", "--time=0", LOADBALANCER)
    assert first == host.epoch()
    docker("restart", "--time=0", SERVER)
    assert first != host.epoch()


def test_this_boot_of_the_cluster_begins_when_its_oldest_node_was_started(docker: Docker, host: K3dHost) -> None:
    """What is older than that was written by none of the nodes that run now."""
    assert time.time() - Machine().boot_time().spans[-1][0] > 5, "the machine itself must be older"
    docker.node(SERVER, "server")
    docker.node(AGENT, "agent")
    boot = host.boot_time()
    assert boot is not None
    assert components(host)[SERVER].since == boot.spans[-1][0]


def test_a_container_that_docker_did_not_bring_back_is_started(docker: Docker, host: K3dHost) -> None:
    """The one that is stopped, and nothing else."""
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    docker("stop", "--time=0", SERVER)
    running = docker.state(LOADBALANCER)["StartedAt"]
    assert components(host)[SERVER].state is ComponentState.STOPPED
    assert (host.epoch() or "").endswith("@stopped")
    host.start(SERVER)
    assert components(host)[SERVER].state is ComponentState.RUNNING
    assert running == docker.state(LOADBALANCER)["StartedAt"]


def test_without_k3d_the_containers_of_a_stopped_cluster_are_told_servers_first(docker: Docker, host: K3dHost) -> None:
    """The gate starts the first that is down, and looks again."""
    docker.node(AGENT, "agent")
    docker.node(LOADBALANCER, "loadbalancer")
    docker.node(SERVER, "server")
    docker("stop", "--time=0", AGENT, LOADBALANCER, SERVER)
    assert [(component.name, component.state) for component in host.facts().components] == [
        (SERVER, ComponentState.STOPPED),
        (AGENT, ComponentState.STOPPED),
        (LOADBALANCER, ComponentState.STOPPED),
    ]


def test_why_docker_cannot_start_a_container_is_understood(docker: Docker, host: K3dHost) -> None:
    """It stands in no log: here the cluster's network was removed (`docker network prune`) while it was stopped."""
    docker.network("k3d-shop", "172.29.7")
    docker.node(SERVER, "server", network="k3d-shop")
    docker("stop", "--time=0", SERVER)
    docker("network", "rm", "k3d-shop")
    docker("start", SERVER, check=False)
    found = [(symptom.kind, symptom.component) for symptom in host.facts().symptoms]
    assert found == [("k3d-network-missing", SERVER)]
    (symptom,) = host.facts().symptoms
    assert "docker network create" in symptom.hint


def a_k3d(directory: Path, script: str) -> Path:
    """A stand-in for the `k3d` command, which takes its time."""
    program = directory / "k3d"
    program.write_text(f'#!/bin/sh\necho "$@" >> {directory}/calls\n{script}\n')
    program.chmod(0o755)
    return program


def test_a_stopped_cluster_is_started_by_k3d_where_it_is_installed(docker: Docker, tmp_path: Path) -> None:
    """`start` returns at once; until k3d is done its containers are on their way, and it is not begun twice."""
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    start = f"{PROGRAMS['docker']} start"
    starts = f"{start} {SERVER}; sleep 0.5; {start} {LOADBALANCER}; echo done >> {tmp_path}/calls"
    script = f"while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; {starts}"
    host = K3dHost(DockerEngine(docker.address), CLUSTER, Machine(), keeps=0, command=str(a_k3d(tmp_path, script)))
    (whole,) = host.facts().components
    assert (whole.name, whole.role, whole.state) == ("k3d cluster shop", "cluster", ComponentState.STOPPED)
    host.start(whole.name)
    host.start(whole.name)
    assert {ComponentState.STARTING} == {component.state for component in host.facts().components}
    (tmp_path / "go").touch()
    docker.wait_until("it runs", lambda: all(p.state is ComponentState.RUNNING for p in host.facts().components))
    docker.wait_until("k3d is done", lambda: "done" in (tmp_path / "calls").read_text())
    docker.wait_until("and was asked after", lambda: not host._starter.busy())
    assert (tmp_path / "calls").read_text() == "cluster start shop\ndone\n"


def test_where_k3d_fails_the_containers_are_to_be_started_without_it(docker: Docker, tmp_path: Path) -> None:
    """What it ended with is told, also once all runs: it costs a name, and somebody can mend that."""
    docker.node(SERVER, "server")
    docker("stop", "--time=0", SERVER)
    said = "echo 'FATA[0000] failed to gather info: no tools image' >&2; echo bye >&2"
    program = a_k3d(tmp_path, f"{said}; exit 3")
    host = K3dHost(DockerEngine(docker.address), CLUSTER, Machine(), keeps=0, command=str(program))
    host.start("k3d cluster shop")
    docker.wait_until("it has failed", lambda: "ended with 3: failed to gather" in host.facts().components[0].why)
    assert [(component.name, component.state) for component in host.facts().components] == [
        (SERVER, ComponentState.STOPPED)
    ]
    (failed,) = host.facts().failed
    assert failed.startswith("`k3d cluster start` ended with 3: failed to gather info: no tools image; so ")
    assert failed.endswith("k3d cluster stop shop && k3d cluster start shop")


def test_a_load_balancer_in_a_restart_loop_is_told_with_its_cause(docker: Docker, host: K3dHost) -> None:
    """It is `restarting` at every look, also in the moments when it runs; a restart is known to help."""
    docker.node(SERVER, "server")
    docker.node(
        LOADBALANCER, "loadbalancer", script=f"""echo 'invalid PID number "" in "/run/nginx.pid"' >&2; {FAILS}"""
    )
    docker.wait_until("a loop", lambda: components(host)[LOADBALANCER].why != "")
    told = set()
    for _ in range(20):
        facts = host.facts()
        told |= {
            (component.state, component.why, component.log)
            for component in facts.components
            if component.name == LOADBALANCER
        }
        time.sleep(0.05)
    assert told == {(ComponentState.RESTARTING, "exit code 1", f"docker logs --tail=50 {LOADBALANCER}")}
    (symptom,) = facts.symptoms
    assert (symptom.component, symptom.kind, symptom.restart) == (LOADBALANCER, "k3d-nginx-pid", True)


def test_only_the_load_balancer_is_ever_restarted(docker: Docker, host: K3dHost) -> None:
    """Databases run in the server."""
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    before = docker.state(SERVER)["StartedAt"], docker.state(LOADBALANCER)["StartedAt"]
    with pytest.raises(PermanentError, match="not the load balancer"):
        host.restart(SERVER)
    host.restart(LOADBALANCER)
    after = docker.state(SERVER)["StartedAt"], docker.state(LOADBALANCER)["StartedAt"]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_server_without_its_cgroup_is_reported_with_what_to_do(docker: Docker, host: K3dHost) -> None:
    """Starting it again would not help."""
    docker.node(SERVER, "server", script=f"echo 'level=fatal msg=\"failed to find memory cgroup (v2)\"'; {FAILS}")
    docker.wait_until("a loop", lambda: components(host)[SERVER].state is ComponentState.RESTARTING)
    (symptom,) = host.facts().symptoms
    assert (symptom.component, symptom.kind, symptom.fatal) == (SERVER, "k3s-memory-cgroup", True)
    assert "cgroup_enable=memory" in symptom.hint


def test_when_docker_starts_anew_some_containers_come_back_and_some_do_not(docker: Docker, host: K3dHost) -> None:
    """As after a reboot: those that somebody had stopped stay so; while Docker is away it is waited for.

    What Docker is told to leave lying does not come back either, and `preflight` has said so.
    """
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer")
    docker.node(AGENT, "agent", "--restart=no")
    before = host.epoch()
    assert not_restarted(host) == {AGENT}
    docker("stop", "--time=0", LOADBALANCER)
    docker.stop()
    with pytest.raises(UnreachableError, match="is Docker running"):
        host.facts()
    docker.start()
    docker.wait_until("the server", lambda: components(host)[SERVER].state is ComponentState.RUNNING)
    assert host.epoch() not in (None, before)
    assert components(host)[LOADBALANCER].state is ComponentState.STOPPED
    assert components(host)[AGENT].state is not ComponentState.RUNNING


def not_restarted(host: K3dHost) -> set[str]:
    """Return the containers of which `preflight` says that the next boot does not bring them back."""
    found = forecast(Seen(scene=a_scene(facts=host.facts()))).found
    return {each.about.name for each in found if each.id == "container-not-restarted"}


def test_a_container_killed_by_a_cut_of_power_is_only_stopped(docker: Docker, host: K3dHost) -> None:
    """137 is how containers end when the machine does; 1 is not."""
    docker.node(SERVER, "server")
    docker.node(LOADBALANCER, "loadbalancer", "--restart=no", script="exit 1")
    docker("kill", SERVER)
    docker.wait_until("it ended", lambda: docker.state(LOADBALANCER)["Status"] == "exited")
    assert [component.why for component in host.facts().components] == ["", "exit code 1"]


def test_another_cluster_is_not_ours(docker: Docker) -> None:
    """A name that Docker does not know ends with what to do."""
    docker.node(SERVER, "server")
    host = K3dHost(DockerEngine(docker.address), "other", Machine())
    with pytest.raises(MissingError, match="cannot find k3d cluster other: Docker has no server container of it"):
        host.facts()


def test_a_file_is_read_out_of_a_container_that_does_not_run(docker: Docker) -> None:
    """And one that is not there is named."""
    docker.node(SERVER, "server", script="echo kind: Config > /output/kubeconfig.yaml")
    engine = DockerEngine(docker.address)
    docker.wait_until(
        "it is there", lambda: "Config" in docker("logs", SERVER) or docker.state(SERVER)["ExitCode"] == 0
    )
    assert engine.read(SERVER, "/output/kubeconfig.yaml") == "kind: Config\n"
    with pytest.raises(MissingError, match=f"cannot read /output/other in container {SERVER}"):
        engine.read(SERVER, "/output/other")


def test_the_kubeconfig_is_the_servers_with_the_address_that_docker_publishes(docker: Docker, host: K3dHost) -> None:
    """Also while the server does not run. The key in it is nowhere on this machine's disk because of us."""
    inside = {"clusters": [{"name": "default", "cluster": {"server": "https://127.0.0.1:6443"}}], "users": []}
    labels = ("--label=k3d.server.api.host=0.0.0.0", "--label=k3d.server.api.port=34567")
    docker.node(SERVER, "server", *labels, script=f"echo '{json.dumps(inside)}' > /output/kubeconfig.yaml")
    docker.wait_until("it ran", lambda: int(docker("inspect", SERVER, "--format", "{{.RestartCount}}")) > 0)
    assert yaml.safe_load(host.kubeconfig())["clusters"] == [
        {"name": "default", "cluster": {"server": "https://0.0.0.0:34567"}}
    ]


def test_a_server_that_has_not_written_its_kubeconfig_yet_is_waited_for(docker: Docker, host: K3dHost) -> None:
    """As in the first seconds of a new cluster."""
    docker.node(SERVER, "server")
    with pytest.raises(UnreachableError, match=f"cannot read a kubeconfig in container {SERVER}: it has none yet"):
        host.kubeconfig()


def test_the_names_are_what_k3d_would_tell_coredns(docker: Docker, host: K3dHost) -> None:
    """The machine by the gateway of the cluster's network, the aliases asked for, and whoever is on that network."""
    docker.network(f"k3d-{CLUSTER}", "10.213.77")
    aliases = json.dumps([{"ip": "10.9.8.7", "hostnames": ["mail", "mail.test"]}])
    labels = (f"--label=k3d.cluster.network=k3d-{CLUSTER}", f"--label=k3d.cluster.start.hostaliases={aliases}")
    docker.node(SERVER, "server", *labels, network=f"k3d-{CLUSTER}")
    facts = host.facts()
    assert facts.names == {
        "host.k3d.internal": "10.213.77.1",
        "mail": "10.9.8.7",
        "mail.test": "10.9.8.7",
        SERVER: "10.213.77.2",
    }
    assert facts.unaware == (SERVER,)
    docker("exec", SERVER, "/bin/sh", "-c", "echo 10.213.77.1 host.k3d.internal >> /etc/hosts")
    docker.wait_until("the name that the container has learned", lambda: host.facts().unaware == ())


def test_without_a_socket_docker_is_waited_for(tmp_path: Path) -> None:
    """It may be starting still."""
    with pytest.raises(UnreachableError, match="no such file or directory; is Docker running"):
        DockerEngine(f"unix://{tmp_path}/none.sock").containers()


def test_a_socket_that_nobody_listens_on_is_waited_for(tmp_path: Path) -> None:
    """Likewise: what a killed daemon leaves behind."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/left.sock")
        with pytest.raises(UnreachableError, match="connection refused; is Docker running"):
            DockerEngine(f"unix://{tmp_path}/left.sock").containers()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can step down to a user who may not")
def test_a_socket_that_is_not_ours_ends_with_what_to_do(tmp_path: Path) -> None:
    """Waiting does not help; the group docker does, and it is said what that means."""
    pytest.importorskip("docker")  # nobody may read it where the checkout is root's own
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/ours.sock")
        listener.listen()
        (tmp_path / "ours.sock").chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(PermanentError, match="permission denied") as caught:
                DockerEngine(f"unix://{tmp_path}/ours.sock").containers()
        finally:
            os.seteuid(0)
    assert "in the group docker, which is as good as root" in caught.value.hint
