"""What the demo's power cut may leave behind: a story each, and how the embedded cluster is brought there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootheal.exit_codes import ExitCode

if TYPE_CHECKING:
    from bootheal.demo.stack import Stack

# The shop has 3000; what is written while the power is cut may stay.
CHECK = {"name": "orders kept", "sql": "select count(*) from orders", "at_least": 1000}


def _nothing(_stack: "Stack") -> None:
    pass


@dataclass(frozen=True)
class Scenario:
    """`prepare` is done while all is well.

    `boot` changes how it boots, by the fields of `BootScript`; `drift`: the pooler's password has changed behind its
    Secret's back; `ends` is the exit code that bootheal rightly ends with.
    """

    story: str
    drift: bool = False
    boot: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[["Stack"], None] = _nothing
    ends: ExitCode = ExitCode.HEALED


def _lose_orders(stack: "Stack") -> None:
    with stack.postgres.admin() as connection:
        connection.execute("delete from orders")


def _leave_many_dead(stack: "Stack") -> None:
    stack.leave_dead(12)


SCENARIOS: Mapping[str, Scenario] = {
    "drift": Scenario(
        "The pooler role's password has drifted from its Secret, so the applications crash-loop for good. Of the pods "
        "one is a Failed leftover, one stays dead, and one is bare, which must be left alone.",
        drift=True,
    ),
    "clean": Scenario(
        "Nothing is broken: all comes back by itself, and bootheal changes nothing.",
        boot={"stuck": "", "leftover": False},
    ),
    "long-recovery": Scenario(
        "PostgreSQL replays its log for 15 s; the applications crash-loop meanwhile, and their back-off doubles. "
        "bootheal ends it once the database serves.",
        boot={"crash_recovery": 15.0, "backoff_first": 10.0, "backoff_cap": 120.0},
    ),
    "many-dead": Scenario(
        "A dozen Failed pods lie around from the reboot; all of them are deleted, in one go.", prepare=_leave_many_dead
    ),
    "data-lost": Scenario(
        "The database comes back empty of orders. Nothing that could make it worse is done: a person is needed, and "
        "bootheal ends with exit code 3.",
        boot={"stuck": "", "leftover": False},
        configuration={"databases": {"shop": {"client": {"secret": "app"}, "checks": [CHECK]}}},
        prepare=_lose_orders,
        ends=ExitCode.PERSON,
    ),
}
