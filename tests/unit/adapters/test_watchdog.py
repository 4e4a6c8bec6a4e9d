"""The service's watchdog, and the longest that the loop may be silent."""

import re
from pathlib import Path

from bootheal.adapters.kube.api import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS

UNIT = Path(__file__).parents[3] / "systemd/bootheal.service"


def test_the_slowest_request_keeps_the_watchdog_waiting_for_less_than_a_third_of_its_time() -> None:
    """An action, or a part of one, is one request or some at once; there is a sign of life before and after it."""
    found = re.search(r"^WatchdogSec=(\d+)s$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert int(found[1]) / 3 > CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS
