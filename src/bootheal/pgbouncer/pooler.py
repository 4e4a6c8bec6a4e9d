"""A pooler: its declared settings are in force, and the application's role gets through it.

PgBouncer does not try a failed server login again for server_login_retry seconds, even
when PostgreSQL has long been back. So while a login fails, that setting (and the memory
for failed DNS lookups) is lent down, and given back once logins succeed. A loan is on
disk before the SET, so that whoever runs next repays it. Where that does not help, the
login matrix says whose fault it is: a changed file is reloaded, and what only a new process
knows better (a name, keys, a file that is mounted once) costs one restart a boot.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bootheal.cluster.freshness import pod_doubt, service_doubt
from bootheal.errors import PermanentError, TransientError
from bootheal.model import ActionRecord, Answer, Credentials, Login, Pod, Ref, Right, Service, State, Target, Workload
from bootheal.pgbouncer.actions import (
    ApplySettings,
    HangUp,
    LowerSetting,
    Reload,
    RestartPooler,
    RestoreSetting,
    WriteSettings,
    owed,
    reloaded,
    restarted,
)
from bootheal.pgbouncer.diagnosis import RECOVERING, Diagnosis
from bootheal.pgbouncer.files import same_file
from bootheal.pgbouncer.ini import unsure
from bootheal.pgbouncer.knowledge import Says, understand
from bootheal.pgbouncer.observation import RETRY, STARVED, PoolerObservation, PoolerPod, condition, let_in
from bootheal.pgbouncer.restart_rules import References, persists_for, tell, why_restart
from bootheal.pgbouncer.settings import Declared
from bootheal.ports import Interest, World
from bootheal.postgres.primary import TIMEOUT_SECONDS, Database, find
from bootheal.step import Act, Action, Judgement, Past, Settled, Step, Wait

# A login that is not served this soon is worth the loan; with the loan out, real slowness is waited for.
PROMPT_SECONDS = 1.0
PATIENT_SECONDS = 3.0

# What trying to log in sooner does not change.
NOT_LENT_FOR = (Diagnosis.PAUSED, Diagnosis.DISABLED, Diagnosis.STALE_CLIENT)


@dataclass(frozen=True, kw_only=True)
class PoolerStep(Step[PoolerObservation]):
    """Proves a pooler. `dbname` is the database as the pooler names it; `settings` are SHOW CONFIG keys.

    `auth_file` is the Secret (as `password`) that the pooler's auth_file is mounted from, where that is
    declared; `settings_in` the ConfigMap and key of its pgbouncer.ini. The paths are those in the pods, for
    where the console does not tell.
    """

    deployment: Ref
    service: str
    dbname: str
    database: Database
    credential: Login
    console: Login
    client: Login
    port: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    settings_in: tuple[Ref, str] | None = None
    settings_path: str = "/etc/pgbouncer/pgbouncer.ini"
    auth_file: Login | None = None
    auth_path: str = "/etc/pgbouncer/userlist.txt"

    @property
    def names(self) -> References:
        """What a person is pointed to."""
        return References(self.dbname, self.credential.secret, self.client.secret)

    @property
    def declared(self) -> Declared:
        """The settings, with what can be asked of them."""
        return Declared(self.settings)

    def interests(self) -> frozenset[Interest]:
        """The pods and the addresses of the Service."""
        namespace = self.deployment.namespace
        return frozenset(Interest(kind, namespace) for kind in ("pod", "service", "endpointslice"))

    def rights(self) -> frozenset[Right]:
        """To read the Secrets, restart pods and, where they are declared, compare files and change the ConfigMap."""
        namespace = self.deployment.namespace
        logins = [self.console, self.client, self.credential, self.database.admin]
        logins += [self.auth_file] if self.auth_file else []
        rights = {Right("get", "secrets", login.secret.namespace) for login in logins}
        rights |= {Right("get", "deployments", namespace, "apps"), Right("delete", "pods", namespace)}
        if self.settings_in:
            rights |= {Right(verb, "configmaps", self.settings_in[0].namespace) for verb in ("get", "patch")}
        if self.settings_in or self.auth_file:
            rights.add(Right("create", "pods/exec", namespace))
        return frozenset(rights)

    # --- looking ----------------------------------------------------------------------------------

    def look(self, world: World) -> PoolerObservation:
        """Ask each pod's console, log in through each, then judge the Service; on failure ask PostgreSQL itself."""
        workload = world.cluster.workload(self.deployment)
        service = world.cluster.service(self.deployment.namespace, self.service)
        pods = sorted(world.cluster.pods(self.deployment.namespace, workload.selector), key=lambda pod: pod.ref)
        boot_time = world.host.boot_time()
        client, console = world.secrets.credentials(self.client), world.secrets.credentials(self.console)
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
        seen = PoolerObservation(tuple(members), tuple(doubts), wanted=workload.desired)
        if self.settings_in:
            seen = replace(seen, document=world.cluster.document(*self.settings_in))
        if members and not seen.failing:
            return replace(self._files(world, seen), service=self._service(world, service, pods, client))
        if any(not member.lendable or seen.diagnosis(member) in NOT_LENT_FOR for member in seen.failing):
            seen = self._direct(world, seen, client)
        return self._files(world, seen)

    def _member(self, world: World, pod: Pod, target: Target, client: Credentials, console: Credentials) -> PoolerPod:
        try:
            shown = world.pooler.read(target, console, self.dbname)
        except (TransientError, PermanentError) as error:
            login = world.postgres.ask(target, client, self.dbname, timeout=PATIENT_SECONDS)
            return PoolerPod(
                pod.ref,
                pod.uid,
                target,
                login,
                refused=str(error),
                hint=error.hint,
                transient=isinstance(error, TransientError),
                denied=self.console == self.credential and understand(str(error)) is Says.CLIENT,
            )
        member = PoolerPod(pod.ref, pod.uid, target, STARVED, shown)
        ours = {client.user, shown.forced_user, world.secrets.credentials(self.credential).user}
        if shown.starved & ours and RETRY in member.lendable:
            return member  # a login of ours would only wait with the others
        timeout = PROMPT_SECONDS if RETRY in member.lendable else PATIENT_SECONDS
        return replace(member, login=world.postgres.ask(target, client, self.dbname, timeout=timeout))

    def _direct(self, world: World, seen: PoolerObservation, client: Credentials) -> PoolerObservation:
        """Log in as both roles without the pooler; as the application only where the pooler uses its role, too."""
        members = find(world, self.database)
        if members.primary is None:
            busy = members.answered(*RECOVERING)
            answer = busy.answer if busy else Answer(ok=False, spoke=False, text=members.why_none)
            return replace(seen, pooler=answer)
        dbname, primary = self.database.dbname, members.primary
        pooler = world.postgres.ask(
            primary, world.secrets.credentials(self.credential), dbname, timeout=TIMEOUT_SECONDS
        )
        if any(member.console and member.console.forced_user for member in seen.members):
            return replace(seen, pooler=pooler)
        return replace(
            seen, pooler=pooler, application=world.postgres.ask(primary, client, dbname, timeout=TIMEOUT_SECONDS)
        )

    def _files(self, world: World, seen: PoolerObservation) -> PoolerObservation:
        """Compare a pod's files with what is declared, where the comparison decides something."""
        return replace(seen, members=tuple(self._with_files(world, member, seen) for member in seen.members))

    def _with_files(self, world: World, member: PoolerPod, seen: PoolerObservation) -> PoolerPod:
        blamed = not member.login.ok and understand(member.login.text) in (Says.REFUSED, Says.CLIENT)
        if self.auth_file and not member.login.ok and (blamed or member.denied):
            declared = world.secrets.credentials(self.auth_file).password.reveal()
            shown = member.console.settings.get("auth_file") if member.console else None
            path = shown.value if shown else self.auth_path
            return replace(member, same_file=same_file(world.pod_access, member.pod, path, declared))
        if seen.document and not member.console and not member.transient and self.declared:
            return replace(
                member, same_ini=same_file(world.pod_access, member.pod, self.settings_path, seen.document.text)
            )
        return member

    def _port(self, service: Service, pod: Pod) -> int:
        port = self.port or service.port_on(pod)
        if not port:
            raise PermanentError(f"cannot tell the port of {service.ref}: it has none", hint="name the pooler's port")
        return port

    def _service(self, world: World, service: Service, pods: list[Pod], client: Credentials) -> str:
        """Say why the Service may not serve yet: by a login where we reach it, else by its slices."""
        endpoints = world.cluster.endpoints(service.ref.namespace, service.ref.name)
        if doubt := service_doubt(service.ref, endpoints, pods, boot_time=world.host.boot_time()):
            return doubt
        if not world.direct or not service.cluster_ip:
            return ""
        port = next((port for pod in pods if (port := service.port_to(pod, self._port(service, pod)))), 0)
        if not port:
            return f"{service.ref} has no port that leads to the pooler"
        answer = world.postgres.ask(Target(service.cluster_ip, port), client, self.dbname, timeout=PATIENT_SECONDS)
        return "" if answer.ok else f"login through {service.ref}: {answer}"

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, seen: PoolerObservation, past: Past) -> Judgement:
        """Get logins through first; then settings and loans, pods that are missing, the Service."""
        if not seen.members:
            return Wait(seen.doubts[0] if seen.doubts else f"{self.deployment} has no pod that runs")
        if seen.failing:
            return self._judge_failing(seen, past)
        if actions := tuple(self._repairs(seen, past)):
            differs = any(self.declared.changes(member) for member in seen.members)
            return Act("the declared settings are not in force" if differs else "logins succeed", actions)
        if seen.doubts and len(seen.members) < seen.wanted:
            return Wait(seen.doubts[0])
        if seen.service:
            return Wait(seen.service)
        return self._judge_serving(seen, past)

    def owes(self, done: tuple[ActionRecord, ...]) -> bool:
        """Whether something is lent to any pod."""
        return any(owed(done, uid) for uid in {item.note.get("uid", "") for item in done})

    def wind_down(self, seen: PoolerObservation, past: Past) -> Judgement:
        """Give back what is lent: nobody is left to watch over it."""
        if repayments := tuple(self._repayments(seen, past, "the run ends")):
            return Act("the run ends", repayments)
        return super().wind_down(seen, past)

    def _judge_failing(self, seen: PoolerObservation, past: Past) -> Judgement:
        """LowerSetting, then cure, then wait; in the end a person must know."""
        first = seen.failing[0]
        said = f"login through {first.pod}: {first.login}"
        diagnoses = [(member, seen.diagnosis(member)) for member in seen.failing]
        loans = tuple(
            self._lower(member, key, past)
            for member, diagnosis in diagnoses
            if diagnosis not in NOT_LENT_FOR
            for key in member.lendable
        )
        if loans:
            return Act(said, loans)
        for member, diagnosis in diagnoses:
            if cure := self._cure(member, diagnosis, seen, past):
                return Act(said, (cure,))
        for member, diagnosis in diagnoses:
            if past.held(condition(member, diagnosis)) >= persists_for(member, diagnosis, self.patience):
                if repayments := tuple(self._repayments(seen, past)):
                    return Act("nothing is left to be lent for", repayments)
                return tell(member, diagnosis, seen, self.names)
        diagnosis = diagnoses[0][1]
        why = said if diagnosis is Diagnosis.BACKS_OFF else f"{said}: {diagnosis.value}"
        return Wait(why, counts=diagnosis is not Diagnosis.RECOVERING)

    def _cure(self, member: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, past: Past) -> Action | None:
        """Return what helps this pod, by the shortest way that its evidence allows."""
        stale = diagnosis in (Diagnosis.STALE, Diagnosis.STALE_CLIENT)
        if stale and member.same_file and not reloaded(past.present.done, member.uid):
            return Reload(cause="its auth_file has changed", **self._on(member))
        why = why_restart(member, diagnosis, seen, past.held(let_in(member)))
        if not why or seen.doubts:
            return None  # one at a time
        gone = restarted(past.done) - {other.uid for other in seen.members}
        if len(gone) >= max(1, seen.wanted):
            return None
        return RestartPooler(cause=why, pod=member.pod, uid=member.uid)

    def _lower(self, member: PoolerPod, key: str, past: Past) -> LowerSetting:
        value = owed(past.done, member.uid).get(key) or f"{member.seconds(key):g}"
        return LowerSetting(cause="login not served", key=key, value=value, **self._on(member))

    def _repairs(self, seen: PoolerObservation, past: Past) -> Iterator[Action]:
        for member in seen.members:
            lent = owed(past.done, member.uid) if member.console else {}  # the repayment sets the declared value
            if changes := self.declared.changes(member, without=lent):
                yield ApplySettings(cause="declared", settings=changes, **self._on(member))
        yield from self._repayments(seen, past)
        if seen.document and not seen.document.managed_by and (text := self.declared.text(seen.document)):
            yield WriteSettings(cause="declared", document=seen.document, text=text)
        elif seen.document and not self.declared.text(seen.document):
            for member in seen.members:
                if member.same_ini and not reloaded(past.done, member.uid, HangUp):
                    yield HangUp(cause="its pgbouncer.ini has changed", pod=member.pod, uid=member.uid)

    def _repayments(
        self, seen: PoolerObservation, past: Past, cause: str = "logins succeed"
    ) -> Iterator[RestoreSetting]:
        """Give back what is owed: the value from before the loan, or the declared one."""
        for member in seen.members:
            if member.console:
                for key, value in owed(past.done, member.uid).items():
                    value = self.settings.get(key, value)  # noqa: PLW2901 - the owner's wins
                    yield RestoreSetting(cause=cause, key=key, value=value, **self._on(member))

    def _on(self, member: PoolerPod) -> dict[str, Any]:
        return {"pod": member.pod, "uid": member.uid, "console": self.console, "target": member.target}

    def _judge_serving(self, seen: PoolerObservation, past: Past) -> Judgement:
        blind = [member for member in seen.members if member.console is None]
        for member in blind:
            if owed(past.done, member.uid) or (member.transient and self.declared):
                return Wait(member.refused)
        pods = ", ".join(member.pod.name for member in seen.members)
        known = "cannot be verified" if blind else "are in force"
        settings = f", the declared settings {known}" if self.declared else ""
        return Settled(f"logins through {pods} succeed{settings}", tuple(self._remarks(seen)))

    def _remarks(self, seen: PoolerObservation) -> Iterator[str]:
        yield from seen.doubts
        for member in seen.members:
            yield from self.declared.remarks(member)
            if member.console is None and self.declared:
                yield f"the declared settings cannot be verified: {member.refused}; {member.hint}"
        if seen.document and unsure(seen.document.text):
            yield f"{seen.document.ref} includes other files, which may set the declared settings otherwise"
        if seen.document and seen.document.managed_by and self.declared.text(seen.document):
            owner = seen.document.managed_by
            yield f"{seen.document.ref} was not written, because {owner} manages it: change the settings there"


def _not_running(pod: Pod) -> str:
    if not pod.ip or not all(container.state is State.RUNNING for container in pod.containers):
        waiting = next((c.reason for c in pod.containers if c.state is not State.RUNNING and c.reason), pod.phase)
        return f"{pod.ref} does not run yet: {waiting}"
    return ""


def _no_pod(workload: Workload) -> str:
    return f"{workload.ref} is scaled to zero" if workload.desired == 0 else f"{workload.ref} has no pod yet"
