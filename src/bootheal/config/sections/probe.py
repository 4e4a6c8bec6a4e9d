"""`probe:` -> one question that proves that something serves; stands in workloads and in what else must serve."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from bootheal import probes
from bootheal.config.choice import Kinds, kind, mismatches, url_mismatches
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.login import Login
from bootheal.config.shapes import texts
from bootheal.config.types import (
    Address,
    DatabaseName,
    FilePath,
    HttpStatus,
    Label,
    Port,
    Text,
    Truth,
    UrlText,
    Words,
)

Latin = Annotated[str, AfterValidator(texts.latin)]

# A TCP connection is what no other word is needed for.
KINDS: Kinds = {
    "http": (frozenset({"port", "status"}), frozenset({"port"})),
    "exec": (frozenset({"container", "expect"}), frozenset()),
    "sql": (frozenset({"port", "dbname", "login", "expect"}), frozenset({"dbname", "login"})),
    "url": (frozenset({"ca", "insecure", "address", "status"}), frozenset()),
    "": (frozenset({"port", "send", "expect"}), frozenset({"port"})),
}


class Probe(Section):
    """One question that proves that something serves: http, exec, sql or url; with neither, a TCP connection."""

    port: Port | None = Field(None, description="of the pod, for http, sql (default 5432) and TCP")
    http: Annotated[str, AfterValidator(texts.http_path)] | None = Field(None, description="a path, asked of every pod")
    exec: Words | None = Field(
        None, description="a command and its arguments, run in every pod; must end with 0; never a secret in it"
    )
    sql: Text | None = Field(None, description="a question to PostgreSQL or a pooler in every pod")
    url: UrlText | None = Field(None, description="a front door, asked from this host as a browser would")
    status: HttpStatus | None = Field(None, description="the HTTP status to expect; default: any from 200 to 399")
    send: Latin = Field("", description="TCP: what to say once connected")
    expect: Latin = Field("", description="TCP and exec: what the answer must hold; sql: the value it must be")
    container: Label | None = Field(None, description="exec: default is the pod's default container")
    dbname: DatabaseName | None = Field(None, description="sql: the database to ask in")
    login: Login | None = Field(None, description="sql: who asks")
    ca: FilePath | None = Field(None, description="url: the authority of its certificate; default: this host's")
    insecure: Truth = Field(default=False, description="url: take any certificate")
    address: Address = Field("", description="url: where its name leads to, if this host can't tell")

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It asks one question, with the keys that go with it."""
        yield from mismatches(self, path, KINDS, "a probe asks one question")
        if self.url is not None:
            yield from url_mismatches(self.url, path, ca=bool(self.ca), insecure=self.insecure)

    def build(self, namespace: str) -> probes.Probe:
        """Make the probe; its Secret, if it needs one, is in `namespace`."""
        match kind(self, KINDS):
            case "http":
                return probes.Http(self.port or 0, self.http or "", self.status or 0)
            case "exec":
                return probes.Exec(tuple(self.exec or ()), self.container or "", self.expect)
            case "sql":
                assert self.login is not None  # noqa: S101 - `problems` has seen to it
                login = self.login.build(namespace)
                return probes.Sql(self.sql or "", self.dbname or "", login, self.port or 5432, self.expect)
            case "url":
                return probes.Url(self.url or "", str(self.ca or ""), self.insecure, self.address, self.status or 0)
            case _:
                return probes.Tcp(self.port or 0, self.send, self.expect)
