"""The main job, end to end: a power cut on real PostgreSQL and PgBouncer, healed by the command."""

import json
import signal
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from bootheal.demo.stack import UNTIL_TOLD, BootScript, Stack
from support.command import LONGEST, actions, bootheal, heal, interrupt_at, outcome, start
from support.thorough import rows_by_night


def serves(stack: Stack) -> bool:
    return all(stack.serving().values())


def accepts(stack: Stack) -> bool:
    try:
        return bool(stack.postgres.verifier("pooler"))
    except psycopg.OperationalError:
        return False


def writes(stack: Stack) -> list[str]:
    """Return what bootheal asked the API server to change (the double's own kubelet uses no requests)."""
    return [f"{request.method} {request.path}" for request in stack.requests if request.writes]


def test_a_power_cut_with_a_drifted_password_is_healed(broken: Stack) -> None:
    """Everything serves again, and the report says what was done: no more, no less."""
    report = heal(broken.config)
    assert serves(broken)
    assert report["verdict"] == "healed"
    done = "\n".join(actions(report))
    assert "reset the password of role/shop/pooler" in done
    assert "(Terminated)" in done
    assert "(Unknown)" in done
    assert [remark for remark in outcome(report, "cleanup")["remarks"] if "debug-shell" in remark]
    assert broken.find("pods", "debug-shell") is not None
    assert broken.pooler.setting("server_login_retry") == "15"
    assert broken.pooler.setting("server_idle_timeout") == "300"


def test_a_second_run_changes_nothing(broken: Stack) -> None:
    """On the healed stack: no write to the API server, no other verifier, exit 0; each list is watched once."""
    heal(broken.config)
    verifier = broken.postgres.verifier("pooler")
    broken.requests.clear()
    report = heal(broken.config)
    assert (report["verdict"], actions(report)) == ("healthy", [])
    assert writes(broken) == []
    assert set(Counter(request.path for request in broken.requests if "watch" in request.query).values()) == {1}
    assert broken.postgres.verifier("pooler") == verifier


def test_plan_never_writes(broken: Stack) -> None:
    """Neither while everything is broken nor afterwards; and it says what would be done."""
    broken.wait_until("PostgreSQL to accept", lambda: accepts(broken))
    broken.requests.clear()
    verifier = broken.postgres.verifier("pooler")
    text = bootheal("plan", "--config", broken.config).stdout
    assert "reset the password of role/shop/pooler" in text
    assert "[after credential/shop (not well yet), dns]" in text
    heal(broken.config)
    broken.requests.clear()
    bootheal("plan", "--json", "--config", broken.config)
    assert writes(broken) == []
    assert broken.postgres.verifier("pooler") != verifier


@pytest.mark.parametrize(
    "moment",
    [
        r"does .*\(Unknown\)",
        r"does .*reset the password",
        r"does .*set server_login_retry = 0.2 ",
        *rows_by_night(
            r"does .*\(Terminated\)",
            r"ok +credential/shop",
            r"does .*set server_idle_timeout",
            r"does .*set server_login_retry = 15",
            r"ok +pooler/shop",
            r"ok +deployment/shop/django",
        ),
    ],
)
def test_a_run_killed_at_any_action_is_finished_by_the_next(broken: Stack, moment: str) -> None:
    """kill -9 at each kind of action: the next run heals, and no loan is left behind."""
    interrupt_at(broken.config, moment)
    heal(broken.config)
    assert serves(broken)
    assert broken.pooler.setting("server_login_retry") == "15"
    assert broken.pooler.setting("server_idle_timeout") == "300"


def test_a_run_killed_while_it_deletes_looping_pods_is_finished_by_the_next(looping: Stack) -> None:
    """Long before their back-off would have ended, and no pod is deleted twice for it."""
    interrupt_at(looping.config, r"does .*delete .*CrashLoopBackOff")
    began = time.monotonic()
    report = heal(looping.config)
    assert serves(looping)
    assert time.monotonic() - began < 120
    state = json.loads(bootheal("status", "--json", "--config", looping.config).stdout)
    deleted = [done["object"] for done in state["steps"]["deployment/shop/django"]["done"]]
    finished = [done["object"] for done in outcome(report, "deployment/shop/django")["actions"]]
    assert set(finished) <= set(deleted)
    assert len(set(deleted)) <= 2


def test_a_back_off_that_the_kubelet_does_not_name_is_not_waited_out(stack: Stack) -> None:
    """The containers are just terminated all through it; their pods are made anew once PostgreSQL serves."""
    stack.power_cut()
    long = BootScript.quick(crash_recovery=UNTIL_TOLD, backoff_first=600.0, backoff_cap=600.0, backoff_silent=600.0)
    stack.boot(long)
    stack.wait_until("crashes", lambda: stack.summary().count("Error") >= 2)
    stack.postgres.recover()
    report = heal(stack.config)
    assert serves(stack)
    assert report["seconds"] < 120
    assert any("delete pod/shop/django" in action for action in actions(report))


def test_a_stop_by_systemd_is_reported_as_one(recovering: Stack) -> None:
    """SIGTERM in the middle: exit 143, a partial report on disk, and the next run goes on."""
    process = start("run", "--once", "--config", recovering.config)
    assert process.stdout is not None
    next(line for line in process.stdout if "57P03" in line)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=LONGEST)
    assert process.returncode == 143
    assert "interrupted before the end" in out
    state = json.loads(bootheal("status", "--json", "--config", recovering.config, expect=143).stdout)
    assert state["report"]["verdict"] == "interrupted"
    recovering.postgres.recover()
    heal(recovering.config)
    assert serves(recovering)


def test_by_port_forward_and_from_elsewhere_it_heals_as_well(broken: Stack) -> None:
    """kind kubernetes: no boot id is known, the Lease must be seen advancing; port-forwards carry everything."""
    broken.configure({"cluster": {"kind": "kubernetes", "boot_id_file": None, "reach": "auto"}})
    report = heal(broken.config)
    assert serves(broken)
    assert report["verdict"] == "healed"
    assert any("portforward" in request.path for request in broken.requests)


def test_two_runs_at_once_are_one_too_many(recovering: Stack) -> None:
    """The second says who holds the lock, and ends with 75."""
    first = start("run", "--once", "--config", recovering.config)
    assert first.stdout is not None
    next(line for line in first.stdout if "waits" in line)
    second = bootheal("run", "--once", "--config", recovering.config, expect=75)
    assert f"another pass is under way (process {first.pid} since " in second.stderr
    recovering.postgres.recover()
    first.communicate(timeout=LONGEST)
    assert first.returncode == 0


def test_status_needs_no_cluster(broken: Stack, tmp_path: Path) -> None:
    """While a run is under way, after it, and where there never was one."""
    fresh = tmp_path / "fresh.yaml"
    fresh.write_text(f"state_directory: {tmp_path}/fresh\n")
    assert "no run yet" in bootheal("status", "--config", fresh, expect=1).stdout
    heal(broken.config)
    broken.power_cut()
    text = bootheal("status", "--config", broken.config).stdout
    assert "healed (" in text
    assert "reset the password of role/shop/pooler" in text
