"""The double's power cut: it is real for processes and connections, and the boot tells the story of a real one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3

import bootheal
from bootheal.demo.node.processes import descendants
from bootheal.demo.stack import BootScript, Passwords, Stack
from support.double import APPS, SHOP, Api, running

NODE = "/api/v1/nodes/demo"
PODS = f"{SHOP}/pods"
CANARIES = Passwords(postgres="canary-postgres", pooler="canary-pooler", app="canary-app")
AT_ONCE = BootScript(
    api=0,
    unready=0,
    node_fresh=0,
    pod_found=0,
    pod_started=0,
    crash_recovery=0,
    slices_lag=0,
    proxy_lag=0,
    backoff_first=0.2,
    stuck="",
)
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return the machine that the tests of this module share."""
    with running(tmp_path_factory.mktemp("double"), passwords=CANARIES) as stack:
        yield stack


@pytest.fixture
def stack(machine: Stack) -> Stack:
    """Return the machine in good health, whatever the test before has done to it."""
    if not all(machine.serving().values()):
        machine.power_cut()
        machine.boot(AT_ONCE)
        machine.wait_until("everything to serve", lambda: all(machine.serving().values()))
    return machine


def container_states(api: Api) -> dict[str, dict[str, Any]]:
    """The state of each application's first container, by the name of the application."""
    return {
        pod["metadata"]["labels"]["app"]: pod["status"]["containerStatuses"][0]["state"]
        for pod in api.get(PODS)["items"]
        if pod["status"].get("containerStatuses")
    }


def test_a_power_cut_leaves_nothing_running(stack: Stack) -> None:
    """Every process is gone, PostgreSQL's children too, and the API server refuses connections."""
    api, supervisor = Api(stack.kubeconfig), stack.cluster.runtime.supervisor_pid
    assert len(descendants(supervisor)) > 8
    stack.power_cut()
    assert descendants(supervisor) == []
    assert stack.serving() == {"django": False, "nginx": False}
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        api.call("GET", NODE)


def test_a_clean_cut_heals_by_itself(stack: Stack) -> None:
    """With the passwords right, everything serves again without anybody's help, and no order is lost."""
    with stack.postgres.admin() as connection:
        connection.execute("INSERT INTO orders (item, cents, placed) VALUES ('last', 1, now())")
        before = connection.execute("SELECT count(*) FROM orders").fetchone()
    stack.power_cut()
    stack.boot(BootScript.quick(stuck=""))
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))
    with stack.postgres.admin() as connection:
        assert before == connection.execute("SELECT count(*) FROM orders").fetchone()


def test_a_boot_begins_with_the_state_from_before(stack: Stack) -> None:
    """The API answers while nothing runs: old boot id, Lease not renewed, pods Ready, slices with dead addresses."""
    api = Api(stack.kubeconfig)
    old_boot = stack.boot_id_file.read_text()
    old_slices = api.get(SLICES)["items"]
    stack.power_cut()
    stack.boot(BootScript.quick(api=0.0, unready=3.0, node_fresh=4.0, stuck="", leftover=False))
    stack.wait_until("the API server", lambda: answers(api))
    assert api.call("GET", "/readyz")[0] == 503
    assert old_boot != stack.boot_id_file.read_text()
    assert old_boot.strip() == api.get(NODE)["status"]["nodeInfo"]["bootID"]
    states = container_states(api)
    assert all("running" in states[app] for app in ("postgres", "pooler", "django", "nginx"))
    assert old_slices == api.get(SLICES)["items"]
    assert not any(stack.serving().values())
    status, answer = api.call("GET", f"{PODS}/postgres-0/log")
    assert (status, "error dialing backend" in answer["message"]) == (500, True)
    stack.wait_until("readyz", lambda: api.call("GET", "/readyz")[0] == 200)
    stack.wait_until("the new boot id", lambda: node_is_fresh(stack, api))
    assert "Rebooted" in {event["reason"] for event in api.get("/api/v1/namespaces/default/events")["items"]}
    renewed = api.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/demo")["spec"]["renewTime"]
    assert renewed > time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stack.boot_id_file.stat().st_mtime))


def answers(api: Api) -> bool:
    """Whether the API server can be reached."""
    try:
        return bool(api.call("GET", NODE)[0] == 200)
    except urllib3.exceptions.HTTPError:
        return False


def node_is_fresh(stack: Stack, api: Api) -> bool:
    """Whether the node shows this boot."""
    return bool(stack.boot_id_file.read_text().strip() == api.get(NODE)["status"]["nodeInfo"]["bootID"])


def test_pods_are_found_dead_one_by_one_and_come_back(stack: Stack) -> None:
    """Container state Unknown, 255, with the phase still Running; then a new container, address and count."""
    api = Api(stack.kubeconfig)
    old = api.get(f"{PODS}/postgres-0")["status"]
    stack.power_cut()
    stack.boot(BootScript.quick(pod_found=0.3, pod_started=0.5, stuck=""))
    stack.wait_until("the API server", lambda: answers(api))
    stack.wait_until("Unknown", lambda: "terminated" in container_states(api)["postgres"])
    found = api.get(f"{PODS}/postgres-0")["status"]
    ended = found["containerStatuses"][0]["state"]["terminated"]
    assert (found["phase"], ended["reason"], ended["exitCode"]) == ("Running", "Unknown", 255)
    assert next(c["status"] for c in found["conditions"] if c["type"] == "Ready") == "False"
    stack.wait_until("the restart", lambda: "running" in container_states(api)["postgres"])
    new = api.get(f"{PODS}/postgres-0")["status"]
    before, after = old["containerStatuses"][0], new["containerStatuses"][0]
    assert before["restartCount"] + 1 == after["restartCount"]
    assert before["containerID"] != after["containerID"]
    assert old["podIP"] != new["podIP"]
    assert "SandboxChanged" in {event["reason"] for event in api.get(f"{SHOP}/events")["items"]}


def test_postgres_says_57p03_while_it_recovers(stack: Stack) -> None:
    """Crash recovery is real and can be made to last; meanwhile the pod is Ready, and logins are refused."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=1.5, stuck=""))
    refusals: list[str] = []
    stack.wait_until(
        "the database", lambda: stack.cluster.kubelet.up and stack.postgres.pids and accepts(stack, refusals)
    )
    said = ("the database system is starting up", "the database system is not yet accepting connections")
    assert any(words in refusal for refusal in refusals for words in said)
    assert "redo done" in stack.postgres.log
    assert "database system was not properly shut down; automatic recovery in progress" in stack.postgres.log


def test_what_must_be_left_alone_is_there(stack: Stack) -> None:
    """A Failed leftover of django, a bare pod that has failed, a Job's pod that has succeeded, and one stuck pod."""
    api = Api(stack.kubeconfig)
    stack.power_cut()
    stack.boot(BootScript.quick())
    stack.wait_until("django to serve", lambda: stack.serving()["django"])
    pods = api.get(PODS)["items"]
    phases = {pod["metadata"]["labels"]["app"]: pod["status"] for pod in pods if pod["status"]["phase"] != "Running"}
    assert {app: status["phase"] for app, status in phases.items()} == {
        "debug-shell": "Failed",
        "migrate": "Succeeded",
        "django": "Failed",
    }
    assert "reason" not in phases["debug-shell"]
    expected = ("Terminated", "Pod was terminated in response to imminent node shutdown.")
    assert expected == (phases["django"]["reason"], phases["django"]["message"])
    (stuck,) = [pod for pod in pods if pod["metadata"]["labels"]["app"] == "nginx"]
    assert stuck["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "Unknown"
    api.call("DELETE", f"{PODS}/{stuck['metadata']['name']}")
    stack.wait_until("nginx to serve", lambda: stack.serving()["nginx"])


def check_that_drift_does_not_heal(stack: Stack) -> None:
    """Drift, cut, boot; see every login through the pooler fail, put the password right, see everything serve."""
    stack.postgres.drift_password()
    assert all(stack.serving().values())
    stack.power_cut()
    stack.boot(BootScript.quick(backoff_cap=0.5, stuck=""))
    stack.wait_until("the database", lambda: bool(stack.postgres.pids) and accepts(stack))
    stack.wait_until("the refusal", lambda: 'authentication failed for user "pooler"' in stack.postgres.log)
    stack.wait_until("a back-off", lambda: "CrashLoopBackOff" in stack.summary())
    assert not any(stack.serving().values())
    stack.postgres.set_password("pooler", stack.pooler.secret("pooler")[1])
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))


def test_a_drifted_pooler_password_never_heals_by_itself(stack: Stack) -> None:
    """Open sessions hide the drift until the cut, where the pooler logs in to PostgreSQL as itself."""
    check_that_drift_does_not_heal(stack)


def test_a_drifted_auth_query_password_never_heals_by_itself(tmp_path: Path) -> None:
    """Likewise where the pooler only looks up verifiers as itself."""
    with running(tmp_path, pooler_layout="auth_query") as stack:
        check_that_drift_does_not_heal(stack)


def test_a_new_salt_breaks_scram_pass_through(tmp_path: Path) -> None:
    """With the verifier in the user list, setting the very same password again is what breaks the logins."""
    with running(tmp_path, pooler_layout="verifier") as stack:
        stack.power_cut()
        stack.boot(BootScript.quick(stuck=""))
        stack.wait_until("everything to serve", lambda: all(stack.serving().values()))
        stack.postgres.resalt("app")
        stack.pooler.kill()
        stack.wait_until("the refusal", lambda: 'password authentication failed for user "app"' in stack.postgres.log)


def accepts(stack: Stack, refusals: list[str] | None = None) -> bool:
    """Whether the database lets its superuser in; what it says instead is added to the refusals."""
    try:
        with stack.postgres.admin():
            return True
    except psycopg.OperationalError as error:
        if refusals is not None:
            refusals.append(str(error))
        return False


def restarts(stack: Stack) -> int:
    """How often the pooler's container was started again."""
    return int(stack.pooler.pods[0]["status"]["containerStatuses"][0]["restartCount"])


def test_the_pooler_reads_its_secret_at_every_start(stack: Stack) -> None:
    """What was SET on the console is lost when the container starts again, as with operators' images."""
    assert stack.pooler.setting("server_login_retry") == "1"
    with stack.pooler.console() as console:
        console.execute("SET server_login_retry = 7")
    assert stack.pooler.setting("server_login_retry") == "7"
    before = restarts(stack)
    stack.pooler.kill()
    stack.wait_until("a restart", lambda: restarts(stack) == before + 1)
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))
    assert stack.pooler.setting("server_login_retry") == "1"


def test_passwords_are_in_no_log_and_no_argument(stack: Stack) -> None:
    """Although PostgreSQL logs every statement, and this machine has been through drifts, cuts and boots."""
    stack.postgres.resalt("app")
    assert "ALTER ROLE" in stack.postgres.log
    processes = [Path("/proc") / str(pid) for pid in descendants(stack.cluster.runtime.supervisor_pid)]
    arguments = b"".join((process / "cmdline").read_bytes() for process in processes if process.exists())
    assert b"canary" not in arguments
    assert "canary" not in stack.logs()
    assert "canary" not in repr(stack.options)


def test_two_stacks_run_side_by_side(stack: Stack, tmp_path: Path) -> None:
    """Each has its own addresses; a power cut in one is nothing to the other."""
    with running(tmp_path / "other") as other:
        other.power_cut()
        assert all(stack.serving().values())
        assert other.serving() == {"django": False, "nginx": False}


ORPHANS = """
import os, signal, sys
from pathlib import Path
from bootheal.demo.stack import Stack, StackOptions
with Stack(Path(sys.argv[1]), StackOptions(fsync=False)) as stack:
    print(stack.cluster.runtime.supervisor_pid, stack.cluster.runtime.home, flush=True)
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
    signal.pause()
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_nothing_survives_its_owner(tmp_path: Path, name: str) -> None:
    """However the process that has the stack ends, its servers end too, and their files are removed."""
    command = [sys.executable, "-c", ORPHANS, str(tmp_path), name]
    environment = os.environ | {"PYTHONPATH": str(Path(bootheal.__file__).parents[1])}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    pid, home = ended.stdout.split()
    begin = time.monotonic()
    while (Path("/proc") / pid).exists() and time.monotonic() - begin < 60:
        time.sleep(0.05)
    assert not (Path("/proc") / pid).exists()
    assert not Path(home).exists()


def test_a_boot_after_a_boot_is_as_good_as_the_first(stack: Stack) -> None:
    """The machine can lose its power as often as one likes, half-way through a boot too."""
    api = Api(stack.kubeconfig)
    stack.power_cut()
    stack.boot(BootScript.quick(stuck=""))
    stack.wait_until("the API server", lambda: answers(api))
    stack.power_cut()
    stack.boot(BootScript.quick(stuck=""))
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))
    django = f"{APPS}/deployments/django"
    stack.wait_until("both pods", lambda: api.get(django)["status"].get("readyReplicas") == 2)
