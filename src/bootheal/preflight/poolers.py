"""A pooler: what is in force that a new process would not know, and whom PostgreSQL would refuse then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bootheal.errors import BoothealError
from bootheal.model import Answer, Console, Ref, Setting
from bootheal.model.sqlstates import WRONG_PASSWORD
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.files import knows, same_file
from bootheal.pgbouncer.ini import connection_of, databases_of, equal, settings_of, unparsed, unsure
from bootheal.pgbouncer.knowledge import Meaning, understand, userlist_entry
from bootheal.pgbouncer.look import look as look_at
from bootheal.pgbouncer.observation import Pooler, PoolerObservation
from bootheal.pgbouncer.pod import STARVED, PoolerPod
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.postgres.primary import find
from bootheal.postgres.scram import is_verifier, matches
from bootheal.preflight.databases import LoginFacts, foresee_login, login_as
from bootheal.preflight.foreseen import Foreseen, foreseen

READ_SECONDS = 5.0
CONFIGURATION = "conffile"


@dataclass(frozen=True, slots=True)
class PodFacts:
    """One pod: the settings in force, and the [pgbouncer] section of its file, None where that could not be read.

    `broken` are the numbers of lines that are none; `listed`: whether its auth_file is the declared one. `login` is the
    application's through it. `lost`: its file has no such database; `moved` is what its file says otherwise of it.
    `lacks` is the client whom its auth_file does not know any more.
    """

    ref: Ref
    settings: Mapping[str, Setting] = field(default_factory=dict)
    file: Mapping[str, str] | None = None
    broken: tuple[int, ...] = ()
    listed: bool | None = None
    login: Answer | None = None
    lost: bool = False
    lacks: str = ""
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolerFacts:
    """`declared` are the settings that bootheal brings into force itself, at each boot.

    `other` are the roles of which the declared auth_file has another password than their Secrets. `dbname` is the
    database that clients ask for.
    """

    deployment: Ref
    dbname: str = ""
    logins: tuple[LoginFacts, ...] = ()
    pods: tuple[PodFacts, ...] = ()
    declared: Mapping[str, str] = field(default_factory=dict)
    auth_file: Ref | None = None
    other: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def look(world: World, step: PoolerStep, credentials: Mapping[Ref, Credential]) -> PoolerFacts:
    """Ask console, PostgreSQL and pods; `credentials` are the steps that would reset a password, by its Secret."""
    pooler, gaps = step.pooler, list[str]()
    seen = look_at(world, pooler)
    logins = tuple(_logins(world, pooler, seen, credentials, gaps))
    pods = tuple(_pod(world, pooler, pod, gaps) for pod in seen.pods)
    return PoolerFacts(
        deployment=pooler.deployment,
        dbname=pooler.dbname,
        logins=logins,
        pods=pods,
        declared=pooler.settings,
        auth_file=pooler.auth_file.secret if pooler.auth_file else None,
        other=tuple(_other(world, pooler)),
        gaps=(*seen.doubts, *gaps),
    )


def _logins(
    world: World, pooler: Pooler, seen: PoolerObservation, credentials: Mapping[Ref, Credential], gaps: list[str]
) -> Iterator[LoginFacts]:
    """Log in as the pooler, and as the application where the pooler does so for it."""
    primary = find(world, pooler.database).primary
    if primary is None:
        gaps.append(f"logins of {pooler.deployment}: database/{pooler.database.name} has no primary")
        return
    forced = bool(seen.pods) and all(pod.console and pod.console.forced_user for pod in seen.pods)
    logins = {pooler.credential} if forced else {pooler.credential, pooler.client}
    through = next((pod.login for pod in seen.pods), None)
    for login in sorted(logins, key=lambda each: each.secret):
        fresh = login_as(world, pooler.database, primary, login, through=through)
        keeper = credentials.get(login.secret)
        if fresh.direct.sqlstate in WRONG_PASSWORD and keeper and keeper.reset != "never":
            fresh = replace(fresh, resets=_resettable(world, keeper))
        yield fresh


def _resettable(world: World, keeper: Credential) -> bool:
    """Tell whether bootheal would reset it: not where the role could do more than a pooler must."""
    try:
        return not keeper.verifier_only and not any(True for _ in keeper.foretell(world))
    except BoothealError:
        return False


def _pod(world: World, pooler: Pooler, pod: PoolerPod, gaps: list[str]) -> PodFacts:
    console = pod.console
    if console is None:
        gaps.append(f"settings of {pod.ref}: {pod.refused}")
        return PodFacts(pod.ref, login=pod.login)
    path = console.settings.get(CONFIGURATION)
    facts = PodFacts(pod.ref, console.settings, login=pod.login)
    try:
        read = world.pod_access.exec(pod.ref, "", ["cat", path.value if path else ""], READ_SECONDS)
    except BoothealError as error:
        gaps.append(f"the file of {pod.ref}: {error}")
        return facts
    if not read.ok or len(read.value) >= LONGEST:
        gaps.append(f"the file of {pod.ref}: {read.text or 'it is too long'}")
        return facts
    if unsure(read.value):
        gaps.append(f"the file of {pod.ref}: it includes others")
        return facts
    listed = None
    if pooler.auth_file and (shown := console.settings.get("auth_file")):
        declared = world.secrets.credentials(pooler.auth_file).password.reveal()
        listed = same_file(world.pod_access, pod.ref, shown.value, declared)
    said = databases_of(read.value) or {}
    entry = said.get(pooler.dbname, said.get(ANY))
    return replace(
        facts,
        lacks=_lacks(world, pooler, pod, console, entry or ""),
        file=settings_of(read.value),
        broken=tuple(unparsed(read.value)),
        listed=listed,
        lost=bool(said) and entry is None and (bool(console.route) or pod.login.ok),
        moved=tuple(_moved(console.route, entry, pooler.dbname)) if entry is not None else (),
    )


def _lacks(world: World, pooler: Pooler, pod: PoolerPod, console: Console, entry: str) -> str:
    """Return the client that is let in, and that the auth_file has no line for any more; "" where it has, or need not.

    PgBouncer reads the list as it starts, and when it is told to.
    """
    settings = {key: setting.value for key, setting in console.settings.items()}
    asks = settings.get("auth_user") or "auth_user" in connection_of(entry)
    if not pod.login.ok or asks or settings.get("auth_type") not in _LISTING or not settings.get("auth_file"):
        return ""
    user = world.secrets.credentials(pooler.client).user
    return user if knows(world.pod_access, pod.ref, settings["auth_file"], user) is False else ""


def _moved(now: Mapping[str, str], said: str, name: str) -> Iterator[str]:
    """Yield what a line of [databases] says otherwise than what is in force; of a socket a console does not tell."""
    then = {"host": "", "port": POSTGRES_PORT, "dbname": name, "user": "", **connection_of(said)}
    if not now.get("host") or not then["host"] or then["host"].startswith(_SOCKET):
        return
    for key, value in now.items():
        if then[key] != value:
            yield f"{key} = {value or 'none'} of {name}, and {then[key] or 'none'} in its file"


# The line of [databases] for all that have none; what begins a path, or an abstract socket.
ANY, POSTGRES_PORT = "*", "5432"
_SOCKET = ("/", "@")

_PASSING = frozenset({Meaning.CROWDED, Meaning.STARTING})

# Where who is not listed is not let in.
_LISTING = frozenset({"md5", "plain", "scram-sha-256", "trust", "hba"})

# What an exec returns at most: of a longer file the end is not known.
LONGEST = 16 * 1024


def _other(world: World, pooler: Pooler) -> Iterator[str]:
    """Yield the roles whose password in the declared auth_file is not that of their Secret."""
    if pooler.auth_file is None:
        return
    listed = world.secrets.credentials(pooler.auth_file).password.reveal()
    for login in dict.fromkeys((pooler.credential, pooler.client)):
        who = world.secrets.credentials(login)
        entry = userlist_entry(listed, who.user)
        if entry is None or entry.startswith("md5"):
            continue
        password = who.password.reveal()
        same = matches(entry, who.user, password) if is_verifier(entry) else entry == password
        if not same:
            yield who.user


def foresee(seen: PoolerFacts) -> Iterator[Foreseen]:
    """Say what its next process would not know."""
    for login in seen.logins:
        yield from foresee_login(login)
    for user in seen.other:
        yield foreseen("ListDiffers", seen.deployment, f"role {user}, in {seen.auth_file}")
    for pod in seen.pods:
        if _kept_out(pod, seen):
            facts = [("through", str(pod.ref)), ("straight to PostgreSQL", "ok")]
            yield foreseen("LoginThroughRefused", seen.deployment, str(pod.login), facts=facts)
        if pod.lacks:
            yield foreseen("ListLacks", seen.deployment, f"role {pod.lacks}", facts=[("seen in", str(pod.ref))])
        if pod.lost:
            yield foreseen("PoolerEntryLost", seen.deployment, seen.dbname, facts=[("seen in", str(pod.ref))])
        if pod.listed is False:
            yield foreseen("ListChanges", seen.deployment, f"{seen.auth_file}", facts=[("seen in", str(pod.ref))])
        yield from _file(pod, seen)


def _kept_out(pod: PodFacts, seen: PoolerFacts) -> bool:
    """Tell whether the pooler itself refuses the application's fresh login, while PostgreSQL lets all of them in.

    Not where it only has no room, or its server starts: a boot begins with neither.
    """
    login = pod.login
    if login is None or login.ok or not login.spoke or login == STARVED or understand(login.text) in _PASSING:
        return False
    return bool(seen.logins) and all(each.direct.ok for each in seen.logins)


def _file(pod: PodFacts, seen: PoolerFacts) -> Iterator[Foreseen]:
    if pod.file is None:
        return
    unknown = sorted(set(pod.file) - set(pod.settings))
    broken = [f"line {number} is none" for number in pod.broken] + [f"unknown setting {key}" for key in unknown]
    if broken:
        yield foreseen("PoolerFileBroken", pod.ref, ", ".join(broken))
    unsaved, changed = dict[str, str](), dict[str, str]()
    for key, now in pod.settings.items():
        then = pod.file.get(key, now.default)
        if then is None or key in _BY_COMMAND_LINE or _same(then, now.value) or _kept(key, now, seen):
            continue
        if key in pod.file:
            changed[key] = f"{key} = {now.value}, and {then} in its file"
        elif now.changeable:
            unsaved[key] = f"{key} = {now.value}, and {then or 'nothing'} without it"
    if unsaved:
        yield foreseen("SettingUnsaved", seen.deployment, "; ".join(unsaved.values()), facts=[("on", str(pod.ref))])
    if told := (*changed.values(), *pod.moved):
        yield foreseen("PoolerFileChanged", seen.deployment, "; ".join(told), facts=[("on", str(pod.ref))])


def _kept(key: str, now: Setting, seen: PoolerFacts) -> bool:
    """Tell whether it is bootheal who keeps it in force."""
    return key in seen.declared and equal(seen.declared[key], now.value)


# Settings that SHOW CONFIG lists, and that come from how PgBouncer was started (its src/main.c).
_BY_COMMAND_LINE = frozenset({"conffile", "job_name", "quiet", "user", "verbose"})

_TRUE, _FALSE = {"1", "on", "true", "yes"}, {"0", "off", "false", "no"}


def _same(one: str, other: str) -> bool:
    """Compare as PgBouncer understands it: a number, a truth, or a word."""
    one, other = one.strip().lower(), other.strip().lower()
    return equal(one, other) or {one, other} <= _TRUE or {one, other} <= _FALSE
