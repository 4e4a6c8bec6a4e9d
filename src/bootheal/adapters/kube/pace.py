"""So many requests to one API server in any second, and no more: it has others to serve, and may have just begun."""

import threading
import time
from collections import deque
from collections.abc import Callable

MOST_PER_SECOND = 50.0


class Pace:
    """Any thread may ask. As many as `rate` may be sent at once, if none were in the second before."""

    def __init__(
        self,
        rate: float = MOST_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._turns: deque[float] = deque(maxlen=int(rate))
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for one's turn, in the order of asking."""
        with self._lock:
            now = self._clock()
            full = len(self._turns) == self._turns.maxlen
            turn = max(now, self._turns[0] + 1.0) if full else now
            self._turns.append(turn)
        if turn > now:
            self._sleep(turn - now)
