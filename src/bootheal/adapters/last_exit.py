"""How components ended last, remembered while they do not stay up: a start begins with a clean sheet and empty log."""

import re
from dataclasses import replace

from bootheal.model import Component, ComponentState

_FALLING = (ComponentState.RESTARTING, ComponentState.FAILED)
_NUMBER = re.compile(r"\d{4,}")  # a port or a process, which is another one each time


class LastExits:
    """What was told of each component's last end."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def recall(self, component: Component) -> Component:
        """Return the component with the reason that was told before, where it now says less or nothing new."""
        told = self._told.pop(component.name, "")
        if component.state not in _FALLING:
            return component
        if _plain(told).startswith(_plain(component.why)):
            component = replace(component, why=told)
        self._told[component.name] = component.why
        return component


def _plain(why: str) -> str:
    return _NUMBER.sub("#", why)
