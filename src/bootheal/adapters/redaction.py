"""Texts from the cluster without what could be a password: logs, events and messages are written by others.

Twice: when a text is read (`Redaction()(text)`), so that it can still be understood, and once more when anything is
told (`Redaction().told(text)`), in whatever dress a secret may come out there.
"""

import base64
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from bootheal.model.quoted import log_lines, plain, visible

HIDDEN = "***"

# So much of a secret, and more, is hidden wherever it stands; less is told by chance.
PART = 8

# What is shorter stands in every line.
SHORTEST = 4

# Passwords that people do take, and words of what is said here all the time.
EVERYDAY = frozenset(
    [
        "admin",
        "app",
        "application",
        "client",
        "cluster",
        "connection",
        "container",
        "database",
        "default",
        "deployment",
        "error",
        "failed",
        "guest",
        "healthy",
        "kubernetes",
        "login",
        "master",
        "namespace",
        "node",
        "password",
        "pgbouncer",
        "pooler",
        "postgres",
        "postgresql",
        "primary",
        "ready",
        "redis",
        "replica",
        "restart",
        "role",
        "root",
        "running",
        "secret",
        "server",
        "service",
        "start",
        "system",
        "test",
        "user",
        "workload",
    ]
)

_NOWHERE = re.compile(r"(?!)")

# Of a longer secret only so much is known in parts, and of all of them together only so many; the rest is hidden where
# it stands whole. A Secret, or a variable of any pod, may have a MiB: its parts took 600 MB, and all of us 13 seconds.
LONGEST_IN_PARTS, MOST_PARTS = 4_096, 1_000_000

# So many secrets are known for as long as we live; of more, those that were read of late: some are made anew each hour.
# How many a cluster has is no reason to forget one: of each private key every line is one.
MOST_KNOWN, KNOWN_SECONDS = 400, 3600.0

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
_LISTED = re.compile(r'^[^\S\n]*"(?:[^"\n]|"")*"[^\S\n]+"((?:[^"\n]|"")+)"', re.MULTILINE)


class Redaction:
    """Hides the passwords that this process has read, and what looks like one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._read: dict[tuple[str, tuple[str, ...]], float] = {}  # when, of each with its names
        self._dresses: list[str] = []  # the longest first, so that no rest of it remains
        self._parts: set[str] = set()
        self._words: list[str] = []
        self._alone = self._marked = _NOWHERE
        self._logged: tuple[str, ...] = ()

    def learn(self, secret: str, *names: str) -> None:
        """Hide this text from now on, wherever it stands; of an auth_file each password in it.

        What is a word like any other, or part of one of these `names` that all may read, is hidden where it stands
        for itself: a report without the letter "a" is none, and shows what the password is.
        """
        self.learn_all([secret], *names)

    def learn_all(self, secrets: Iterable[str], *names: str) -> None:
        """Hide each of these texts, likewise: many together take little more time than one."""
        with self._lock:  # of two that are learnt at once neither may be lost
            now = self._clock()
            read = {(secret, names): now for secret in secrets}
            if fresh := read.keys() - self._read.keys():  # looks read the same Secrets several times a second
                self._learn(fresh)
            self._read |= read
            if len(self._read) > MOST_KNOWN:
                self._forget(now - KNOWN_SECONDS)

    def _forget(self, since: float) -> None:
        """Know only what was read since then; who still uses another one reads it again before he does."""
        kept = {each: at for each, at in self._read.items() if at >= since}
        if len(kept) == len(self._read):
            return
        known = Redaction()
        known._learn(kept)
        self._dresses, self._parts, self._words = known._dresses, known._parts, known._words
        self._alone, self._marked, self._read = known._alone, known._marked, kept

    def _learn(self, read: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        words, every, in_parts = set(self._words), set(self._dresses), set[str]()
        for secret, names in read:
            fresh = {secret, secret.strip(), *listed(secret)} - {""}
            ours = {each for each in fresh if _is_word(each, names)}
            whole = {secret, secret.strip()} if listed(secret) else set()  # a file: its lines look like any other's
            words |= ours
            for each in fresh - ours:
                dresses = {each} if _VERIFIER.fullmatch(each) else {*_dresses(each)}  # nobody dresses up a verifier
                every |= {_hex(each), *dresses}
                in_parts |= dresses if each not in whole else set()
        # Looks on several threads read these: they are replaced, never changed.
        self._dresses = sorted(every, key=len, reverse=True)
        room = max(0, MOST_PARTS - len(self._parts))
        self._parts = self._parts.union(islice(chain.from_iterable(map(_parts, sorted(in_parts))), room))
        self._words = sorted(words, key=len, reverse=True)
        self._alone, self._marked = _patterns(self._words)

    def __call__(self, text: str) -> str:
        """Return the text without passwords, and without what a terminal would take for commands."""
        text = self._without_words(_unlikely(self._without_dresses(text)))
        return "".join(character for character in text if character.isprintable() or character == "\n")

    def told(self, text: str) -> str:
        """Return one line that may be told to anybody: no secret, nor a part of one, and nothing that acts."""
        text = self._without_words(_unmistakable(self._without_parts(self._without_dresses(text))))
        if lines := log_lines(text):
            with self._lock:
                self._logged = tuple(dict.fromkeys((*lines, *self._logged)))[:LOGGED]
        return plain(text)

    def logged(self) -> tuple[str, ...]:
        """Return the lines of logs in what was told lately, as they were told."""
        return self._logged

    def _without_dresses(self, text: str) -> str:
        for dress in self._dresses:
            text = text.replace(dress, HIDDEN)
        return text

    def _without_words(self, text: str) -> str:
        return self._marked.sub(HIDDEN, self._alone.sub(HIDDEN, text)) if self._words else text

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


def _parts(dress: str) -> Iterator[str]:
    """Yield each part of it, of one that is very long those of its beginning."""
    return (dress[at : at + PART] for at in range(min(len(dress), LONGEST_IN_PARTS) - PART + 1))


def _is_word(secret: str, names: tuple[str, ...]) -> bool:
    """Tell whether a secret is a word that stands in many a sentence, or in names, which are no secret."""
    short = len(secret) < PART and (len(secret) < SHORTEST or secret.isalpha() or secret.isdecimal())
    return short or secret.lower() in EVERYDAY or any(secret in name for name in names)


def _patterns(words: list[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds words that stand alone, and those that must be marked: in quotes, behind a "="."""
    marked = [word for word in words if len(word) < SHORTEST or word.lower() in EVERYDAY]
    alone = [word for word in words if word not in marked]
    return _either(r"(?<![\w/.-])", alone, r"(?![\w/-]|\.\w)"), _either(
        r"(?<=[\"'`=])", marked, r"(?=[\"'`\s,;&)\]}]|$)(?![\"'`]\s*:)"
    )


def _either(before: str, words: list[str], after: str) -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, words))}){after}") if words else _NOWHERE


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


def _hex(secret: str) -> str:
    """Return it as PostgreSQL shows bytes; of a short one that is a number like any other."""
    return secret.encode(errors="surrogatepass").hex() if len(secret) >= PART else secret


def _dresses(secret: str) -> Iterator[str]:
    """Yield the secret as it is, as it is quoted, as in a URL, and in base64 behind 0, 1 or 2 other bytes."""
    yield secret
    yield visible(secret)
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    for quote in "'\"":
        yield secret.replace(quote, quote * 2)
    yield urllib.parse.quote(secret, safe="", errors="surrogatepass")
    yield urllib.parse.quote_plus(secret, errors="surrogatepass")
    if len(secret) >= PART:
        raw = secret.encode(errors="surrogatepass")
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + raw).decode()
            # The first and the last group also hold bits of what stands beside it.
            whole = encoded[4 if before else 0 :].rstrip("=")
            yield whole[: len(whole) // 4 * 4]
            yield whole[: len(whole) // 4 * 4].replace("+", "-").replace("/", "_")
