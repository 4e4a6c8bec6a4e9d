"""`bootheal demo` as a newcomer runs it."""

import json
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from bootheal.cli.scenarios import SCENARIOS
from support.command import LONGEST, bootheal, environment, start
from support.patroni import tree
from support.thorough import by_night, times


def test_the_demo_breaks_heals_and_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after are shown, what was done and why, and nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="bootheal-") as directory:
        Path(directory).chmod(0o755)  # root's demo starts its servers as somebody else
        monkeypatch.setenv("TMPDIR", directory)
        text = bootheal("demo").stdout
        assert list(Path(directory).glob("bootheal-demo-*")) == []
    for said in ("It serves after", "The power is cut", "57P03", "reset the password", "Before:", "Now:", "healed ("):
        assert said in text
    assert "GET http://nginx/health: 200\n\nNext: " in text
    assert text.count(" reset the password of ") == 2, "it was told as it happened, and once more"


def test_what_a_person_must_see_to_is_a_scenario_too() -> None:
    """Lost data: nothing is done, and that is how it should end."""
    text = bootheal("demo", "--scenario", "data-lost").stdout
    assert "a person is needed: data may be at risk (0 actions" in text


def test_a_demo_of_patroni_needs_it(tmp_path: Path) -> None:
    """Where it is not, that is said at once."""
    assert f"cannot find Patroni below {tmp_path}" in bootheal("demo", "--patroni", tmp_path, expect=1).stderr


@by_night
def test_the_demo_heals_two_members_of_patroni() -> None:
    """The password is reset on whoever leads."""
    with tempfile.TemporaryDirectory(prefix="bootheal-") as directory:
        Path(directory).chmod(0o755)
        text = bootheal("demo", "--patroni", tree()).stdout
    for said in ("postgres-1", "reset the password", "healed ("):
        assert said in text


ENDS = {
    "image-gone": "demo/pgbouncer: not found, 1 restart\n      > push the image, or correct its name and tag",
    "registry-down": "(in back-off for demo/web, whose registry answers)",
    "no-leader": "database/shop: no writable primary: postgres-0 is read-only (a standby",
    "deaf-webhook": "webhook pods.policy.example of MutatingWebhookConfiguration policy refuses new pods",
}


@pytest.mark.parametrize("name", [*ENDS][: times(1)])
def test_what_a_machine_needs_beyond_itself_is_a_scenario_too(name: str) -> None:
    """Each ends as its story says, with exit code 0, and tells what is missing."""
    assert ENDS[name] in bootheal("demo", "--scenario", name).stdout


def test_the_scenarios_are_listed() -> None:
    """Each with its story; one that is not there is wrong usage."""
    listed = bootheal("demo", "--list").stdout
    for name, scenario in SCENARIOS.items():
        assert f"{name} " in listed
        assert scenario.story.split(" ", 1)[0] in listed
    said = bootheal("demo", "--scenario", "data-loss", expect=2).stderr
    assert "there is no such scenario; did you mean data-lost?" in said


def test_a_demo_that_is_kept_can_be_tried_and_ends_with_ctrl_c() -> None:
    """The commands that it shows work while it runs; Ctrl-C ends it and its processes."""
    process = start("demo", "--keep")
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.strip())
        if "Ctrl-C to end" in line:
            break
    command, config = next(line.split(" plan --config ") for line in lines if " plan --config " in line)
    shown = subprocess.run([*command.split(), "--version"], env=environment(), capture_output=True, check=False)
    assert shown.returncode == 0, "whoever started the demo from a checkout has no bootheal on the PATH"
    kubeconfig = next(line.split("--kubeconfig ")[1].split()[0] for line in lines if line.startswith("kubectl"))
    assert json.loads(Path(kubeconfig).read_text())["current-context"]
    assert "well" in bootheal("plan", "--config", config).stdout
    assert "healed" in bootheal("status", "--config", config).stdout
    processes = descendants(process.pid)
    assert len(processes) > 5
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert not Path(config).exists()
    deadline = time.monotonic() + 30
    while (left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, directly or not."""
    found = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")).split()
    return [process for child in map(int, found) for process in (child, *descendants(child))]
