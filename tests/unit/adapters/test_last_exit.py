"""How components ended last, and what they called fatal."""

import pytest

from bootheal.adapters import log_signatures
from bootheal.adapters.last_exit import LastExits
from bootheal.cluster.log_excerpt import LONGEST
from bootheal.model import Component, ComponentState

CANARY = "canary-77c1"


def recalled(*components: tuple[ComponentState, str]) -> list[str]:
    """Tell one memory of a component at several moments, and return what it says each time."""
    ends = LastExits()
    return [ends.recall(Component("k3s.service", "k3s", state, why=why)).why for state, why in components]


def test_what_is_started_again_and_again_is_told_in_the_same_words() -> None:
    """While it starts nobody knows how it will end, and another number of a port or a process is no news."""
    falls = ComponentState.RESTARTING
    first = "exit status 1: read tcp 127.0.0.1:40123: reset"
    again = (falls, ""), (falls, "exit status 1"), (falls, first.replace("40123", "51234")), (ComponentState.FAILED, "")
    assert recalled((falls, first), *again) == [first] * 5


def test_another_end_is_news_and_what_runs_has_none() -> None:
    """Also where it falls again later."""
    falls, runs = ComponentState.RESTARTING, ComponentState.RUNNING
    assert recalled((falls, "exit status 1"), (falls, "oom-kill")) == ["exit status 1", "oom-kill"]
    assert recalled((falls, "exit status 1"), (falls, "exit status 1: no such flag"))[-1].endswith("no such flag")
    assert recalled((falls, "exit status 1"), (runs, ""), (falls, "")) == ["exit status 1", "", ""]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            'level=fatal msg="flag provided but not defined: -no-such-flag"',
            "flag provided but not defined: -no-such-flag",
        ),
        (r'level=fatal msg="invalid \"x\"\nin config" error="no such file"', 'invalid "x" in config: no such file'),
        ("level=fatal msg=stopped", "stopped"),
        (
            'level=fatal msg="listen tcp :6443: bind: address already in use"',
            "another process has its port: ss -ltnp shows which",
        ),
        ('level=error msg="something that passes"', ""),
    ],
)
def test_what_k3s_calls_fatal_is_told_and_nothing_else(line: str, words: str) -> None:
    """The latest of it, in our words where we know what it means."""
    lines = ['time="2026-11-21T20:00:00Z" level=fatal msg=earlier'] * bool(words)
    assert words == log_signatures.fatal_words([*lines, f'time="2026-11-21T20:00:05Z" {line}', "Main process exited"])


def test_no_password_is_told_of_it_and_no_novel() -> None:
    """An address of a database has one, and k3s quotes it whole."""
    said = log_signatures.fatal_words([f'level=fatal msg="parse \\"postgres://k3s:{CANARY}@db/k3s\\": no {"x" * 500}"'])
    assert said.startswith('parse "postgres://k3s:***@db/k3s": no xxx')
    assert len(said) == LONGEST
