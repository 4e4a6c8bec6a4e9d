"""The service's watchdog, and the longest that the loop may be silent."""

import re
from pathlib import Path

import pytest

from bootheal.adapters.kube.api import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from bootheal.adapters.systemd import Systemd

UNIT = Path(__file__).parents[3] / "systemd/bootheal.service"


def test_the_slowest_request_keeps_the_watchdog_waiting_for_less_than_a_third_of_its_time() -> None:
    """An action, or a part of one, is one request or some at once; there is a sign of life before and after it."""
    found = re.search(r"^WatchdogSec=(\d+)s$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert int(found[1]) / 3 > CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS


@pytest.mark.parametrize(
    ("said", "seconds"), [("60000000", 20.0), ("", None), ("x", None), ("0", None), ("-5", None), ("nan", None)]
)
def test_what_is_no_time_asks_for_no_sign_of_life(
    said: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop neither ends by it, nor turns without a pause."""
    monkeypatch.setenv("WATCHDOG_USEC", said)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("BOOTHEAL_HEARTBEAT", raising=False)
    assert Systemd().longest_sleep == (float("inf") if seconds is None else seconds)
