"""A probe as it is written -> a probe as it is asked; and whether what was written goes together."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bootheal.config import schema
from bootheal.config.login import login
from bootheal.config.source import Path, Source
from bootheal.probes import Exec, Http, Probe, Sql, Tcp, Url

# What may, and what must, stand beside each kind. A TCP connection is what no other word is needed for.
BESIDE = {
    "http": {"port", "status"},
    "exec": {"container", "expect"},
    "sql": {"port", "dbname", "login", "expect"},
    "url": {"ca", "insecure", "address", "status"},
    "": {"port", "send", "expect"},
}
NEEDED = {"http": {"port"}, "exec": set[str](), "sql": {"dbname", "login"}, "url": set[str](), "": {"port"}}


def build(probe: schema.Probe, namespace: str) -> Probe:
    """Make the probe; its Secret, if it needs one, is in `namespace`."""
    match _kinds(probe):
        case ["http"]:
            return Http(probe.port or 0, probe.http or "", probe.status or 0)
        case ["exec"]:
            return Exec(tuple(probe.exec or ()), probe.container or "", probe.expect)
        case ["sql"]:
            assert probe.login is not None  # noqa: S101 - `check` has seen to it
            who = login(probe.login, namespace)
            return Sql(probe.sql or "", probe.dbname or "", who, probe.port or 5432, probe.expect)
        case ["url"]:
            ca = str(probe.ca) if probe.ca else ""
            return Url(probe.url or "", ca, probe.insecure, probe.address, probe.status or 0)
        case _:
            return Tcp(probe.port or 0, probe.send, probe.expect)


def check(source: Source, path: Path, probe: schema.Probe) -> None:
    """Complain of what does not go together."""
    for key, text in _troubles(probe):
        source.complain((*path, key) if key else path, text)


def _troubles(probe: schema.Probe) -> Iterator[tuple[str, str]]:
    """Yield what does not go together, as key ("" for the probe as a whole) and sentence."""
    kinds = _kinds(probe)
    if len(kinds) > 1:
        yield kinds[1], f"cannot stand beside {kinds[0]}: a probe asks one question"
        return
    kind = kinds[0] if kinds else ""
    given = {name for name in probe.model_fields_set if getattr(probe, name) is not None} - {kind}
    for key in sorted(given - BESIDE[kind]):
        yield key, f"cannot stand beside {kind}" if kind else "cannot stand in a probe of a TCP port"
    for key in sorted(NEEDED[kind] - given):
        yield "", f"cannot do without {key}"
    if probe.url:
        yield from _url_troubles(probe.url, probe)


def _url_troubles(url: str, probe: schema.Probe) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        yield "url", f"cannot be {url!r}: it should look like https://shop.local:8443/health"
        return
    if parts.username is not None or parts.password is not None:
        yield "url", "cannot hold a user or a password"
    if parts.scheme == "http" and (probe.ca or probe.insecure):
        yield "url", "cannot be checked against a certificate: it is plain http"
    if probe.ca and probe.insecure:
        yield "insecure", "cannot stand beside ca: either a certificate is checked or it is not"


def _kinds(probe: schema.Probe) -> list[str]:
    return [kind for kind in ("http", "exec", "sql", "url") if getattr(probe, kind) is not None]
