"""Texts -> the addresses that they name. Of what else stands in them, such as a password, nothing comes out. Pure."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from bootheal.model import numbers
from bootheal.model.inventory import Address

_LONGEST = 20_000
_NEAR = 500

# As long as DNS has them: whoever writes a ConfigMap may write a word of a megabyte, and shall hold nobody up.
_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9])?(?![A-Za-z0-9])"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,20}}\.?"
# user:password@, which may hold an @ itself: the last one before the path ends it.
_URL = re.compile(
    rf"(?<![-+.\w])(?P<scheme>[A-Za-z][-+.\w]{{0,40}}(?::[a-z]{{1,40}})?)://(?:[^\s/?#'\"]{{0,1000}}@)?"
    rf"(?P<hosts>{_HOST}(?::\d{{1,6}})?(?:,{_HOST}(?!:/|\+)(?::\d{{1,6}})?){{0,30}})"
)
_GO = re.compile(rf"@tcp\((?P<host>{_HOST}):(?P<port>\d{{1,6}})\)")
# libpq's and .NET's key=value forms, what YAML and JSON make of them, and an application's own: db_host, redis.host.
_KINDS = (
    "db|database|sql|postgres|postgresql|pg|mysql|mariadb|redis|valkey|cache|broker|rabbitmq|amqp|mongo|mongodb|"
    "memcached|memcache|elasticsearch|opensearch|search|nats|kafka"
)
# PHP names its driver before the first of them: pgsql:host=db;dbname=shop.
_DRIVERS = "pgsql|mysql|sqlsrv|dblib|odbc"
_WORDS = re.compile(
    rf"(?i)(?:^|[\s;'\"{{,]|(?<!\w)(?:{_DRIVERS}):)(?:[\w-]{{1,40}}\.){{0,6}}(?:(?:{_KINDS})[-_]?)?"
    rf"(?:host|server|data source|hostaddr|backend_hostname\d*)"
    rf"['\"]?\s{{0,100}}(?:=\s{{0,100}}(?:tcp:)?|:\s{{1,100}})['\"]?"
    rf"(?P<host>{_HOST})(?:[,:](?P<port>\d{{1,6}}))?"
)
# Words that may be anything's address: one of a server has its port beside it.
_ADDRESSES = re.compile(
    rf"(?i)(?:^|[\s;'\"{{,])(?:[\w.-]{{1,60}}[-_.])?(?:address|addr|hostname)['\"]?\s{{0,100}}(?:=\s{{0,100}}|:\s{{1,100}})"
    rf"['\"]?(?P<host>{_HOST})"
)
# What DNS is asked for where a port is looked up by its name: _http._tcp.SERVICE.NAMESPACE.svc.
_SRV = re.compile(rf"(?<![\w.])_[-\w]{{1,60}}\._(?:tcp|udp)\.(?P<host>{_HOST})")
# HOST and PORT as lists have them, [["postgres", 5432, "primary"]]; as elements of XML; as Odyssey's two lines.
_LISTED = re.compile(rf"[\[(]\s*['\"](?P<host>{_HOST})['\"]\s*,\s*(?P<port>\d{{2,5}})\s*[,\])]")
_ELEMENTS = re.compile(rf"<host>(?P<host>{_HOST})</host>\s{{0,100}}<port>(?P<port>\d{{2,5}})</port>")
_BESIDE = re.compile(rf"(?m)^[ \t]*host[ \t]+['\"](?P<host>{_HOST})['\"]\s{{1,100}}port[ \t]+(?P<port>\d{{2,5}})\b")
# What is filled in when the file is made: <%= … %>, {{ … }}, ${…}. It may stand for a password, and holds anything.
_TEMPLATED = re.compile(r"<%[^%\n]{0,200}%>|\{\{[^{}\n]{0,200}\}\}|\$\{[^{}\s]{0,100}\}")
_FILLED_IN = "\0"
# A port on the same line or the one below, with no other key between them: host: "db", port: 5432.
_PORT_BESIDE = re.compile(
    r"(?i)['\"]?[,;]?\s{0,100}['\"]?(?:[\w.-]{1,60}[-_.])?port\d{0,3}['\"]?\s{0,20}[:=]\s{0,20}['\"]?(\d{2,5})\b"
)
_PORT_WORD = re.compile(r"(?i)(?:^|[\s;])port\s{0,100}=\s{0,100}'?(\d{1,6})")
# Pgpool and others count what they list: 0:HOST:PORT.
_PLAIN = re.compile(rf"(?:\d:)?(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?(?:/\S*)?")
_PAIR = re.compile(rf"(?<![\w.:/@-])(?P<host>{_HOST}):(?P<port>\d{{2,5}})(?![\w.:-])")
_DEV_TCP = re.compile(rf"/dev/tcp/(?P<host>{_HOST})/(?P<port>\d{{1,6}})")

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
    text = _TEMPLATED.sub(_FILLED_IN, text[:_LONGEST])
    return tuple(dict.fromkeys([*_urls(text), *_forms(text)]))


def pairs(text: str) -> tuple[Address, ...]:
    """Return each host:port of a text, URLs apart."""
    text = _URL.sub(" ", text[:_LONGEST])
    return tuple(dict.fromkeys(Address(_host(found), port_number(found["port"])) for found in _PAIR.finditer(text)))


def _urls(text: str) -> Iterator[Address]:
    for found in _URL.finditer(text):
        scheme = found["scheme"].lower().rsplit(":", 1)[-1]
        for each in found["hosts"].split(","):
            host, _, port = each.partition(":")
            yield Address(host.rstrip(".").lower(), port_number(port), scheme)


def _forms(text: str) -> Iterator[Address]:
    for pattern in (_GO, _DEV_TCP, _LISTED, _ELEMENTS, _BESIDE):
        yield from (Address(_host(found), port_number(found["port"])) for found in pattern.finditer(text))
    yield from (Address(_host(found)) for found in _SRV.finditer(text))
    for found in _ADDRESSES.finditer(text):
        if beside := _PORT_BESIDE.match(text, found.end()):
            yield Address(_host(found), port_number(beside[1]))
    words = tuple(_WORDS.finditer(text))
    for found, after in zip_longest(words, words[1:]):
        end = after.start() if after else len(text)
        yield Address(_host(found), port_number(found["port"] or _port_of(text, found, end)))


def _port_of(text: str, found: re.Match[str], end: int) -> str:
    """Return the port that is said of a host: beside it, on its line, or below, before the next host or section."""
    if beside := _PORT_BESIDE.match(text, found.end()):
        return beside[1]
    at = found.start("host")
    before = text[max(0, at - _NEAR) : at].rpartition("\n")[2]
    after = text[at : at + _NEAR].partition("\n")[0]
    below = text[found.end() : min(end, at + _NEAR)].partition("\n[")[0]
    port = _PORT_WORD.search(before + after) or _PORT_WORD.search(below)
    return port[1] if port else ""


def _list(text: str) -> Iterator[Address]:
    for word in re.split(r"[,;\s]+", text.strip("[]{}\"'")):
        bare = word.strip("\"'")
        if found := _PLAIN.fullmatch(bare):
            yield Address(_host(found), port_number(found["port"] or ""))


def port_number(text: str) -> int:
    """Return the port that a text is, 0 where it is none."""
    return numbers.port(text)


def _host(found: re.Match[str]) -> str:
    return found["host"].rstrip(".").lower()
