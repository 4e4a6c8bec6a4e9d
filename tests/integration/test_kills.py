"""kill -9, a dozen times, at night a thousand, on real servers: each run goes on where the last one was killed."""

import json
import random
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from bootheal.adapters.kube.workloads import CAUSE
from bootheal.demo.stack import BootScript, Stack
from support.command import bootheal, heal, start
from support.thorough import thorough

KILLS = 1_000 if thorough() else 12
RECOVERIES = 3
REFUSED = 400
# The kubelet was faster: nothing was changed, and the next look judges anew.
OUTRUN = "it changed since it was looked at"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_again_and_again_and_always_healed(stack: Stack) -> None:
    """Always healed by the next run, nothing restarted or deleted twice for one cause, every loan repaid."""
    source = random.Random(30)  # noqa: S311 - the same pauses each time, not cryptography
    killed = 0
    for recovery in range(RECOVERIES):
        stack.power_cut()
        stack.requests.clear()
        stack.boot(BootScript.quick(crash_recovery=3.0, backoff_first=5.0))
        while killed < KILLS * (recovery + 1) // RECOVERIES:
            killed += kill_after(stack, source.uniform(0.35, 1.0))
        heal(stack.config)
        assert all(stack.serving().values())
        assert (stack.pooler.setting("server_login_retry"), stack.pooler.setting("dns_nxdomain_ttl")) == ("15", "15")
        assert (stack.pooler.setting("server_connect_timeout"), stack.pooler.setting("server_idle_timeout")) == (
            "15",
            "300",
        )
        assert {change: times for change, times in changes(stack).items() if times > 1} == {}
    state = json.loads(bootheal("status", "--json", "--config", stack.config).stdout)
    results = {done["result"] for step in state["steps"].values() for done in step["done"]}
    assert {result for result in results if not result.endswith(OUTRUN)} <= {"done", "intended"}


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_power_is_cut_again_in_the_middle_of_the_healing(stack: Stack) -> None:
    """bootheal and the cluster die in the same moment, twice by day, at night a hundred times; the last boot is healed.

    Each boot has its own dead and its own drifted password: what the one before left half done is neither forgotten
    nor done twice.
    """
    source = random.Random(31)  # noqa: S311 - the same moments each time, not cryptography
    for _ in range(100 if thorough() else 2):
        stack.power_cut()
        stack.boot(BootScript.quick(crash_recovery=1.0, backoff_first=2.0))
        with start("run", "--once", "--config", stack.config) as process:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=source.uniform(0.2, 4.0))
            process.send_signal(signal.SIGKILL)
            stack.power_cut()
            process.communicate()
    stack.requests.clear()
    stack.boot(BootScript.quick(crash_recovery=1.0, backoff_first=2.0))
    report = heal(stack.config)
    assert report["verdict"] == "healed"
    assert all(stack.serving().values())
    assert (stack.pooler.setting("server_login_retry"), stack.pooler.setting("dns_nxdomain_ttl")) == ("15", "15")
    assert {change: times for change, times in changes(stack).items() if times > 1} == {}


def kill_after(stack: Stack, seconds: float) -> bool:
    """Start a run and kill it; where it was quicker than that, it was not killed, but has healed."""
    with start("run", "--once", "--config", stack.config) as process:
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    if process.returncode == 0:
        stack.power_cut()
        stack.requests.clear()
        stack.boot(BootScript.quick(crash_recovery=3.0, backoff_first=5.0))
    return process.returncode == -signal.SIGKILL


def changes(stack: Stack) -> Counter[str]:
    """Count what bootheal asked the API server to change: which object, and for a rollout also why."""
    found: Counter[str] = Counter()
    for request in stack.requests:
        if request.writes and request.method in ("PATCH", "DELETE") and request.status < REFUSED:
            found[f"{request.method} {request.path} {_cause(request.body)}"] += 1
    return found


def _cause(body: Any) -> str:
    template = (body or {}).get("spec", {}).get("template", {})
    annotations = template.get("metadata", {}).get("annotations", {})
    return str(annotations.get(CAUSE, ""))
