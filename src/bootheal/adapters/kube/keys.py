"""Which keys of a Secret hold a user and a password, and the two in a URL. Pure."""

from collections.abc import Collection
from urllib.parse import parse_qs, unquote, urlsplit

from bootheal.errors import MissingError
from bootheal.model import Login, Ref
from bootheal.model.quoted import quoted

USERS = (
    "username",
    "user",
    "POSTGRES_USER",
    "DB_USER",
    "PGUSER",
    "DB_USERNAME",
    "POSTGRESQL_USERNAME",
    "POSTGRES_USERNAME",
)
PASSWORDS = ("password", "pass", "POSTGRES_PASSWORD", "DB_PASSWORD", "PGPASSWORD", "DB_PASS", "POSTGRESQL_PASSWORD")
URLS = ("uri", "url", "DATABASE_URL", "jdbc-uri", "database-url", "DATABASE_URI", "DB_URL", "POSTGRES_URL")

_MOST_TOLD = 12


def chosen(login: Login, keys: Collection[str]) -> tuple[str, str, str]:
    """Return the keys of user, password and URL, "" where there is none to take.

    What is declared is taken, else the first usual one that the Secret has. MissingError says what it has instead.
    """
    if login.url_key:
        return "", "", _declared(login.secret, login.url_key, keys)
    password = _declared(login.secret, login.password_key, keys) if login.password_key else _first(PASSWORDS, keys)
    if not password:
        if url := "" if login.user_key else _first(URLS, keys):
            return "", "", url
        raise _none(login.secret, "a password", "password_key", keys)
    if login.user:
        return "", password, ""
    user = _declared(login.secret, login.user_key, keys) if login.user_key else _first(USERS, keys)
    if not user:
        if not login.password_key and (url := _first(URLS, keys)):
            return "", "", url
        raise _none(login.secret, "a user", "user_key, or the user itself by `user`", keys)
    return user, password, ""


def in_url(text: str, where: str) -> tuple[str, str]:
    """Return user and password of a URL, also as JDBC has them; MissingError where it has not both."""
    try:
        parts = urlsplit(text.strip().removeprefix("jdbc:"))
        said = parse_qs(parts.query)
        user = unquote(parts.username or "") or said.get("user", [""])[0]
        password = unquote(parts.password or "") or said.get("password", [""])[0]
    except ValueError:
        user = password = ""
    if not user or not password:
        hint = "it should look like postgres://user:password@host:5432/database; else name user_key and password_key"
        raise MissingError(f"cannot use {where}: it is no URL with a user and a password", hint=hint)
    return user, password


def _first(usual: tuple[str, ...], keys: Collection[str]) -> str:
    return next((key for key in usual if key in keys), "")


def _declared(secret: Ref, key: str, keys: Collection[str]) -> str:
    if key not in keys:
        raise MissingError(f"cannot find key {key} in {secret}: {_told(keys)}", hint=_hint(secret, "the right one"))
    return key


def _none(secret: Ref, what: str, how: str, keys: Collection[str]) -> MissingError:
    return MissingError(f"cannot find {what} in {secret}: {_told(keys)}", hint=f"name its key by {how}")


def _told(keys: Collection[str]) -> str:
    shown = ", ".join(quoted(key, 60) for key in sorted(keys)[:_MOST_TOLD])
    return f"it has {shown}" if shown else "it is empty"


def _hint(secret: Ref, which: str) -> str:
    return (
        f"name {which} in the configuration; kubectl -n {secret.namespace} describe secret {secret.name} lists its keys"
    )
