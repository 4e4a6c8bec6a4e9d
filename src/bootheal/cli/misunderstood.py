"""What was typed and cannot be understood, told with what may be meant."""

import argparse
import re
from collections.abc import Collection, Sequence

from bootheal.config.source import suggestion
from bootheal.errors import UsageError
from bootheal.model.quoted import quoted


def insist_on_a_command(words: Sequence[str], commands: Collection[str]) -> None:
    """Raise UsageError where something else stands in its place: argparse then complains of a word that is right."""
    first, *rest = words
    if not first.startswith("-") or first == "-":
        text = f"cannot understand '{quoted(first)}': there is no such command{suggestion(first, commands)}"
        raise UsageError(text, hint="bootheal --help shows them")
    command = next((word for word in rest if word in commands), "")
    if command:
        text = f"cannot understand '{quoted(first)}' before the command"
        raise UsageError(text, hint=f"bootheal {command} --help shows what it understands after it")


def unknown(word: str, options: argparse.Namespace) -> UsageError:
    """Return what is said of a word that the command does not know."""
    near = suggestion(word, re.findall(r"--[-a-z]+", options.usage()))
    hint = " ".join(filter(None, ("bootheal", options.command, "--help shows what it understands")))
    return UsageError(f"cannot understand '{quoted(word)}'{near}", hint=hint)
