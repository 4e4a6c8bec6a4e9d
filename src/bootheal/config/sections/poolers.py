"""`poolers:` -> a PgBouncer in front of a database: the steps for its logins, and its own."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bootheal import model
from bootheal.config import names
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.sections.login import Login
from bootheal.config.shapes import texts
from bootheal.config.source import suggestion
from bootheal.config.types import (
    AnyPath,
    DatabaseName,
    Label,
    Line,
    ObjectName,
    Patience,
    PodPath,
    Port,
    SecretKey,
    SecretName,
    seconds,
)
from bootheal.model import Ref
from bootheal.pgbouncer import credential, observation
from bootheal.pgbouncer.knowledge import harms
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.pgbouncer.setting_names import NAMES, TIMES
from bootheal.platform import dns
from bootheal.postgres import location
from bootheal.step import Step

INI_PATH = "/etc/pgbouncer/pgbouncer.ini"


def _text(value: Any) -> Any:
    """PgBouncer knows numbers and 0/1; YAML's own booleans mean the same."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _misunderstood(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield names that are nearly one of PgBouncer's, and times with a unit: a pass would end over them."""
    for key, value in settings.items():
        if key not in NAMES and (near := suggestion(key, sorted(NAMES))):
            yield key, f"is no setting of PgBouncer's that is known here{near}"
        if key in TIMES:
            with suppress(ValueError):
                float(value)
                continue
            with suppress(ValueError):
                yield key, f"PgBouncer refuses {value}: it takes seconds without a unit, here {seconds(value):g}"


SettingValue = Annotated[
    Line, BeforeValidator(_text), Field(json_schema_extra={"type": ["string", "number", "boolean"]})
]
SettingName = Annotated[str, AfterValidator(texts.setting_name)]


class Credential(Login):
    """The pooler's own login to PostgreSQL."""

    reset: Literal["if-wrong", "always", "never"] = Field(
        "if-wrong", description="when to reset the role's password to the Secret's: on proof, once per boot, never"
    )


class SettingsIn(Section):
    """The ConfigMap that pgbouncer.ini comes from."""

    configmap: ObjectName = Field(description="the ConfigMap's name, in the pooler's namespace")
    key: SecretKey = Field("pgbouncer.ini", description="its key that holds the file")
    path: PodPath = Field(INI_PATH, description="where pods have it; only needed where the console is closed to us")


class AuthFile(Section):
    """The Secret that the pooler's auth_file is mounted from."""

    secret: SecretName = Field(description="the Secret's name, in the pooler's namespace")
    key: SecretKey = Field("userlist.txt", description="its key that holds the file")
    path: AnyPath = Field("/etc/pgbouncer/userlist.txt", description="where pods have it, if the console does not tell")

    def build(self, namespace: str) -> model.Login:
        """Treat the file as one password of a Secret in `namespace`: it holds several."""
        return model.Login(Ref("secret", namespace, self.secret), password_key=self.key, user=self.key)


class Pooler(Section):
    """A PgBouncer Deployment in front of a database."""

    database: str = Field(description="which of the databases it leads to")
    namespace: Label | None = Field(None, description="default: the database's")
    deployment: ObjectName = Field(description="the Deployment's name")
    service: Label = Field(description="the Service in front of it")
    port: Port | None = Field(None, description="what its pods listen on; default: the Service's target port")
    dbname: DatabaseName | None = Field(None, description="the database as the pooler names it; default: the same name")
    credential: Credential | None = Field(
        None, description="the pooler's own login to PostgreSQL; left out where that is by a certificate, or by trust"
    )
    console: Login | None = Field(
        None, description="who may use each pod's admin console; default: credential, else client"
    )
    client: Login = Field(description="the application's login, to prove the pooler with")
    auth_file: AuthFile | None = Field(
        None, description="where its auth_file comes from: verifiers in it are kept, its changes reloaded"
    )
    auth: Literal["scram", "md5"] = Field(
        "scram",
        description="how it may ask for passwords. md5 hands over a hash that lets in whoever has heard it: "
        "only for a PgBouncer whose auth_type is md5 and whose auth_file holds plain passwords",
    )
    settings: dict[SettingName, SettingValue] = Field(
        default_factory=dict, description="PgBouncer settings to keep in force"
    )
    settings_in: SettingsIn | None = Field(None, description="also write the settings here, so that they persist")
    patience: Patience = 1800.0

    def warnings(self, path: KeyPath) -> Iterator[Finding]:
        """Yield settings that are known to do harm, and those that PgBouncer would not understand."""
        for key, why in (*harms(self.settings), *_misunderstood(self.settings)):
            yield (*path, "settings", key), why

    def steps(self, name: str, database: location.Database, *, noted: bool = False) -> Iterator[Step[Any]]:
        """Make the steps of the pooler's logins to `database`, and its own, which comes after them.

        `noted`: what is lent to its pods is noted on them.
        """
        namespace = self.namespace or database.namespace
        credentials = list(self._credentials(name, namespace, database))
        # Who has no password of its own is taken at its client's: PostgreSQL lets that in, or nobody.
        own = self.credential or self.client
        yield from credentials
        settings_in = self.settings_in
        yield PoolerStep(
            name=f"{names.POOLER}{name}",
            after=(*([step.name for step in credentials] or [f"{names.DATABASE}{database.name}"]), dns.NAME),
            patience=self.patience,
            pooler=observation.Pooler(
                deployment=Ref("deployment", namespace, self.deployment),
                service=self.service,
                dbname=self.dbname or database.dbname,
                database=database,
                credential=own.build(namespace),
                console=(self.console or own).build(namespace),
                client=self.client.build(namespace),
                port=self.port or 0,
                auth=model.Auth(self.auth),
                settings=self.settings,
                settings_in=(Ref("configmap", namespace, settings_in.configmap), settings_in.key)
                if settings_in
                else None,
                settings_path=settings_in.path if settings_in else INI_PATH,
                auth_file=self.auth_file.build(namespace) if self.auth_file else None,
                auth_path=self.auth_file.path if self.auth_file else "",
                noted=noted,
            ),
        )

    def _credentials(self, name: str, namespace: str, database: location.Database) -> Iterator[Step[Any]]:
        """Make the step of the pooler's own login; with an auth_file the application's, too: its verifier is in it."""
        if self.credential is None:
            return
        own = credential.Credential(
            name=f"{names.CREDENTIAL}{name}",
            after=(f"{names.DATABASE}{database.name}",),
            patience=self.patience,
            database=database,
            login=self.credential.build(namespace),
            reset=self.credential.reset,
            auth_file=self.auth_file.build(namespace) if self.auth_file else None,
        )
        yield own
        if self.auth_file:
            yield replace(
                own,
                name=f"{own.name}/client",
                login=self.client.build(namespace),
                reset="never" if self.credential.reset == "never" else "if-wrong",
                verifier_only=True,
            )
