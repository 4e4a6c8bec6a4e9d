"""A database: what the server's own views, and a fresh login, tell of its next start."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bootheal.errors import MISFITS, BoothealError
from bootheal.model import Answer, Credentials, Login, Pod, Ref, Target
from bootheal.model.durations import DAY, day
from bootheal.model.sqlstates import CROWDED, NO_CONNECT, RECOVERING, REFUSED, WRONG_PASSWORD
from bootheal.ports import World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database, scope
from bootheal.postgres.primary import TIMEOUT_SECONDS, find
from bootheal.preflight.foreseen import SOON_DAYS, Foreseen, foreseen
from bootheal.preflight.questions import QUESTIONS

OLD_BACKUP_DAYS = 2.0

# undefined_column: an older server has nothing to tell, then.
UNKNOWN = "42703"

# Who may write, and who else may read: with these PostgreSQL does not start (its miscinit.c, checkDataDir).
TOO_OPEN = 0o027

# PostgreSQL counts bytes in 64 bits.
MOST_BYTES = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFacts:
    """A fresh login as a role, straight to the primary, as `direct`; `through` is that through its pooler, if any.

    `resets`: bootheal would give the role the password of `secret` where it is refused. `stored`: whether the server
    has that password, where it lets us in without asking for one; None where it asks, or may not be looked at.
    """

    database: str
    user: str
    secret: Ref
    direct: Answer
    through: Answer | None = None
    resets: bool = False
    stored: bool | None = None

    @property
    def about(self) -> Ref:
        """Name the role."""
        return Ref("role", self.database, self.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """What a primary tells of itself, and its pod; `why_none` says why there is none.

    `backup` is when the newest one ended. `valid_until` has the roles whose passwords end, in seconds since the epoch;
    `broken` are file, line and error. `directory` is where its data lies in its container, `mode` the permissions of
    that, where this machine can see it; `log` is how many bytes of its log it may have to read again after a crash.
    `paused` is the name of the cluster for which Patroni is paused, "" where it is at work.
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
    collations: tuple[str, ...] = ()
    directory: str = ""
    log: int = 0
    mode: int | None = None
    paused: str = ""
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
        paused=paused(world, database, [each.pod for each in servers.all if each.pod]),
        gaps=tuple(gaps),
        **told,
    )


def paused(world: World, database: Database, pods: list[Pod]) -> str:
    """Return the name of the cluster of Patroni's that somebody has paused; "" also where that may not be looked at."""
    named = scope(database, None, pods)
    if not any(pod.patroni for pod in pods):
        return ""
    with suppress(BoothealError):
        told = world.cluster.configured(database.namespace, named)
        return named if told and told.paused else ""
    return ""


def _told(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that it tells. One of MISFITS where its answers have another shape than what was asked for."""
    files, data = answers["its configuration"] or {}, answers["where its data lies"] or {}
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
        "collations": tuple(
            str(each) for about in ("how databases sort text", "how text is sorted") for each in answers[about] or ()
        ),
        "directory": str(data.get("directory") or ""),
        "log": min(int(data.get("log") or 0), MOST_BYTES),
    }


def login_as(world: World, database: Database, primary: Target, login: Login, **fields: Any) -> LoginFacts:
    """Log in as a role, straight to the primary, by a connection of its own."""
    who = world.secrets.credentials(login)
    answer = world.postgres.ask(primary, who, database.dbname, timeout=TIMEOUT_SECONDS)
    stored = _stored(world, database, primary, who) if answer.ok and answer.unproven else None
    return LoginFacts(
        database=database.name, user=who.user, secret=login.secret, direct=answer, stored=stored, **fields
    )


def _stored(world: World, database: Database, primary: Target, who: Credentials) -> bool | None:
    """Tell whether the server has that password: from where nobody is asked for one, a login proves nothing."""
    admin = world.secrets.credentials(database.admin)
    try:
        role = world.postgres.role(primary, admin, database.dbname, who.user, who.password)
    except BoothealError:
        return None
    return role.matches if role else None


def _asked(world: World, database: Database, primary: Target) -> tuple[dict[str, Any], list[str]]:
    """Ask each question in a session of its own; what the administrator may not see is a gap."""
    admin = world.secrets.credentials(database.admin)
    answers, gaps = dict[str, Any](), list[str]()
    for about, sql in QUESTIONS.items():
        answer = world.postgres.ask(primary, admin, database.dbname, timeout=TIMEOUT_SECONDS, sql=sql, read_only=True)
        answers[about] = _parsed(answer)
        if answers[about] is None and answer.sqlstate != UNKNOWN:
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
    if seen.paused and seen.pod:
        yield foreseen("PatroniPaused", seen.pod, f"cluster {seen.paused}")
    if seen.pending:
        yield foreseen("ServerPending", about, ", ".join(seen.pending))
    if seen.collations:
        yield foreseen("CollationDiffers", about, "; ".join(seen.collations))
    if seen.mode is not None and seen.mode & TOO_OPEN:
        yield foreseen("DataTooOpen", about, f"{seen.directory} has the permissions {seen.mode & 0o7777:04o}")
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
    if login.stored is False:
        said = f"{login.secret} is not what the server has"
        yield foreseen("LoginStoredOtherwise", login.about, said, facts=[("straight to PostgreSQL", "let in unasked")])
    if answer.ok or not answer.spoke or answer.sqlstate in CROWDED | RECOVERING:
        return
    facts = [("straight to PostgreSQL", str(answer)), ("password", str(login.secret))]
    if login.through is not None:
        facts.append(("through the pooler", str(login.through)))
    if answer.sqlstate not in WRONG_PASSWORD:
        word = "LoginNoConnect" if answer.sqlstate in NO_CONNECT else "LoginRefused"
        yield foreseen(word, login.about, str(answer), facts=facts)
        return
    word = "LoginDriftedHealed" if login.resets else "LoginDrifted"
    yield foreseen(word, login.about, f"{login.secret} is refused ({answer.sqlstate})", facts=facts)
