"""Texts from the cluster without what could be a password: logs, events and messages are written by others.

Twice: when a text is read (`Redaction()(text)`), so that it can still be understood, and once more when anything is
told (`Redaction().told(text)`), in whatever dress a secret may come out there.
"""

import base64
import re
import threading
import urllib.parse
from collections.abc import Iterator

from bootheal.model.quoted import log_lines, plain

HIDDEN = "***"

# So much of a secret, and more, is hidden wherever it stands; less is told by chance.
PART = 8

# So many lines of logs are known to have been told; what is written down is written within a second or two.
LOGGED = 500

# What others write may be long: each pattern looks at a bounded stretch of it from each place.
_IN_URL = re.compile(r"(?<=://)([^:@/\s]{0,100}):\S{1,500}(?=@)")  # up to the last @: a password may hold one
_VERIFIER = re.compile(r"SCRAM-SHA-256\$[^\s'\"]+|\bmd5[0-9a-f]{32}\b")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")

# NAME=value, "name": "value", name='va lue', --name value; the name only has to end in one of these words, so that what
# stands before them need not be read.
_NAMED = re.compile(
    r"""(?ix)
    ((?:password|passwd|pgpass|pwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?))
    (["']?\s*(?:=>|=|:)\s*|\s+(?=["']))
    ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)
    """
)

# A line of PgBouncer's auth_file: "role" "password", quotes doubled.
_LISTED = re.compile(r'^\s*"(?:[^"]|"")*"\s+"((?:[^"]|"")+)"', re.MULTILINE)


class Redaction:
    """Hides the passwords that this process has read, and what looks like one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: set[str] = set()
        self._known: list[str] = []  # the longest first, so that no rest of it remains; as the dresses
        self._dresses: list[str] = []
        self._parts: set[str] = set()
        self._logged: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def learn(self, secret: str) -> None:
        """Hide this text from now on, wherever it stands; of an auth_file each password in it."""
        if secret in self._read:  # looks read the same Secrets several times a second
            return
        with self._lock:  # of two that are learnt at once neither may be lost
            self._learn(secret)

    def _learn(self, secret: str) -> None:
        fresh = {secret, secret.strip(), *listed(secret)} - {""}
        dresses = {dress for each in fresh for dress in _dresses(each)}
        # Looks on several threads read these: they are replaced, never changed.
        self._known = sorted(fresh.union(self._known), key=len, reverse=True)
        self._dresses = sorted(dresses.union(self._dresses), key=len, reverse=True)
        self._parts = self._parts | {
            dress[at : at + PART] for dress in dresses if "\n" not in dress for at in range(len(dress) - PART + 1)
        }
        self._read = self._read | {secret}  # last: whoever finds it here finds it hidden, too

    def __call__(self, text: str) -> str:
        """Return the text without passwords, and without what a terminal would take for commands."""
        for password in self._known:
            text = text.replace(password, HIDDEN)
        text = _unlikely(text)
        return "".join(character for character in text if character.isprintable() or character == "\n")

    def told(self, text: str) -> str:
        """Return one line that may be told to anybody: no secret, nor a part of one, and nothing that acts."""
        for dress in self._dresses:
            text = text.replace(dress, HIDDEN)
        text = _unmistakable(self._without_parts(text))
        if lines := log_lines(text):
            with self._lock:
                self._logged = tuple(dict.fromkeys((*lines, *self._logged)))[:LOGGED]
        return plain(text)

    def logged(self) -> tuple[str, ...]:
        """Return the lines of logs in what was told lately, as they were told."""
        return self._logged

    def _without_parts(self, text: str) -> str:
        """Hide each stretch of the text that is covered by parts of secrets."""
        kept, at = [], 0
        while at < len(text):
            end = at
            while text[end : end + PART] in self._parts:
                end += 1
            if end == at:
                kept.append(text[at])
                at += 1
            else:
                kept.append(HIDDEN)
                at = end + PART - 1
        return "".join(kept)


def listed(text: str) -> list[str]:
    """Return the passwords of an auth_file of PgBouncer's; none where the text is no such file."""
    return [found.replace('""', '"') for found in _LISTED.findall(text)]


def _unlikely(text: str) -> str:
    """Hide what looks like a password, whoever's it is."""
    return _NAMED.sub(rf"\1\2{HIDDEN}", _unmistakable(text))


def _unmistakable(text: str) -> str:
    """Hide what can be nothing else; a sentence of ours may well name the Secret that is missing."""
    text = _IN_URL.sub(rf"\1:{HIDDEN}", text)
    text = _VERIFIER.sub(HIDDEN, text)
    return _BEARER.sub(rf"\1 {HIDDEN}", text)


def _dresses(secret: str) -> Iterator[str]:
    """Yield the secret as it is, as in a URL, and in base64 behind 0, 1 or 2 other bytes."""
    yield secret
    yield urllib.parse.quote(secret, safe="")
    if len(secret) >= PART:
        raw = secret.encode(errors="surrogatepass")
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + raw).decode()
            # The first and the last group also hold bits of what stands beside it.
            whole = encoded[4 if before else 0 :].rstrip("=")
            yield whole[: len(whole) // 4 * 4]
            yield whole[: len(whole) // 4 * 4].replace("+", "-").replace("/", "_")
