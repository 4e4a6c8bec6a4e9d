"""A hundred nodes: what a start asks and says does not grow with what is there. scripts/bench --only scale measures."""

import re
from collections.abc import Iterator

import pytest

from bench import scale
from support.command import bootheal
from support.crowd import Crowd
from support.faulty import busiest
from support.thorough import thorough

MOST_NAMED = 6


@pytest.fixture(scope="module")
def opened() -> Iterator[Crowd]:
    """Nodes that are in a hurry, as the demo's is."""
    with scale.crowd(workloads=30, nodes=100, databases=3, beats=2.0) as crowd:
        yield crowd


def test_a_start_among_a_hundred_nodes_asks_little_and_says_little(opened: Crowd) -> None:
    """Each silent node was asked for its pods and volumes ten times a second, and had a line of its own."""
    ears = scale.Ears(opened)
    try:
        ears.until("rests: ")
    finally:
        ears.end()
    asked = [f"{request.method} {request.path}" for request in opened.requests]
    assert asked.count("GET /api/v1/persistentvolumes") <= MOST_NAMED, "each of the last ones once"
    assert len(asked) < 150
    assert len([line for line in ears.said if re.search(r"waits +gate ", line)]) <= 10
    started = next(line for line in ears.said if re.search(r"looks at \d+ steps", line))
    assert len(started) < 120  # the boots of a hundred nodes have one name


def test_requests_stay_under_a_limit_that_they_would_break(opened: Crowd) -> None:
    """Of a start, which asks the most; with the default of fifty a second as with five."""
    most = {}
    for limit in (50, 5):
        opened.requests.clear()
        bootheal("run", "--once", "--max-requests-per-second", str(limit), "--config", opened.config)
        most[limit] = busiest(sorted(request.time for request in opened.requests), 2.0)
    allowed = 5 * 2 + 5  # what was held up on its way arrives together with what was sent a second later
    assert most[5] <= allowed < most[50] <= 50 * 2 + 50, most


def test_what_matters_is_seen_in_a_storm_of_changes(opened: Crowd) -> None:
    """Pods change and change, and none is ill for it; then one is."""
    if not thorough():
        pytest.skip("a storm takes much of a machine: scripts/test --thorough")
    weather = scale.storm(opened, seconds=1.0, every=1.0, a_second=300)
    assert weather.changes > 100
    assert max(weather.reactions) < 5.0  # on a busy machine; the bench wants one second
    assert weather.after < 1.2 * weather.before
