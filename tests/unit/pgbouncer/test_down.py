"""When a pooler's pod that does not run is given up."""

import pytest

from bootheal.cluster.back_off import NextStart
from bootheal.model import Ref
from bootheal.pgbouncer.down import Down
from bootheal.pgbouncer.server_log import finding
from support.objects import NOW, past

POD = Ref("pod", "shop", "pooler-1")


@pytest.mark.parametrize(("began", "stuck"), [(NOW - 2, False), (NOW - 20, True), (0.0, True)])
def test_what_it_logged_before_this_pass_may_have_been_corrected(began: float, stuck: bool) -> None:
    """Its next start shows that; a failure that this pass has seen is believed at once."""
    found = finding("FATAL cannot load config file", POD, "pgbouncer")
    assert found
    start = NextStart(NOW + 1, NOW + 7)
    down = Down(POD, "CrashLoopBackOff", found, tried=True, ended=NOW - 9, next_start=start)
    assert down.stuck(past(began=began)) is stuck
