"""Passwords that somebody has typed into the file: they are not repeated, and it is said where they belong."""

import re

from bootheal.config.document import KeyPath
from bootheal.model.quoted import quoted

ELSEWHERE = "put it in a Secret of Kubernetes, and name that by `secret:`"
IN_URL = (
    "cannot hold a user or a password: passwords belong in Secrets of Kubernetes, which `secret:` names; "
    "a URL can prove a door by a path that asks for none, or by `status: 401`"
)

_LONGEST_SHOWN = 100

# Keys that exist and name where a password is: who types it there instead must not find it in the journal.
_NAMES_OF_PLACES = {"secret", "password_key"}
_KEYS = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|pwd|token|api_?key)s?\Z")

# A user before a host, where web addresses stand; elsewhere, such as in ssh://git@host, only with a password.
_USER = re.compile(r"://[^\s/?#@]*@")
_PASSWORD = re.compile(r"://[^\s/?#@:]*:[^\s/?#]*@")
_WEB = re.compile(r"(?i)https?\Z")
_LIKELY = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|pwd|token)\s*[=:]|bearer\s")


def is_for_one(key: str) -> bool:
    """Whether a key that is not known asks for a password: its name ends so."""
    return _KEYS.search(key) is not None


def in_url(text: str) -> bool:
    """Whether there is a URL in the text with a password in it, or, on the web, with a user."""
    if _PASSWORD.search(text):
        return True
    return any(_WEB.search(text, max(0, found.start() - 5), found.start()) for found in _USER.finditer(text))


def shown(path: KeyPath, value: object) -> str:
    """Return a value as messages may have it, "" where it may be a password."""
    if any(part in _NAMES_OF_PLACES for part in path[-1:]) or any(is_for_one(str(part)) for part in path):
        return ""
    match value:
        case dict() | list():
            return "a mapping" if isinstance(value, dict) else "a list"
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return "" if may_hold_one(value) else f"'{quoted(value, _LONGEST_SHOWN)}'"
        case _:
            return quoted(str(value), _LONGEST_SHOWN)


def may_hold_one(text: str) -> bool:
    """Rather once too often: a password in a URL may hold what ends a host elsewhere."""
    return "@" in text.partition("://")[2] or _LIKELY.search(text) is not None
