"""A node far away lives while its Lease moves: at the first outage and at the second."""

import pytest

from bootheal.adapters.kube.heartbeats import Heartbeats
from bootheal.model import Lease


@pytest.mark.parametrize(
    ("sights", "advanced"),
    [
        ([(0, 100)], False),
        ([(0, 100), (10, 110)], True),
        ([(0, 100), (10, 100)], False),
        ([(0, 100), (10, 110), (20, 110), (45, 110)], True),
        ([(0, 100), (10, 110), (20, 110), (45, 110), (51, 110)], False),  # it stopped moving
        ([(0, 100), (10, 110), (600, 115)], False),  # the second outage: it moved last before that
        ([(0, 100), (10, 110), (600, 115), (605, 115)], False),
        ([(0, 100), (10, 110), (600, 115), (605, 116)], True),
        ([(0, 100), (10, 90)], False),  # a datastore restored from a backup
    ],
)
def test_a_lease_moves_only_while_it_is_seen_moving(sights: list[tuple[float, float]], advanced: bool) -> None:
    """Each sight is at a time of ours, and shows when the node says to have renewed it."""
    at = [0.0]
    heartbeats = Heartbeats(lambda: at[0])
    for moment, renewed in sights:
        at[0] = moment
        lease = heartbeats.seen("far", Lease(renewed))
    assert lease == Lease(sights[-1][1], advanced=advanced)
    assert not heartbeats.seen("other", Lease(7)).advanced
