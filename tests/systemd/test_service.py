"""The service as its owner sees it: systemctl, journalctl and bootheal on a machine that boots."""

import re
import shutil
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
import yaml

from bootheal.model import EventKind
from bootheal.narrate import MESSAGE_IDS, Note
from bootheal.step import REFUSAL_TRANSIENT_SECONDS
from support.box import CANARIES, CONFIG, KUBECONFIG, OVERRIDES, RECOVERING, Box

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

# As the manual says that a unit must look which needs the applications.
DEPENDENT = """\
[Unit]
Requires=bootheal-healed.target
After=bootheal-healed.target
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=bootheal-healed.target
"""

GATES = ("bootheal-preflight.service", "bootheal-boot-complete.service")
HEALED = re.compile(r"healed, [0-9]+ of [0-9]+ steps, [0-9.]+ s")


# --- the installation ---------------------------------------------------------------------------------


def test_the_readme_leads_to_a_healed_machine(installation: dict[str, str], bare: Box) -> None:
    """Its commands, typed as they stand there, end in a service that starts at each boot and has healed this one."""
    commands = list(installation)
    assert commands[1] == "sudo scripts/install --k3s"
    assert installation["bootheal wait"] == "healed\n"
    assert bare.machine.run("systemctl", "is-enabled", "bootheal").strip() == "enabled"
    assert bare.machine.run("systemctl", "is-active", "bootheal").strip() == "active"
    assert all(bare.stack.serving().values())


def test_the_unit_is_sound_and_can_do_little(box: Box) -> None:
    """systemd finds nothing to object to, and next to nothing that the service could do to its machine."""
    units = ("bootheal.service", "bootheal-healed.service", "bootheal-healed.target", *GATES)
    assert box.machine.run("systemd-analyze", "verify", *units) == ""
    assert box.exposure() <= 1.5
    assert box.show("User") == "bootheal"


def test_man_pages_and_completion_are_in_place(box: Box) -> None:
    """`man bootheal` shows without a warning; bash completes commands and options."""
    for page, text in (("bootheal", "journalctl -u bootheal -b"), ("bootheal.yaml", "max_parallel")):
        shown = box.machine.run("man", "--warnings=w", page, MANWIDTH="100", PAGER="cat")
        assert text in shown
        assert not re.search(r":\d+: warning", shown)
    completion = ". /usr/local/share/bash-completion/completions/bootheal; COMP_WORDS=({0}); COMP_CWORD={1}; "
    ask = completion + "_shtab_bootheal {2} {3} {4}; echo ${{COMPREPLY[*]}}"
    assert box.machine.run("bash", "-c", ask.format("bootheal st", 1, "bootheal", "st", "bootheal")) == "status\n"
    assert box.machine.run("bash", "-c", ask.format("bootheal run --o", 2, "bootheal", "--o", "run")) == "--once\n"


def test_the_rule_lets_the_service_restart_k3s_and_nothing_else(box: Box) -> None:
    """Asked by polkit: one verb on one unit; without the rule not even that."""
    unit = box.machine.file("/etc/systemd/system/k3s.service")
    unit.write_text("[Service]\nExecStart=/bin/sleep infinity\n")
    box.machine.run("systemctl", "daemon-reload")
    box.machine.run("systemctl", "start", "k3s")
    ask = ("sudo", "--user=bootheal", "systemctl", "--no-ask-password")
    box.machine.run(*ask, "restart", "k3s", codes=(1,))
    rule = "/etc/polkit-1/rules.d/50-bootheal.rules"
    box.machine.run("install", "-m", "644", "/srv/bootheal/systemd/bootheal.rules", rule)
    box.machine.wait_until("allowed", *ask, "restart", "k3s")
    box.machine.run(*ask, "stop", "k3s", codes=(1,))
    box.machine.run(*ask, "restart", "dbus", codes=(1,))
    box.machine.run("systemctl", "stop", "k3s")
    box.machine.run("rm", rule, "/etc/systemd/system/k3s.service")


# --- a boot -------------------------------------------------------------------------------------------


def test_a_boot_is_not_delayed_and_the_target_is_reached_when_it_is_healed(box: Box) -> None:
    """multi-user.target comes long before; the target, and what waits for it, only with the verdict."""
    last = box.state["boot"]
    box.machine.file("/etc/systemd/system/shop-report.service").write_text(DEPENDENT)
    box.machine.run("systemctl", "enable", "bootheal-healed.target", "shop-report")
    box.power_cycle(RECOVERING)
    assert box.show("ActiveState") == "active"
    assert box.show("ActiveState", "bootheal-healed.target") == "inactive"
    said = set()
    until = time.monotonic() + 90
    while box.show("ActiveState", "bootheal-healed.target") != "active":
        assert time.monotonic() < until, box.journal()
        said.add(box.show("StatusText"))
        if any("57P03" in text for text in said):
            box.stack.postgres.recover()
        time.sleep(0.2)
    box.machine.wait_until("started", "systemctl", "is-active", "shop-report")
    box.machine.run("systemctl", "disable", "bootheal-healed.target", "shop-report")

    assert any("57P03" in text for text in said), said
    assert all(text.isascii() and re.match(r"\d+/\d+ |looks at|healed|$", text) for text in said), said
    assert HEALED.fullmatch(box.show("StatusText"))
    reached, healed = (box.moment("ActiveEnter", target) for target in ("multi-user.target", "bootheal-healed.target"))
    assert reached < healed <= box.moment("InactiveExit", "shop-report")
    chain = box.machine.run("systemd-analyze", "critical-chain", "--no-pager", "multi-user.target")
    assert "bootheal-healed" not in chain
    took = box.moment("ActiveEnter") - box.moment("InactiveExit")
    assert 0 < took < 20, chain  # until a Python has started and read the configuration

    assert last != box.state["boot"]
    assert HEALED.search(box.journal())
    assert box.state["report"]["verdict"] in ("healed", "healthy")  # a pass that found nothing to do may have followed
    assert box.state["last_boot"]["verdict"] in ("healed", "healthy")
    assert box.state["last_boot"]["epoch"] != box.state["epoch"]
    assert HEALED.search(box.machine.run("journalctl", "--unit=bootheal", "--boot=-1", "--output=cat"))


def test_the_journal_alone_tells_the_story_of_a_boot(box: Box) -> None:
    """One line when something changes, reasons and durations, in the end the verdict; nothing twice, no secret."""
    last = box.state["boot"]
    box.reboot(RECOVERING)
    box.wait_for_entry("database/shop: waits: .*57P03")
    box.wait_healed()
    assert "Deactivated successfully" in box.machine.run("journalctl", "--unit=bootheal", "--boot=-1", "--output=cat")
    assert box.state["last_boot"]["epoch"] == last != box.state["boot"]
    story = [entry for entry in box.entries() if entry["SYSLOG_IDENTIFIER"] == "bootheal"]
    sentences = [entry["MESSAGE"] for entry in story]
    assert re.fullmatch(rf"looks at \d+ steps of boot {box.state['boot']}", sentences[0])
    assert sentences[-1].startswith("rests: ")
    assert HEALED.fullmatch(sentences[-2])
    assert all(one != other for one, other in pairwise(sentences))
    assert any(re.match(r"database/shop: waits: .*57P03", sentence) for sentence in sentences)
    assert any(re.match(r"database/shop: ok: .*, after [\d.]+ s", sentence) for sentence in sentences)
    assert not [entry for entry in story if entry["_TRANSPORT"] != "journal"]
    assert len(sentences) < 60

    everything = box.machine.run("journalctl", "--output=export")
    assert [canary for canary in CANARIES if canary in everything] == []


def test_the_journal_is_found_by_fields_and_explained(box: Box) -> None:
    """What the manual promises: facts under names of their own, an identity for each kind of entry, an explanation."""
    cursor = box.cursor()
    box.disturb(RECOVERING)
    box.wait_for_entry("database/shop: waits: .*57P03", cursor)
    box.wait_healed()
    recovering = box.entries("BOOTHEAL_SQLSTATE=57P03")
    assert {entry["BOOTHEAL_STEP"] for entry in recovering} == {"database/shop"}
    done = box.entries(f"MESSAGE_ID={MESSAGE_IDS[EventKind.ACTING]}")
    assert done
    assert all(entry["BOOTHEAL_OBJECT"] and entry["BOOTHEAL_REASON"] and entry["PRIORITY"] == "5" for entry in done)
    assert {entry["BOOTHEAL_BOOT"] for entry in done} >= {box.state["epoch"]}
    assert box.entries("BOOTHEAL_ENDING=healed")
    explained = box.machine.run("journalctl", "--unit=bootheal", "--boot", "--catalog", "--no-pager")
    assert "man:bootheal(8)" in explained
    assert "changed without evidence" in explained
    assert "BOOTHEAL_" not in explained  # the name of a field that an entry lacks


def test_port_forwards_carry_everything_from_within_the_unit(box: Box) -> None:
    """As on k3d, where no pod can be reached directly: the hardening leaves the product all that it needs."""
    cluster = yaml.safe_load(box.machine.file(CONFIG).read_text())["cluster"]
    box.configure({"cluster": cluster | {"reach": "forward"}})
    box.stack.requests.clear()
    box.disturb()
    box.wait_healed()
    box.configure({"cluster": cluster})
    forwarded = {r.path.split("/")[-2].split("-")[0] for r in box.stack.requests if r.path.endswith("/portforward")}
    assert {"postgres", "pooler", "django"} <= forwarded
    assert "reset the password of role/shop/pooler" in box.journal()


def test_anybody_may_ask_for_the_status(box: Box) -> None:
    """Without root and without the cluster; it is the journal's story, step by step."""
    status = box.machine.run("sudo", "--user=nobody", "bootheal", "status", codes=(0,))
    for step in ("gate", "database/shop", "pooler/shop", "deployment/shop/django"):
        assert re.search(rf"ok +{step} ", status)


def test_who_may_not_read_the_kubeconfig_is_told_how_the_service_gets_it(box: Box) -> None:
    """It is root's, and not even the service's user may."""
    said = box.machine.run("sudo", "--user=bootheal", "bootheal", "check", codes=(1,))
    assert "cannot use the kubeconfig /etc/rancher/k3s/k3s.yaml: Permission denied" in said
    assert "the service gets a copy by `scripts/install --k3s`" in said


# --- trouble ------------------------------------------------------------------------------------------


def test_a_loop_that_hangs_is_killed_and_its_successor_goes_on(box: Box) -> None:
    """The watchdog sees no turn of the loop; the restart heals what was left."""
    box.override("WatchdogSec=3s", "RestartSec=200ms")
    cursor = box.cursor()
    box.disturb(RECOVERING)
    box.wait_for_entry("database/shop: waits", cursor)
    first = box.show("MainPID")
    box.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "bootheal")
    box.machine.wait_until("restarted", "sh", "-c", "[ $(systemctl show --value -p NRestarts bootheal) -ge 1 ]")
    box.wait_healed()
    assert first != box.show("MainPID")
    assert "watchdog" in box.machine.run("journalctl", "--boot", "--unit=bootheal", "--lines=200", "--no-pager").lower()


def test_a_daemon_that_rests_is_not_killed_by_the_watchdog(box: Box) -> None:
    """Nothing happens for longer than WatchdogSec, and the loop turns all the same."""
    box.override("WatchdogSec=2500ms")
    box.machine.run("systemctl", "restart", "bootheal")
    box.wait_healed()
    process = box.show("MainPID")
    time.sleep(6)
    assert process == box.show("MainPID")


def test_kill_9_in_the_middle_is_made_good(box: Box) -> None:
    """The next process goes on from what is on disk: nothing is done twice for the same cause."""
    box.override("RestartSec=200ms")
    cursor = box.cursor()
    box.disturb()
    box.wait_for_entry("does: ", cursor)
    box.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "bootheal")
    box.machine.wait_until("restarted", "sh", "-c", "[ $(systemctl show --value -p NRestarts bootheal) -ge 1 ]")
    box.wait_healed()
    assert all(box.stack.serving().values())
    begun = [
        (entry["_PID"], entry["BOOTHEAL_ACTION"], entry["BOOTHEAL_OBJECT"], entry["BOOTHEAL_REASON"])
        for entry in box.entries(cursor, f"MESSAGE_ID={MESSAGE_IDS[EventKind.ACTING]}")
        if entry["BOOTHEAL_ACTION"]
        not in ("lower-setting", "restore-setting")  # a loan may be taken and given back more than once
    ]
    assert sorted(set(begun)) == sorted(begun)  # what the signal came between, the next one begins again
    killed = [deed for process, *deed in begun if process == begun[0][0]]
    assert [deed for process, *deed in begun if process != begun[0][0] and deed in killed[:-1]] == []


def test_stop_in_the_middle_leaves_a_partial_report(box: Box) -> None:
    """Within TimeoutStopSec, and without a complaint of systemd's; the next start goes on."""
    cursor = box.cursor()
    box.disturb(RECOVERING)
    box.wait_for_entry("database/shop: waits", cursor)
    began = time.monotonic()
    box.machine.run("systemctl", "stop", "bootheal")
    assert time.monotonic() - began < 30
    assert box.show("Result") == "success"
    assert box.state["report"]["verdict"] == "interrupted"
    assert "interrupted before the end" in box.journal(cursor)
    box.machine.run("systemctl", "start", "bootheal")
    box.wait_healed()


def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(box: Box) -> None:
    """A good one is in force at once; a bad one is told with its place, and the old one stays, in the same process."""
    process, cursor = box.show("MainPID"), box.cursor()
    box.configure({"max_parallel": 2})
    box.machine.run("systemctl", "reload", "bootheal")
    box.wait_for_entry("was read anew", cursor)
    box.configure({"max_parallel": "many"})
    assert box.machine.run("systemctl", "reload", "bootheal", codes=(1,))
    box.wait_for_entry("bootheal.yaml:.*: max_parallel: cannot", cursor)
    box.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=HUP", "bootheal")  # past the check of ExecReload
    box.wait_for_entry("the old one stays in force", cursor)
    box.machine.wait_until("active", "systemctl", "is-active", "bootheal")
    assert process == box.show("MainPID")


def test_a_bad_configuration_is_not_tried_again(box: Box) -> None:
    """Exit code 78: systemd says failed, and the journal why, and what to do."""
    cursor = box.cursor()
    box.configure({"max_parallel": "many"})
    box.machine.run("systemctl", "restart", "bootheal", codes=(1,))
    assert (box.show("ExecMainStatus"), box.show("SubState"), box.show("NRestarts")) == ("78", "failed", "0")
    assert "max_parallel: cannot" in box.journal("--priority=err")
    (told,) = box.entries(cursor, f"MESSAGE_ID={Note.CONFIGURATION.message_id}")
    assert "max_parallel: cannot" in told["MESSAGE"]
    explained = box.machine.run("journalctl", "--unit=bootheal", "--boot", "--catalog", "--no-pager")
    assert "systemctl reload-or-restart bootheal" in explained


def test_where_a_person_is_needed_nothing_is_tried_again(box: Box) -> None:
    """Exit code 3: a database that is gone does not come back by a restart."""
    good = box.machine.file(CONFIG).read_text()
    box.machine.file(CONFIG).write_text(good.replace("dbname: shop", "dbname: gone"))
    box.machine.run("systemctl", "restart", "bootheal")
    box.machine.wait_until("failed", "systemctl", "is-failed", "bootheal")
    assert (box.show("ExecMainStatus"), box.show("SubState"), box.show("NRestarts")) == ("3", "failed", "0")
    assert "a person is needed" in box.journal("--priority=err")

    box.machine.file("/etc/systemd/system/shop-report.service").write_text(DEPENDENT)
    box.machine.run("systemctl", "daemon-reload")
    box.machine.run("systemctl", "stop", "bootheal-healed.service")  # reached in this boot, by an earlier test
    box.machine.run("systemctl", "start", "shop-report", codes=(1,))
    assert box.show("ActiveState", "shop-report") == "inactive"
    box.machine.wait_until("failed", "systemctl", "is-failed", "bootheal")  # it was started, too, and has looked again

    box.machine.file(CONFIG).write_text(good)
    box.machine.run("systemctl", "start", "bootheal")
    box.machine.run("bootheal", "wait", "--timeout", "90")  # for what is found now, not for what was found before
    box.machine.run("systemctl", "start", "shop-report")
    box.machine.run("systemctl", "stop", "shop-report")


@pytest.fixture(scope="module")
def refused(installed: Box) -> Iterator[tuple[Box, str]]:
    """A service whose kubeconfig the cluster refuses, with a better one beside it, and since when that is.

    It asks on for a minute: tests of something else may use the machine meanwhile. It was started before k3s had
    written any, and took the first one at once.
    """
    box = installed
    box.override("RestartSec=200ms")
    box.machine.run("systemctl", "stop", "bootheal")
    kubeconfig, cursor = box.machine.file(KUBECONFIG), box.cursor()
    renewed = kubeconfig.read_text()
    stale = yaml.safe_load(renewed)
    stale["users"][0]["user"] = {"token": "of yesterday"}
    kubeconfig.unlink()
    box.machine.run("systemctl", "start", "bootheal")
    box.wait_for_entry("gate: waits: .*it is not there yet", cursor)
    assert box.show("NRestarts") == "0"
    kubeconfig.write_text(yaml.safe_dump(stale))
    box.wait_for_entry("gate: GAVE UP: .*missing or not usable", cursor)
    box.wait_for_entry("gate: waits: .*401", cursor)
    kubeconfig.write_text(renewed)
    yield box, cursor
    shutil.rmtree(box.machine.file(OVERRIDES))
    box.machine.run("systemctl", "daemon-reload")


def test_pipx_installs_the_wheel(refused: tuple[Box, str]) -> None:
    """For who wants no service: the command alone, with all that it needs."""
    box, _ = refused
    box.machine.run("/opt/bootheal/current/bin/pip", "install", "--quiet", "--target=/root/pipx", "pipx")
    pipx = "python3 -m pipx install /srv/wheels/bootheal-*.whl"
    box.machine.run("sh", "-c", pipx, PYTHONPATH="/root/pipx")
    assert re.fullmatch(r"bootheal \d+\.\d+\.\d+\n", box.machine.run("/root/.local/bin/bootheal", "--version"))


def test_a_kubeconfig_is_read_anew_by_a_restart(refused: tuple[Box, str]) -> None:
    """Before k3s has written it, that is waited for; then it is copied at once, and once more where it is refused."""
    box, cursor = refused
    restarted = ("sh", "-c", "[ $(systemctl show --value -p NRestarts bootheal) = 2 ]")
    box.machine.wait_until("restarted", *restarted, timeout=REFUSAL_TRANSIENT_SECONDS + 90)
    box.wait_for_entry("healthy: nothing had to be done", cursor)
    assert box.show("StartLimitIntervalUSec") == "0"
