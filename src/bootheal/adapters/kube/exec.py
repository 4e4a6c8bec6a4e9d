"""WebSockets through the API server to a pod: each message begins with the number of its channel.

`v4.channel.k8s.io` and `v5.channel.k8s.io` (KEP 3396). Commands run here; port-forwards are in `forward`.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import websocket
from kubernetes.client.exceptions import ApiException
from kubernetes.stream.ws_client import get_websocket_url, websocket_proxycare

from bootheal.adapters.bounded import connect as connect_to
from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.answer_limits import heard, within
from bootheal.adapters.kube.connections import PlainSocket
from bootheal.adapters.scope import Scope
from bootheal.model import Answer

PROTOCOLS = "v5.channel.k8s.io,v4.channel.k8s.io"
REFUSED = (401, 403)
STDOUT, STDERR, ERROR = 1, 2, 3

# What a command says beyond this is read, so that it is not held up, and dropped; each message of it is bounded.
OUTPUT_BYTES = 16 * 1024


def connect(access: Access, scope: Scope, url: str, headers: dict[str, str], timeout: float) -> Any:
    """Open a WebSocket. PermissionError where the API server denies it, OSError with the reason where it can't be.

    As the client's own `create_websocket`, which takes no timeout and waits for a silent server for ever. `timeout` is
    for all of it: the name, the connection, TLS, and what the server says byte by byte. A redirect is not followed:
    the token would go along.
    """
    with within(timeout):
        return _connected(access, scope, url, headers, time.monotonic() + timeout)


def _connected(access: Access, scope: Scope, url: str, headers: dict[str, str], deadline: float) -> Any:
    configuration, timeout = access.configuration, deadline - time.monotonic()
    tls = {"context": access.tls, "server_hostname": configuration.tls_server_name}
    connection: Any = websocket.WebSocket(
        sslopt={name: value for name, value in tls.items() if value}, skip_utf8_validation=False
    )
    connection.settimeout(timeout)
    wanted = {name: headers[name] for name in ("authorization", "sec-websocket-protocol") if name in headers}
    header = {"sec-websocket-protocol": PROTOCOLS} | wanted
    proxy = websocket_proxycare({}, configuration, url, headers) if configuration.proxy else {}
    try:
        if not configuration.proxy:
            proxy["socket"] = _socket(access, url, deadline)
        sent = [f"{name}: {value}" for name, value in header.items()]
        connection.connect(get_websocket_url(url), header=sent, redirect_limit=0, **proxy)
    except websocket.WebSocketBadStatusException as error:
        if error.status_code in REFUSED:
            raise PermissionError from None
        raise ConnectionError(f"the API server says {error.status_code}") from None
    except (websocket.WebSocketTimeoutException, TimeoutError):
        raise TimeoutError("timed out") from None
    except websocket.WebSocketConnectionClosedException:
        raise ConnectionError("connection closed") from None
    except (websocket.WebSocketException, ApiException) as error:
        raise ConnectionError(str(error)) from None
    scope.hold(connection.sock)
    return connection


def _socket(access: Access, url: str, deadline: float) -> Any:
    """Connect to the API server, with what hears no longer than it may."""
    address = urlsplit(url)
    host, secure = address.hostname or "", address.scheme == "https"
    plain = connect_to(host, address.port or (443 if secure else 80), deadline - time.monotonic())
    if not secure:
        return PlainSocket(fileno=plain.detach())
    try:
        return access.tls.wrap_socket(plain, server_hostname=access.configuration.tls_server_name or host)
    except BaseException:
        plain.close()
        raise


def run_command(access: Access, scope: Scope, url: str, headers: dict[str, str], timeout: float) -> Answer:
    """Run the command that `url` names to its end. `value` is what it printed, `text` why it failed."""
    deadline = time.monotonic() + timeout
    connection = connect(access, scope, url, headers, timeout)
    said: defaultdict[int, bytes] = defaultdict(bytes)
    try:
        with within(deadline - time.monotonic()):
            for channel, data in _messages(connection, deadline):
                if len(said[channel]) < OUTPUT_BYTES:
                    said[channel] += data
    except TimeoutError:
        return Answer(ok=False, spoke=False, text=f"has not ended within {timeout:g} s")
    finally:
        connection.shutdown()
    return _answer(said[ERROR], _text(said[STDOUT]), _text(said[STDERR]))


def _messages(connection: Any, deadline: float) -> Iterator[tuple[int, bytes]]:
    """Yield channel and data until the stream ends, however it ends; TimeoutError at the deadline."""
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            kind, data = connection.recv_data()
        except websocket.WebSocketTimeoutException:
            break
        except (websocket.WebSocketException, OSError):
            return  # whether the command had ended by then is told on the error channel
        if kind == websocket.ABNF.OPCODE_CLOSE:
            return
        heard()
        if data:
            yield data[0], data[1:]
    raise TimeoutError


def _answer(status: bytes, out: str, err: str) -> Answer:
    """Judge by the Status on the error channel, which holds the exit code."""
    try:
        ended = json.loads(status)
        if ended["status"] == "Success":
            return Answer(ok=True, spoke=True, value=out)
        causes = {cause["reason"]: cause["message"] for cause in ended.get("details", {}).get("causes") or ()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answer(ok=False, spoke=False, text="its connection was cut before it ended")
    if "ExitCode" not in causes:
        known = "executable file not found" in str(ended.get("message"))
        text = "there is no such program in the container" if known else "it could not be started"
        return Answer(ok=False, spoke=False, text=text, unasked=True)
    last = (err or out).splitlines()[-1:]
    return Answer(ok=False, spoke=True, text=": ".join([f"ends with {causes['ExitCode']}", *last]), value=out)


def _text(data: bytes) -> str:
    return data[:OUTPUT_BYTES].decode(errors="replace").strip()
