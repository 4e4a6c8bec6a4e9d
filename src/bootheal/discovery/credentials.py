"""With what a container logs in: it is followed to the Secret that the container itself names, never guessed. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bootheal.discovery.environment import Setting
from bootheal.discovery.findings import FoundLogin
from bootheal.model.inventory import Box, Source

_PASSWORD = re.compile(r"(?i)(?P<prefix>.*?)(?:PASSWORD|PASSWD|PASS|PWD)(?P<file>_FILE)?")
_USERS = ("USER", "USERNAME", "USER_NAME", "LOGIN", "ROLE")
_NAMES = ("NAME", "DB", "DATABASE", "DBNAME", "DB_NAME", "DATABASE_NAME", "DATABASE_DB", "MAINDB")
_PLACE = re.compile(
    r"(?i)(?P<prefix>.*?)_?(?:HOST(?:NAME|S)?|ADDR(?:ESS)?|SERVER|ENDPOINT|URL|URI|DSN|SERVICE|CONNECTION(?:_?STRING)?)"
)
_POSTGRES = re.compile(r"(?i)PG|POSTGRES|DB|DATABASE|SQL")
_POSTGRES_URL = re.compile(
    r"(?i)\b(?:jdbc:)?(?:postgres|postgresql|pgsql|postgis|psql)(?:\+\w{1,30})?://(?:[^\s/@]{0,1000}@)?[^\s/]{1,1000}/(?P<name>[^\s?#/]{1,100})"
)
_SCHEME = re.compile(r"(?:postgres|postgresql|pgsql|postgis|psql|ecto)(?:\+\w{1,30})?")
_WORD_NAME = re.compile(r"(?i)(?:^|[\s;:])(?:dbname|database|initial catalog)\s{0,100}=\s{0,100}'?([^\s;']{1,100})")
_NAMED = re.compile(r"[\w.-]+")
# Who logs in by a URL or by words, and the variable that stands in the place of the password.
_IN_URL = re.compile(r"://(?P<user>[^\s:/?#@]{1,100})(?::(?:\$\((?P<password>\w{1,100})\)|[^\s/?#]{0,1000}))?@")
_WORD_USER = re.compile(r"(?i)(?:^|[\s;:])(?:user|user ?name|user id|uid)\s{0,20}=\s{0,20}'?(?P<user>[^\s;']{1,100})")
_WORD_PASSWORD = re.compile(r"(?i)(?:^|[\s;:])(?:password|pwd)\s{0,20}=\s{0,20}'?\$\((?P<password>\w{1,100})\)")
_PLAIN_URL = re.compile(r"://[^\s:/?#@]{0,100}:(?!\$[({])[^\s/?#@]{1,1000}@")
_PLAIN_WORD = re.compile(r"(?i)(?:^|[\s;:])(?:password|pwd)\s{0,20}=\s{0,20}'?(?!\$[({])[^\s;']")
# Whom a login is for that has nothing to do with a database of PostgreSQL's.
_ELSEWHERE = re.compile(
    r"(?i)(?:^|[_.-])(?:RABBIT(?:MQ)?|AMQP|REDIS|VALKEY|MONGO(?:DB)?|MYSQL|MARIADB|MINIO|S3|AWS|SMTP|E?MAIL|MAILER|KAFKA|"
    r"ELASTIC(?:SEARCH)?|OPENSEARCH|CLICKHOUSE|NATS|MQTT|NEO4J|INFLUX(?:DB)?|LDAP|KEYCLOAK|OIDC|OAUTH2?|GRAFANA|ADMIN|"
    r"SUPERUSER|BASIC_?AUTH)(?:$|[_.-])"
)
_REFERRED = re.compile(r"\$\((\w{1,100})\)")


@dataclass(frozen=True, slots=True)
class Pair:
    """A password's variable with the user's beside it, and what both begin with."""

    prefix: str
    password: Setting
    user: Setting | None


def pairs(known: Mapping[str, Setting], box: Box) -> tuple[Pair, ...]:
    """Return every user and password that a container is told, by the names of their variables."""
    by_name = {name.upper(): setting for name, setting in known.items()}
    return tuple(_pairs(by_name, box))


def _pairs(known: Mapping[str, Setting], box: Box) -> Iterator[Pair]:
    for name, setting in known.items():
        if not (found := _PASSWORD.fullmatch(name)):
            continue
        prefix = found["prefix"]
        password = in_file(setting, box) if found["file"] else setting
        users = (known.get(f"{prefix}{word}") for word in _USERS)
        files = (known.get(f"{prefix}{word}_FILE") for word in _USERS)
        user = next((each for each in users if each), None)
        user = user or next((in_file(each, box) for each in files if each), None)
        if password:
            yield Pair(prefix, password, user)


def in_file(setting: Setting, box: Box) -> Setting | None:
    """Return what the file holds whose path a setting is, as far as that is a key of a mounted Secret."""
    for mounted in box.mounts:
        source = mounted.source
        if setting.value == mounted.path and source.key:
            return Setting(setting.name, "", source)
        directory = f"{mounted.path.rstrip('/')}/"
        if (
            not source.key
            and setting.value.startswith(directory)
            and "/" not in (key := setting.value[len(directory) :])
        ):
            return Setting(setting.name, "", Source(source.kind, source.name, key))
    return None


def login(password: Setting, user: Setting | None, otherwise: str = "") -> FoundLogin | None:
    """Return where user and password are; None where that is not one Secret, or no user can be told.

    `otherwise`: the user where the container is told none.
    """
    secret = password.secret
    if secret is None:
        return None
    told = f"{password.name} is key {secret.key} of secret/{secret.name}"
    if user is None:
        return FoundLogin(secret.name, told, "", secret.key, "", otherwise) if otherwise else None
    if user.secret is None:
        name = user.value or otherwise
        return FoundLogin(secret.name, told, "", secret.key, "", name) if name else None
    if user.secret.name == secret.name:
        return FoundLogin(secret.name, told, user.secret.key, secret.key)
    return FoundLogin(secret.name, told, "", secret.key, "", otherwise) if otherwise else None


def of_pair(pair: Pair, otherwise: str = "") -> FoundLogin | None:
    """Return where a pair is kept."""
    return login(pair.password, pair.user, otherwise)


def of_url(setting: Setting) -> FoundLogin | None:
    """Return where a URL with user and password is kept, None where the setting is not one of a Secret."""
    if setting.secret is None or not any(each.scheme for each in setting.found):
        return None
    told = f"{setting.name} is key {setting.secret.key} of secret/{setting.secret.name}"
    return FoundLogin(setting.secret.name, told, url_key=setting.secret.key)


def for_place(place: Setting, known: Mapping[str, Setting], box: Box) -> FoundLogin | None:
    """Return with what a container logs in where `place` leads: by names that begin alike, else the only ones."""
    if found := of_url(place):
        return found
    user = _user_in(place, known)
    if user and (password := _password_in(place, known)) and (found := login(password, user)):
        return found
    if _has_password(place):
        return None
    every = tuple(replace(pair, user=pair.user or user) for pair in pairs(known, box))
    prefix = prefix_of(place.name)
    alike = [pair for pair in every if pair.prefix.strip("_.") == prefix]
    likely = [pair for pair in every if _POSTGRES.search(pair.prefix)]
    others = [pair for pair in every if not _ELSEWHERE.search(pair.prefix)]
    # Whose password stands in the manifest does not log in with what is meant for something else.
    if group := alike or likely or others:
        logins = {each.place: each for pair in group if (each := of_pair(pair))}
        return next(iter(logins.values())) if len(logins) == 1 else None
    likely_urls = (each for each in known.values() if any(_SCHEME.fullmatch(found.scheme) for found in each.found))
    urls = {each.place: each for setting in likely_urls if (each := of_url(setting))}
    return next(iter(urls.values())) if len(urls) == 1 else None


def _has_password(place: Setting) -> bool:
    """Whether a URL or a list of words that stands in the manifest has a password of its own."""
    return not place.secret and bool(_PLAIN_URL.search(place.value) or _PLAIN_WORD.search(place.value))


def _user_in(place: Setting, known: Mapping[str, Setting]) -> Setting | None:
    """Return the user that a URL or a list of words names, or the variable that it has it from.

    None where something else, such as a shell, fills it in, and where its characters are escaped.
    """
    found = _IN_URL.search(place.value) or _WORD_USER.search(place.value) if not place.secret else None
    if not found:
        return None
    referred = _REFERRED.fullmatch(found["user"])
    if referred:
        return known.get(referred[1])
    return Setting(place.name, found["user"]) if _NAMED.fullmatch(found["user"]) else None


def _password_in(place: Setting, known: Mapping[str, Setting]) -> Setting | None:
    """Return the variable that stands in the place of the password."""
    found = _IN_URL.search(place.value)
    if not (found and found["password"]):
        found = _WORD_PASSWORD.search(place.value)
    return known.get(found["password"]) if found else None


def prefix_of(name: str) -> str:
    """Return what the variables of one login begin with: DATABASE for DATABASE_HOST, PG for PGHOST."""
    found = _PLACE.fullmatch(name)
    return found["prefix"].upper().strip("_.") if found else name.upper()


def database_name(place: Setting, known: Mapping[str, Setting]) -> str:
    """Return the database that a container asks for, "" where that is not said, or only in a Secret."""
    if not place.secret and (found := _POSTGRES_URL.search(place.value) or _WORD_NAME.search(place.value)):
        name = found.group(found.lastindex or 1)
        if _NAMED.fullmatch(name):  # $(NAME) and the like are filled in with what nobody but a Secret tells
            return name
    by_name = {name.upper(): setting for name, setting in known.items()}
    prefix = prefix_of(place.name)
    for begin in dict.fromkeys((f"{prefix}_", f"{prefix}__", prefix, "PG", "POSTGRES_", "DB_", "DATABASE_")):
        for word in _NAMES:
            if (setting := by_name.get(f"{begin}{word}")) and (name := name_in(setting)):
                return name
    return ""


def name_in(setting: Setting) -> str:
    """Return the name that a variable's value is, "" where it is more than that, or a secret."""
    return setting.value if not setting.secret and _NAMED.fullmatch(setting.value) else ""


def most(texts: Iterable[str]) -> str:
    """Return the text that occurs most often, of several the first in the alphabet; "" of none."""
    counted: dict[str, int] = {}
    for text in texts:
        if text:
            counted[text] = counted.get(text, 0) + 1
    return min(counted, key=lambda text: (-counted[text], text), default="")
