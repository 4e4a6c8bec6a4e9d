"""How systemd words the end of a unit, in words of ours."""

import pytest

from bootheal.adapters.systemctl import Commands, Unit, as_component
from bootheal.adapters.unit_words import unmet, why
from bootheal.model import ComponentState
from support.systemd import RUNNING

K3S = "k3s.service"
FAILED = RUNNING | {"ActiveState": "failed", "SubState": "failed"}
STOPPED = RUNNING | {"ActiveState": "inactive", "SubState": "dead"}


# man systemd.exec, "Process Exit Codes"; man org.freedesktop.systemd1, Result
@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "1"}, "exit status 1"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "203"}, "exit status 203 (its program is not there"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "200"}, "exit status 200 (its working directory is not"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "219"}, "exit status 219 (its cgroup cannot be set up"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "226"}, "exit status 226 (its file systems cannot be set"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "238"}, "exit status 238 (its StateDirectory= cannot be"),
        (FAILED | {"Result": "exit-code", "ExecMainStatus": "243"}, "exit status 243 (a credential that its unit"),
        (FAILED | {"Result": "signal", "ExecMainStatus": "9"}, "signal: it was killed by signal 9"),
        (FAILED | {"Result": "start-limit-hit"}, "start-limit-hit: it was started too often in too short a time: "),
        (FAILED | {"Result": "timeout"}, "timeout: its start, or its end, took longer than its unit allows"),
        (FAILED | {"Result": "watchdog"}, "watchdog: it gave no sign of life"),
        (FAILED | {"Result": "oom-kill"}, "oom-kill: it was ended for want of memory"),
        (FAILED | {"Result": "core-dump"}, "core-dump: it ended with a fault of its own"),
        (FAILED | {"Result": "resources"}, "resources: systemd could not begin it: a file that its unit names"),
        (FAILED | {"Result": "protocol"}, "protocol: it ended without having said that it is ready"),
        (FAILED | {"Result": "something-new"}, "something-new"),
        (STOPPED | {"LoadState": "masked"}, "its unit is masked: systemctl unmask k3s.service"),
        (STOPPED | {"LoadState": "bad-setting"}, "its unit file has a setting that systemd does not understand: "),
        (
            STOPPED | {"ConditionResult": "no", "ConditionTimestampMonotonic": "71"},
            "a condition of its unit is not met",
        ),
        # nobody has asked for it yet in this boot
        (STOPPED | {"ConditionResult": "no", "ConditionTimestampMonotonic": "0"}, ""),
        (RUNNING | {"ConditionResult": "yes", "ConditionTimestampMonotonic": "71"}, ""),
    ],
)
def test_how_a_unit_ended_or_why_it_did_not_begin_is_told(shown: dict[str, str], words: str) -> None:
    """The word of systemd comes first where it has one: a person looks for it."""
    told = why(K3S, shown)
    assert told.startswith(words) if words else not told


def test_what_it_requires_and_has_failed_is_named() -> None:
    """A mount that does not come keeps it from being begun, and its own journal is empty."""
    states = {"mnt-data.mount": "failed", "network.target": "active", "local-fs.target": "inactive"}
    assert unmet(states) == "what it requires has failed: mnt-data.mount"
    assert unmet({"network.target": "active"}) == unmet({}) == ""


def test_a_unit_that_was_given_up_is_failed_and_says_how_it_is_started_again() -> None:
    """Nothing but a person's reset lets systemd start it once more."""
    component = as_component(K3S, "k3s", FAILED | {"Result": "start-limit-hit"})
    assert component.state is ComponentState.FAILED
    assert component.why.endswith("systemctl reset-failed k3s.service; systemctl start k3s.service")


def test_who_requires_nothing_asks_nobody() -> None:
    """Most units name no other one."""
    assert Unit(K3S, Commands("/nonexistent", "/nonexistent")).required(RUNNING) == {}
