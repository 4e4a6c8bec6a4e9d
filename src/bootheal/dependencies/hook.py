"""A hook: one thing that is done in each boot once all that it comes after serves. Nothing comes after it.

It is done until it has succeeded once: what a kill interrupts is done again by the next run, so that a hook must
bear being done twice. What fails three times is reported and done no more in this boot.
"""

from dataclasses import dataclass

from bootheal.dependencies import flux
from bootheal.errors import UnreachableError
from bootheal.model import ActionRecord, Ref, Right
from bootheal.ports import World
from bootheal.probes import LONG_TIMEOUT_SECONDS, Url, visit
from bootheal.step import Act, Action, GiveUp, Judgement, Past, Settled, Step, Wait

TRIES = 3
BETWEEN_TRIES_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Ask Flux to bring an object up to date now, rather than at its next interval."""

    what: Ref

    def __str__(self) -> str:
        return f"ask Flux to reconcile {self.what}"


@dataclass(frozen=True, slots=True)
class Call:
    """Call a URL from this host. It stands in reports as far as its path: never a secret in it."""

    url: Url
    method: str = "POST"

    def __str__(self) -> str:
        return f"{self.method} {self.url.url.partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class Command:
    """Run a command in a ready pod of a workload, in the default container if none is named."""

    workload: Ref
    words: tuple[str, ...]
    container: str = ""

    def __str__(self) -> str:
        return f"run {self.words[0]} in {self.workload}"


Deed = Reconcile | Call | Command


@dataclass(frozen=True, slots=True)
class HookObservation:
    """Whether a hook was done is a matter of memory. `suspended`: somebody keeps Flux from what it would be asked."""

    conditions: frozenset[str] = frozenset()
    suspended: bool = False


@dataclass(frozen=True, kw_only=True)
class RunHook(Action):
    """Do it."""

    by_design = True  # it is declared to be done in each boot
    repairs = False

    hook: str
    deed: Deed
    at: float

    @property
    def about(self) -> Ref:
        """The hook."""
        return Ref("hook", "", self.hook)

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"{self.deed}"

    def apply(self, world: World) -> None:
        """Do it; UnreachableError with the reason where it fails, MissingError where there is nothing to do it to."""
        match self.deed:
            case Reconcile(what):
                world.writer.request_reconciliation(what, self.at)
            case Call(url, method):
                answer = visit(world, url, method)
                _insist(answer.ok, answer.text)
            case Command(workload, words, container):
                pods = world.cluster.pods(workload.namespace, world.cluster.workload(workload).selector)
                ready = [pod for pod in pods if pod.ready and not pod.deleting]
                _insist(bool(ready), f"{workload} has no ready pod")
                answer = world.pod_access.exec(ready[0].ref, container, words, LONG_TIMEOUT_SECONDS)
                _insist(answer.ok, f"{words[0]} {answer.text}")


def _insist(succeeded: bool, otherwise: str) -> None:  # noqa: FBT001 - the question is in the name
    if not succeeded:
        raise UnreachableError(otherwise)


@dataclass(frozen=True, kw_only=True)
class HookStep(Step[HookObservation]):
    """Does one thing once per boot."""

    deed: Deed

    def rights(self) -> frozenset[Right]:
        """To do it."""
        match self.deed:
            case Reconcile(what):
                group, plural = flux.RESOURCES[what.kind]
                return frozenset({Right("patch", plural, what.namespace, group)})
            case Command(workload):
                return frozenset(Right(verb, "pods/exec", workload.namespace) for verb in ("get", "create"))
            case Call():
                return frozenset()

    def wishes(self) -> frozenset[Right]:
        """To read what Flux is asked to reconcile."""
        return frozenset(
            Right("get", right.resource, right.namespace, right.group)
            for right in self.rights()
            if isinstance(self.deed, Reconcile)
        )

    def look(self, world: World) -> HookObservation:
        """Look whether Flux would listen; of all else memory alone decides."""
        return HookObservation(suspended=isinstance(self.deed, Reconcile) and world.cluster.suspended(self.deed.what))

    def judge(self, seen: HookObservation, past: Past) -> Judgement:
        """Do it, unless it has been done, is kept from being done, or was tried often enough."""
        done = [each for each in past.done if each.action == RunHook.kind()]
        if any(each.result == "done" for each in done):
            return Settled("done in this boot")
        if seen.suspended and isinstance(self.deed, Reconcile):
            what = self.deed.what
            resume = f"flux resume {what.kind} {what.name} -n {what.namespace}"
            told = f"{what} is suspended, so Flux does not bring it up to date: {resume}"
            return Settled("left alone: it is suspended", (told,))
        if sum(each.count for each in done) >= TRIES:
            return GiveUp(f"cannot {self.deed}: {_why(done[-1])}", "what serves is not affected; do it by hand")
        # A clock that is set back holds up nothing.
        if done and done[-1].failed and 0 <= past.now - done[-1].at < BETWEEN_TRIES_SECONDS:
            return Wait(_why(done[-1]), again=BETWEEN_TRIES_SECONDS)
        action = RunHook(cause="once per boot", hook=self.name, deed=self.deed, at=past.now)
        return Act(action.sentence, (action,))


def _why(done: ActionRecord) -> str:
    return done.result.removeprefix("failed: ") if done.failed else "it was interrupted"
