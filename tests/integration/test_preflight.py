"""Hidden faults on the demo: each is foreseen, by its name and nothing else, and comes true with the next power cut."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import LONGEST, bootheal, start
from support.receiver import TOKEN, receiving
from support.stack import running

# The demo's bare pod is not restarted: that it ends for good is true, and no fault.
TRUE_OF_ALL = ("pod-ends-for-good", "pod/shop/debug-shell", "will change")

# What this very machine is like is not the demo's to say.
OF_THIS_MACHINE = ("disk/", "clock", "unit/")

DRIFTED = ("login-drifted-healed", "role/shop/pooler", "will break")
UNSAVED = ("pooler-setting-unsaved", "deployment/shop/pooler", "will change")
GONE = ("start-lacks-reference", "secret/shop/app", "will break")
BROKEN = ("postgres-next-start-file", "database/shop", "will break")

Finding = tuple[str, str, str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all of it; each test leaves it well."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(drift=False, server_login_retry=1)) as stack:
        yield stack


def foreseen(config: Path, expect: int) -> list[Finding]:
    """Run `bootheal preflight --json`; return what it names beside what is true of this machine, and of every demo."""
    said: dict[str, Any] = json.loads(bootheal("preflight", "--json", "--config", config, expect=expect).stdout)
    found = [(each["id"], each["object"], each["sure"]) for each in said["found"]]
    return [each for each in found if each != TRUE_OF_ALL and not each[1].startswith(OF_THIS_MACHINE)]


@contextmanager
def booting(stack: Stack) -> Iterator[None]:
    """Cut the power and boot; in the end wait until all serves, whatever was mended."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.0, stuck="", leftover=False))
    yield
    stack.wait_until("all to serve", lambda: all(stack.serving().values()))


def test_a_healthy_demo_would_come_back(shop: Stack) -> None:
    """Nothing is found but the bare pod; nothing was written, and it takes less than ten seconds."""
    shop.requests.clear()
    assert foreseen(shop.config, 0) == []
    written = [each.method for each in shop.requests if each.method not in ("GET", "POST")]
    posted = {each.path.rsplit("/", 1)[-1] for each in shop.requests if each.method == "POST"}
    assert (written, posted - {"selfsubjectaccessreviews"}) == ([], set())
    assert "pod/shop/debug-shell: nobody makes it again" in bootheal("preflight", "--config", shop.config).stdout
    said = bootheal("preflight", "--gate", "--config", shop.config).stdout
    assert said.startswith("it would come back, though ")
    assert said.count("\n") == 1


def test_what_a_warm_pool_and_a_console_hide_comes_true(shop: Stack) -> None:
    """The password has drifted, and a setting is nowhere but in a process: all serves, and preflight knows."""
    shop.pooler.set("default_pool_size", "50")
    assert foreseen(shop.config, 0) == [UNSAVED]
    shop.postgres.drift_password()
    assert all(shop.serving().values())
    assert foreseen(shop.config, 1) == [DRIFTED, UNSAVED]
    refusal = 'authentication failed for user "pooler"'
    before = shop.logs().count(refusal)  # preflight's own login is among them
    with booting(shop):
        shop.wait_until("a refusal", lambda: shop.logs().count(refusal) > before)
        assert shop.pooler.setting("default_pool_size") == "20"
        shop.postgres.resalt("pooler")  # as bootheal would
    assert foreseen(shop.config, 0) == []


def test_what_no_running_container_reads_again_comes_true(shop: Stack) -> None:
    """A Secret is gone, and postgresql.conf has a line that is none: both keep PostgreSQL from starting."""
    shop.postgres.misconfigure()
    assert foreseen(shop.config, 1) == [BROKEN]
    taken = shop.take_away("secrets", "app")
    assert foreseen(shop.config, 1) == [BROKEN, GONE]
    assert all(shop.serving().values())
    with booting(shop):
        shop.wait_until("a container without its Secret", lambda: "CreateContainerConfigError" in shop.summary())
        shop.put_back("secrets", taken)
        shop.wait_until("what PostgreSQL says of its file", lambda: "contains errors" in shop.logs())
        shop.postgres.correct()
    assert foreseen(shop.config, 0) == []


def test_the_daemon_looks_ahead_while_it_rests(shop: Stack, tmp_path: Path) -> None:
    """What the next boot would break is told once, counted for monitors, said by `status`; then all is well again."""
    with receiving(tmp_path) as receiver:
        (tmp_path / "url").write_text(receiver.url(f"/hook/{TOKEN}"))
        hook = {"kind": "webhook", "url_file": f"{tmp_path}/url", "ca": str(receiver.ca), "when": ["foretold"]}
        metrics = tmp_path / "bootheal.prom"
        changes = {
            "preflight_every": 1,
            "metrics_file": str(metrics),
            "notify": {"program": {**hook, "details": "full"}},
        }
        shop.configure(changes)
        shop.postgres.misconfigure()
        daemon = start("run", "--config", shop.config)
        try:
            receiver.wait_for(1)
            assert 'preflight_findings{level="breaks"} 1.000' in metrics.read_text()
            said = bootheal("status", "--config", shop.config).stdout
            assert "; 1 thing would break the next boot" in said, said
            shop.postgres.correct()
            gone = 'preflight_findings{level="breaks"} 0.000'
            shop.wait_until("the daemon to see that it is well again", lambda: gone in metrics.read_text())
        finally:
            daemon.send_signal(signal.SIGTERM)
            out = "".join(daemon.communicate(timeout=LONGEST))
            shop.configure(dict.fromkeys(changes))
            shop.postgres.correct()
    assert daemon.returncode == 0
    assert out.count("preflight: 1 thing would break the next boot") == 1
    (told,) = receiver.messages
    assert told["occasion"] == "foretold"
    assert told["verdict"].startswith("1 thing would break the next boot")
    assert "PostgreSQL would not start" in told["why"]


def test_a_newcomer_sees_it_in_one_screen() -> None:
    """All serves, three things are foreseen, and each comes true."""
    text = bootheal("demo", "--hidden-faults").stdout
    before, after = text.split("$ bootheal preflight")
    assert before.count(": 200") == 4
    for said in ("[postgres-next-start-file]", "[login-drifted-healed]", "[pooler-setting-unsaved]"):
        assert said in after
    assert "it would not come back\n" in after
    for said in ("PostgreSQL does not start", "PostgreSQL refuses the pooler (28P01)", "default_pool_size is 20 again"):
        assert f"  {said}\n" in after
