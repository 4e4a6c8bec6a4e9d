"""Where a user and a password are kept; stands in databases, poolers and probes."""

from pydantic import Field

from bootheal import model
from bootheal.config.section import Section
from bootheal.config.types import PostgresName, SecretKey, SecretName


class Login(Section):
    """Where a user and a password are kept: a Secret in the namespace of whatever they are for."""

    secret: SecretName = Field(description="the Secret's name")
    user_key: SecretKey = Field("username", description="the Secret's key that holds the user")
    password_key: SecretKey = Field("password", description="the Secret's key that holds the password")
    user: PostgresName = Field("", description="the user, where the Secret has none")

    def build(self, namespace: str) -> model.Login:
        """Name the Secret, which is in `namespace`, and its keys."""
        secret = model.Ref("secret", namespace, self.secret)
        return model.Login(secret, self.user_key, self.password_key, self.user)
