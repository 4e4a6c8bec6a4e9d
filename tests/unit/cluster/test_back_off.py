"""When the kubelet starts again what has failed, and whether a new pod would run sooner."""

import math
from dataclasses import replace
from datetime import datetime

import pytest

from bootheal.cluster.back_off import NextStart, back_off, detour, failing_since, next_start, outdated, sooner_by_itself
from bootheal.demo.node.containers import spelled
from bootheal.model import BootTime, Container
from support.objects import BOOT, NOW, THIS_BOOT, a_pod, past, running, terminated, waiting


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("back-off 10s restarting failed container=web pod=web-1_shop(uid)", 10),
        ("back-off 2m40s restarting failed container=web pod=web-1_shop(uid)", 160),
        ("back-off 5m0s restarting failed container=web pod=web-1_shop(uid)", 300),
        ("back-off 500ms restarting failed container=web pod=web-1_shop(uid)", 0.5),
        ("back-off 1h0m0s restarting failed container=web", 3600),
        (f"back-off {'9' * 5_000}s restarting failed container=web", None),
        (f"back-off {'9' * 5_000}h0m0s restarting failed container=web", None),
        ("Back-off pulling image", None),
        ("back-off restarting failed container", None),
        ("", None),
    ],
)
def test_the_kubelets_message_names_its_back_off(message: str, seconds: float | None) -> None:
    """As Go writes durations; the longest may be another one where the kubelet is configured so."""
    assert back_off(message) == seconds


@pytest.mark.parametrize("seconds", [0.4, 10.0, 40.0, 80.0, 300.0, 3600.0])
def test_the_double_words_it_as_the_kubelet_does(seconds: float) -> None:
    """Else the tests on the stack would say nothing of it."""
    assert back_off(f"back-off {spelled(seconds)} restarting failed container=web") == seconds


def in_back_off(message: str = "back-off 20s restarting failed", ended: float = NOW - 15) -> Container:
    return replace(waiting("CrashLoopBackOff", message=message), ended=ended)


def test_the_next_start_is_its_end_and_its_back_off() -> None:
    """Of several containers the last; where one is not known nobody knows, as after a reboot."""
    unsaid = terminated("Error", ended=NOW - 2)
    assert next_start(a_pod("web-1", in_back_off()), THIS_BOOT) == NextStart(NOW + 5, NOW + 19)
    assert next_start(a_pod("web-1", in_back_off(), unsaid), THIS_BOOT) == NextStart(NOW + 8, NOW + 17)
    assert next_start(a_pod("web-1", in_back_off(), in_back_off("?")), THIS_BOOT) is None
    assert next_start(a_pod("web-1", in_back_off(ended=BOOT - 5)), THIS_BOOT) is None
    assert next_start(a_pod("web-1", in_back_off()), None) is None
    assert next_start(a_pod("web-1"), THIS_BOOT) is None


@pytest.mark.parametrize(
    ("ended", "again", "seconds"),
    [
        ("03:50:29", "03:50:44", 10),
        ("03:49:36", "03:49:51", 10),
        ("03:49:38", "03:49:49", 10),
        ("03:49:37", "03:49:49", 10),
        ("21:58:10", "21:58:26", 10),
    ],
)
def test_a_real_kubelet_starts_within_what_it_draws(ended: str, again: str, seconds: int) -> None:
    """Of Kubernetes 1.36, in whole seconds as it tells them: three seconds late, and more; the last of k3s 1.21."""
    at = [datetime.fromisoformat(f"2026-11-30T{moment}Z").timestamp() for moment in (ended, again)]
    message = f"back-off {seconds}s restarting failed container=web"
    found = next_start(a_pod("web-1", in_back_off(message, at[0])), BootTime.since(at[0] - 60))
    assert found is not None
    assert found.earliest <= at[1] <= found.latest


FIRST = terminated("Error", ended=NOW - 8)


@pytest.mark.parametrize(
    ("container", "takes", "now", "left_alone"),
    [
        pytest.param(FIRST, 4, NOW - 3, False, id="a new pod would run by then"),
        pytest.param(FIRST, 4, NOW - 2, True, id="just not"),
        pytest.param(FIRST, 4, NOW + 6, True, id="it draws from five seconds more"),
        pytest.param(FIRST, 4, NOW + 8.5, True, id="and is a second late, or three"),
        pytest.param(FIRST, 4, NOW + 11, True, id="its end was told in whole seconds"),
        pytest.param(FIRST, 4, NOW + 11.1, False, id="late, and maybe for long"),
        pytest.param(FIRST, 2, NOW + 2, False, id="new pods are quick here"),
        pytest.param(in_back_off(), 4, NOW + 5, False, id="of 20 s it draws from ten"),
        pytest.param(in_back_off(), 7, NOW + 5, True, id="new pods are slow here"),
        pytest.param(in_back_off(), 4, NOW + 10, True, id="most of the ten are over"),
        pytest.param(
            in_back_off("back-off 1m20s restarting failed", NOW - 80), 16, NOW, False, id="thirty at most, and late"
        ),
        pytest.param(in_back_off("back-off 1m20s restarting failed", NOW - 80), 17, NOW, True, id="at most indeed"),
    ],
)
def test_whoever_likely_runs_first_is_waited_for(
    container: Container, takes: float, now: float, *, left_alone: bool
) -> None:
    """It is not deleted while the kubelet is about to start it: that would be slower than to do nothing."""
    assert (sooner_by_itself(a_pod("web-1", container), THIS_BOOT, now, takes) is not None) is left_alone


def test_what_a_new_pod_costs_is_measured_on_those_that_were_never_started_again() -> None:
    """The newest counts; what pulled its image first, or runs for the third time, shows nothing."""
    old = a_pod("web-1", running(started=NOW - 91), created=NOW - 100)
    new = a_pod("web-2", running(started=NOW - 14), running(started=NOW - 13), created=NOW - 20)
    slow = a_pod("web-3", running(started=NOW), created=NOW - 31)
    again = a_pod("web-4", replace(running(started=NOW - 3), restarts=1), created=NOW - 5)
    assert detour([old, new, slow, again]) == 7
    assert detour([slow, again, a_pod("web-5", running(started=NOW), created=NOW - 1, ready=False)]) is None


@pytest.mark.parametrize(
    ("until_ready", "costs"),
    [
        pytest.param(None, 2, id="nothing is told of it"),
        pytest.param(2, 2, id="ready as it runs"),
        pytest.param(5, 2.5, id="asked every five seconds, as on k3s 1.21"),
        pytest.param(12, 6, id="asked every ten seconds"),
        pytest.param(90, 7, id="it starts slowly, and so it does in place"),
    ],
)
def test_a_new_pod_waits_for_its_second_probe_what_is_started_again_on_average_for_half_of_it(
    until_ready: float | None, costs: float
) -> None:
    """The first one finds nothing that runs: Ready five seconds after it was made, it had run for three or four."""
    ready = None if until_ready is None else NOW - 100 + until_ready
    pod = a_pod("web-1", running(started=NOW - 98), created=NOW - 100, ready_changed=ready)
    assert detour([pod]) == costs


@pytest.mark.parametrize(
    ("ended", "start", "began", "told"),
    [
        (NOW - 9, NextStart(NOW + 1, NOW + 7), NOW - 2, True),
        (NOW - 30, NextStart(NOW - 2, NOW + 1), NOW - 2, True),
        (NOW - 9, NextStart(NOW + 1, NOW + 7), NOW - 10, False),  # this pass has seen it fail
        (NOW - 9, NextStart(NOW + 31, NOW + 50), NOW - 2, False),  # too long to wait for
        (NOW - 60, NextStart(NOW - 50, NOW - 44), NOW - 2, False),  # overdue: nobody knows when
        (NOW - 9, None, NOW - 2, False),
        (None, NextStart(NOW + 1, NOW + 7), NOW - 2, False),
    ],
)
def test_what_failed_before_this_pass_and_is_about_to_start_may_have_been_corrected(
    ended: float | None, start: NextStart | None, began: float, told: bool
) -> None:
    """Whoever has corrected it and runs bootheal at once is not told what was wrong before."""
    assert outdated(ended, start, past(began=began)) is told


def test_a_back_off_tells_for_how_long_it_has_failed_at_least() -> None:
    """10, 20, 40 and 80 s came before one of 160 s."""
    assert failing_since(in_back_off("back-off 2m40s restarting failed", NOW - 15)) == NOW - 15 - 150
    assert failing_since(in_back_off("back-off 10s restarting failed", NOW - 15)) == NOW - 15
    assert failing_since(in_back_off("?", NOW - 15)) == math.inf
    assert failing_since(terminated("Error", ended=NOW - 2)) == math.inf
