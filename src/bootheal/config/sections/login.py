"""Where a user and a password are kept; stands in databases, poolers and probes."""

from collections.abc import Iterator

from pydantic import Field

from bootheal import model
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.types import PostgresName, SecretKey, SecretName


class Login(Section):
    """Where a user and a password are kept: a Secret in the namespace of whatever they are for."""

    secret: SecretName = Field(description="the Secret's name")
    user_key: SecretKey | None = Field(
        None,
        description="the Secret's key that holds the user; default: username, user, POSTGRES_USER, DB_USER, …",
    )
    password_key: SecretKey | None = Field(
        None,
        description="the Secret's key that holds the password; default: password, pass, POSTGRES_PASSWORD, "
        "DB_PASSWORD, …",
    )
    url_key: SecretKey | None = Field(
        None,
        description="the Secret's key that holds both, as postgres://user:password@host/; default: uri, url, "
        "DATABASE_URL, jdbc-uri, where it has none of the other keys",
    )
    user: PostgresName = Field("", description="the user, where the Secret has none")

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """Both are in one place."""
        if self.url_key and (self.user_key or self.password_key):
            yield (*path, "url_key"), "cannot stand beside user_key or password_key: a URL holds both"

    def build(self, namespace: str) -> model.Login:
        """Name the Secret, which is in `namespace`, and its keys."""
        secret = model.Ref("secret", namespace, self.secret)
        return model.Login(secret, self.user_key or "", self.password_key or "", self.user, self.url_key or "")
