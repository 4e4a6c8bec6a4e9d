"""What the API server or the wire says instead of an answer -> errors of ours. No text of a reply goes into them."""

import http
import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from bootheal.adapters import x509
from bootheal.errors import (
    MISFITS,
    BoothealError,
    ConflictError,
    DeniedError,
    MissingError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from bootheal.model import Right

# A server that says when to come back is obeyed, but not for ever.
LONGEST_RETRY_AFTER_SECONDS = 60.0

_VERBS = {"DELETE": "delete", "PATCH": "patch", "PUT": "update", "POST": "create"}

_DENIED: dict[int, str] = {
    http.HTTPStatus.UNAUTHORIZED: "the credential in the kubeconfig is not (or no longer) valid",
    http.HTTPStatus.FORBIDDEN: "the credential lacks this right: see its Role and RoleBinding",
}


class ExpiredError(TransientError):
    """410 Gone: the resourceVersion of a watch, or of a list's next page, is too old; list again."""


class LongError(UnreachableError):
    """The answer is longer than what was asked for can be."""


@contextmanager
def understood(about: str) -> Iterator[None]:
    """Turn what comes of an answer of the wrong shape into an UnreachableError."""
    try:
        yield
    except MISFITS as error:
        raise UnreachableError(f"cannot understand {about}: {type(error).__name__}") from None


def error_for(
    status: int, about: str, *, right: Right | str = "", headers: Mapping[str, str] | None = None
) -> BoothealError:
    """Turn an HTTP status into an error of ours; `right` is what was asked for."""
    phrase = http.client.responses.get(status, "unknown")
    refused = f"cannot use {about}: the API server says {status} {phrase}"
    if status in _DENIED:
        refused = f"cannot {right}: the API server says {status} {phrase}" if right else refused
        return DeniedError(refused, status=status, hint=_DENIED[status])
    if status == http.HTTPStatus.NOT_FOUND:
        return MissingError(f"cannot find {about}", hint="is the name in the configuration right?")
    if status == http.HTTPStatus.CONFLICT:
        return ConflictError(f"cannot change {about}: it changed since it was looked at")
    if status == http.HTTPStatus.GONE:
        return ExpiredError(f"cannot go on reading {about}: {phrase}")
    passing = status == http.HTTPStatus.TOO_MANY_REQUESTS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    return UnreachableError(refused, again=_retry_after(headers or {})) if passing else PermanentError(refused)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how long to stay away. The API server says whole seconds, never a date."""
    said = headers.get("Retry-After") or ""
    return min(float(said), LONGEST_RETRY_AFTER_SECONDS) or None if said.isdecimal() else None


def right_to(method: str, path: str, *, watching: bool = False) -> Right | str:
    """Return the right that a request needs, "" where its path is not about objects."""
    match path.strip("/").split("/"):
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return ""
    match rest:
        case ["namespaces", namespace, plural, *below]:
            pass
        case [plural, *below]:
            namespace = ""
        case _:
            return ""
    name, subresource = (*below, "", "")[:2]
    read = "get" if name else "watch" if watching else "list"
    return Right(_VERBS.get(method, read), f"{plural}/{subresource}".rstrip("/"), namespace, group)


def reason(error: BaseException) -> str:
    """Say in a few words what went wrong on the wire, from the innermost cause that has a name of its own."""
    tls = x509.within(error)
    if tls and not isinstance(tls, ssl.SSLEOFError):
        return _of_tls(tls)
    text = f"{error} {getattr(error, 'reason', '')}"
    for needle, words in _REASONS.items():
        if needle in text:
            return words
    if isinstance(error, ConnectionError) and error.strerror is None:
        return str(error)
    with suppress(AttributeError):
        return str(error.strerror or type(error).__name__)  # type: ignore[attr-defined]
    return type(error).__name__


def _of_tls(error: ssl.SSLError) -> str:
    """Say it in words of the kubeconfig, which names the authority, and of k3s, which renews its own at each start."""
    match getattr(error, "verify_code", None):
        case x509.NOT_YET_VALID:
            return "its certificate is not yet valid: is this machine's clock right?"
        case x509.HAS_EXPIRED:
            return "its certificate has expired: read the live kubeconfig, or see `k3s certificate rotate`"
        case code if code in x509.UNKNOWN_AUTHORITY:
            return "its certificate is not signed by the kubeconfig's authority: read the live kubeconfig"
        case _:
            return x509.why_refused(error, "")


_REASONS = {
    "has no end": "its answer has no end",
    "Too many open files": "too many open files",
    "refused": "connection refused",
    "timed out": "no answer in time",
    "reset": "connection reset",
    "EOF": "connection cut short",
    "closed": "connection closed",
    "RemoteDisconnected": "connection closed",
    "resolve": "its name cannot be resolved",
    "unreachable": "no route",
    "No route": "no route",
}
