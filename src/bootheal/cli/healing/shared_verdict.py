"""What the process that acts lets those know that stand by: how its last pass ended, as of which boots of the nodes.

A machine that stands by tells whether *its* boot is healed. So the boots are in it: who acts may have seen all well
before this machine rebooted, and not know of that yet.
"""

from collections.abc import Mapping
from contextlib import suppress

from bootheal.errors import BoothealError
from bootheal.model import Report, Verdict
from bootheal.model.past import epoch_of, short
from bootheal.ports import Host


def encoded(report: Report, boots: Mapping[str, str]) -> str:
    """Return it as one line."""
    return f"{report.verdict} {epoch_of(boots.values()) or report.epoch}"


def decoded(heard: str, host: Host) -> Verdict | None:
    """Return how it ended, None where that is not said, or not said of this boot of the host."""
    verdict, _, epoch = heard.partition(" ")
    with suppress(ValueError, BoothealError):
        ours = host.epoch()
        if ours is None or not {ours, short(ours)}.isdisjoint(epoch.split("+")):
            return Verdict(verdict)
    return None
