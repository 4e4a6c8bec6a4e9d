"""A database: what the server's own views, and a fresh login, tell of its next start."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bootheal.errors import MISFITS, BoothealError
from bootheal.model import Answer, Login, Ref, Target
from bootheal.model.durations import DAY, day
from bootheal.model.sqlstates import REFUSED, WRONG_PASSWORD
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.primary import TIMEOUT_SECONDS, find
from bootheal.preflight.foreseen import SOON_DAYS, Foreseen, foreseen

OLD_BACKUP_DAYS = 2.0

# A slot that is behind by less is one whose reader starts anew.
MUCH_WAL_BYTES = 1 << 30

# From here on md5 is on its way out.
DEPRECATES_MD5 = 180000

MOST_ROWS = 20

# A row without a file is a setting that was taken out and waits for a restart. All of the files is read anew before a
# setting is asked for: only then does it know what waits for a restart. What the command line says, as of Patroni or a
# container's `args`, wins over the files after a restart, too.
_FILES = f"""
with files as materialized (select sourcefile, sourceline, name, error from pg_file_settings order by seqno),
compared as (
    select files.*, coalesce(known.pending_restart, false) as pending, known.source = 'command line' as overruled
    from files left join lateral
    (select pending_restart, source from pg_settings where name = files.name offset 0) as known on true
)
select json_build_object(
    'broken', (select json_agg(json_build_object('file', sourcefile, 'line', sourceline, 'name', name, 'error', error))
        from (select * from compared where error is not null and sourcefile is not null and not pending
        limit {MOST_ROWS}) as broken),
    'pending', (select json_agg(distinct name) from (select name from compared where pending and not overruled
        union select name from pg_settings where pending_restart and source <> 'command line'
        limit {MOST_ROWS}) as pending)
)
"""  # noqa: S608 - nothing of it is from outside

# A value that waits for a restart is one that "could not be applied": it counts all the same.
_LIBRARIES = """
select coalesce(json_agg(library), '[]') from (
    select trim(both ' "' from unnest(string_to_array(coalesce(
        (select setting from pg_file_settings where name = 'shared_preload_libraries'
         order by seqno desc limit 1), current_setting('shared_preload_libraries')), ','))) as library
) as named
where library <> '' and library !~ '/' and current_setting('dynamic_library_path') = '$libdir'
and (pg_stat_file((select setting from pg_config where name = 'PKGLIBDIR') || '/' || library || '.so', true)).size
    is null
"""

_RULES = f"""
select coalesce(json_agg(json_build_object('line', line_number, 'error', error)), '[]')
from (select * from pg_hba_file_rules where error is not null limit {MOST_ROWS}) as broken
"""  # noqa: S608

_SLOTS = f"""
select coalesce(json_agg(json_build_object('name', slot_name, 'bytes', behind)), '[]') from (
    select slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as behind
    from pg_replication_slots where not active and restart_lsn is not null
) as slots where behind > {MUCH_WAL_BYTES}
"""  # noqa: S608

_ROLES = """
select coalesce(json_object_agg(rolname, extract(epoch from rolvaliduntil)), '{}')
from pg_roles where rolcanlogin and isfinite(rolvaliduntil)
"""

_MD5 = f"""
select coalesce(json_agg(rolname), '[]') from pg_authid
where rolcanlogin and rolpassword like 'md5%' and current_setting('server_version_num')::int >= {DEPRECATES_MD5}
"""  # noqa: S608

QUESTIONS: Mapping[str, str] = {
    "its configuration": _FILES,
    "its libraries": _LIBRARIES,
    "its pg_hba.conf": _RULES,
    "its replication slots": _SLOTS,
    "how long passwords are valid": _ROLES,
    "how passwords are stored": _MD5,
}


# PostgreSQL counts bytes in 64 bits.
MOST_BYTES = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFacts:
    """A fresh login as a role, straight to the primary, as `direct`; `through` is that through its pooler, if any.

    `resets`: bootheal would give the role the password of `secret` where it is refused.
    """

    database: str
    user: str
    secret: Ref
    direct: Answer
    through: Answer | None = None
    resets: bool = False

    @property
    def about(self) -> Ref:
        """Name the role."""
        return Ref("role", self.database, self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """What a primary tells of itself, and its pod; `why_none` says why there is none.

    `backup` is when the newest one ended. `valid_until` has the roles whose passwords end, in seconds since the epoch;
    `broken` are file, line and error.
    """

    name: str
    namespace: str = ""
    pod: Ref | None = None
    why_none: str = ""
    logins: tuple[LoginFacts, ...] = ()
    broken: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    slots: Mapping[str, int] = field(default_factory=dict)
    valid_until: Mapping[str, float] = field(default_factory=dict)
    md5: frozenset[str] = frozenset()
    cronjob: Ref | None = None
    backup: float | None = None
    gaps: tuple[str, ...] = ()


def look(world: World, step: DatabaseStep) -> DatabaseFacts:
    """Ask the primary; BoothealError as of any look."""
    database = step.database
    servers = find(world, database)
    if servers.primary is None:
        # Who is asked first is the administrator: his own password may be what has drifted.
        refused = servers.answered(*REFUSED)
        who = (login_as(world, database, refused.target, database.admin),) if refused and refused.target else ()
        why = servers.why_none
        return DatabaseFacts(name=database.name, namespace=database.namespace, why_none=why, logins=who)
    logins = [database.admin, *([step.client] if step.client else [])]
    answers, gaps = _asked(world, database, servers.primary)
    try:
        told = _told(answers)
    except MISFITS as error:
        told = {}
        gaps.append(f"database/{database.name}: its answers cannot be understood ({type(error).__name__})")
    return DatabaseFacts(
        name=database.name,
        namespace=database.namespace,
        pod=next((each.pod.ref for each in servers.writable if each.pod), None),
        logins=tuple(login_as(world, database, servers.primary, each) for each in logins),
        cronjob=step.backup,
        backup=_newest(world, step.backup, gaps),
        gaps=tuple(gaps),
        **told,
    )


def _told(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that it tells. One of MISFITS where its answers have another shape than what was asked for."""
    files = answers["its configuration"] or {}
    return {
        "broken": tuple(map(_line, files.get("broken") or ())),
        "pending": tuple(map(str, files.get("pending") or ())),
        "missing": tuple(map(str, answers["its libraries"] or ())),
        "rules": tuple(f"line {each['line']}: {each['error']}" for each in answers["its pg_hba.conf"] or ()),
        "slots": {
            str(each["name"]): min(int(each["bytes"]), MOST_BYTES) for each in answers["its replication slots"] or ()
        },
        "valid_until": {name: float(at) for name, at in (answers["how long passwords are valid"] or {}).items()},
        "md5": frozenset(map(str, answers["how passwords are stored"] or ())),
    }


def login_as(world: World, database: Database, primary: Target, login: Login, **fields: Any) -> LoginFacts:
    """Log in as a role, straight to the primary, by a connection of its own."""
    who = world.secrets.credentials(login)
    answer = world.postgres.ask(primary, who, database.dbname, timeout=TIMEOUT_SECONDS)
    return LoginFacts(database=database.name, user=who.user, secret=login.secret, direct=answer, **fields)


def _asked(world: World, database: Database, primary: Target) -> tuple[dict[str, Any], list[str]]:
    """Ask each question in a session of its own; what the administrator may not see is a gap."""
    admin = world.secrets.credentials(database.admin)
    answers, gaps = dict[str, Any](), list[str]()
    for about, sql in QUESTIONS.items():
        answer = world.postgres.ask(primary, admin, database.dbname, timeout=TIMEOUT_SECONDS, sql=sql, read_only=True)
        answers[about] = _parsed(answer)
        if answers[about] is None:
            gaps.append(f"database/{database.name}: {about}: {answer if not answer.ok else 'its answer is no JSON'}")
    return answers, gaps


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.value) if answer.ok else None
    except (ValueError, RecursionError):
        return None


def _line(raw: Mapping[str, Any]) -> str:
    where = f"{raw.get('file')} line {raw.get('line')}"
    named = f": {raw['name']}" if raw.get("name") else ""
    return f"{where}{named}: {raw.get('error')}"


def _newest(world: World, cronjob: Ref | None, gaps: list[str]) -> float | None:
    try:
        newest = world.cluster.newest_backup(cronjob) if cronjob else None
    except BoothealError as error:
        gaps.append(str(error))
        return None
    return newest.ended if newest else None


def foresee(seen: DatabaseFacts, now: float) -> Iterator[Foreseen]:
    """Say what its next start would bring to light."""
    about = Ref("database", "", seen.name)
    if seen.broken:
        yield foreseen("ServerFileBroken", about, seen.broken[0], facts=[("pg_file_settings", e) for e in seen.broken])
    if seen.rules:
        yield foreseen("ServerHbaBroken", about, seen.rules[0], facts=[("pg_hba_file_rules", e) for e in seen.rules])
    for library in seen.missing:
        yield foreseen("ServerLibraryMissing", about, library)
    if seen.pending:
        yield foreseen("ServerPending", about, ", ".join(seen.pending))
    for slot, behind in seen.slots.items():
        yield foreseen("SlotHoldsWal", Ref("slot", seen.name, slot), f"{behind / (1 << 30):.1f} GiB")
    yield from _backup(seen, now)
    for login in seen.logins:
        yield from foresee_login(login)
    yield from foresee_passwords(seen, now)


def foresee_passwords(seen: DatabaseFacts, now: float) -> Iterator[Foreseen]:
    """Say of the roles that log in whose passwords end, or are stored in a way that is on its way out."""
    used = {login.user for login in seen.logins}
    for user, until in seen.valid_until.items():
        if user in used and now < until < now + SOON_DAYS * DAY:
            yield foreseen("LoginExpires", Ref("role", seen.name, user), f"until {day(until)}")
    for user in sorted(seen.md5 & used):
        yield foreseen("LoginMd5", Ref("role", seen.name, user), f"role {user}")


def _backup(seen: DatabaseFacts, now: float) -> Iterator[Foreseen]:
    if seen.cronjob is None or any(seen.cronjob.name in gap for gap in seen.gaps):
        return
    if seen.backup is None:
        yield foreseen("BackupOld", seen.cronjob, "no Job of it is known to have succeeded")
    elif now - seen.backup > OLD_BACKUP_DAYS * DAY:
        yield foreseen("BackupOld", seen.cronjob, f"the newest is of {day(seen.backup)}")


def foresee_login(login: LoginFacts) -> Iterator[Foreseen]:
    """Say whether a new connection of a role would be let in."""
    answer = login.direct
    if answer.ok or not answer.spoke:
        return
    facts = [("straight to PostgreSQL", str(answer)), ("password", str(login.secret))]
    if login.through is not None:
        facts.append(("through the pooler", str(login.through)))
    if answer.sqlstate not in WRONG_PASSWORD:
        yield foreseen("LoginRefused", login.about, str(answer), facts=facts)
        return
    word = "LoginDriftedHealed" if login.resets else "LoginDrifted"
    yield foreseen(word, login.about, f"{login.secret} is refused ({answer.sqlstate})", facts=facts)
