"""When a pooler must be restarted, and when a person must be told. Pure."""

from dataclasses import dataclass

from bootheal.model import Ref
from bootheal.pgbouncer.diagnosis import Verdict
from bootheal.pgbouncer.observation import Member, PoolerObservation
from bootheal.step import GiveUp

STALE = (Verdict.STALE, Verdict.STALE_CLIENT)

# Less than what a restart takes is waited for.
RESTART_TAKES = 3.0

# For how long, beyond two tries, it is refused what PostgreSQL accepts before it is not believed to find out itself.
STALE_FOR = 3.0

# The kubelet brings a changed Secret into a pod that runs within a minute and a half; then a RELOAD, which drops
# nobody, is enough. Where it never will (subPath, environment), others are served that much longer.
FILE_ARRIVES = 90.0

# A pooler that says no more than that it fails: for so long both roles must have been let in without it.
HIDDEN = 15.0

# For how long a verdict must hold before a person is asked: an auth_query may need a moment before it knows
# the application, and whoever said PAUSE may be about to say RESUME.
PASSES = {
    Verdict.APPLICATION_ROLE: 10.0,
    Verdict.STALE_CLIENT: 10.0,
    Verdict.STALE: 10.0,
    Verdict.MISSING: 10.0,
    Verdict.PAUSED: 60.0,
    Verdict.DISABLED: 60.0,
}


def passes(member: Member, verdict: Verdict, patience: float) -> float:
    """Return for how long a verdict must hold before a person is asked."""
    arrives = FILE_ARRIVES if verdict in STALE and member.same_file is False else 0.0
    return arrives + PASSES.get(verdict, patience)


def why_restart(member: Member, verdict: Verdict, seen: PoolerObservation, held: float) -> str:
    """Say why only a new process helps, "" if that is not known. `held`: for how long PostgreSQL has let both in."""
    if verdict in STALE and member.same_file is False and (held >= FILE_ARRIVES or not member.serves_others):
        return "its auth_file is not the declared one"
    if verdict in STALE and member.bug:
        return member.bug.source
    if member.serves_others:
        return ""
    if verdict is Verdict.NO_NAME and member.console and member.console.unknown_for > RESTART_TAKES:
        return "it remembers that PostgreSQL's name does not exist"
    return _persists(member, verdict, held) if seen.lets_both_in else ""


def _persists(member: Member, verdict: Verdict, held: float) -> str:
    """PostgreSQL lets both roles in: how long may it go on failing?"""
    if verdict in STALE and held >= 2 * member.retry + STALE_FOR:
        return verdict.value
    if verdict is Verdict.BACKS_OFF and held >= max(HIDDEN, 2 * member.retry):
        return "it goes on failing where PostgreSQL lets both roles in"
    return ""


@dataclass(frozen=True, slots=True)
class Names:
    """What a person is pointed to: the database as the pooler names it, and the Secrets of both roles."""

    dbname: str
    pooler: Ref
    application: Ref


def tell(member: Member, verdict: Verdict, seen: PoolerObservation, names: Names) -> GiveUp:
    """Say what a person has to do."""
    said, console = f"login through {member.pod}: {member.login}", f"the console of {member.pod}"
    match verdict:
        case Verdict.APPLICATION_ROLE:
            why = f"{said}; straight to PostgreSQL it is refused, too: {seen.application}"
            return GiveUp(why, f"give the role the password of {names.application}, or correct the Secret")
        case Verdict.PAUSED:
            return GiveUp(f"{said}; {verdict.value}", f"on {console}: RESUME {names.dbname}")
        case Verdict.DISABLED:
            return GiveUp(f"{said}; {verdict.value}", f"on {console}: ENABLE {names.dbname}")
        case Verdict.MISSING:
            return GiveUp(f"{said}: {verdict.value}", "is data gone? restore from a backup", person=True)
        case Verdict.STALE_CLIENT:
            hint = f"compare {names.application} with the pooler's auth_file or auth_query"
            return GiveUp(said, f"the pooler refuses the application's own login: {hint}")
        case _:
            hint = f"compare {names.pooler} with the pooler's auth_file and [databases]"
            return GiveUp(f"{said}, although PostgreSQL accepts the Secret's password", hint)
