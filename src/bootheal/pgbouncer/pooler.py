"""A pooler: its declared settings are in force, and the application's role gets through it.

PgBouncer does not try a failed server login again for server_login_retry seconds, even
when PostgreSQL has long been back. So while a login fails, that setting (and the memory
for failed DNS lookups) is lent down, and given back once logins succeed. A loan is on
disk before the SET, so that whoever runs next repays it. Where that does not help, the
diagnosis says whose fault it is: a changed file is reloaded, and what only a new process
knows better (a name, keys, a file that is mounted once) costs one restart a boot.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bootheal.cluster import refusals
from bootheal.model import ActionRecord, Right
from bootheal.model.sqlstates import RECOVERS_WITHIN_SECONDS
from bootheal.pgbouncer.actions import (
    IN_VAIN,
    ApplySettings,
    HangUp,
    LowerSetting,
    Reload,
    RestartPooler,
    RestoreSetting,
    WriteSettings,
    given_back,
    given_up,
    owed,
    reloaded,
    restarted,
)
from bootheal.pgbouncer.diagnosis import Diagnosis
from bootheal.pgbouncer.ini import unsure
from bootheal.pgbouncer.knowledge import faults
from bootheal.pgbouncer.look import look
from bootheal.pgbouncer.observation import Pooler, PoolerObservation, condition, fails, let_in
from bootheal.pgbouncer.pod import NO_ANSWER, STARVED, PoolerPod
from bootheal.pgbouncer.restart_rules import STALE, give_up, persists_for, why_restart
from bootheal.pgbouncer.settings import Declared
from bootheal.ports import Interest, World
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

# A pod through which logins were served is not touched for a single one that was not: that may be a slow moment.
DOUBT_SECONDS = 1.0

# Of connections that lead nowhere one was under way, and perhaps one more: whatever still fails then is another matter.
NOWHERE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class PoolerStep(Step[PoolerObservation]):
    """Proves a pooler, and brings its declared settings into force."""

    pooler: Pooler

    @property
    def declared(self) -> Declared:
        """The settings, with what can be asked of them."""
        return Declared(self.pooler.settings)

    def lives_on(self, seen: PoolerObservation) -> frozenset[str]:
        """The nodes of its pods."""
        return frozenset(pod.node for pod in seen.pods if pod.node)

    def interests(self) -> frozenset[Interest]:
        """The pods and the addresses of the Service."""
        namespace = self.pooler.deployment.namespace
        return frozenset(Interest(kind, namespace) for kind in ("pod", "service", "endpointslice"))

    def rights(self) -> frozenset[Right]:
        """To read the Secrets, restart pods and, where they are declared, compare files and change the ConfigMap."""
        pooler, namespace = self.pooler, self.pooler.deployment.namespace
        logins = [pooler.console, pooler.client, pooler.credential, pooler.database.admin]
        logins += [pooler.auth_file] if pooler.auth_file else []
        rights = {Right("get", "secrets", login.secret.namespace) for login in logins}
        rights |= {Right("get", "deployments", namespace, "apps"), Right("delete", "pods", namespace)}
        rights.add(Right("get", "pods/log", namespace))
        if pooler.noted:
            rights.add(Right("patch", "pods", namespace))
        if pooler.settings_in:
            rights |= {Right(verb, "configmaps", pooler.settings_in[0].namespace) for verb in ("get", "patch")}
        if pooler.settings_in or pooler.auth_file:
            rights.add(Right("create", "pods/exec", namespace))
        return frozenset(rights)

    def wishes(self) -> frozenset[Right]:
        """To read what would keep new pods out, and why pods do not start."""
        namespace = self.pooler.deployment.namespace
        return refusals.wishes((namespace,)) | {Right("list", "events", namespace)}

    def look(self, world: World) -> PoolerObservation:
        """Ask each pod's console, log in through each, then judge the Service; on failure ask PostgreSQL itself."""
        return look(world, self.pooler)

    def judge(self, seen: PoolerObservation, past: Past) -> Judgement:
        """Get logins through first; then settings and loans, pods that are missing, the Service."""
        if not seen.pods:
            return self._judge_absence(seen, past)
        if seen.failing:
            return self._judge_failing(seen, past)
        if actions := tuple(self._repairs(seen, past)):
            differs = any(self.declared.changes(pod) for pod in seen.pods)
            return Act("the declared settings are not in force" if differs else "logins succeed", actions)
        if seen.doubts and len(seen.pods) < seen.wanted:
            worst = next((down.hint for down in seen.down), "")
            return Wait(seen.doubts[0], hint=worst or self._hint("get pods -o wide"))
        if seen.service:
            return Wait(seen.service, hint=self._hint(f"describe service {self.pooler.service}"))
        return self._judge_serving(seen, past)

    def _judge_absence(self, seen: PoolerObservation, past: Past) -> Judgement:
        """None runs: what no time cures is given up, with what its log says."""
        why = "; ".join(seen.doubts) or f"{self.pooler.deployment} has no pod that runs"
        worst = max(seen.down, key=lambda down: (down.stuck(past), down.finding is not None), default=None)
        if worst and all(down.stuck(past) for down in seen.down) and len(seen.down) == len(seen.doubts):
            return GiveUp(why, worst.hint)
        ref = self.pooler.deployment
        return Wait(why, hint=(worst.hint if worst else seen.hint) or self._hint(f"describe {ref.kind} {ref.name}"))

    def _hint(self, what: str) -> str:
        return f"kubectl -n {self.pooler.deployment.namespace} {what}"

    def owes(self, done: tuple[ActionRecord, ...]) -> bool:
        """Whether something is lent to any pod."""
        return any(owed(done, uid) for uid in {item.note.get("uid", "") for item in done})

    def wind_down(self, seen: PoolerObservation, past: Past) -> Judgement:
        """Give back what is lent: nobody is left to watch over it."""
        if repayments := tuple(self._repayments(seen, past, "the run ends")):
            return Act("the run ends", repayments)
        return super().wind_down(seen, past)

    def _judge_failing(self, seen: PoolerObservation, past: Past) -> Judgement:
        """Lend, then cure, then wait; in the end a person must know."""
        first = seen.failing[0]
        said = f"login through {first.ref}: {first.login}"
        diagnoses = [(pod, seen.diagnosis(pod)) for pod in seen.failing]
        if any(_in_doubt(pod, past) for pod in seen.failing):
            return Wait(f"{said}; it served before, so it is asked again", again=DOUBT_SECONDS / 2)
        hopeful = (pod for pod, diagnosis in diagnoses if not given_up(past.present.done, pod.uid, diagnosis))
        if loans := (*self._loans(hopeful, seen, past), *self._slow(seen, past)):
            return Act(said, loans)
        if settings := tuple(self._settings(seen, past)):
            return Act("the declared settings are not in force", settings)  # they need its console, and no login
        for pod, diagnosis in diagnoses:
            cure = self._cure(pod, diagnosis, seen, past)
            if isinstance(cure, RestartPooler) and pod.kept_out:
                return Wait(f"not restarted yet: {pod.kept_out} ({said}: {cure.cause})")
            if cure:
                return Act(said, (cure,))
        for pod, diagnosis in diagnoses:
            if past.held(condition(pod, diagnosis)) >= persists_for(pod, diagnosis, self.patience):
                if repayments := tuple(self._repayments(seen, past, f"{IN_VAIN}: {diagnosis.value}")):
                    return Act("nothing is left to be lent for", repayments)
                return give_up(self.name.partition("/")[2], pod, diagnosis, seen, self.pooler)
        diagnosis = diagnoses[0][1]
        why = said if diagnosis is Diagnosis.BACKS_OFF else f"{said}: {_worded(first, diagnosis)}"
        hint = f"kubectl -n {first.ref.namespace} logs {first.ref.name}" + (
            f" -c {first.container}" * bool(first.container)
        )
        recovers = diagnosis is Diagnosis.RECOVERING
        recovers = recovers and past.held(condition(first, diagnosis)) < RECOVERS_WITHIN_SECONDS
        return Wait(why, counts=not recovers, hint=first.refusal.next_step if first.refusal else hint)

    def _cure(self, pod: PoolerPod, diagnosis: Diagnosis, seen: PoolerObservation, past: Past) -> Action | None:
        """Return what helps this pod, by the shortest way that its evidence allows."""
        if diagnosis in STALE and pod.same_file and not reloaded(past.present.done, pod.uid):
            return Reload(cause="its auth_file has changed", **self._on(pod))
        why = why_restart(pod, diagnosis, seen, past.held(let_in(pod)))
        if not why or seen.doubts:
            return None  # one at a time
        gone = restarted(past.done) - {other.uid for other in seen.pods}
        if len(gone) >= max(1, seen.wanted):
            return None
        return RestartPooler(cause=why, pod=pod.ref, uid=pod.uid)

    def _loans(self, hopeful: Iterable[PoolerPod], seen: PoolerObservation, past: Past) -> Iterator[LowerSetting]:
        for pod in hopeful:
            for key in seen.to_lend(pod):
                if key != NO_ANSWER or _may_lead_nowhere(pod, seen, past):
                    yield self._lower(pod, key, past)

    def _slow(self, seen: PoolerObservation, past: Past) -> Iterator[RestoreSetting]:
        """Give connections their time again: those that are only slow would never get through."""
        slow = {pod.uid for pod in seen.failing if not _may_lead_nowhere(pod, seen, past)}
        for repayment in self._repayments(seen, past, "a login may take longer"):
            if repayment.key == NO_ANSWER and repayment.uid in slow:
                yield repayment

    def _lower(self, pod: PoolerPod, key: str, past: Past) -> LowerSetting:
        value = _lent(pod, past).get(key) or f"{pod.seconds(key):g}"
        return LowerSetting(cause="login not served", key=key, value=value, **self._on(pod))

    def _settings(self, seen: PoolerObservation, past: Past) -> Iterator[Action]:
        for pod in seen.pods:
            lent = _lent(pod, past) if pod.console else {}  # the repayment sets the declared value
            if changes := self.declared.changes(pod, without=lent):
                yield ApplySettings(cause="declared", settings=changes, **self._on(pod))

    def _repairs(self, seen: PoolerObservation, past: Past) -> Iterator[Action]:
        yield from self._settings(seen, past)
        yield from self._repayments(seen, past)
        if seen.document and not seen.document.kept and (text := self.declared.text(seen.document)):
            yield WriteSettings(cause="declared", document=seen.document, text=text)
        elif seen.document and not self.declared.text(seen.document):
            for pod in seen.pods:
                if pod.same_ini and not reloaded(past.done, pod.uid, HangUp):
                    yield HangUp(cause="its pgbouncer.ini has changed", pod=pod.ref, uid=pod.uid)

    def _repayments(
        self, seen: PoolerObservation, past: Past, cause: str = "logins succeed"
    ) -> Iterator[RestoreSetting]:
        """Give back what is owed: the value from before the loan, or the declared one."""
        for pod in seen.pods:
            if pod.console:
                for key, value in _lent(pod, past).items():
                    value = self.pooler.settings.get(key, value)  # noqa: PLW2901 - the owner's wins
                    yield RestoreSetting(cause=cause, key=key, value=value, **self._on(pod))

    def _on(self, pod: PoolerPod) -> dict[str, Any]:
        where = {"pod": pod.ref, "uid": pod.uid, "target": pod.target}
        return where | {"console": self.pooler.console, "noted": self.pooler.noted}

    def _judge_serving(self, seen: PoolerObservation, past: Past) -> Judgement:
        blind = [pod for pod in seen.pods if pod.console is None]
        for pod in blind:
            if _lent(pod, past) or (pod.transient and self.declared):
                return Wait(pod.refused, hint=pod.hint or self._hint(f"logs {pod.ref.name}"))
        pods = ", ".join(pod.ref.name for pod in seen.pods)
        served = {_served(pod): past.epoch for pod in seen.pods}
        return Settled(
            f"logins through {pods} succeed{self._told_settings(seen)}", tuple(self._remarks(seen)), baseline=served
        )

    def _told_settings(self, seen: PoolerObservation) -> str:
        """Say whether they are in force; what is not is a remark."""
        if not self.declared:
            return ""
        if any(pod.console is None for pod in seen.pods):
            return ", the declared settings cannot be verified"
        if any(list(self.declared.remarks(pod)) for pod in seen.pods):
            return ", not all declared settings are in force"
        return ", the declared settings are in force"

    def _remarks(self, seen: PoolerObservation) -> Iterator[str]:
        yield from seen.doubts
        for pod in seen.pods:
            yield from self.declared.remarks(pod)
            yield from (f"{pod.ref} has a PgBouncer with a known fault: {fault}" for fault in faults(pod.version))
            if pod.console is None and self.declared:
                yield f"the declared settings cannot be verified: {pod.refused}; {pod.hint}"
        if seen.document and unsure(seen.document.text):
            yield f"{seen.document.ref} includes other files, which may set the declared settings otherwise"
        if seen.document and seen.document.kept and self.declared.text(seen.document):
            yield f"{seen.document.ref} was not written, because {seen.document.kept}"


def _in_doubt(pod: PoolerPod, past: Past) -> bool:
    """Whether a pod has served in this boot, and one slow login is all that speaks against it."""
    served = _served(pod) in past.baseline and past.lasts(past.baseline[_served(pod)])
    return served and pod.login != STARVED and not pod.login.unasked and past.held(fails(pod)) < DOUBT_SECONDS


def _may_lead_nowhere(pod: PoolerPod, seen: PoolerObservation, past: Past) -> bool:
    """Whether a connection that gets no answer is worth leaving soon: PostgreSQL lets in at once, and but lately."""
    tried = past.held(let_in(pod)) >= NOWHERE_SECONDS or given_back(past.present.done, pod.uid, NO_ANSWER)
    return seen.lets_both_in and not tried


def _served(pod: PoolerPod) -> str:
    """Name that this very pod has let a login through."""
    return f"served {pod.uid}"


def _lent(pod: PoolerPod, past: Past) -> Mapping[str, str]:
    """Return what a pod must get back: as the pod itself says where it is noted there, else as we remember."""
    return owed(past.done, pod.uid) if pod.noted is None else pod.noted


def _worded(pod: PoolerPod, diagnosis: Diagnosis) -> str:
    """Say what a diagnosis is; of a configuration's refusal which it is."""
    return pod.refusal.means if diagnosis is Diagnosis.CONFIGURED and pod.refusal else diagnosis.value
