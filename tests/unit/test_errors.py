"""What errors say."""

import errno

import pytest

from bootheal.errors import UnreachableError, why_silent


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connection refused"),
        (ConnectionResetError(), "connection reset"),
        (BrokenPipeError(), "connection reset"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (
            UnreachableError("cannot forward a port to pod/shop/a: connection closed"),
            "cannot forward a port to pod/shop/a: connection closed",
        ),
        (OSError(), "OSError"),
    ],
)
def test_why_a_socket_gave_no_answer_is_said_in_a_few_words(error: Exception, words: str) -> None:
    """Never an empty text, whatever the error lacks."""
    assert words == why_silent(error)
