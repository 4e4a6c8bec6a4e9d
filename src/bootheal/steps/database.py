"""A database: it accepts, speaks the protocol, and is the writable primary.

PostgreSQL is never restarted here: crash recovery would start from the beginning.
"""

from dataclasses import dataclass

from bootheal.model import Right
from bootheal.ports import Interest, World
from bootheal.primary import Database, Member, Members, find
from bootheal.step import GiveUp, Judgement, Past, Settled, Step, Wait

RECOVERING = ("57P03",)
MISSING = ("3D000",)
REFUSED = ("28P01", "28000")
DAMAGED = ("XX001", "XX002", "58P01")

# The members are asked one after another, so a switchover in between shows two primaries.
SWITCHOVER = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What each member of the database answered."""

    members: Members

    @property
    def conditions(self) -> frozenset[str]:
        """How long there have been two primaries matters: during a switchover it may look so for a moment."""
        return frozenset({"two primaries"}) if self.two else frozenset()

    @property
    def two(self) -> bool:
        """Whether more than one member takes writes."""
        return sum(member.writable for member in self.members.members) > 1


@dataclass(frozen=True, kw_only=True)
class DatabaseStep(Step[Seen]):
    """Waits for the writable primary of `database`, for as long as its patience says."""

    database: Database

    def interests(self) -> frozenset[Interest]:
        """The pods behind it; PostgreSQL itself has to be asked."""
        return frozenset(Interest(kind, self.database.namespace) for kind in ("pod", "service", "endpointslice"))

    def rights(self) -> frozenset[Right]:
        """To read the administrator's Secret."""
        return frozenset({Right("get", "secrets", self.database.admin.secret.namespace)})

    def look(self, world: World) -> Seen:
        """Ask every member."""
        return Seen(find(world, self.database))

    def judge(self, seen: Seen, past: Past) -> Judgement:
        """Decide by SQLSTATE."""
        members = seen.members
        if members.primary and members.service:
            return Wait(members.service)
        if members.primary:
            writable = next(member.pod for member in members.members if member.writable)
            return Settled(f"{writable} accepts connections and takes writes")
        if seen.two:
            if past.held("two primaries") < SWITCHOVER:
                return Wait(f"more than one writable primary: {members.why_none}")
            return GiveUp(
                f"more than one writable primary: {members.why_none}", "find out which one is right", person=True
            )
        if recovering := members.answered(*RECOVERING):
            return Wait(f"PostgreSQL {_said(recovering)}", counts=False)
        if not members.all_spoke:
            return Wait(f"no writable primary: {members.why_none}")
        if damaged := members.answered(*DAMAGED):
            return GiveUp(f"PostgreSQL {_said(damaged)}", "data may be damaged: restore from a backup", person=True)
        if missing := members.answered(*MISSING):
            return GiveUp(
                f"PostgreSQL {_said(missing)}",
                f"is databases.{self.database.name}.dbname right? If it is, data is gone: restore from a backup",
                person=True,
            )
        if refused := members.answered(*REFUSED):
            return GiveUp(f"PostgreSQL {_said(refused)}", self._refusal_hint())
        return Wait(f"no writable primary: {members.why_none}")

    def _refusal_hint(self) -> str:
        secret = self.database.admin.secret
        return f"compare {secret} (databases.{self.database.name}.admin) with the role, and see pg_hba.conf"


def _said(member: Member) -> str:
    return f"{member.pod}: {member.answer}"
