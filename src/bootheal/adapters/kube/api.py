"""Requests to the API server: one function for all of them, errors as ours, nothing retried.

The client's own retries are off: they honour Retry-After inside the call, which would
block a look for as long as a server likes. No text of a reply goes into an error, since
it can hold a secret.
"""

import http
import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from typing import Any

from bootheal.adapters.kube import webhooks
from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.answer_limits import MEBIBYTE, MOST_BYTES, heard, lines, within
from bootheal.adapters.kube.errors import LongError, error_for, reason, right_to
from bootheal.adapters.kube.kubeconfig import Kubeconfig
from bootheal.adapters.kube.pace import Pace
from bootheal.adapters.kube.paths import check, parsed
from bootheal.adapters.loading import loading
from bootheal.adapters.scope import Scope
from bootheal.cluster.webhooks import blame, webhook_in
from bootheal.errors import DeniedError, DeposedError, UnreachableError, scarce
from bootheal.model import Answer

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 10.0
OWNER = "bootheal"

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

# What does not answer a question about a state, but refuses to.
REFUSALS = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.TOO_MANY_REQUESTS)

REVIEWS = "/apis/authorization.k8s.io/"

Query = Sequence[tuple[str, str]]


class Api:
    """Connections to the API server that `kubeconfig` describes.

    It is read again when it has changed: k3s writes its own at every start, with renewed certificates.
    `seconds` is for how long an answer may take, all of it, once there is a connection.
    `objection` says why nothing may be changed now, "" where it may: it is asked last of all before a write is sent.
    `agent` is what the server's audit log calls us, `pace` how many requests it may be a second, `asked` hears of each.
    """

    def __init__(
        self,
        kubeconfig: Kubeconfig,
        scope: Scope,
        seconds: float = READ_TIMEOUT_SECONDS,
        *,
        objection: Callable[[], str] = str,
        agent: str = OWNER,
        pace: Pace | None = None,
        asked: Callable[[], object] = lambda: None,
    ) -> None:
        self._kubeconfig, self.scope, self._seconds = kubeconfig, scope, seconds
        self._objection, self._agent, self._pace, self._asked = objection, agent, pace or Pace(), asked
        self._connecting = min(CONNECT_TIMEOUT_SECONDS, seconds)
        self._used: tuple[Access, Any] | None = None
        self._lock = threading.Lock()
        scope.on_close(self._close)

    @property
    def host(self) -> str:
        """The server's URL."""
        return str(self._now[1].configuration.host)

    @property
    def _now(self) -> tuple[Access, Any]:
        """The kubeconfig as it is now, and the client for it; requests under way keep theirs."""
        with loading:
            from bootheal.adapters.kube.connections import client

        self.scope.check()
        with self._lock:
            access = self._kubeconfig.current()
            if self._used is None or access is not self._used[0]:
                self._close()
                self._used = access, client(access, self.scope)
                self._used[1].user_agent = self._agent
            return self._used

    def _close(self) -> None:
        """Close the idle connections. The scope cuts the others."""
        if self._used:
            self._used[1].close()

    # --- requests ---------------------------------------------------------------------------------

    def get(self, path: str, query: Query = (), *, about: str) -> Any:
        """GET and parse JSON."""
        return parsed(self._read("GET", path, query, about=about), about, path)

    def text(
        self, path: str, query: Query = (), *, about: str, timeout: float = READ_TIMEOUT_SECONDS
    ) -> tuple[int, str]:
        """GET and return status and text, whatever the status (but what refuses us raises)."""
        timeout = min(timeout, self._seconds)
        self._pace.wait()
        with within(self._connecting + timeout):
            response = self._send("GET", path, query, timeout=timeout)
            body = self._body(response, about).decode(errors="replace")
        if response.status in REFUSALS:
            raise error_for(response.status, about, right=right_to("GET", path), headers=response.response.headers)
        return response.status, body

    def write(self, method: str, path: str, body: Any, *, about: str, content_type: str = JSON) -> Any:
        """Send a write under our own field manager (Flux strips the fields of `kubectl…`) and parse the reply.

        A question after our rights is none: it changes nothing.
        """
        query = [("fieldManager", OWNER)] if method in ("PATCH", "POST", "PUT") else []
        read = self._read(method, path, query, body=body, content_type=content_type, about=about)
        return parsed(read, about, path if method != "POST" else "")

    def stream(
        self, path: str, query: Query, *, quiet: float, about: str, answered: Callable[[], None]
    ) -> Generator[Any, None, None]:
        """Yield a watch's JSON lines until the server ends it; UnreachableError if it has not after `quiet` seconds.

        `answered` is called once it has begun to answer, for which it has as long as for any request.
        """
        self._pace.wait()
        with within(self._connecting + self._seconds):
            response = self._opened(path, query, about)
        answered()
        with within(quiet):
            yield from self._lines(response, about)

    def _opened(self, path: str, query: Query, about: str) -> Any:
        response = self._send("GET", path, query)
        if response.status != http.HTTPStatus.OK:
            self._body(response, about)
            right = right_to("GET", path, watching=True)
            raise error_for(response.status, about, right=right, headers=response.response.headers)
        return response

    def _lines(self, response: Any, about: str) -> Iterator[Any]:
        from urllib3.exceptions import HTTPError

        try:
            for line in lines(response.response.stream(decode_content=False)):
                heard()
                if line:
                    yield json.loads(line)
        except (HTTPError, OSError, ValueError, RecursionError) as error:
            raise UnreachableError(f"cannot watch {about}: {reason(error)}") from None
        finally:
            response.response.close()

    def _read(
        self, method: str, path: str, query: Query, *, about: str, body: Any = None, content_type: str = JSON
    ) -> bytes:
        self._pace.wait()
        if method != "GET" and not path.startswith(REVIEWS) and (why := self._objection()):
            raise DeposedError(f"cannot change {about}: {why}")
        with within(self._connecting + self._seconds):
            response = self._send(method, path, query, body=body, content_type=content_type)
            data = self._body(response, about)
        if http.HTTPStatus.MULTIPLE_CHOICES <= response.status < http.HTTPStatus.BAD_REQUEST:
            raise UnreachableError(f"cannot use {about}: what answers is not an API server, it says {response.status}")
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            if method != "GET" and (webhook := webhook_in(data.decode(errors="replace"))):
                raise UnreachableError(f"cannot change {about}: {blame(webhook, webhooks.read(self.get))}")
            raise error_for(response.status, about, right=right_to(method, path), headers=response.response.headers)
        return data

    def _send(
        self,
        method: str,
        path: str,
        query: Query,
        *,
        body: Any = None,
        content_type: str = JSON,
        timeout: float = 0.0,
    ) -> Any:
        check(path)
        client = self._now[1]  # the library is imported with it
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": JSON} | ({"Content-Type": content_type} if body is not None else {})
        request = client.param_serialize(
            method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        try:
            response = client.call_api(*request, _request_timeout=(self._connecting, timeout or self._seconds))
        except (HTTPError, ApiException, OSError, ValueError) as error:  # ValueError: a URL or a header that is none
            self._kubeconfig.doubt()
            host = client.configuration.host
            raise UnreachableError(f"cannot reach the API server at {host}: {reason(error)}") from None
        finally:
            self._asked()
        if response.status == http.HTTPStatus.UNAUTHORIZED:
            self._kubeconfig.doubt()
        return response

    def _body(self, response: Any, about: str) -> bytes:
        """Read all of it, as it is: nobody asked for an encoding, which could make much of little."""
        from urllib3.exceptions import HTTPError

        read, size = [], 0
        try:
            for chunk in response.response.stream(decode_content=False):
                read.append(chunk)
                size += len(chunk)
                if size > MOST_BYTES:
                    response.response.close()
                    raise LongError(f"cannot use {about}: the answer is longer than {MOST_BYTES // MEBIBYTE} MiB")
        except (HTTPError, OSError, ValueError) as error:
            response.response.close()
            raise UnreachableError(f"cannot read from the API server at {self.host}: {reason(error)}") from None
        return b"".join(read)

    # --- streams to a pod -------------------------------------------------------------------------

    def forward(self, namespace: str, pod: str, port: int, timeout: float) -> socket:
        """Return a socket that a port-forward carries to a port of a pod. UnreachableError with the reason.

        See `forward.open_forward`.
        """
        from bootheal.adapters.kube.forward import open_forward

        access, url, headers = self._stream(namespace, pod, "portforward", [("ports", str(port))])
        about = f"a port-forward to pod/{namespace}/{pod}"
        with _told(about, "pods/portforward", f"cannot forward a port to pod/{namespace}/{pod}"):
            return open_forward(access, self.scope, url, headers, port, timeout=timeout)

    def run(self, namespace: str, pod: str, query: Query, timeout: float) -> Answer:
        """Run the command that `query` names in a container. UnreachableError where it can't begin."""
        from bootheal.adapters.kube.exec import run_command

        access, url, headers = self._stream(namespace, pod, "exec", query)
        about = f"a command in pod/{namespace}/{pod}"
        with _told(about, "pods/exec", f"cannot run {about}"):
            return run_command(access, self.scope, url, headers, timeout)

    def _stream(self, namespace: str, pod: str, subresource: str, query: Query) -> tuple[Access, str, dict[str, str]]:
        self._pace.wait()
        path, (access, client) = f"/api/v1/namespaces/{namespace}/pods/{pod}/{subresource}", self._now
        check(path)
        _, url, headers, *_ = client.param_serialize(
            "GET", path, query_params=list(query), header_params={}, auth_settings=["BearerToken"]
        )
        return access, url, headers


@contextmanager
def _told(about: str, right: str, failed: str) -> Iterator[None]:
    """Turn what a WebSocket ends with into errors of ours."""
    try:
        with scarce(f"open {about}"):
            yield
    except PermissionError:
        hint = f"the credential lacks the right to create {right}"
        raise DeniedError(f"cannot open {about}: the API server says 403", status=403, hint=hint) from None
    except OSError as error:
        raise UnreachableError(f"{failed}: {reason(error)}") from None


def agent(process: str) -> str:
    """Return what the server's audit log calls this process, where others like it are about ("": they are not)."""
    return f"{OWNER} ({process})" if process else OWNER
