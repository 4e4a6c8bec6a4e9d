"""How things are named and reached: objects, Secrets, logins, targets."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Names one Kubernetes object; `kind` is the lower-case singular ("deployment")."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


class Secret:
    """A value that cannot be printed, compared by accident, pickled or turned into JSON.

    `reveal()` is the one way to the text; whoever calls it must hand the text to a
    socket or a key derivation and to nothing else.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a secret")

    def __eq__(self, _other: object) -> NoReturn:
        raise TypeError("cannot compare secrets; reveal them where the comparison belongs")

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in: `version` is the resourceVersion of the Secret they came from, `keys` are those that were taken."""

    user: str
    password: Secret
    version: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """Where credentials are kept: a Secret and its keys; "" for the usual ones. `user` overrides what the Secret says.

    With `url_key` both stand in a URL in that key.
    """

    secret: Ref
    user_key: str = ""
    password_key: str = ""
    user: str = ""
    url_key: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who must have signed a server's certificate (PEM), and the name that it must be for ("": any)."""

    authority: str = field(repr=False)
    name: str = ""


class Auth(StrEnum):
    """How a password may be given to a server beside SCRAM, which proves it without giving it: where declared only.

    MD5 hands over a hash that lets in whoever has it; PASSWORD the password itself, and only over verified TLS.
    """

    SCRAM = "scram"
    MD5 = "md5"
    PASSWORD = "password"  # noqa: S105 - a method


@dataclass(frozen=True, slots=True)
class Target:
    """A TCP port to talk to: of a pod (then a port-forward can carry it) or of a bare address.

    PostgreSQL's protocol turns to TLS where the server offers it; with `trust` it must, and is verified.
    """

    host: str
    port: int
    pod: Ref | None = None
    trust: Trust | None = None
    auth: Auth = Auth.SCRAM

    def __str__(self) -> str:
        return f"{self.pod}:{self.port}" if self.pod else f"{self.host}:{self.port}"
