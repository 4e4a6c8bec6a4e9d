"""Requests to the API server: one function for all of them, errors as ours, nothing retried.

The client's own retries are off: they honour Retry-After inside the call, which would
block a look for as long as a server likes. No text of a reply goes into an error, since
it can hold a secret.
"""

import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any

from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.errors import (
    BoothealError,
    ConflictError,
    DeniedError,
    MissingError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from bootheal.model import Answer

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0
OWNER = "bootheal"

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

Query = Sequence[tuple[str, str]]


class ExpiredError(TransientError):
    """410 Gone: the watch's resourceVersion is too old; list again."""


class Api:
    """Connections to the API server that `kubeconfig` describes (its `context`, or the current one).

    The file is read again when it has changed: k3s writes its own at every start, with renewed certificates.
    """

    def __init__(self, kubeconfig: Path, context: str = "") -> None:
        self._kubeconfig = LiveKubeconfig(kubeconfig, context)
        self._last = _client(self._kubeconfig.configuration)
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The server's URL."""
        return str(self._last.configuration.host)

    def close(self) -> None:
        """Close every idle connection."""
        self._last.close()

    @property
    def _client(self) -> Any:
        """The client for the file as it is now; requests under way keep theirs."""
        with self._lock:
            if self._kubeconfig.renewed():
                self._last = _client(self._kubeconfig.configuration)
            return self._last

    # --- requests ---------------------------------------------------------------------------------

    def get(self, path: str, query: Query = (), *, about: str) -> Any:
        """GET and parse JSON."""
        return _parsed(self._read("GET", path, query, about=about), about)

    def text(self, path: str, query: Query = (), *, about: str) -> tuple[int, str]:
        """GET and return status and text, whatever the status (but a refusal of ours raises)."""
        response = self._send("GET", path, query)
        body = self._body(response).decode(errors="replace")
        if response.status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
            raise error_for(response.status, about)
        return response.status, body

    def write(self, method: str, path: str, body: Any, *, about: str, content_type: str = JSON) -> Any:
        """Send a write under our own field manager (Flux strips the fields of `kubectl…`) and parse the reply."""
        query = [("fieldManager", OWNER)] if method in ("PATCH", "POST", "PUT") else []
        return _parsed(self._read(method, path, query, body=body, content_type=content_type, about=about), about)

    def stream(self, path: str, query: Query, *, quiet: float, about: str) -> Iterator[Any]:
        """Yield a watch's JSON lines until the server ends it; UnreachableError after `quiet` seconds of silence."""
        from urllib3.exceptions import HTTPError

        response = self._send("GET", path, query, timeout=quiet)
        if response.status != http.HTTPStatus.OK:
            self._body(response)
            raise error_for(response.status, about)
        rest = b""
        try:
            for chunk in response.response.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"cannot watch {about}: {_reason(error)}") from None
        finally:
            response.response.close()

    def _read(
        self, method: str, path: str, query: Query, *, about: str, body: Any = None, content_type: str = JSON
    ) -> bytes:
        response = self._send(method, path, query, body=body, content_type=content_type)
        data = self._body(response)
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise error_for(response.status, about)
        return data

    def _send(
        self,
        method: str,
        path: str,
        query: Query,
        *,
        body: Any = None,
        content_type: str = JSON,
        timeout: float = READ_TIMEOUT,
    ) -> Any:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": JSON} | ({"Content-Type": content_type} if body is not None else {})
        client = self._client
        request = client.param_serialize(
            method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        try:
            return client.call_api(*request, _request_timeout=(CONNECT_TIMEOUT, timeout))
        except (HTTPError, ApiException, OSError) as error:
            raise UnreachableError(f"cannot reach the API server at {self.host}: {_reason(error)}") from None

    def _body(self, response: Any) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return bytes(response.read())
        except (HTTPError, OSError) as error:
            raise UnreachableError(f"cannot read from the API server at {self.host}: {_reason(error)}") from None

    # --- streams to a pod -------------------------------------------------------------------------

    def forward(self, namespace: str, pod: str, port: int, timeout: float) -> socket:
        """Return a socket that a port-forward carries to a port of a pod. UnreachableError with the reason.

        See `forward.open_forward`.
        """
        from bootheal.adapters.kube.forward import open_forward

        url, headers = self._stream(namespace, pod, "portforward", [("ports", str(port))])
        about = f"a port-forward to pod/{namespace}/{pod}"
        with _told(about, "pods/portforward", f"cannot forward a port to pod/{namespace}/{pod}"):
            return open_forward(self._client.configuration, url, headers, port, timeout)

    def run(self, namespace: str, pod: str, query: Query, timeout: float) -> Answer:
        """Run the command that `query` names in a container. UnreachableError where it can't begin."""
        from bootheal.adapters.kube.channels import run_command

        url, headers = self._stream(namespace, pod, "exec", query)
        about = f"a command in pod/{namespace}/{pod}"
        with _told(about, "pods/exec", f"cannot run {about}"):
            return run_command(self._client.configuration, url, headers, timeout)

    def _stream(self, namespace: str, pod: str, subresource: str, query: Query) -> tuple[str, dict[str, str]]:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/{subresource}"
        _, url, headers, *_ = self._client.param_serialize(
            "GET", path, query_params=list(query), header_params={}, auth_settings=["BearerToken"]
        )
        return url, headers


def _client(configuration: Any) -> Any:
    from kubernetes.client.api_client import ApiClient

    configuration.retries = False
    client = ApiClient(configuration)
    client.user_agent = OWNER
    return client


@contextmanager
def _told(about: str, right: str, failed: str) -> Iterator[None]:
    """Turn what a WebSocket ends with into errors of ours."""
    try:
        yield
    except PermissionError:
        hint = f"the credential lacks the right to create {right}"
        raise DeniedError(f"cannot open {about}: the API server says 403", status=403, hint=hint) from None
    except OSError as error:
        raise UnreachableError(f"{failed}: {_reason(error)}") from None


def _parsed(data: bytes, about: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise UnreachableError(f"cannot get {about}: what answers is not an API server, or not yet") from None


def error_for(status: int, about: str) -> BoothealError:
    """Turn an HTTP status into an error of ours."""
    phrase = http.client.responses.get(status, "unknown")
    refused = f"cannot use {about}: the API server says {status} {phrase}"
    if status in _DENIED:
        return DeniedError(refused, status=status, hint=_DENIED[status])
    if status == http.HTTPStatus.NOT_FOUND:
        return MissingError(f"cannot find {about}", hint="is the name in the configuration right?")
    if status == http.HTTPStatus.CONFLICT:
        return ConflictError(f"cannot change {about}: it changed since it was looked at")
    if status == http.HTTPStatus.GONE:
        return ExpiredError(f"cannot go on watching {about}: {phrase}")
    passing = status == http.HTTPStatus.TOO_MANY_REQUESTS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    return UnreachableError(refused) if passing else PermanentError(refused)


_DENIED: dict[int, str] = {
    http.HTTPStatus.UNAUTHORIZED: "the credential in the kubeconfig is not (or no longer) valid",
    http.HTTPStatus.FORBIDDEN: "the credential lacks this right: see its Role and RoleBinding",
}


def _reason(error: BaseException) -> str:
    """Say in a few words what went wrong on the wire, from the innermost cause that has a name of its own."""
    text = f"{error} {getattr(error, 'reason', '')}"
    for needle, words in _REASONS.items():
        if needle in text:
            return words
    if isinstance(error, ConnectionError) and error.strerror is None:
        return str(error)
    with suppress(AttributeError):
        return str(error.strerror or type(error).__name__)  # type: ignore[attr-defined]
    return type(error).__name__


_REASONS = {
    "not yet valid": "its certificate is not yet valid: is this machine's clock right?",
    "has expired": "a certificate has expired: read the live kubeconfig, or see `k3s certificate rotate`",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not signed by the kubeconfig's authority",
    "refused": "connection refused",
    "timed out": "no answer in time",
    "reset": "connection reset",
    "EOF": "connection cut short",
    "closed": "connection closed",
    "RemoteDisconnected": "connection closed",
    "resolve": "its name cannot be resolved",
    "unreachable": "no route",
}
