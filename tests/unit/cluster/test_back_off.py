"""When the kubelet starts again what has failed, and whether a new pod would run sooner."""

from dataclasses import replace

import pytest

from bootheal.cluster.back_off import back_off, detour, next_start, sooner_by_itself
from bootheal.demo.node.containers import spelled
from bootheal.model import Container
from support.objects import BOOT, NOW, THIS_BOOT, a_pod, running, terminated, waiting


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("back-off 10s restarting failed container=web pod=web-1_shop(uid)", 10),
        ("back-off 2m40s restarting failed container=web pod=web-1_shop(uid)", 160),
        ("back-off 5m0s restarting failed container=web pod=web-1_shop(uid)", 300),
        ("back-off 500ms restarting failed container=web pod=web-1_shop(uid)", 0.5),
        ("back-off 1h0m0s restarting failed container=web", 3600),
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
    assert next_start(a_pod("web-1", in_back_off()), THIS_BOOT) == NOW + 5
    assert next_start(a_pod("web-1", in_back_off(), unsaid), THIS_BOOT) == NOW + 8
    assert next_start(a_pod("web-1", in_back_off(), in_back_off("?")), THIS_BOOT) is None
    assert next_start(a_pod("web-1", in_back_off(ended=BOOT - 5)), THIS_BOOT) is None
    assert next_start(a_pod("web-1", in_back_off()), None) is None
    assert next_start(a_pod("web-1"), THIS_BOOT) is None


@pytest.mark.parametrize(
    ("takes", "now", "left_alone"),
    [(4, NOW, False), (5, NOW, True), (4, NOW + 1, True), (4, NOW + 8, True), (4, NOW + 9, False)],
)
def test_whoever_runs_first_is_waited_for(takes: float, now: float, *, left_alone: bool) -> None:
    """A kubelet that is late may be late for long."""
    pod = a_pod("web-1", in_back_off())
    assert sooner_by_itself(pod, THIS_BOOT, now, takes) == (NOW + 5 if left_alone else None)


def test_what_a_new_pod_costs_is_measured_on_those_that_were_never_started_again() -> None:
    """The newest counts; what pulled its image first, or runs for the third time, shows nothing."""
    old = a_pod("web-1", running(started=NOW - 91), created=NOW - 100)
    new = a_pod("web-2", running(started=NOW - 14), running(started=NOW - 13), created=NOW - 20)
    slow = a_pod("web-3", running(started=NOW), created=NOW - 31)
    again = a_pod("web-4", replace(running(started=NOW - 3), restarts=1), created=NOW - 5)
    assert detour([old, new, slow, again]) == 7
    assert detour([slow, again, a_pod("web-5", running(started=NOW), created=NOW - 1, ready=False)]) is None
