"""Texts -> the addresses that they name. Of what else stands in them, such as a password, nothing comes out. Pure."""

import re
from collections.abc import Iterator

from bootheal.model.inventory import Address
from bootheal.model.numbers import port as port_of

_LONGEST = 20_000

# Values may be long words without a space, such as keys in base64: nothing here may look at all of one from each place.
_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9])?(?![A-Za-z0-9])"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*\.?"
# user:password@, which may hold an @ itself: the last one before the path ends it.
_URL = re.compile(
    rf"(?<![A-Za-z])(?P<scheme>[A-Za-z][-+.\w]{{0,40}}(?::[a-z]{{1,20}})?)://(?:[^\s/?#'\"]*@)?(?P<hosts>{_HOST}(?::\d+)?(?:,{_HOST}(?::\d+)?)*)"
)
_GO = re.compile(rf"@tcp\((?P<host>{_HOST}):(?P<port>\d+)\)")
# libpq's and .NET's key=value forms, and what YAML and JSON make of them.
_WORDS = re.compile(
    rf"(?i)(?:^|[\s;'\"{{,])(?:host|server|data source|hostaddr)['\"]?\s*(?:=\s*(?:tcp:)?|:\s+)['\"]?"
    rf"(?P<host>{_HOST})(?:[,:](?P<port>\d+))?"
)
_PORT_WORD = re.compile(r"(?i)(?:^|[\s;])port\s*=\s*'?(\d+)")
# Pgpool and others count what they list: 0:HOST:PORT.
_PLAIN = re.compile(rf"(?:\d:)?(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?(?:/\S*)?")
_PAIR = re.compile(rf"(?<![\w.:/@-])(?P<host>{_HOST}):(?P<port>\d{{2,5}})(?![\w.:-])")
_DEV_TCP = re.compile(rf"/dev/tcp/(?P<host>{_HOST})/(?P<port>\d+)")

# What a URL means where it names no port.
USUAL = {
    "http": 80, "https": 443, "postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "amqp": 5672,
    "amqps": 5671, "mongodb": 27017, "mysql": 3306, "mariadb": 3306, "nats": 4222, "ws": 80, "wss": 443, "kafka": 9092,
}  # fmt: skip


def in_value(text: str) -> tuple[Address, ...]:
    """Return what the value of a setting names: URLs, key=value forms, or a list of hosts with or without ports."""
    text = text.strip()[:_LONGEST]
    return tuple(dict.fromkeys(in_text(text) or tuple(_list(text))))


def in_text(text: str) -> tuple[Address, ...]:
    """Return the addresses that stand in a longer text, such as a file: those that say at least a port or a scheme."""
    text = text[:_LONGEST]
    return tuple(dict.fromkeys([*_urls(text), *_forms(text)]))


def pairs(text: str) -> tuple[Address, ...]:
    """Return each host:port of a text, URLs apart."""
    text = _URL.sub(" ", text[:_LONGEST])
    return tuple(dict.fromkeys(Address(_host(found), port_of(found["port"])) for found in _PAIR.finditer(text)))


def _urls(text: str) -> Iterator[Address]:
    for found in _URL.finditer(text):
        scheme = found["scheme"].lower().rsplit(":", 1)[-1]
        for each in found["hosts"].split(","):
            host, _, port = each.partition(":")
            yield Address(host.rstrip(".").lower(), port_of(port), scheme)


def _forms(text: str) -> Iterator[Address]:
    for pattern in (_GO, _DEV_TCP):
        yield from (Address(_host(found), port_of(found["port"])) for found in pattern.finditer(text))
    beside = _PORT_WORD.search(text)
    for found in _WORDS.finditer(text):
        said = found["port"] or (beside[1] if beside else "")
        yield Address(_host(found), port_of(said))


def _list(text: str) -> Iterator[Address]:
    for word in re.split(r"[,;\s]+", text.strip("[]{}\"'")):
        bare = word.strip("\"'")
        if found := _PLAIN.fullmatch(bare):
            yield Address(_host(found), port_of(found["port"] or ""))


def _host(found: re.Match[str]) -> str:
    return found["host"].rstrip(".").lower()
