"""How parts ended last, remembered while they do not stay up: a start begins with a clean sheet and empty log."""

import re
from dataclasses import replace

from bootheal.model import Part, PartState

_FALLING = (PartState.RESTARTING, PartState.FAILED)
_NUMBER = re.compile(r"\d{4,}")  # a port or a process, which is another one each time


class Ends:
    """What was told of each part's last end."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def recall(self, part: Part) -> Part:
        """Return the part with the reason that was told before, where it now says less or nothing new."""
        told = self._told.pop(part.name, "")
        if part.state not in _FALLING:
            return part
        if _plain(told).startswith(_plain(part.why)):
            part = replace(part, why=told)
        self._told[part.name] = part.why
        return part


def _plain(why: str) -> str:
    return _NUMBER.sub("#", why)
