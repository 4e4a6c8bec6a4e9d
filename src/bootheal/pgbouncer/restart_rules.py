"""When a pooler must be restarted, and when a person must be told. Pure."""

from dataclasses import dataclass

from bootheal.model import Ref
from bootheal.pgbouncer.diagnosis import Diagnosis
from bootheal.pgbouncer.observation import PoolerObservation, PoolerPod
from bootheal.step import GiveUp

STALE = (Diagnosis.STALE, Diagnosis.STALE_CLIENT)

# Less than what a restart takes is waited for.
RESTART_TAKES_SECONDS = 3.0

# For how long, beyond two tries, it is refused what PostgreSQL accepts before it is not believed to find out itself.
STALE_FOR_SECONDS = 3.0

# The kubelet brings a changed Secret into a pod that runs within a minute and a half; then a RELOAD, which drops
# nobody, is enough. Where it never will (subPath, environment), others are served that much longer.
FILE_ARRIVES_SECONDS = 90.0

# A pooler that says no more than that it fails: for so long both roles must have been let in without it.
HIDDEN_SECONDS = 15.0

# For how long a diagnosis must hold before a person is asked: an auth_query may need a moment before it knows
# the application, and whoever said PAUSE may be about to say RESUME.
PERSISTS_FOR_SECONDS = {
    Diagnosis.APPLICATION_ROLE: 10.0,
    Diagnosis.STALE_CLIENT: 10.0,
    Diagnosis.STALE: 10.0,
    Diagnosis.MISSING: 10.0,
    Diagnosis.PAUSED: 60.0,
    Diagnosis.DISABLED: 60.0,
}


def persists_for(member: PoolerPod, diagnosis: Diagnosis, patience: float) -> float:
    """Return for how long a diagnosis must hold before a person is asked."""
    arrives = FILE_ARRIVES_SECONDS if diagnosis in STALE and member.same_file is False else 0.0
    return arrives + PERSISTS_FOR_SECONDS.get(diagnosis, patience)


def why_restart(member: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, held: float) -> str:
    """Say why only a new process helps, "" if that is not known. `held`: for how long PostgreSQL has let both in."""
    if diagnosis in STALE and member.same_file is False and (held >= FILE_ARRIVES_SECONDS or not member.serves_others):
        return "its auth_file is not the declared one"
    if diagnosis in STALE and member.bug:
        return member.bug.source
    if member.serves_others:
        return ""
    if diagnosis is Diagnosis.NO_NAME and member.console and member.console.unknown_for > RESTART_TAKES_SECONDS:
        return "it remembers that PostgreSQL's name does not exist"
    return _persists(member, diagnosis, held) if seen.lets_both_in else ""


def _persists(member: PoolerPod, diagnosis: Diagnosis, held: float) -> str:
    """PostgreSQL lets both roles in: how long may it go on failing?"""
    if diagnosis in STALE and held >= 2 * member.retry + STALE_FOR_SECONDS:
        return diagnosis.value
    if diagnosis is Diagnosis.BACKS_OFF and held >= max(HIDDEN_SECONDS, 2 * member.retry):
        return "it goes on failing where PostgreSQL lets both roles in"
    return ""


@dataclass(frozen=True, slots=True)
class References:
    """What a person is pointed to: the database as the pooler names it, and the Secrets of both roles."""

    dbname: str
    pooler: Ref
    application: Ref


def tell(member: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, names: References) -> GiveUp:
    """Say what a person has to do."""
    said, console = f"login through {member.pod}: {member.login}", f"the console of {member.pod}"
    match diagnosis:
        case Diagnosis.APPLICATION_ROLE:
            why = f"{said}; straight to PostgreSQL it is refused, too: {seen.application}"
            return GiveUp(why, f"give the role the password of {names.application}, or correct the Secret")
        case Diagnosis.PAUSED:
            return GiveUp(f"{said}; {diagnosis.value}", f"on {console}: RESUME {names.dbname}")
        case Diagnosis.DISABLED:
            return GiveUp(f"{said}; {diagnosis.value}", f"on {console}: ENABLE {names.dbname}")
        case Diagnosis.MISSING:
            return GiveUp(f"{said}: {diagnosis.value}", "is data gone? restore from a backup", person=True)
        case Diagnosis.STALE_CLIENT:
            hint = f"compare {names.application} with the pooler's auth_file or auth_query"
            return GiveUp(said, f"the pooler refuses the application's own login: {hint}")
        case _:
            hint = f"compare {names.pooler} with the pooler's auth_file and [databases]"
            return GiveUp(f"{said}, although PostgreSQL accepts the Secret's password", hint)
