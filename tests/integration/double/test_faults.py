"""What can be made to go wrong between a client and the double's API server."""

import socket
import ssl
import time

import pytest
import urllib3

from bootheal.demo.api.faults import Cut
from bootheal.demo.stack import Fault, Stack
from support.double import MERGE, SHOP, Api

PODS = f"{SHOP}/pods"


def test_a_status_is_answered_as_often_as_asked(stack: Stack, api: Api) -> None:
    """Two times 429 with Retry-After, then the truth; other paths and methods are spared."""
    stack.faults.add(Fault(path="/pods$", method="GET", status=429, headers={"Retry-After": "3"}, times=2))
    assert api.call("GET", f"{PODS}/postgres-0")[0] == 200
    assert [api.call("GET", PODS)[0] for _ in range(3)] == [429, 429, 200]
    assert len(stack.faults.used) == 2


def test_a_status_lasts_until_it_is_cleared(stack: Stack, api: Api) -> None:
    """Without a number it does not end by itself."""
    stack.faults.add(Fault(path="/api/v1/", status=500, body="kaput"))
    assert [api.call("GET", PODS) for _ in range(3)] == [(500, "kaput")] * 3
    stack.faults.clear()
    assert api.call("GET", PODS)[0] == 200


def test_an_answer_can_be_late(stack: Stack, api: Api) -> None:
    """A slow API server is slow, and right."""
    stack.faults.add(Fault(path="/pods$", delay=0.3, times=1))
    begin = time.monotonic()
    assert api.call("GET", PODS)[0] == 200
    assert time.monotonic() - begin >= 0.3


def test_a_write_that_was_cut_off_has_not_happened(stack: Stack, api: Api) -> None:
    """The connection is reset before the server does anything, and the request is recorded without an answer."""
    stack.requests.clear()
    stack.faults.add(Fault(method="PATCH", cut="reset", times=1))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.call("PATCH", f"{PODS}/postgres-0", {"metadata": {"labels": {"cut": "yes"}}}, MERGE)
    assert [request.status for request in stack.requests] == [0]
    assert "cut" not in api.get(f"{PODS}/postgres-0")["metadata"]["labels"]


def test_a_connection_can_end_without_a_tls_goodbye(stack: Stack, api: Api) -> None:
    """As through k3d's load balancer while the server behind it is away."""
    stack.faults.add(Fault(path="/pods$", cut="eof", times=1))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.call("GET", PODS)
    assert api.call("GET", PODS)[0] == 200


def test_a_request_can_stay_without_an_answer(stack: Stack, api: Api) -> None:
    """Half-open: only the client's own timeout ends it."""
    stack.faults.add(Fault(path="/pods$", cut="silence", times=1))
    parameters = api.client.param_serialize("GET", PODS, auth_settings=["BearerToken"])
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        api.client.call_api(*parameters, _request_timeout=(1, 0.3)).read()


# Python's ssl leaves a socket unclosed whose peer has gone in the moment before it asks who that is.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("door", "error"),
    [("reset", OSError), ("eof", (ssl.SSLEOFError, ssl.SSLZeroReturnError)), ("silence", TimeoutError)],
)
def test_new_connections_can_fail_before_tls(stack: Stack, api: Api, door: Cut, error: type[Exception]) -> None:
    """The port is open, and whoever comes in is thrown out, or left waiting."""
    stack.faults.door = door
    address = urllib3.util.parse_url(api.configuration.host)
    context = ssl.create_default_context(cafile=api.configuration.ssl_ca_cert)
    with pytest.raises(error), socket.create_connection((address.host, address.port), timeout=0.3) as connection:
        context.wrap_socket(connection, server_hostname=address.host)
    stack.faults.clear()
    assert api.call("GET", PODS)[0] == 200
