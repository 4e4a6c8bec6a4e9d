"""`bootheal preflight --inhibit`: it stays, and has planned reboots refused for as long as they would end badly."""

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from bootheal.adapters.inhibitor import Inhibitor
from bootheal.adapters.systemd import Systemd
from bootheal.cli.arguments.examining import EVERY_SECONDS
from bootheal.errors import BoothealError
from bootheal.exit_codes import ExitCode
from bootheal.model.durations import DAY
from bootheal.preflight import Forecast
from bootheal.preflight.words import verdict

Look = Callable[[], tuple[Forecast, Callable[[str], str]]]

SOONEST_SECONDS = 1.0
ENDS = frozenset({signal.SIGTERM, signal.SIGINT})


def stay(options: argparse.Namespace, look: Look) -> int:
    """Refuse planned reboots while `look` says that one would end badly, until SIGTERM.

    `look` returns a forecast, and what makes a text fit to be told. What cannot be looked at refuses nothing; that
    systemd grants no lock ends it.
    """
    inhibitor = Inhibitor()
    said = ""
    with closing(Systemd()) as systemd, _asked_to_end() as asked:
        try:
            every = EVERY_SECONDS if options.every is None else options.every
            while True:
                now = _looked(inhibitor, look, strict=options.strict)
                if now != said:
                    print(now, flush=True)
                said = now
                systemd.status(said)
                systemd.ready()
                if asked(min(max(every, SOONEST_SECONDS), DAY)):
                    return ExitCode.HEALED
        finally:
            inhibitor.release()


def _looked(inhibitor: Inhibitor, look: Look, *, strict: bool) -> str:
    """Look once, and hold the lock or let go of it; return what to say."""
    try:
        found, told = look()
    except BoothealError as error:
        inhibitor.release()
        return f"no reboot is refused: cannot look ahead: {error}"
    said, code = told(verdict(found, strict=strict)), found.code(strict=strict)
    blind = found.blind and code is not ExitCode.PERSON
    if not code or blind:  # a reboot may be what a cluster needs that tells nothing
        inhibitor.release()
        return f"no reboot is refused: {said}" if blind else said
    inhibitor.hold(f"{said}: see `bootheal preflight`")
    return f"planned reboots are refused: {said}"


@contextmanager
def _asked_to_end() -> Iterator[Callable[[float], bool]]:
    """Yield what waits so many seconds for SIGTERM or SIGINT, and says whether one came; a look is not interrupted."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield lambda seconds: signal.sigtimedwait(ENDS, seconds) is not None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
