"""What the API server says instead of an answer, as errors of ours."""

import pytest

from bootheal.adapters.kube.errors import ExpiredError, error_for, reason, right_to
from bootheal.errors import ConflictError, DeniedError, MissingError, PermanentError, UnreachableError
from bootheal.model import Right


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (400, PermanentError, "cannot use the pods: the API server says 400 Bad Request"),
        (401, DeniedError, "cannot list pods in namespace shop: the API server says 401 Unauthorized"),
        (403, DeniedError, "cannot list pods in namespace shop: the API server says 403 Forbidden"),
        (404, MissingError, "cannot find the pods"),
        (409, ConflictError, "cannot change the pods: it changed since it was looked at"),
        (410, ExpiredError, "cannot go on reading the pods: Gone"),
        (429, UnreachableError, "cannot use the pods: the API server says 429 Too Many Requests"),
        (500, UnreachableError, "cannot use the pods: the API server says 500 Internal Server Error"),
        (503, UnreachableError, "cannot use the pods: the API server says 503 Service Unavailable"),
        (599, UnreachableError, "cannot use the pods: the API server says 599 unknown"),
    ],
)
def test_a_status_is_told_with_what_it_means(status: int, kind: type[Exception], said: str) -> None:
    """What may pass is waited for; what is denied is named as a right."""
    error = error_for(status, "the pods", right=Right("list", "pods", "shop"))
    assert type(error) is kind
    assert said == str(error)


@pytest.mark.parametrize(
    ("header", "again"),
    [
        ("3", 3.0),
        ("0", None),
        ("86400", 60.0),
        ("9" * 5_000, 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        ("nan", None),
        ("-5", None),
    ],
)
def test_a_server_that_says_when_to_come_back_is_obeyed(header: str, again: float | None) -> None:
    """Within reason."""
    error = error_for(429, "the pods", headers={"Retry-After": header})
    assert isinstance(error, UnreachableError)
    assert again == error.again


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/api/v1/namespaces/shop/pods", "list pods in namespace shop"),
        ("GET", "/api/v1/namespaces/shop/pods/a", "get pods in namespace shop"),
        ("GET", "/api/v1/namespaces/shop/pods/a/log", "get pods/log in namespace shop"),
        ("GET", "/api/v1/nodes/demo/proxy/pods", "get nodes/proxy"),
        ("DELETE", "/api/v1/namespaces/shop/pods/a", "delete pods in namespace shop"),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/a", "patch deployments in namespace shop"),
        ("POST", "/api/v1/namespaces/shop/pods", "create pods in namespace shop"),
        ("GET", "/api/v1/namespaces/shop", "get namespaces"),
        ("GET", "/readyz", ""),
    ],
)
def test_a_request_needs_a_right_that_has_a_name(method: str, path: str, right: str) -> None:
    """As a Role would have it."""
    assert right == str(right_to(method, path))


def test_following_a_list_is_a_right_of_its_own() -> None:
    """`watch`, beside `list`."""
    assert right_to("GET", "/apis/apps/v1/deployments", watching=True) == Right("watch", "deployments", "", "apps")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol"), "connection cut short"),
        (ConnectionError("the API server says 502"), "the API server says 502"),
        (OSError(113, "Strange"), "Strange"),
        (ValueError("odd"), "ValueError"),
    ],
)
def test_what_went_wrong_on_the_wire_is_said_in_words(error: Exception, words: str) -> None:
    """From the innermost cause that has a name."""
    assert words == reason(error)
