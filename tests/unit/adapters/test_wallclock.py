"""This boot on the wall clock, which may be set while it lasts."""

from bootheal.adapters.wallclock import Sample, WallClock
from bootheal.cluster.freshness import before_boot
from bootheal.model import BootTime

HOUR = 3600.0
POWER_ON = 1_000_000.0


class Clocks:
    """Both clocks of a machine: the test lets time pass, and sets one of them."""

    def __init__(self, error: float = 0.0) -> None:
        self.up, self.error = 0.0, error

    def __call__(self) -> Sample:
        return self.up, POWER_ON + self.up + self.error

    def at(self, up: float, *, error: float | None = None) -> float:
        """Let it be `up` seconds after power-on; return what the wall clock says."""
        self.up, self.error = up, self.error if error is None else error
        return self()[1]


def test_a_boot_under_a_right_clock_is_one_span() -> None:
    """From power-on until now, with some slack for what is stamped while we look."""
    clocks = Clocks()
    wall = WallClock(clocks)
    clocks.at(5)
    assert BootTime(((POWER_ON, POWER_ON + 15),)) == wall.boot_time()
    clocks.at(9, error=0.4)
    assert BootTime(((POWER_ON, POWER_ON + 19),)) == wall.boot_time()


def test_a_clock_set_forward_by_an_hour_makes_nothing_of_this_boot_old() -> None:
    """What started before the jump is of this boot, and what ran an hour before power-on still is not."""
    clocks = Clocks(error=-HOUR)
    wall = WallClock(clocks)
    started = clocks.at(8)
    wall.boot_time()
    before, later = POWER_ON - HOUR / 2, clocks.at(12, error=0.0)
    boot = wall.boot_time()
    assert not before_boot(started, boot)
    assert not before_boot(later, boot)
    assert before_boot(before, boot)


def test_a_clock_set_back_by_an_hour_makes_nothing_of_this_boot_old() -> None:
    """What was stamped in what is now the future is of this boot; what the cut ended is not."""
    clocks = Clocks(error=HOUR)
    wall = WallClock(clocks)
    started = clocks.at(8)
    wall.boot_time()
    later = clocks.at(12, error=0.0)
    boot = wall.boot_time()
    assert not before_boot(started, boot)
    assert not before_boot(later, boot)
    assert before_boot(POWER_ON - 1, boot)
    assert before_boot(POWER_ON + HOUR / 2, boot)


def test_a_stamp_from_the_future_is_not_of_this_boot() -> None:
    """A machine that boots in the past sees stamps of its previous boot as yet to come."""
    clocks = Clocks(error=-HOUR)
    wall = WallClock(clocks)
    clocks.at(3)
    assert before_boot(POWER_ON - HOUR / 2, wall.boot_time())


def test_what_began_under_a_clock_that_was_set_back_since_is_of_this_boot() -> None:
    """A node in a container, started an hour ahead: what it wrote then and what it writes now are of its boot."""
    clocks = Clocks(error=HOUR)
    wall = WallClock(clocks)
    started = clocks.at(8)
    wall.boot_time()
    later = clocks.at(12, error=0.0)
    boot = wall.boot_time().after(started)
    assert before_boot(started - 2, boot)
    assert not before_boot(started, boot)
    assert not before_boot(later, boot)


def test_what_began_late_in_the_boot_leaves_out_all_before_it() -> None:
    """Whatever clock that was by, and also where a span of an earlier clock lies in what is now the future."""
    clocks = Clocks(error=HOUR)
    wall = WallClock(clocks)
    before = clocks.at(8)
    wall.boot_time()
    clocks.at(9, error=0.0)
    wall.boot_time()
    began, later = clocks.at(2000), clocks.at(2001)
    boot = wall.boot_time().after(began)
    assert before_boot(before, boot)
    assert before_boot(began - 2, boot)
    assert not before_boot(later, boot)


def test_a_stamp_by_a_clock_that_nobody_knew_leaves_the_boot_as_it_is() -> None:
    """Nothing would be of this boot otherwise, until the clock has caught up."""
    boot = BootTime(((POWER_ON, POWER_ON + 9),))
    assert boot.after(POWER_ON + HOUR) == boot
    assert boot.after(POWER_ON - HOUR) == boot


def test_what_others_have_noted_tells_of_clocks_set_before_we_began() -> None:
    """As systemd, which notes both clocks whenever a unit changes its state."""
    clocks = Clocks()
    clocks.at(60)
    wall = WallClock(clocks, earlier=[(9.0, POWER_ON - HOUR + 9.0), (1.0, POWER_ON - HOUR + 1.0)])
    assert not before_boot(POWER_ON - HOUR + 8.0, wall.boot_time())
    assert before_boot(POWER_ON - 5, wall.boot_time())
