"""What is read of a container's log, and what is none although the API server says so."""

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.evidence import tail
from bootheal.model import Ref

GONE = "unable to retrieve container logs for containerd://784134ce05431bd20f9ee5b8818d087a9ff5e64cb63b8f7b6160ee81c4d6930a"
UNLINKED = (
    'failed to try resolving symlinks in path "/var/log/pods/shop_web/web/0.log": lstat /var/log/pods: no such file'
)


class Served(Api):
    """Answers each request for a log alike."""

    def __init__(self, status: int, said: str) -> None:
        self._answer = status, said

    def text(self, *_asked: object, **_options: object) -> tuple[int, str]:
        return self._answer


@pytest.mark.parametrize(
    ("status", "said", "read"),
    [
        (200, "KeyError: 'COLOUR'\n", "KeyError: 'COLOUR'\n"),
        (200, GONE, ""),
        (200, UNLINKED + "\n", ""),
        (200, f"it says: {GONE}\n", f"it says: {GONE}\n"),
        (400, "container is waiting to start", ""),
    ],
    ids=["a log", "none any more", "its file is gone", "who tells of another", "never began"],
)
def test_what_a_kubelet_says_of_a_missing_log_is_no_last_word(status: int, said: str, read: str) -> None:
    """It answers 200; as the container's own words it would be given as the cause of its end."""
    assert tail(Served(status, said), Ref("pod", "shop", "web"), "web", 5, previous=True) == read
