"""Texts from the cluster without what could be a password: logs, events and messages are written by others."""

import re

HIDDEN = "***"

_IN_URL = re.compile(r"(?<=://)([^:@/\s]*):\S+(?=@)")  # up to the last @: a password may hold one
_VERIFIER = re.compile(r"SCRAM-SHA-256\$[^\s'\"]+|\bmd5[0-9a-f]{32}\b")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")

# NAME=value, "name": "value", name='va lue', --name value; the name only has to end in one of these words.
_NAMED = re.compile(
    r"""(?ix)
    (\b[\w.-]*(?:password|passwd|pgpass|pwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?))
    (["']?\s*(?:=>|=|:)\s*|\s+(?=["']))
    ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)
    """
)


class Redaction:
    """Hides the passwords that this process has read, and what looks like one."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, password: str) -> None:
        """Hide this text from now on, wherever it stands."""
        self._known |= {password, password.strip()} - {""}

    def __call__(self, text: str) -> str:
        """Return the text without passwords, and without what a terminal would take for commands."""
        for password in sorted(self._known, key=len, reverse=True):
            text = text.replace(password, HIDDEN)
        text = _IN_URL.sub(rf"\1:{HIDDEN}", text)
        text = _VERIFIER.sub(HIDDEN, text)
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
        text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
        return "".join(character for character in text if character.isprintable() or character == "\n")
