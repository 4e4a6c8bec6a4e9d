"""The owner is told over real HTTPS: once per outcome, whatever the receivers are like just then."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.metrics import Metrics
from bootheal.adapters.outbox import OutboxFile
from bootheal.adapters.scope import Scope
from bootheal.adapters.state import StateFile
from bootheal.backoff import trying_for
from bootheal.cli.healing.audience import Audience
from bootheal.cli.healing.chronicle import Chronicle
from bootheal.cli.healing.event_writer import EventWriter
from bootheal.cli.healing.messenger import Messenger
from bootheal.config import load
from bootheal.engine import Recorder
from bootheal.errors import StateError, TransientError
from bootheal.model import Ending, Event, EventKind, Outcome, Report
from bootheal.ports import World
from support.boots import REPORT
from support.command import bootheal
from support.receiver import PATHS, TOKEN, Receiver, configuration

WELL = replace(REPORT, outcomes=REPORT.outcomes[:4])
ILL = Report("1f5c8b1e-boot", 1.0, 5.0, (Outcome("database/shop", Ending.GAVE_UP, "it is gone", hint="look"),))


@contextmanager
def messenger(config: Path, complain: Callable[[str], None] = pytest.fail) -> Iterator[Messenger]:
    with Scope(pytest.fail) as scope:
        yield Messenger(load(config).file, str, scope, complain)


def started() -> Event:
    return Event(EventKind.STARTED, at=1.0, elapsed=0.0, epoch="1f5c8b1e-boot", total=4)


def settle(telling: Messenger, seconds: float = 20.0) -> None:
    telling.wait(lambda: False, seconds)


def test_a_monitor_hears_of_beginning_and_end(receiver: Receiver, tmp_path: Path) -> None:
    """With one id for both, so that it knows how long it took; a beginning without an end is its alarm."""
    with messenger(configuration(tmp_path, receiver, "healthchecks", details="full")) as telling:
        telling.tell(started())
        telling.finish(WELL)
        settle(telling)
    assert [what for what, _ in receiver.pings] == ["start", "success"]
    assert len({run for _, run in receiver.pings}) == 1
    assert receiver.bodies[1].splitlines()[0].endswith(": healed, 29.5 s, 2 actions")


@pytest.mark.parametrize(
    ("report", "ending"), [(ILL, "1"), (replace(ILL, outcomes=(replace(ILL.outcomes[0], person=True),)), "3")]
)
def test_a_monitor_hears_the_exit_code(receiver: Receiver, tmp_path: Path, report: Report, ending: str) -> None:
    """Not healed is something else than that a person is needed."""
    with messenger(configuration(tmp_path, receiver, "healthchecks")) as telling:
        telling.finish(report)
        settle(telling)
    assert [what for what, _ in receiver.pings] == [ending]


def on_a_bad_disk(config: Path) -> Path:
    """Let the state directory be one that nothing can be written to."""
    file = yaml.safe_load(config.read_text())
    state = config.with_name("state")
    state.touch()
    config.write_text(yaml.safe_dump(file | {"state_directory": str(state)}))
    return config


def test_a_disk_that_takes_nothing_is_no_reason_to_tell_nobody(receiver: Receiver, tmp_path: Path) -> None:
    """It is told of each outcome once by this process, and complained of once."""
    complaints: list[str] = []
    with messenger(on_a_bad_disk(configuration(tmp_path, receiver, "ntfy")), complaints.append) as telling:
        for report in (ILL, ILL, WELL, ILL):
            telling.finish(report)
        settle(telling)
    assert len(receiver.messages) == 1
    assert complaints == ["cannot keep what ntfy was told: Not a directory; it is told all the same"]


def test_the_owner_is_told_of_a_pass_that_the_disk_hinders(receiver: Receiver, tmp_path: Path) -> None:
    """Once, however often it is tried; and what there is to do."""
    file = load(on_a_bad_disk(configuration(tmp_path, receiver, "healthchecks", details="full"))).file
    with Scope(pytest.fail) as scope:
        telling = Messenger(file, str, scope, lambda _: None)
        who = Audience(
            Recorder(StateFile(file.state_directory), SystemClock()),
            Chronicle(file, pytest.fail),
            Metrics(None, lambda *_: None, lambda: None),
            telling,
            EventWriter(World(), scope, pytest.fail, wanted=False),
            (),
        )
        for _ in range(2):
            with pytest.raises(StateError), who.hold(lambda: False):
                pytest.fail("holds what is not there")
    assert [what for what, _ in receiver.pings] == ["1"]
    _, why, what_to_do = receiver.bodies[0].splitlines()
    assert why == f"bootheal: cannot use the state directory {file.state_directory}: Not a directory"
    assert what_to_do.startswith("next: ")


def test_each_kind_is_told_in_its_own_words(receiver: Receiver, tmp_path: Path) -> None:
    """All of them take it; short details name no step."""
    with messenger(configuration(tmp_path, receiver, *PATHS)) as telling:
        telling.finish(ILL)
        settle(telling)
    assert [what for what, _ in receiver.pings] == ["1"]
    assert [push["status"] for push in receiver.pushes] == ["down"]
    by_ntfy, by_gotify, by_webhook = sorted(
        receiver.messages, key=lambda said: ("occasion" in said, "topic" not in said)
    )
    assert (by_ntfy["topic"], by_ntfy["priority"]) == ("topic", 4)
    assert by_gotify["title"].endswith(": NOT healed")
    assert by_webhook["occasion"] == "not-healed"
    assert "database/shop" not in repr((receiver.messages, receiver.bodies, receiver.pushes))


def test_each_outcome_is_told_once_also_over_restarts(receiver: Receiver, tmp_path: Path) -> None:
    """The service is restarted, a run is made by hand: nobody is rung again."""
    config = configuration(tmp_path, receiver, "ntfy", when=["started", "not-healed"])
    for _ in range(2):
        with messenger(config) as telling:
            telling.tell(started())
            telling.finish(ILL)
            telling.finish(ILL)
            settle(telling)
    assert len(receiver.messages) == 2


@pytest.mark.parametrize("ill", [[500], [429, 503], ["slow"]])
def test_a_receiver_that_is_ill_is_told_later(receiver: Receiver, tmp_path: Path, ill: list[int | str]) -> None:
    """Once it takes it: then nothing is told twice, in the order in which it happened."""
    receiver.ill = list(ill)
    with messenger(configuration(tmp_path, receiver, "healthchecks")) as telling:
        before = time.monotonic()
        telling.tell(started())
        telling.finish(WELL)
        assert time.monotonic() - before < 1.0, "the healing was held up"  # it takes two seconds to be ill
        settle(telling)
    assert [what for what, _ in receiver.pings] == ["start", "success"]
    assert len(receiver.requests) == 2 + len(ill)


def test_a_receiver_that_is_down_is_told_by_the_next_run(receiver: Receiver, tmp_path: Path) -> None:
    """A run that ends leaves it on disk; another process tells it, in its order, and no third one."""
    config = configuration(tmp_path, receiver, "healthchecks")
    url = tmp_path / "healthchecks.url"
    right = url.read_text()
    url.write_text(f"https://localhost:1/ping/{TOKEN}")
    said: list[str] = []
    with messenger(config, said.append) as telling:
        telling.tell(started())
        telling.finish(ILL)
        settle(telling, 0.2)
    assert said == ["not told yet: healthchecks; the next run, or the service, goes on with it"]
    assert len(OutboxFile(tmp_path).read().targets["healthchecks"].due) == 2
    forget_the_process(tmp_path)
    url.write_text(right)
    for _ in range(2):
        with messenger(config):
            receiver.wait_for(2)
    assert [what for what, _ in receiver.pings] == ["start", "1"]
    assert TOKEN not in (tmp_path / "notify.json").read_text()


def forget_the_process(directory: Path) -> None:
    """What is due is ours: let it be of a process that has ended."""
    file = directory / "notify.json"
    text = file.read_text()
    file.write_text(text.replace(f'"owner": "{os.getpid()} ', '"owner": "999999999 '))


def test_who_refuses_or_redirects_is_not_asked_again(receiver: Receiver, tmp_path: Path) -> None:
    """A token goes to nobody else, and the complaint names no more of the URL than its host."""
    said: list[str] = []
    config = configuration(tmp_path, receiver, "webhook")
    for ill in ("redirect", 404):
        receiver.ill = [ill]
        with messenger(config, said.append) as telling:
            telling.finish(ILL if ill == "redirect" else replace(ILL, epoch="another"))
            settle(telling)
    told = "notify webhook: cannot tell https://localhost: it says"
    assert said == [
        f"{told} 302; it redirects: give it the URL that it redirects to",
        f"{told} 404; is its URL right, with its token?",
    ]
    assert len(receiver.requests) == 2


def test_ten_minutes_of_silence_lose_nothing() -> None:
    """It is asked again at most a minute after the last time, and no more than a few dozen times."""
    slept: list[float] = []
    tries = 0
    for attempt in trying_for(TransientError, 3600.0, slept.append):
        with attempt:
            tries += 1
            if sum(slept) < 600:
                raise TransientError("down")
    assert sum(slept) >= 600
    assert max(slept) <= 60
    assert tries < 60


class Mailbox:
    """Keeps what an SMTP server receives."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        self.mails.append(envelope.content.decode())
        return "250 OK"


@pytest.mark.filterwarnings("ignore")  # apprise's own, which would be errors here
def test_all_else_is_told_by_apprise(receiver: Receiver, tmp_path: Path) -> None:
    """A mail, through a real SMTP server; where it is down that is said without its URL."""
    pytest.importorskip("apprise")
    from aiosmtpd.controller import Controller

    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    config = configuration(tmp_path, receiver)
    file = yaml.safe_load(config.read_text())
    file["notify"] = {"mail": {"kind": "apprise", "url_file": f"{tmp_path}/mail.url", "details": "full"}}
    config.write_text(yaml.safe_dump(file))
    controller.start()
    try:
        url = f"mailto://localhost:{port}?smtp=127.0.0.1&from=box@example.org&to=owner@example.org"
        (tmp_path / "mail.url").touch(0o600)
        (tmp_path / "mail.url").write_text(url)
        assert bootheal("notify", "--test", "--config", config).stdout == "mail (apprise): apprise has delivered it\n"
        with messenger(config) as telling:
            telling.finish(ILL)
            settle(telling)
    finally:
        controller.stop()
    assert len(mailbox.mails) == 2
    assert "NOT healed" in mailbox.mails[1]
    (tmp_path / "mail.url").chmod(0o600)
    (tmp_path / "mail.url").write_text("mailto://canary:canary-pass@localhost:1?smtp=127.0.0.1&to=owner@example.org")
    failed = bootheal("notify", "--test", "--config", config, expect=1)
    assert failed.stdout == "mail (apprise): cannot tell it: apprise did not succeed, and does not say why\n"
    assert "canary" not in failed.stdout + failed.stderr
