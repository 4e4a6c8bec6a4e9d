"""Options that mean nothing beside others are refused: or somebody believes that they were obeyed.

`doctor --config A --kubeconfig B` that looked at A would call B well.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from bootheal.errors import UsageError

# What stands without a dash on the command line.
_WORDS = {"boot": "a BOOT", "about": "a namespace or an object"}

_APART = "ask for one after the other"
_ONE_CLUSTER = "the configuration says which cluster is meant: leave out one of them"
_BY_HAND = ("kubeconfig", "context", "name")
_PICTURES = ("html", "svg", "perfetto")


class _Rule(NamedTuple):
    """With `decisive`, or without any of it where `missing`, the `vain` options mean nothing; `hint` is what to do."""

    decisive: tuple[str, ...]
    vain: tuple[str, ...]
    hint: str
    missing: bool = False


_RULES = {
    "run": [_Rule(("once",), ("json", "accept_data"), "see also: bootheal status --json", missing=True)],
    "plan": [_Rule(("json",), ("verbose",), "it is for a person to read")],
    "status": [_Rule(("watch",), ("json",), "a program asks again by itself")],
    "report": [
        _Rule(("list",), ("compare", *_PICTURES, "boot", "number"), _APART),
        _Rule(("compare",), (*_PICTURES, "boot", "number"), _APART),
        _Rule(("json",), _PICTURES, _APART),
        _Rule(("boot",), ("number",), "each of them names a boot"),
    ],
    "check": [_Rule(("schema",), ("offline", "strict"), "it is the same for all files")],
    "preflight": [
        _Rule(("inhibit",), ("every",), "it looks once, and ends", missing=True),
        _Rule(("inhibit",), ("json", "gate"), "what it says is in the journal, and in systemd-inhibit --list"),
        _Rule(("gate",), ("json",), "the verdict is in the JSON, too"),
    ],
    "doctor": [
        _Rule(("list",), ("about", "config", *_BY_HAND), "it lists all causes, and looks at nothing"),
        _Rule(("config",), _BY_HAND, _ONE_CLUSTER),
    ],
    "bundle": [_Rule(("config",), _BY_HAND, _ONE_CLUSTER)],
    "init": [
        _Rule(
            ("diff",),
            ("force", *_BY_HAND, "namespace", "state_directory"),
            "it writes nothing, and compares all that --output names",
        )
    ],
    "rbac": [
        _Rule(("diff", "withdraw"), ("credential",), "it writes one, alone or with --apply"),
        _Rule(("apply", "withdraw", "credential"), ("patience",), "it waits before it changes something", missing=True),
    ],
    "demo": [
        _Rule(("list",), ("scenario", "hidden_faults", "keep", "patroni"), "it lists the scenarios, and ends"),
        _Rule(("hidden_faults",), ("scenario", "keep"), "it has a story of its own"),
    ],
}


def refuse(options: argparse.Namespace) -> None:
    """Raise UsageError where one option, or that it is not there, leaves another without a meaning."""
    given = frozenset(_given(options))
    for rule in _RULES.get(options.command, ()):
        decisive = [name for name in rule.decisive if name in given]
        vain = [name for name in rule.vain if name in given]
        if vain and bool(decisive) != rule.missing:
            beside = " or ".join(map(_shown, decisive or rule.decisive))
            raise UsageError(
                f"cannot use {_shown(vain[0])} {'without' if rule.missing else 'with'} {beside}", hint=rule.hint
            )


def _given(options: argparse.Namespace) -> Iterator[str]:
    """Yield what was said on the command line, as far as it differs from what is meant without it."""
    for name, value in vars(options).items():
        if value not in (None, [], options.default_of(name)):
            yield name


def _shown(name: str) -> str:
    return _WORDS.get(name) or {"number": "-n"}.get(name) or f"--{name.replace('_', '-')}"
