"""What waits for the loop: however fast things change, no more than there are things; and nothing is lost."""

import threading

from bootheal.adapters.clock import SystemClock
from bootheal.engine import Inbox, Renew
from bootheal.engine.messages import Changed
from bootheal.ports import Interest

POD, OTHER = Interest("pod", "shop", "web-0"), Interest("pod", "shop", "web-1")


def test_a_storm_that_nobody_has_time_for_does_not_pile_up() -> None:
    """A loop that got no processor for minutes found a message for each change, and their memory stayed with it."""
    inbox = Inbox()
    for _ in range(10_000):
        inbox.put(Changed(POD))
        inbox.put(Changed(OTHER))
    assert inbox.queue.qsize() == 2


def test_what_changes_after_it_was_taken_is_told_again() -> None:
    """In the order in which things came, with all that is no change between."""
    inbox, clock = Inbox(), SystemClock()
    for message in (Changed(POD), Renew(), Changed(POD)):
        inbox.put(message)
    assert inbox.receive(clock, 0.0) == Changed(POD)
    inbox.put(Changed(POD))
    assert [inbox.receive(clock, 0.0) for _ in range(3)] == [Renew(), Changed(POD), None]


def test_whoever_is_told_reads_what_was_there_before_he_was_told() -> None:
    """From another thread, as fast as it can: the last version is never left unread."""
    inbox, clock, versions = Inbox(), SystemClock(), range(1, 20_001)
    written, read = [0], 0

    def change() -> None:
        for version in versions:
            written[0] = version
            inbox.put(Changed(POD))

    thread = threading.Thread(target=change)
    thread.start()
    while inbox.receive(clock, 0.1):
        read = written[0]
    thread.join()
    while inbox.receive(clock, 0.0):
        read = written[0]
    assert read == versions[-1]
