"""Whether a server that says "starting up" is at work: only then the clock stands still for it. Pure.

Crash recovery is not late, it is working, and may take hours. But a standby that waits for WAL which nobody has, or a
member that waits for a leader, says the same for ever; and what shows no progress is not believed for days.
"""

from collections.abc import Iterator

from bootheal.model.sqlstates import RECOVERS_WITHIN_SECONDS
from bootheal.postgres.silent_server import SilentServer
from bootheal.step import Past

# Whatever its log says so early, it may be about to begin.
YOUNG_SECONDS = 300.0

# PostgreSQL tells every ten seconds how far it is (log_startup_progress_interval).
MOVES_WITHIN_SECONDS = 300.0


def conditions(name: str, silent: SilentServer) -> Iterator[str]:
    """Name what must have lasted: that it recovers, and where it has got to."""
    yield _recovers(name)
    if silent.position:
        yield _at(name, silent)


def at_work(name: str, silent: SilentServer, past: Past) -> bool:
    """Tell whether the server of this name does what ends by itself: not where its kubelet or it itself ends that."""
    if silent.trouble or silent.again:
        return False
    if silent.started is not None and past.now - silent.started < YOUNG_SECONDS:
        return True
    if silent.position:
        return past.held(_at(name, silent)) < MOVES_WITHIN_SECONDS
    return not silent.idle and past.held(_recovers(name)) < RECOVERS_WITHIN_SECONDS


def _recovers(name: str) -> str:
    return f"recovers {name}"


def _at(name: str, silent: SilentServer) -> str:
    return f"recovers {name} at {silent.position}"
