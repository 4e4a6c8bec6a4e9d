"""What this machine's systemd, journal and clock tell of k3s."""

import os
import time
from pathlib import Path

import pytest

from bootheal.adapters.host import BOOT_ID, mount_points
from bootheal.adapters.k3s import FACTS_SECONDS, K3sHost
from bootheal.adapters.systemctl import Commands
from bootheal.cluster.freshness import before_boot
from bootheal.errors import BoothealError, PermanentError, TransientError
from bootheal.model import ComponentState, Directory, HostFacts
from support.systemd import Systemd

WAITS = "its start waits for other units"
KILLED = "oom-kill: it was ended for want of memory"


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    """Return a systemd whose k3s runs."""
    return Systemd(tmp_path)


def facts(systemd: Systemd) -> HostFacts:
    """What a host that has just begun to look sees."""
    return K3sHost(commands=systemd.commands).facts()


@pytest.mark.parametrize(
    ("properties", "state", "why"),
    [
        ({}, ComponentState.RUNNING, ""),
        ({"ActiveState": "activating", "SubState": "start"}, ComponentState.STARTING, ""),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code", "ExecMainStatus": "1"},
            ComponentState.RESTARTING,
            "exit status 1",
        ),
        ({"ActiveState": "activating", "SubState": "start", "NRestarts": "3"}, ComponentState.RESTARTING, ""),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm"}, ComponentState.STOPPED, ""),
        ({"ActiveState": "inactive", "SubState": "dead"}, ComponentState.STOPPED, ""),
        ({"ActiveState": "inactive", "SubState": "dead", "Job": ""}, ComponentState.STOPPED, ""),
        ({"ActiveState": "inactive", "SubState": "dead", "Job": "123"}, ComponentState.STARTING, WAITS),
        ({"ActiveState": "deactivating", "SubState": "stop", "Job": "123"}, ComponentState.STOPPED, ""),
        ({"ActiveState": "failed", "SubState": "failed", "Result": "oom-kill"}, ComponentState.FAILED, KILLED),
        (
            {"LoadState": "masked", "ActiveState": "inactive", "SubState": "dead"},
            ComponentState.STOPPED,
            "its unit is masked: systemctl unmask k3s.service",
        ),
    ],
)
def test_the_units_state_and_how_it_ended_last_are_told(
    systemd: Systemd, properties: dict[str, str], state: ComponentState, why: str
) -> None:
    """In one word for all service managers."""
    systemd.unit(**properties)
    (component,) = facts(systemd).components
    assert (state, why) == (component.state, component.why)
    assert component.since == pytest.approx(time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + 4.2, abs=0.5)


def test_known_troubles_are_found_in_what_the_present_start_has_written(systemd: Systemd) -> None:
    """The fatal first; with our own words and the human step; each once."""
    invocation = "0000000000000000000000000000000f"
    systemd.unit(InvocationID=invocation)
    systemd.journal(
        'level=info msg="Waiting for containerd startup: /x/containerd.sock: connect: no such file or directory"',
        [98, 105, 110],
        'level=error msg="error while range on /registry/health: database disk image is malformed"',
        'level=fatal msg="starting kubernetes: database disk image is malformed"',
        invocation=invocation,
    )
    found = facts(systemd).symptoms
    assert [symptom.kind for symptom in found] == ["k3s-database-damaged", "containerd-socket"]
    assert [symptom.fatal for symptom in found] == [True, False]
    assert "restore the newest backup" in found[0].hint


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x1c", "\r"])
def test_a_line_may_hold_what_unicode_takes_for_its_end(systemd: Systemd, end: str) -> None:
    """journalctl ends an entry by a line feed, and writes everything beyond ASCII as it is."""
    systemd.journal(f"a label{end}of somebody's pod", "database disk image is malformed")
    assert [symptom.kind for symptom in facts(systemd).symptoms] == ["k3s-database-damaged"]


def test_what_a_former_start_said_and_what_is_long_past_is_not_told(systemd: Systemd) -> None:
    """Whoever has repaired the database must not be told that it is broken."""
    systemd.journal("database disk image is malformed", invocation="00000000000000000000000000000000")
    systemd.journal("database disk image is malformed", age=61)
    assert facts(systemd).symptoms == ()


def test_a_unit_that_does_not_stay_up_is_told_in_the_same_words_all_the_time(systemd: Systemd) -> None:
    """With what k3s ended with, also while its next start is under way and has not said anything yet."""
    falling = {"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "1"}
    systemd.unit(**falling, Result="exit-code", ExecMainStatus="1")
    systemd.journal('time="2026-11-21T20:00:00Z" level=fatal msg="flag provided but not defined: -x"')
    host = K3sHost(commands=systemd.commands)
    (fallen,) = host.facts().components
    systemd.unit(**falling | {"SubState": "start"}, InvocationID="0000000000000000000000000000000f")
    systemd.journal(invocation="0000000000000000000000000000000f")
    time.sleep(FACTS_SECONDS)
    (starting,) = host.facts().components
    assert (fallen.state, fallen.why) == (starting.state, starting.why)
    assert fallen.why == "exit status 1: flag provided but not defined: -x"
    assert fallen.log == "journalctl -u k3s.service -e"


def test_an_end_that_nobody_called_fatal_is_quoted_by_its_last_line_unless_it_was_killed(systemd: Systemd) -> None:
    """As of other distributions' units, whose scripts mark none."""
    systemd.unit(ActiveState="failed", SubState="failed", Result="exit-code", ExecMainStatus="2")
    systemd.journal("Starting", "cannot find the arguments of the kubelet")
    (fallen,) = facts(systemd).components
    assert fallen.why == 'exit status 2: its last line: "cannot find the arguments of the kubelet"'
    systemd.unit(ActiveState="failed", SubState="failed", Result="oom-kill")
    (killed,) = facts(systemd).components
    assert killed.why == KILLED


def test_a_journal_that_is_not_ours_to_read_is_told_where_it_would_help(systemd: Systemd) -> None:
    """Why a unit does not stay up is in there."""
    systemd.hide_the_journal()
    assert facts(systemd).components[0].why == ""
    systemd.unit(ActiveState="activating", SubState="auto-restart", Result="exit-code", ExecMainStatus="1")
    why = facts(systemd).components[0].why
    assert why == "exit status 1; its journal is not ours to read: that takes the group systemd-journal"


def test_asking_again_within_two_seconds_asks_nobody(systemd: Systemd) -> None:
    """A gate that looks ten times a second does not run ten programs a second."""
    systemd.journal()
    host = K3sHost(commands=systemd.commands)
    before = len(systemd.calls)
    for _ in range(10):
        host.facts()
    assert len(systemd.calls) - before == 2


@pytest.mark.parametrize("shown", ["", "LoadState=not-found\nActiveState=inactive\n"])
def test_without_such_a_unit_there_is_nothing_to_tell(systemd: Systemd, shown: str) -> None:
    """As on a machine without systemd, or with k3s run by hand."""
    (systemd.directory / "unit").write_text(shown)
    assert facts(systemd).components == ()
    nobody = K3sHost(commands=Commands("/nonexistent", "/nonexistent"))
    assert nobody.facts().components == ()
    assert K3sHost(unit="").facts().components == ()


def test_a_restart_is_queued_and_a_refusal_says_what_to_allow(systemd: Systemd) -> None:
    """By the one command that a polkit rule would allow; never by k3s' own scripts."""
    host = K3sHost(commands=systemd.commands)
    host.restart("k3s.service")
    assert systemd.calls[-1] == "restart --no-block --no-ask-password k3s.service"
    systemd.refuses(1)
    with pytest.raises(PermanentError, match=r"cannot restart k3s.service: systemd refused") as refused:
        host.restart("k3s.service")
    assert "polkit" in refused.value.hint
    with pytest.raises(PermanentError):
        host.restart("sshd.service")
    with pytest.raises(PermanentError, match="bootheal does not start k3s"):
        host.start("k3s.service")


@pytest.mark.parametrize(
    ("said", "kind", "why", "hint"),
    [
        (
            "Failed to restart k3s.service: Interactive authentication required.",
            PermanentError,
            "ation required",
            "polk",
        ),
        ("Failed to restart k3s.service: Access denied", PermanentError, "Access denied", "polkit"),
        (
            "Failed to restart k3s.service: Unit k3s.service not found.",
            PermanentError,
            "Unit k3s.service not found",
            "st",
        ),
        ("Failed to restart k3s.service: Unit k3s.service is masked.", PermanentError, "is masked", "systemctl status"),
        ("Failed to connect to bus: No such file or directory\n", TransientError, "Failed to connect to bus: No", ""),
        (
            "Failed to restart k3s.service: Transaction for k3s.service/restart is destructive (it ends)\nSee logs.",
            TransientError,
            "refused: Transaction for k3s.service/restart is destructive",
            "",
        ),
    ],
)
def test_why_systemd_does_not_restart_it_is_told(
    systemd: Systemd, said: str, kind: type[Exception], why: str, hint: str
) -> None:
    """A polkit rule is no cure for a unit that is not there; what passes is tried again."""
    systemd.refuses(1, said)
    with pytest.raises(BoothealError) as refused:
        K3sHost(commands=systemd.commands).restart("k3s.service")
    assert isinstance(refused.value, kind)
    assert why in str(refused.value)
    assert hint in refused.value.hint
    assert ("polkit" in refused.value.hint) == ("polk" in hint)


def test_a_systemctl_that_cannot_be_run_is_named() -> None:
    """It has not answered because nobody has asked."""
    with pytest.raises(PermanentError, match="cannot restart k3s.service: cannot run /nowhere: no such file"):
        K3sHost(commands=Commands("/nowhere", "/nowhere")).restart("k3s.service")


def test_systemds_notes_tell_of_a_clock_that_was_set_before_we_began(systemd: Systemd) -> None:
    """User space began by a clock that has been set forward by two hours since."""
    boot_id = systemd.directory / "boot-id"
    boot_id.touch()
    os.utime(boot_id, (0, 0))
    hour, now = 3600, time.time()
    up = time.clock_gettime(time.CLOCK_MONOTONIC)
    wrong = time.strftime("%a %Y-%m-%d %H:%M:%S.000000 UTC", time.gmtime(now - 2 * hour))
    systemd.notes(f"UserspaceTimestamp={wrong}\nUserspaceTimestampMonotonic={int(up * 1e6)}\n")
    boot = K3sHost(boot_id, commands=systemd.commands).boot_time()
    assert not before_boot(now - 2 * hour - 1, boot)
    assert not before_boot(now, boot)
    assert before_boot(now + hour, boot)


def test_the_boot_of_a_container_is_what_systemd_gave_and_noted(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the service's hardening /proc shows the kernel's boot; on a machine of its own the two are the same."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    up, now = time.clock_gettime(time.CLOCK_MONOTONIC), time.time()
    noted = time.strftime("%a %Y-%m-%d %H:%M:%S.000000 UTC", time.gmtime(now - 5))
    systemd.notes(f"UserspaceTimestamp={noted}\nUserspaceTimestampMonotonic={int((up - 5) * 1e6)}\n")
    kernels = BOOT_ID.read_text()
    for boot_id, contained in ((kernels, False), ("1f5c8b1e-of-a-container\n", True)):
        (tmp_path / "boot_id").write_text(boot_id)
        host = K3sHost(commands=systemd.commands)
        boot_time = host.boot_time()
        assert boot_time
        assert boot_id.strip() == host.boot_id()
        assert contained == before_boot(now - 10, boot_time)
        assert not before_boot(now, boot_time)


def test_a_container_whose_service_sees_the_mounted_id_is_one_all_the_same(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd 257 leaves a container's file over the kernel's: then both ids are equal, but the file is not /proc's."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    shown = tmp_path / "shown"
    monkeypatch.setattr("bootheal.adapters.host.BOOT_ID", shown)
    up, now = time.clock_gettime(time.CLOCK_MONOTONIC), time.time()
    noted = time.strftime("%a %Y-%m-%d %H:%M:%S.000000 UTC", time.gmtime(now - 5))
    systemd.notes(f"UserspaceTimestamp={noted}\nUserspaceTimestampMonotonic={int((up - 5) * 1e6)}\n")
    for file in (shown, tmp_path / "boot_id"):
        file.write_text("1f5c8b1e-of-a-container\n")
    boot_time = K3sHost(shown, commands=systemd.commands).boot_time()
    assert before_boot(now - 10, boot_time)
    assert not before_boot(now, boot_time)


def test_the_clock_is_asked_of_timesyncds_marker_or_the_kernel(tmp_path: Path) -> None:
    """Without a daemon of ours, and without a right."""
    marker = tmp_path / "synchronized"
    assert K3sHost(unit="", synchronised=marker).facts().clock_synchronised in (True, False, None)
    marker.touch()
    assert K3sHost(unit="", synchronised=marker).facts().clock_synchronised is True


def test_a_directory_is_told_from_a_mount_point_and_from_nothing(tmp_path: Path) -> None:
    """By the kernel's table of mounts, where no right to the directory is needed."""
    host = K3sHost(unit="")
    assert host.directory("/proc") is Directory.MOUNTED
    (tmp_path / "link").symlink_to("/proc")
    assert host.directory(str(tmp_path / "link")) is Directory.MOUNTED
    assert host.directory(str(tmp_path)) is Directory.PLAIN
    assert host.directory(str(tmp_path / "gone")) is Directory.MISSING


@pytest.mark.parametrize("name", ["a b", "a\\b", "a\u00a0b", "a\u2028b", "a\x85b"])
def test_a_mount_point_may_have_any_name(name: str) -> None:
    """The kernel writes ASCII's white space and backslashes as octal numbers, and everything else as it is."""
    written = name.replace("\\", "\\134").replace(" ", "\\040")
    table = f"36 35 98:0 /data /mnt/{written} rw,noatime master:1 - ext4 /dev/sda1 rw\n"
    assert mount_points(table) == {f"/mnt/{name}"}
