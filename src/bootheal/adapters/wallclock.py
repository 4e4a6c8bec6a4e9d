"""When this boot has been, by every wall clock it has had.

The kernel's boot clock only goes forward; the wall clock is set, by the network or by hand,
and what was stamped before keeps the old time. A sample is both clocks at one moment.
Samples taken from the start on show when the clock was set and by how much.
"""

import ctypes
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bootheal.model import BootTime

# Both clocks tick alike, also while the network time daemon slows or hastens them: only setting parts them.
SET_SECONDS = 1.0

# What is read after the sample may have been stamped after it.
SLACK_SECONDS = 10.0

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
TIMEX_BYTES = 512  # generous: struct timex has 208

Sample = tuple[float, float]


def sample() -> Sample:
    """Return seconds since this machine booted, and the time of day."""
    return time.clock_gettime(time.CLOCK_BOOTTIME), time.time()


class WallClock:
    """The samples so far, each that shows the clock newly set; `earlier` ones come from who has kept some."""

    def __init__(self, now: Callable[[], Sample] = sample, earlier: Iterable[Sample] = ()) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._eras: list[list[float]] = []  # [first, last] seconds since boot, and the offset of the wall clock
        notes = sorted(earlier)
        self.first_noted = notes[0][1] if notes else None
        """When the first of the earlier samples was taken, by the clock of then."""
        for moment, wall in notes:
            self._take(moment, wall)

    def boot_time(self) -> BootTime:
        """Take a sample, and return the spans of this boot so far."""
        moment, wall = self._now()
        with self._lock:
            self._take(moment, wall)
            spans = [(first + offset, last + offset) for first, last, offset in self._eras]
        first, last = spans[-1]
        return BootTime((*spans[:-1], (first, last + SLACK_SECONDS)))

    def _take(self, moment: float, wall: float) -> None:
        """Lengthen the present era; where the clock was set since, begin one that overlaps it."""
        offset = wall - moment
        before = self._eras[-1][1] if self._eras else 0.0
        if self._eras:
            self._eras[-1][1] = moment
        if not self._eras or abs(offset - self._eras[-1][2]) > SET_SECONDS:
            self._eras.append([before, moment, offset])


def clock_synchronised(marker: Path = SYNCHRONISED) -> bool | None:
    """Ask systemd-timesyncd's marker, then the kernel, which every other time daemon tells."""
    if marker.exists():
        return True
    libc = ctypes.CDLL(None)
    state = int(libc.adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)))
    return None if state < 0 else state != TIME_ERROR
