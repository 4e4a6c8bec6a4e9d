"""`bootheal demo --hidden-faults`: all serves, `preflight` foresees what a power cut then brings to light."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootheal.adapters.scope import Scope
from bootheal.cli.looking.next_boot import foreseen
from bootheal.cli.streams import warn
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.preflight.words import lines

if TYPE_CHECKING:
    from bootheal.demo.stack import Stack

SETTING, SET, DEFAULT = "default_pool_size", "50", "20"
SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Hidden:
    """A fault that nobody sees while all runs: how it is brought about, and what shows that it has come true.

    That is a line which some container then `says`, or else a setting that has its default again.
    """

    story: str
    bring: Callable[["Stack"], None]
    becomes: str
    says: str = ""

    def came_true(self, stack: "Stack", before: int) -> bool:
        """Tell whether it has; `before`: how often the line had been said."""
        if self.says:
            return stack.logs().count(self.says) > before
        return bool(stack.pooler.pods) and stack.pooler.setting(SETTING) == DEFAULT


# In the order in which they show themselves: the first is corrected before the others are seen.
FAULTS = (
    Hidden(
        "a line was written into postgresql.conf that is none",
        lambda stack: stack.postgres.misconfigure(),
        "PostgreSQL does not start",
        "contains errors",
    ),
    Hidden(
        "the pooler role's password was changed, and not its Secret",
        lambda stack: stack.postgres.drift_password(),
        "PostgreSQL refuses the pooler (28P01)",
        'password authentication failed for user "pooler"',
    ),
    Hidden(
        f"{SETTING} was set to {SET} on PgBouncer's console only",
        lambda stack: stack.pooler.set(SETTING, SET),
        f"{SETTING} is {DEFAULT} again",
    ),
)


def play(stack: "Stack") -> bool:
    """Break, foresee, cut, show; whether all of it came true."""
    from bootheal.demo.stack import BootScript

    _say("Three things go wrong, and nobody notices:", *(f"  {fault.story}" for fault in FAULTS))
    for fault in reversed(FAULTS):
        fault.bring(stack)
    _say("", *(f"  GET http://{name}/health: {'200' if ok else 'no answer'}" for name, ok in stack.serving().items()))
    _say("", "$ bootheal preflight")
    configuration = load(stack.config)
    with Scope(warn) as scope:
        world = open_world(configuration.file.cluster, scope)
        _say(*map(world.told, lines(foreseen(configuration, world, scope))))
    _say("", "The power is cut, and the machine boots. It comes true:")
    before = {fault: stack.logs().count(fault.says) for fault in FAULTS if fault.says}
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.0, stuck="", leftover=False))
    for fault in FAULTS:
        stack.wait_until(fault.becomes, lambda fault=fault: fault.came_true(stack, before.get(fault, 0)), SECONDS)  # type: ignore[misc]
        _say(f"  {fault.becomes}")
        if fault is FAULTS[0]:
            stack.postgres.correct()
            _say("  (the line is taken out, so that the rest can be seen)")
    return True


def _say(*told: str) -> None:
    print(*told, sep="\n", flush=True)
