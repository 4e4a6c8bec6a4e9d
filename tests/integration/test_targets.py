"""`bootheal notify`: what each target says to a test, over real HTTPS, and what is wrong with one that is not told."""

from pathlib import Path

import pytest

from support.command import bootheal
from support.receiver import TOKEN, Receiver, configuration


def test_a_login_in_the_url_goes_into_a_header(receiver: Receiver, tmp_path: Path) -> None:
    """As ntfy wants its access tokens."""
    config = configuration(tmp_path, receiver, "ntfy")
    (tmp_path / "ntfy.url").write_text(receiver.url("/topic", login=":tk_secret@"))
    assert bootheal("notify", "--test", "--config", config).stdout == "ntfy (ntfy): https://localhost says 200\n"
    assert receiver.headers[0]["Authorization"] == "Basic OnRrX3NlY3JldA=="
    assert receiver.messages[0]["message"].endswith(": this is a test of bootheal's notifications")


def test_a_test_says_what_came_back(receiver: Receiver, tmp_path: Path) -> None:
    """Of each, also where one cannot be told; no token is printed."""
    config = configuration(tmp_path, receiver, "webhook", "gotify")
    (tmp_path / "gotify.url").write_text(receiver.url("/message?token=wrong-canary"))
    run = bootheal("notify", "--test", "--config", config, expect=1)
    assert run.stdout.splitlines() == [
        "gotify (gotify): cannot tell https://localhost: it says 401",
        "  is its URL right, with its token?",
        "webhook (webhook): https://localhost says 200",
    ]
    listed = bootheal("notify", "--config", config).stdout
    assert "webhook  webhook, short: foretold, needs-person, not-healed, unwell-again" in listed
    assert TOKEN not in run.stdout + run.stderr + listed


def test_a_token_that_all_may_read_is_warned_of(receiver: Receiver, tmp_path: Path) -> None:
    """By the file's name, with what to do."""
    config = configuration(tmp_path, receiver, "webhook")
    file = tmp_path / "webhook.url"
    file.chmod(0o644)
    said = bootheal("notify", "--test", "--config", config).stdout.splitlines()
    assert said[0] == f"warning: all users may read {file}, which holds a token: chmod o= {file}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot read its URL in {file}: No such file or directory"),
        ("\n", "cannot read its URL in {file}: its first line is empty"),
        ("nonsense", "cannot use its URL: it is something that is not http(s)"),
        ("http://localhost:9/x", "cannot use its URL: it is plain http"),
        ("https://localhost:1/x", "cannot tell https://localhost: connection refused"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(receiver: Receiver, tmp_path: Path, text: str | None, why: str) -> None:
    """By what is wrong with it, never by itself."""
    config = configuration(tmp_path, receiver, "webhook")
    file = tmp_path / "webhook.url"
    file.unlink()
    if text is not None:
        file.touch(0o600)
        file.write_text(text)
    said = bootheal("notify", "--test", "--config", config, expect=1).stdout.splitlines()[0]
    assert said == f"webhook (webhook): {why.format(file=file)}"


def test_a_certificate_that_is_not_trusted_is_refused(receiver: Receiver, tmp_path: Path) -> None:
    """Whatever the URL says."""
    config = configuration(tmp_path, receiver, "webhook")
    config.write_text(config.read_text().replace(f"    ca: {receiver.ca}\n", ""))
    said = bootheal("notify", "--test", "--config", config, expect=1).stdout
    assert "its certificate is not trusted" in said
    assert receiver.requests == []
