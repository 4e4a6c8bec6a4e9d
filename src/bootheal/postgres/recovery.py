"""Whether a server that says "starting up" is at work: only then the clock stands still for it. Pure.

Crash recovery is not late, it is working, and may take hours. But a standby that waits for WAL which nobody has, or a
member that waits for a leader, says the same for ever; and what shows no progress is not believed for days.
"""

from collections.abc import Iterator

from bootheal.model.sqlstates import RECOVERS_WITHIN_SECONDS
from bootheal.postgres.accounts import Account
from bootheal.step import Past

# Whatever its log says so early, it may be about to begin.
YOUNG_SECONDS = 300.0

# PostgreSQL tells every ten seconds how far it is (log_startup_progress_interval).
MOVES_WITHIN_SECONDS = 300.0


def conditions(name: str, account: Account) -> Iterator[str]:
    """Name what must have lasted: that it recovers, and where it has got to."""
    yield _recovers(name)
    if account.position:
        yield _at(name, account)


def at_work(name: str, account: Account, past: Past) -> bool:
    """Tell whether the server of this name does what ends by itself: not where its kubelet or it itself ends that."""
    if account.trouble or account.again:
        return False
    if account.started is not None and past.now - account.started < YOUNG_SECONDS:
        return True
    if account.position:
        return past.held(_at(name, account)) < MOVES_WITHIN_SECONDS
    return not account.idle and past.held(_recovers(name)) < RECOVERS_WITHIN_SECONDS


def _recovers(name: str) -> str:
    return f"recovers {name}"


def _at(name: str, account: Account) -> str:
    return f"recovers {name} at {account.position}"
