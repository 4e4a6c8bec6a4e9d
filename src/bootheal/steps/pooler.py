"""A pooler: its declared settings are in force, and the application's role gets through it.

PgBouncer does not try a failed server login again for server_login_retry seconds, even
when PostgreSQL has long been back. So while a login fails, that setting (and the memory
for failed DNS lookups) is lent down, and given back once logins succeed. A loan is on
disk before the SET, so that whoever runs next repays it. Nothing is paused, killed or
reloaded, and no client connection is dropped.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bootheal.errors import PermanentError, TransientError
from bootheal.freshness import endpoints_doubt, pod_doubt
from bootheal.ini import equal, with_settings
from bootheal.model import (
    Answer,
    Credentials,
    Document,
    Done,
    Login,
    Pod,
    Ref,
    Right,
    Service,
    Setting,
    State,
    Target,
    Workload,
)
from bootheal.pgbouncer import Says, understand
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

RETRY = "server_login_retry"

# What is lent down while logins fail. A retry of 0 would be a storm of logins. After a power cut CoreDNS comes
# late, and PgBouncer believes a failed lookup for dns_nxdomain_ttl: the next one should cost less.
LENT = {RETRY: 1.0, "dns_nxdomain_ttl": 1.0}

# A login that is not served this soon is worth the loan; with the loan out, real slowness is waited for.
PROMPT = 1.0
PATIENT = 3.0

STARVED = Answer(ok=False, spoke=True, text="clients wait while PgBouncer does not try to log in")

# An auth_query may need a moment before it knows the application.
CLIENT_FAULT_PASSES = 10.0


@dataclass(frozen=True, slots=True)
class Member:
    """One pooler pod: its console's SHOW CONFIG (None: `refused` says why, and `passing` whether it may pass)."""

    pod: Ref
    uid: str
    target: Target
    login: Answer
    settings: Mapping[str, Setting] | None = None
    refused: str = ""
    hint: str = ""
    passing: bool = False

    def seconds(self, key: str) -> float:
        """Return a setting that is a duration, 0 where it is not known: then it is not lent."""
        try:
            return float(self.settings[key].value) if self.settings else 0.0
        except (KeyError, ValueError):
            return 0.0

    @property
    def lendable(self) -> tuple[str, ...]:
        """The settings that are higher than what would be lent."""
        return tuple(key for key, lent in LENT.items() if self.seconds(key) > lent)


@dataclass(frozen=True, slots=True)
class Seen:
    """The pooler's pods, the doubts about those that could not be asked, and the Service."""

    members: tuple[Member, ...] = ()
    doubts: tuple[str, ...] = ()
    service: str = ""
    document: Document | None = None

    @property
    def client_fault(self) -> str:
        """What a pod said of the application's own login, "" if nothing."""
        texts = (member.login.text for member in self.members if not member.login.ok)
        return next((text for text in texts if understand(text) is Says.CLIENT), "")

    @property
    def conditions(self) -> frozenset[str]:
        """How long the application's own login has been refused matters: an auth_query may need a moment."""
        return frozenset({"client fault"}) if self.client_fault else frozenset()


@dataclass(frozen=True, kw_only=True)
class _OnConsole(Action):
    """A SET on one pod's console."""

    pod: Ref
    uid: str
    console: Login
    target: Target

    @property
    def about(self) -> Ref:
        """The pod."""
        return self.pod

    def set(self, world: World, key: str, value: str) -> None:
        world.pooler.set(self.target, world.cluster.credentials(self.console), key, value)


@dataclass(frozen=True, kw_only=True)
class Lend(_OnConsole):
    """Lower a setting of one pod, for a while, so that PgBouncer logs in soon."""

    bounded: ClassVar[bool] = False

    key: str
    value: str

    @property
    def sentence(self) -> str:
        """Say what is lent."""
        return f"set {self.key} = {LENT[self.key]:g} on {self.pod} until logins succeed (now {self.value})"

    @property
    def note(self) -> Mapping[str, str]:
        """Return the loan: what to give back, and to which pod."""
        return {"uid": self.uid, "key": self.key, "value": self.value}

    def apply(self, world: World) -> None:
        """SET."""
        self.set(world, self.key, f"{LENT[self.key]:g}")


@dataclass(frozen=True, kw_only=True)
class Repay(_OnConsole):
    """Give a lent setting of one pod back."""

    bounded: ClassVar[bool] = False
    repairs: ClassVar[bool] = False

    key: str
    value: str

    @property
    def sentence(self) -> str:
        """Say what is given back."""
        return f"set {self.key} = {self.value} on {self.pod} again"

    @property
    def note(self) -> Mapping[str, str]:
        """Return which loan this repays."""
        return {"uid": self.uid, "key": self.key}

    def apply(self, world: World) -> None:
        """SET."""
        self.set(world, self.key, self.value)


@dataclass(frozen=True, kw_only=True)
class ApplySettings(_OnConsole):
    """Put declared settings in force on one pod."""

    repairs: ClassVar[bool] = False

    settings: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """Name them."""
        return f"set {', '.join(f'{key} = {value}' for key, value in self.settings)} on {self.pod}"

    def apply(self, world: World) -> None:
        """SET each."""
        for key, value in self.settings:
            self.set(world, key, value)


@dataclass(frozen=True, kw_only=True)
class WriteSettings(Action):
    """Write declared settings into the ConfigMap that the configuration names, so that they persist."""

    document: Document
    text: str

    @property
    def about(self) -> Ref:
        """The ConfigMap."""
        return self.document.ref

    @property
    def sentence(self) -> str:
        """Name object and key."""
        return f"write the declared settings into {self.document.ref} key {self.document.key}"

    def apply(self, world: World) -> None:
        """Replace the key, at the version that was read."""
        world.cluster.write_document(self.document, self.text)


@dataclass(frozen=True, kw_only=True)
class PoolerStep(Step[Seen]):
    """Proves a pooler. `dbname` is the database as the pooler names it; `settings` are SHOW CONFIG keys."""

    deployment: Ref
    service: str
    dbname: str
    console: Login
    client: Login
    port: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    settings_in: tuple[Ref, str] | None = None

    def interests(self) -> frozenset[Interest]:
        """The pods and the addresses of the Service."""
        namespace = self.deployment.namespace
        return frozenset(Interest(kind, namespace) for kind in ("pod", "service", "endpointslice"))

    def rights(self) -> frozenset[Right]:
        """To read the Secrets and, where it is named, to change the ConfigMap."""
        rights = {Right("get", "secrets", login.secret.namespace) for login in (self.console, self.client)}
        rights.add(Right("get", "deployments", self.deployment.namespace, "apps"))
        if self.settings_in:
            rights |= {Right(verb, "configmaps", self.settings_in[0].namespace) for verb in ("get", "patch")}
        return frozenset(rights)

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> Seen:
        """Ask each pod's console, log in through each, then judge the Service."""
        workload = world.cluster.workload(self.deployment)
        service = world.cluster.service(self.deployment.namespace, self.service)
        pods = sorted(world.cluster.pods(self.deployment.namespace, workload.selector), key=lambda pod: pod.ref)
        boot_time = world.host.boot_time()
        client, console = world.cluster.credentials(self.client), world.cluster.credentials(self.console)
        members, doubts = [], []
        for pod in pods:
            if pod.deleting or pod.finished:
                continue
            if doubt := pod_doubt(pod, boot_time=boot_time) or _not_running(pod):
                doubts.append(doubt)
            else:
                target = Target(pod.ip, self._port(service, pod), pod.ref)
                members.append(self._member(world, pod, target, client, console))
        if not pods:
            doubts.append(_no_pod(workload))
        serving = bool(members) and not doubts and all(member.login.ok for member in members)
        via = self._service(world, service, pods, client) if serving else ""
        document = world.cluster.document(*self.settings_in) if self.settings_in else None
        return Seen(tuple(members), tuple(doubts), via, document)

    def _member(self, world: World, pod: Pod, target: Target, client: Credentials, console: Credentials) -> Member:
        try:
            shown = world.pooler.read(target, console, self.dbname)
        except (TransientError, PermanentError) as error:
            login = world.postgres.ask(target, client, self.dbname, timeout=PATIENT)
            passing = isinstance(error, TransientError)
            return Member(pod.ref, pod.uid, target, login, refused=str(error), hint=error.hint, passing=passing)
        member = Member(pod.ref, pod.uid, target, STARVED, shown.settings)
        if shown.starved and RETRY in member.lendable:
            return member  # a login of ours would only wait with the others
        timeout = PROMPT if RETRY in member.lendable else PATIENT
        return replace(member, login=world.postgres.ask(target, client, self.dbname, timeout=timeout))

    def _port(self, service: Service, pod: Pod) -> int:
        port = self.port or service.port_on(pod)
        if not port:
            raise PermanentError(f"cannot tell the port of {service.ref}: it has none", hint="name the pooler's port")
        return port

    def _service(self, world: World, service: Service, pods: list[Pod], client: Credentials) -> str:
        """Say why the Service may not serve yet: by a login where we reach it, else by its slices."""
        endpoints = world.cluster.endpoints(service.ref.namespace, service.ref.name)
        doubt = endpoints_doubt(endpoints, pods, boot_time=world.host.boot_time())
        if doubt:
            return f"{service.ref} {doubt}"
        if not world.direct or not service.cluster_ip:
            return ""
        port = next((port for pod in pods if (port := service.port_to(pod, self._port(service, pod)))), 0)
        if not port:
            return f"{service.ref} has no port that leads to the pooler"
        answer = world.postgres.ask(Target(service.cluster_ip, port), client, self.dbname, timeout=PATIENT)
        return "" if answer.ok else f"login through {service.ref}: {answer}"

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: Seen, past: Past) -> Judgement:
        """Lift the back-off while logins fail; then settings, loans, Service."""
        if seen.doubts or not seen.members:
            return Wait(seen.doubts[0] if seen.doubts else f"{self.deployment} has no pod that runs")
        failing = [member for member in seen.members if not member.login.ok]
        if failing:
            return self._judge_failing(failing, seen, past)
        if actions := self._repairs(seen, past):
            return Act("the declared settings are not in force" if self._differs(seen) else "logins succeed", actions)
        if seen.service:
            return Wait(seen.service)
        return self._judge_serving(seen, past)

    def _judge_failing(self, failing: list[Member], seen: Seen, past: Past) -> Judgement:
        member = failing[0]
        said = f"login through {member.pod}: {member.login}"
        if seen.client_fault:
            if past.held("client fault") >= CLIENT_FAULT_PASSES:
                if repayments := self._repayments(seen, past):
                    return Act("nothing is left to be lent for", repayments)
                return GiveUp(
                    said,
                    f"the pooler refuses the application's own login: compare {self.client.secret} "
                    "with the pooler's auth_file or auth_query",
                )
            return Wait(said)
        loans = tuple(self._lend(member, key, past) for member in failing for key in member.lendable)
        return Act(said, loans) if loans else Wait(said)

    def _lend(self, member: Member, key: str, past: Past) -> Lend:
        value = _owed(past.done, member.uid).get(key) or f"{member.seconds(key):g}"
        return Lend(cause="login not served", key=key, value=value, **self._on(member))

    def _repairs(self, seen: Seen, past: Past) -> tuple[Action, ...]:
        actions: list[Action] = []
        for member in seen.members:
            if member.settings is None:
                continue
            lent = _owed(past.done, member.uid)  # the repayment sets the declared value
            if changes := self._changes(member.settings, without=lent):
                actions.append(ApplySettings(cause="declared", settings=changes, **self._on(member)))
        actions += self._repayments(seen, past)
        if seen.document and not seen.document.managed_by and (text := self._document(seen.document)):
            actions.append(WriteSettings(cause="declared", document=seen.document, text=text))
        return tuple(actions)

    def _repayments(self, seen: Seen, past: Past) -> tuple[Repay, ...]:
        """Give back what is owed: the value from before the loan, or the declared one."""
        return tuple(
            Repay(cause="logins succeed", key=key, value=self.settings.get(key, value), **self._on(member))
            for member in seen.members
            if member.settings is not None
            for key, value in _owed(past.done, member.uid).items()
        )

    def _on(self, member: Member) -> dict[str, Any]:
        return {"pod": member.pod, "uid": member.uid, "console": self.console, "target": member.target}

    def _document(self, document: Document) -> str:
        """Return what the ConfigMap's key should hold, "" where it does."""
        text = with_settings(document.text, self.settings)
        return "" if text == document.text else text

    def _differs(self, seen: Seen) -> bool:
        return any(member.settings and self._changes(member.settings) for member in seen.members)

    def _changes(self, current: Mapping[str, Setting], without: Container[str] = ()) -> tuple[tuple[str, str], ...]:
        return tuple(
            (key, value)
            for key, value in self.settings.items()
            if key not in without
            if key in current and current[key].changeable and not equal(current[key].value, value)
        )

    def _judge_serving(self, seen: Seen, past: Past) -> Judgement:
        blind = next((member for member in seen.members if member.settings is None), None)
        if blind and (_owed(past.done, blind.uid) or (blind.passing and self.settings)):
            return Wait(blind.refused)
        if blind and self.settings:
            return GiveUp(f"logins succeed, but the declared settings cannot be verified: {blind.refused}", blind.hint)
        remarks = tuple(remark for member in seen.members if member.settings for remark in self._remarks(member))
        if seen.document and seen.document.managed_by and self._document(seen.document):
            owner = seen.document.managed_by
            remarks += (f"{seen.document.ref} was not written, because {owner} manages it: change the settings there",)
        pods = ", ".join(member.pod.name for member in seen.members)
        settings = ", the declared settings are in force" if self.settings else ""
        return Settled(f"logins through {pods} succeed{settings}", remarks)

    def _remarks(self, member: Member) -> list[str]:
        settings = member.settings or {}
        unknown = [f"{member.pod} does not know the setting {key}" for key in self.settings if key not in settings]
        fixed = [
            f"{key} = {value} needs a restart of PgBouncer on {member.pod} (it has {settings[key].value})"
            for key, value in self.settings.items()
            if key in settings and not settings[key].changeable and not equal(settings[key].value, value)
        ]
        return unknown + fixed


def _not_running(pod: Pod) -> str:
    if not pod.ip or not all(container.state is State.RUNNING for container in pod.containers):
        waiting = next((c.reason for c in pod.containers if c.state is not State.RUNNING and c.reason), pod.phase)
        return f"{pod.ref} does not run yet: {waiting}"
    return ""


def _no_pod(workload: Workload) -> str:
    return f"{workload.ref} is scaled to zero" if workload.desired == 0 else f"{workload.ref} has no pod yet"


def _owed(done: tuple[Done, ...], uid: str) -> dict[str, str]:
    """Return what a pod must get back: by key, the value of its last loan that no repayment followed."""
    owed: dict[str, str] = {}
    for item in done:
        if item.note.get("uid") != uid:
            continue
        if item.action == Lend.kind():
            owed[item.note["key"]] = item.note["value"]
        elif item.action == Repay.kind() and item.result == "done":
            owed.pop(item.note["key"], None)
    return owed
