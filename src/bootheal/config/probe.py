"""A probe as it is written -> a probe as it is asked; and whether what was written goes together."""

from bootheal.config import schema
from bootheal.config.choice import Kinds, kind, mismatches, url_mismatches
from bootheal.config.login import login
from bootheal.config.source import Path, Source
from bootheal.probes import Exec, Http, Probe, Sql, Tcp, Url

# A TCP connection is what no other word is needed for.
KINDS: Kinds = {
    "http": (frozenset({"port", "status"}), frozenset({"port"})),
    "exec": (frozenset({"container", "expect"}), frozenset()),
    "sql": (frozenset({"port", "dbname", "login", "expect"}), frozenset({"dbname", "login"})),
    "url": (frozenset({"ca", "insecure", "address", "status"}), frozenset()),
    "": (frozenset({"port", "send", "expect"}), frozenset({"port"})),
}


def check(source: Source, path: Path, probe: schema.Probe) -> None:
    """Complain of what does not go together."""
    troubles = [*mismatches(probe, KINDS, "a probe asks one question")]
    if probe.url is not None:
        troubles += url_mismatches(probe.url, ca=bool(probe.ca), insecure=probe.insecure)
    for key, text in troubles:
        source.complain((*path, key) if key else path, text)


def build(probe: schema.Probe, namespace: str) -> Probe:
    """Make the probe; its Secret, if it needs one, is in `namespace`."""
    match kind(probe, KINDS):
        case "http":
            return Http(probe.port or 0, probe.http or "", probe.status or 0)
        case "exec":
            return Exec(tuple(probe.exec or ()), probe.container or "", probe.expect)
        case "sql":
            assert probe.login is not None  # noqa: S101 - `check` has seen to it
            who = login(probe.login, namespace)
            return Sql(probe.sql or "", probe.dbname or "", who, probe.port or 5432, probe.expect)
        case "url":
            return url(probe.url or "", probe)
        case _:
            return Tcp(probe.port or 0, probe.send, probe.expect)


def url(address: str, given: schema.Probe | schema.Hook) -> Url:
    """Make the front door of a probe or a hook."""
    return Url(address, str(given.ca or ""), given.insecure, given.address, given.status or 0)
