"""When a pooler must be restarted, and when a person must be told. Pure."""

from bootheal.model.quoted import quoted
from bootheal.pgbouncer.diagnosis import Diagnosis
from bootheal.pgbouncer.observation import Pooler, PoolerObservation
from bootheal.pgbouncer.pod import PoolerPod
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
# the application, and whoever said PAUSE may be about to say RESUME. Who waits for PostgreSQL has no fault of its own.
PERSISTS_FOR_SECONDS = {
    Diagnosis.RECOVERING: float("inf"),
    Diagnosis.APPLICATION_ROLE: 10.0,
    Diagnosis.STALE_CLIENT: 10.0,
    Diagnosis.STALE: 10.0,
    Diagnosis.MISSING: 10.0,
    Diagnosis.PAUSED: 60.0,
    Diagnosis.DISABLED: 60.0,
    Diagnosis.HANDED_OVER: 0.0,
    Diagnosis.CONFIGURED: 10.0,
    Diagnosis.OTHER_ROLE: 10.0,
}


def persists_for(pod: PoolerPod, diagnosis: Diagnosis, patience: float) -> float:
    """Return for how long a diagnosis must hold before a person is asked."""
    arrives = FILE_ARRIVES_SECONDS if diagnosis in STALE and pod.same_file is False else 0.0
    return arrives + PERSISTS_FOR_SECONDS.get(diagnosis, patience)


def why_restart(pod: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, held: float) -> str:
    """Say why only a new process helps, "" if that is not known. `held`: for how long PostgreSQL has let both in."""
    if diagnosis in STALE and pod.same_file is False and (held >= FILE_ARRIVES_SECONDS or not pod.serves_others):
        return "its auth_file is not the declared one"
    if diagnosis in STALE and pod.bug:
        return pod.bug.source
    if pod.serves_others or seen.logs_in_as_other(pod):
        return ""
    if diagnosis is Diagnosis.NO_NAME and pod.console and pod.console.unknown_for > RESTART_TAKES_SECONDS:
        return "it remembers that PostgreSQL's name does not exist"
    return _persists(pod, diagnosis, held) if seen.lets_both_in else ""


def _persists(pod: PoolerPod, diagnosis: Diagnosis, held: float) -> str:
    """PostgreSQL lets both roles in: how long may it go on failing?"""
    if diagnosis in STALE and held >= 2 * pod.retry + STALE_FOR_SECONDS:
        return diagnosis.value
    if diagnosis is Diagnosis.BACKS_OFF and held >= max(HIDDEN_SECONDS, 2 * pod.retry):
        return "it goes on failing where PostgreSQL lets both roles in"
    return ""


def give_up(name: str, pod: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, pooler: Pooler) -> GiveUp:
    """Say what a person has to do; `name` is the pooler's in the configuration."""
    said, console = f"login through {pod.ref}: {pod.login}", f"the console of {pod.ref}"
    match diagnosis:
        case Diagnosis.APPLICATION_ROLE:
            why = f"{said}; straight to PostgreSQL it is refused, too: {seen.application}"
            return GiveUp(why, f"give the role the password of {pooler.client.secret}, or correct the Secret")
        case Diagnosis.PAUSED | Diagnosis.DISABLED:
            word = "RESUME" if diagnosis is Diagnosis.PAUSED else "ENABLE"
            return GiveUp(f"{said}; {diagnosis.value}", f"on {console}: {word} {pooler.dbname}")
        case Diagnosis.MISSING:
            return GiveUp(f"{said}: {diagnosis.value}", "is data gone? restore from a backup", person=True)
        case Diagnosis.OTHER_ROLE:
            role, own = quoted(pod.logs_in_as), pooler.credential.secret
            why = f'{said}; the pooler logs in as role "{role}", and {own} is of role "{seen.roles[0]}"'
            hint = f"name the Secret of that role in poolers.{name}.credential, or correct user= in [databases]"
            return GiveUp(why, f"{hint}; SHOW DATABASES on {console} shows it")
        case Diagnosis.CONFIGURED:
            return _configured(name, said, pod, pooler)
        case Diagnosis.UNASKED:
            forward = f"kubectl -n {pod.ref.namespace} port-forward {pod.ref.name} {pod.target.port}"
            return GiveUp(f"{said}; {diagnosis.value}", f"see whether `{forward}` works: it is how it is reached")
        case Diagnosis.HANDED_OVER:
            return GiveUp(said, "let its auth_type be scram-sha-256, or say auth: md5 at the pooler")
        case Diagnosis.CROWDED:
            hint = f"raise max_client_conn or the limit that it names; SHOW CLIENTS on {console} says who holds them"
            return GiveUp(f"{said}: {diagnosis.value}", hint)
        case Diagnosis.STALE_CLIENT:
            hint = f"compare {pooler.client.secret} with the pooler's auth_file or auth_query"
            return GiveUp(said, f"the pooler refuses the application's own login: {hint}")
        case _:
            return _its_login(said, pod, diagnosis, seen, pooler)


def _its_login(said: str, pod: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, pooler: Pooler) -> GiveUp:
    """Say that its own login is at fault, unless PostgreSQL has refused us as well, or kept silent."""
    if below := next((each for each in (seen.pooler, seen.application) if each and not each.ok), None):
        return GiveUp(f"{said}; {diagnosis.value}: {below}", f"see what database/{pooler.database.name} waits for")
    hint = f"compare {pooler.credential.secret} with the pooler's auth_file and [databases]"
    fault = f"; it may be that {pod.bug.told}" if pod.bug and not pod.login.spoke else ""
    return GiveUp(f"{said}, although PostgreSQL accepts the Secret's password{fault}", hint)


def _configured(name: str, said: str, pod: PoolerPod, pooler: Pooler) -> GiveUp:
    """Say which configuration does not let it through, in the words of its cause."""
    found = pod.refusal
    if found is None:
        return GiveUp(said, f"kubectl -n {pod.ref.namespace} logs {pod.ref.name}")
    if found.cause.id == "pgbouncer-no-such-database":
        hint = (
            f"see [databases] in its pgbouncer.ini, or poolers.{name}.dbname; SHOW DATABASES on its console names them"
        )
        return GiveUp(f'{said}: the pooler has no database "{pooler.dbname}"', hint)
    logged = f" (its log: {found.evidence.quote})" if found is pod.log else ""
    return GiveUp(f"{said}: {found.means}{logged}", found.next_step)
