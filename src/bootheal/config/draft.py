"""Findings -> the text of a configuration, each line with its evidence. The same findings give the same text. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from bootheal.config import names
from bootheal.discovery.findings import (
    Edge,
    Findings,
    Found,
    FoundDatabase,
    FoundLogin,
    FoundPooler,
    FoundServer,
    FoundWorkload,
    Known,
)
from bootheal.model.quoted import quoted
from bootheal.probes import Exec, Http, Probe, Tcp

FoundT = TypeVar("FoundT", bound=Found)

_HEAD = """\
# What bootheal brings back after a reboot, as `bootheal init` has found it in the cluster. Each comment says by what
# something is known; what is commented out was not sure enough: read it, and take it in where it is right.
# No secret is in here. man bootheal.yaml tells of every key, `bootheal check` whether all of it is right.
"""
_WIDTH = 56
_LONGEST_COMMENT, _LONGEST_LINE = 160, 500

# What YAML 1.1 and 1.2 read alike, as a text.
_PLAIN = re.compile(r"[A-Za-z/_][-A-Za-z0-9_./]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def draft(found: Findings, cluster: Mapping[str, str], *, state_directory: str = "") -> str:
    """Return the text; `cluster` is what the section of that name holds, in its order.

    `state_directory`: where what is remembered shall be kept, if not at the usual place.
    """
    sections = [
        _cluster(cluster),
        [f"state_directory: {value(state_directory)}"] if state_directory else [],
        _registry(found),
        _cleanup(found),
        _section("databases", found.databases, _database),
        _section("poolers", found.poolers, _pooler),
        _section("dependencies", found.servers, _server),
        _section("workloads", found.workloads, _workload),
        _section("hooks", found.hooks, _hook),
        _remarks(found),
    ]
    return _HEAD + "".join("\n" + "".join(f"{line}\n" for line in section) for section in sections if section)


def value(text: str) -> str:
    """Return a text as YAML has it within {…} or [...]."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else _literal(text)


def _literal(text: str) -> str:
    """Return a text in quotes. JSON is not all of it: YAML wants DEL escaped, and a character in one piece."""
    return '"' + "".join(json.dumps(each)[1:-1] if each < "\x7f" else _escaped(each) for each in text) + '"'


def _escaped(character: str) -> str:
    """Return any other character; half of one is none, and what the API server would have made of it."""
    if "\ud800" <= character <= "\udfff":
        return "\\ufffd"
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"


def _line(text: str, comment: str = "") -> str:
    if not comment:
        return text
    return f"{text:<{_WIDTH}}  # {quoted(comment, _LONGEST_COMMENT)}"


def _flow(pairs: Iterable[tuple[str, object]]) -> str:
    return "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"


def _cluster(cluster: Mapping[str, str]) -> list[str]:
    return ["cluster:", *(f"  {key}: {value(text)}" for key, text in cluster.items())]


def _registry(found: Findings) -> list[str]:
    lines = []
    for index, (name, port) in enumerate(found.registries):
        mark = "# " if index else ""
        lines += [
            f"{mark}registry:",
            _line(f"{mark}  url: http://127.0.0.1:{port}", f"container {name} publishes that port"),
        ]
        lines += [
            f"{mark}  container: {value(name)}",
            f"{mark}  # start: when-down                    # it is started where it is stopped",
        ]
    return lines


def _cleanup(found: Findings) -> list[str]:
    namespaces = sorted(
        {each.namespace for each in (*found.databases, *found.poolers, *found.servers, *found.workloads)}
    )
    if not namespaces:
        return []
    return ["cleanup:", f"  namespaces: [{', '.join(map(value, namespaces))}]"]


def _section(name: str, found: Sequence[FoundT], lines: Callable[[FoundT], Iterator[str]]) -> list[str]:
    if not found:
        return []
    result = [f"{name}:"]
    part = ""
    for each in found:
        if isinstance(each, FoundWorkload) and each.part_of != part:
            part = each.part_of
            result += [f"  # part of {quoted(part, 100)}"] if part else []
        result += [f"  # {quoted(note)}" for note in each.notes]
        result += [f"  {line}" for line in lines(each)]
    return result


def _place(found: FoundDatabase | FoundServer) -> Iterator[str]:
    yield f"  namespace: {value(found.namespace)}"
    if found.service:
        yield f"  service: {value(found.service)}"
    if found.selector:
        yield f"  selector: {_flow((value(key), _literal(each)) for key, each in sorted(found.selector.items()))}"


def _database(found: FoundDatabase) -> Iterator[str]:
    yield _line(f"{value(found.name)}:", found.told)
    yield from _place(found)
    if found.port:
        yield f"  port: {found.port}"
    yield _line(f"  dbname: {value(found.dbname)}", found.dbname_told)
    if found.admin:
        yield _line(f"  admin: {_login(found.admin)}", found.admin.told)
    if found.client:
        yield _line(f"  client: {_login(found.client)}", found.client.told)
    if found.backup:
        yield _line(f"  backup: {_flow([('cronjob', value(found.backup))])}", "it makes a dump of this database")
    yield '  # checks: [{name: rows kept, sql: "select count(*) from …", at_least: 1}]   # is the data still there?'


def _login(found: FoundLogin) -> str:
    pairs: list[tuple[str, object]] = [("secret", value(found.secret))]
    if found.url_key:
        return _flow([*pairs, ("url_key", value(found.url_key))])
    pairs += (
        [("user", value(found.user))]
        if found.user
        else [("user_key", value(found.user_key))] * (found.user_key != "username")
    )
    pairs += [("password_key", value(found.password_key))] * (found.password_key != "password")  # noqa: S105 - a key's name
    return _flow(pairs)


def _pooler(found: FoundPooler) -> Iterator[str]:
    yield _line(f"{value(found.name)}:", found.told)
    yield f"  database: {value(found.database)}"
    yield f"  namespace: {value(found.namespace)}"
    yield f"  deployment: {value(found.deployment.name)}"
    yield f"  service: {value(found.service)}"
    if found.port:
        yield f"  port: {found.port}"
    if found.dbname:
        yield f"  dbname: {value(found.dbname)}"
    if found.credential:
        yield _line(f"  credential: {_login(found.credential)}", found.credential.told)
    elif found.certified:
        yield "  # no credential: it logs in to PostgreSQL by a certificate"
    else:
        listed = f" ({quoted(found.listed, 100)})" if found.listed else ""
        yield f"  # no credential: it logs in to PostgreSQL with what its auth_file has for its clients{listed}"
    if found.client:
        yield _line(f"  client: {_login(found.client)}", found.client.told)
    if found.md5:
        yield _line("  # auth: md5", f"{found.md5}: only if its auth_file holds plain passwords")
    if found.auth_file:
        secret, key = found.auth_file
        pairs = [("secret", value(secret)), ("key", value(key))]
        pairs += [("path", value(found.auth_path))] if found.auth_path else []
        yield _line(f"  auth_file: {_flow(pairs)}", "its container refers to it")


def _server(found: FoundServer) -> Iterator[str]:
    yield _line(f"{value(found.name)}:", found.told)
    yield from _place(found)
    yield f"  probe: {probe(found.probe)}"
    yield from _after(found)


def _workload(found: FoundWorkload) -> Iterator[str]:
    lines = [*_after(found)]
    if found.probe:
        lines.append(_line(f"  probe: {probe(found.probe)}", found.told))
    if found.front:
        lines.append(_line(f"  # probe: {{url: {value(found.front[0])}}}", f"what users see: {found.front[1]}"))
    if not any(not line.lstrip().startswith("#") for line in lines):
        yield _line(f"{value(found.name)}: {{}}", "" if found.probe else found.told)
    else:
        yield f"{value(found.name)}:"
    yield from lines


def _hook(found: Found) -> Iterator[str]:
    yield f"{value(found.name)}:"
    yield f"  reconcile: {value(found.told)}"
    yield from _after(found)


def _after(found: Found) -> Iterator[str]:
    sure = [edge for edge in found.edges if edge.known is not Known.GUESSED]
    if len(sure) == len(found.edges) == 1 and not found.cut:
        yield _line(f"  after: [{value(sure[0].to)}]", sure[0].told)
        return
    if sure:
        yield "  after:"
    yield from (_line(f"    - {value(edge.to)}", edge.told) for edge in sure)
    unsure = [edge for edge in found.edges if edge.known is Known.GUESSED]
    yield from (_line(f"    # - {value(edge.to)}", f"not sure: {edge.told}") for edge in unsure)
    yield from (
        _line(f"    # - {value(edge.to)}", f"cut, else it would be a circle: {edge.told}") for edge in found.cut
    )


def probe(asked: Probe) -> str:
    """Return a probe as the file has it."""
    match asked:
        case Http():
            return _flow([("http", value(asked.path)), ("port", asked.port)])
        case Tcp():
            pairs: list[tuple[str, object]] = [("port", asked.port)]
            pairs += [("send", _literal(asked.send))] if asked.send else []
            return _flow([*pairs, *([("expect", value(asked.expect))] if asked.expect else [])])
        case Exec():
            pairs = [("exec", f"[{', '.join(map(value, asked.command))}]")]
            pairs += [("container", value(asked.container))] if asked.container else []
            return _flow([*pairs, *([("expect", value(asked.expect))] if asked.expect else [])])
        case _:
            raise AssertionError(f"nothing finds a probe like {asked!r}")


def _remarks(found: Findings) -> list[str]:
    lines = [f"# cut, since it would be a circle: {quoted(cut, _LONGEST_COMMENT)}" for cut in found.cuts]
    return [*lines, *(f"# left out: {quoted(left, _LONGEST_COMMENT)}" for left in found.left_out)]


def summary(found: Findings) -> Iterator[str]:
    """Say in a few lines what was found, guessed and left out."""
    return (quoted(line, _LONGEST_LINE) for line in _summary(found))


def _summary(found: Findings) -> Iterator[str]:
    counts = [
        (len(found.databases), "database", "databases"),
        (len(found.poolers), "pooler", "poolers"),
        (len(found.servers), "other server", "other servers"),
        (len(found.workloads), "workload", "workloads"),
        (len(found.hooks), "hook", "hooks"),
        (len(found.registries), "registry", "registries"),
    ]
    yield "found: " + (
        ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count) or "nothing"
    )
    every: list[tuple[str, Found]] = [
        *((f"{names.DATABASE}{each.name}", each) for each in found.databases),
        *((f"{names.POOLER}{each.name}", each) for each in found.poolers),
        *((f"{names.DEPENDENCY}{each.name}", each) for each in found.servers),
        *((each.name, each) for each in found.workloads),
    ]
    for name, each in every:
        yield from (f"guessed: {name}: {note}" for note in each.notes)
        yield from (f"not sure: {name} after {_told(edge)}" for edge in each.edges if edge.known is Known.GUESSED)
    yield from (f"cut: {cut}" for cut in found.cuts)
    yield from (f"left out: {left}" for left in found.left_out)


def _told(edge: Edge) -> str:
    return f"{edge.to} ({edge.told})"
