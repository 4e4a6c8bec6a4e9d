"""`databases:` -> where a PostgreSQL is, the step that waits for it, and the one that looks at its disk before."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bootheal import model
from bootheal.config import names
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.login import Login
from bootheal.config.shapes import texts
from bootheal.config.source import dotted
from bootheal.config.types import (
    DatabaseName,
    Duration,
    FilePath,
    Host,
    Label,
    Line,
    Number,
    ObjectName,
    Port,
    SecretKey,
    SecretName,
    Selector,
    Text,
    number,
)
from bootheal.model import Ref
from bootheal.model.quoted import quoted
from bootheal.platform import gate
from bootheal.postgres import data_checks, location
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.disk import Disk
from bootheal.step import Step


class Check(Section):
    """A question about the data: one number, asked as the application's role in a read-only session."""

    name: Annotated[Line, Field(min_length=1, max_length=100)] = Field(
        description="how it is called in messages; what was good is remembered by it"
    )
    sql: Annotated[Text, Field(min_length=1, description="a query whose first column of its first row is a number")]
    at_least: Number | None = Field(None, description="less than this stops everything, exit code 3")
    may_shrink: Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(number)] | None = Field(
        None, description="by how much it may be less than in the last good boot; left out: it is not compared"
    )

    def build(self) -> data_checks.Check:
        """Make the question."""
        return data_checks.Check(self.name, self.sql, self.at_least, self.may_shrink)


class Backup(Section):
    """What makes backups of a database: its newest one is named when data is missing."""

    cronjob: ObjectName = Field(description="the CronJob's name, in the database's namespace")


class Authority(Section):
    """Where the certificate of the authority is kept that signs the server's: in the database's namespace, or here."""

    secret: SecretName | None = Field(None, description="a Secret of the database's namespace")
    configmap: ObjectName | None = Field(None, description="a ConfigMap of the database's namespace")
    file: FilePath | None = Field(None, description="a file of this host, instead of a Secret or ConfigMap")
    key: SecretKey = Field("ca.crt", description="the key of the Secret or ConfigMap")

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It is kept in one place."""
        given = [each for each in (self.secret, self.configmap, self.file) if each is not None]
        if len(given) != 1:
            yield path, "cannot be read: name one of secret, configmap, file"

    def build(self, namespace: str) -> Ref:
        """Name the Secret or ConfigMap, which is in `namespace`, or the file."""
        if self.file:
            return Ref("file", "", str(self.file))
        if self.secret:
            return Ref("secret", namespace, self.secret)
        return Ref("configmap", namespace, self.configmap or "")


class Tls(Section):
    """Demand TLS, and verify the server's certificate. Without this, TLS is used where it is offered, unverified."""

    ca: Authority
    verify: Literal["full", "ca"] = Field(
        "full", description="full: the certificate is for SERVICE.NAMESPACE.svc, or for the host; ca: for any name"
    )


class Database(Section):
    """A PostgreSQL, in the cluster or outside; its writable primary is found by asking."""

    namespace: Label = Field(description="where its pods are, and the Secrets that are named here")
    host: Host | None = Field(None, description="a server outside the cluster, instead of a Service or selector")
    service: Label | None = Field(None, description="the Service in front of it")
    selector: Selector = Field(default_factory=dict, description="labels of its pods, instead of the Service's")
    port: Port | None = Field(None, description="default: the Service's target port, else 5432")
    dbname: DatabaseName = Field(description="the database to log in to, as PostgreSQL names it")
    mount: Annotated[str, AfterValidator(texts.mount)] | None = Field(
        None, description="k3s only: where the disk with its data must be mounted before anything is done"
    )
    tls: Tls | None = Field(None, description="default: TLS where the server offers it, unverified")
    auth: Literal["scram", "password"] = Field(
        "scram",
        description="how it may ask for passwords. password hands them over, as servers that ask ldap or pam want it: "
        "only to one that `tls` has verified",
    )
    admin: Login = Field(description="a role that may read pg_authid and alter the pooler's role")
    client: Login | None = Field(None, description="the application's login, to ask the checks with")
    checks: list[Check] = Field(default_factory=list, description="is the data still there? asked at each look")
    backup: Backup | None = Field(None, description="the CronJob whose newest Job is named when data is missing")
    patience: Duration = Field(1800.0, description="how long to wait for it; crash recovery does not count")

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It is in one place, and what is asked of it can be asked."""
        if self.host and (self.service or self.selector):
            yield (*path, "host"), "cannot stand beside a service or a selector: it is outside the cluster"
        elif not self.host and not self.service and not self.selector:
            yield path, "cannot be found: give it a service or a selector, or a host outside the cluster"
        if self.tls and self.tls.verify == "full" and not self.service and not self.host:
            text = "cannot be full: there is no Service whose name the certificate could be for; say ca"
            yield (*path, "tls", "verify"), text
        if self.auth == "password" and not self.tls:
            yield (*path, "auth"), "cannot be password without tls: it would be handed to whoever answers"
        if self.checks and not self.client:
            text = f"cannot be asked: name the application's Secret, {dotted(path)}.client"
            yield (*path, "checks"), text
        known = [item.name for item in self.checks]
        for index, name in enumerate(known):
            if name in known[:index]:
                yield (*path, "checks", index, "name"), f"cannot be '{quoted(name)}' twice"

    def build(self, name: str) -> location.Database:
        """Say where the database is."""
        tls = self.tls
        name_in_cluster = f"{self.service}.{self.namespace}.svc"
        return location.Database(
            name=name,
            namespace=self.namespace,
            dbname=self.dbname,
            admin=self.admin.build(self.namespace),
            service=self.service or "",
            selector=self.selector,
            port=self.port or 0,
            host=self.host or "",
            auth=model.Auth(self.auth),
            authority=tls.ca.build(self.namespace) if tls else None,
            authority_key=tls.ca.key if tls else "",
            certified=(self.host or name_in_cluster) if tls and tls.verify == "full" else "",
        )

    def steps(self, name: str, *, on_this_host: bool) -> Iterator[Step[Any]]:
        """Make the step; where its volumes are on this host, it comes after their disk."""
        database = self.build(name)
        before = gate.NAME
        if on_this_host and not self.host:
            before = f"{names.DISK}{name}"
            yield Disk(name=before, after=(gate.NAME,), database=database, mount=self.mount or "")
        yield DatabaseStep(
            name=f"{names.DATABASE}{name}",
            after=(before,),
            patience=self.patience,
            database=database,
            client=self.client.build(self.namespace) if self.client else None,
            checks=tuple(check.build() for check in self.checks),
            backup=Ref("cronjob", self.namespace, self.backup.cronjob) if self.backup else None,
        )
