"""How long to wait, and how often to ask meanwhile; the only room that knows tenacity.

`pause` is for a condition that the engine waits for: 2 % of the time
already waited, so that the answer is never later than 2 % too late, and asking for an
hour costs as little as asking for a minute. `recheck` is for what is well or has failed
while bootheal stays. `stay_away` is for who refuses us, `try_again` for an action that failed.
`hold_back` is for what did not help in boot after boot. These are plain arithmetic:
whoever calls them looks again by himself.
`reconnecting` is for a call that is simply made again until it works: exponential, jittered, capped.
"""

import random
from collections.abc import Callable, Iterator

from tenacity import (
    AttemptManager,
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from bootheal.errors import TransientError

SHORTEST_SECONDS = 0.1
LONGEST_SECONDS = 5.0

# Who is woken by a watch asks for himself for the case that it is broken.
WATCHED_SECONDS = 0.5

SHARE = 0.02
JITTER = 0.1
LONGEST_RECHECK_SECONDS = 600.0
BAD_LUCK = 2
SECOND_THOUGHT_SECONDS = 30.0
LONGEST_STAY_AWAY_SECONDS = 30.0
LONGEST_HOLD_SECONDS = 1800.0
LONGEST_TRY_AGAIN_SECONDS = 60.0

# An action that has failed so often in a row is given up, after some twelve minutes.
MOST_FAILURES = 20


def pause(waited: float, *, watched: bool = False) -> float:
    """Return for how many seconds to sleep before looking again, `waited` seconds after the first look."""
    shortest = WATCHED_SECONDS if watched else SHORTEST_SECONDS
    return jittered(min(max(SHARE * waited, shortest), LONGEST_SECONDS))


def recheck(seconds: float, failures: int = 0) -> float:
    """Return for how long to leave alone what is well, or what has failed and then `failures` times again."""
    return jittered(min(seconds * 2.0 ** min(failures, 30), max(seconds, LONGEST_RECHECK_SECONDS)))


def hold_back(boots: int) -> float:
    """Return for how long to hold back what was done in so many boots in a row and did not help.

    Two power cuts in a row are bad luck; a machine that reboots every other minute is not to be driven on.
    """
    return (
        0.0
        if boots < BAD_LUCK
        else min(SECOND_THOUGHT_SECONDS * 2.0 ** min(boots - BAD_LUCK, 30), LONGEST_HOLD_SECONDS)
    )


def stay_away(refusals: int) -> float:
    """Return for how long not to ask again whoever has refused us so many times in a row: 1 s, 2 s, 4 s, ..."""
    return jittered(min(2.0 ** min(refusals - 1, 30), LONGEST_STAY_AWAY_SECONDS))


def try_again(failures: int) -> float:
    """Return for how long to leave an action alone that has failed so many times in a row: 0.25 s, 0.5 s, 1 s, ..."""
    return jittered(min(2.0 ** min(failures - 3, 30), LONGEST_TRY_AGAIN_SECONDS))


def jittered(seconds: float) -> float:
    """Return about so many seconds, so that what was done at one moment is not done at one moment again."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not cryptography


class _Told(wait_base):
    """Wait as long as the error says that one should, but no less than `otherwise`."""

    def __init__(self, otherwise: wait_base) -> None:
        self._otherwise = otherwise

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        told = error.again if isinstance(error, TransientError) else None
        return max(self._otherwise(retry_state), told or 0.0)


def reconnecting(
    on: type[Exception], sleep: Callable[[float], None], *, longest: float = LONGEST_SECONDS
) -> Iterator[AttemptManager]:
    """Yield attempts (context managers) until one does not raise `on`; other errors pass through.

    `sleep` is called between attempts, so that whoever stops the loop can cut the
    sleep short. Use as `for attempt in reconnecting(...): with attempt: ...`.
    """
    return iter(
        Retrying(
            retry=retry_if_exception_type(on),
            wait=_Told(wait_random_exponential(multiplier=SHORTEST_SECONDS, max=longest)),
            sleep=sleep,
            reraise=True,
        )
    )


# Whoever is told of a boot is asked less and less often, but within minutes of coming back.
LONGEST_BETWEEN_TRIES_SECONDS = 60.0


def trying_for(on: type[Exception], seconds: float, sleep: Callable[[float], None]) -> Iterator[AttemptManager]:
    """Yield attempts until one does not raise `on`, or so many seconds have passed: then that error is raised.

    The longest pause is a minute, or what the error says that one should wait.
    """
    return iter(
        Retrying(
            retry=retry_if_exception_type(on),
            stop=stop_after_delay(max(0.0, seconds)),
            wait=_Told(wait_random_exponential(multiplier=1.0, max=LONGEST_BETWEEN_TRIES_SECONDS)),
            sleep=sleep,
            reraise=True,
        )
    )
