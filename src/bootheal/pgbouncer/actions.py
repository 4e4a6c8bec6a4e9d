"""What may be done to a pooler. Never PAUSE, KILL or DISABLE: clients that connect meanwhile would pay for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bootheal.errors import ConflictError, MissingError, UnreachableError
from bootheal.model import ActionRecord, Document, Login, Ref, Target
from bootheal.pgbouncer.pod import LOWERED
from bootheal.ports import World
from bootheal.step import Action

HANG_UP = ("kill", "-HUP", "1")
HANG_UP_TIMEOUT_SECONDS = 5.0

# Why a setting is restored although logins still fail; what it did not help against follows.
IN_VAIN = "it does not help"


@dataclass(frozen=True, kw_only=True)
class _OnPod(Action):
    """Something done to one pod, that very one."""

    pod: Ref
    uid: str

    @property
    def about(self) -> Ref:
        """The pod."""
        return self.pod

    @property
    def note(self) -> Mapping[str, str]:
        """Return which pod it was: a successor may have the same name."""
        return {"uid": self.uid}


@dataclass(frozen=True, kw_only=True)
class _OnConsole(_OnPod):
    """Something said on one pod's console."""

    console: Login
    target: Target
    noted: bool = False

    def set(self, world: World, key: str, value: str) -> None:
        world.pooler.set(self.target, world.secrets.credentials(self.console), key, value)


@dataclass(frozen=True, kw_only=True)
class LowerSetting(_OnConsole):
    """Lower a setting of one pod, for a while, so that PgBouncer logs in soon: a loan to that pod."""

    bounded: ClassVar[bool] = False
    by_design = True  # while the database was down, logins have failed
    loan = "taken"

    key: str
    value: str

    @property
    def sentence(self) -> str:
        """Say which setting, and its value before."""
        return f"set {self.key} = {LOWERED[self.key]:g} on {self.pod} until logins succeed (now {self.value})"

    @property
    def note(self) -> Mapping[str, str]:
        """Return the loan: to which pod, which setting, and the value to restore."""
        return {"uid": self.uid, "key": self.key, "value": self.value}

    def apply(self, world: World) -> None:
        """SET; where others may have to give it back, it is noted on the pod before."""
        if self.noted:
            world.writer.note_loan(self.pod, self.uid, self.key, self.value)
        self.set(world, self.key, f"{LOWERED[self.key]:g}")


@dataclass(frozen=True, kw_only=True)
class RestoreSetting(_OnConsole):
    """Set a lowered setting of one pod to what it was, or is declared to be."""

    bounded: ClassVar[bool] = False
    repairs: ClassVar[bool] = False
    by_design = True  # it gives back what was lent
    loan = "repaid"

    key: str
    value: str

    @property
    def sentence(self) -> str:
        """Say which setting, and the value."""
        return f"set {self.key} = {self.value} on {self.pod} again"

    @property
    def note(self) -> Mapping[str, str]:
        """Return which loan this repays."""
        return {"uid": self.uid, "key": self.key}

    def apply(self, world: World) -> None:
        """SET, and then take the note off, where there is one."""
        self.set(world, self.key, self.value)
        if self.noted:
            world.writer.note_loan(self.pod, self.uid, self.key, None)


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
class Reload(_OnConsole):
    """Have one pod read its files again: no client notices, but every SET is undone."""

    @property
    def sentence(self) -> str:
        """Say why this is enough."""
        return f"reload {self.pod} ({self.cause})"

    def apply(self, world: World) -> None:
        """RELOAD."""
        world.pooler.reload(self.target, world.secrets.credentials(self.console))


@dataclass(frozen=True, kw_only=True)
class HangUp(_OnPod):
    """Likewise by a signal, where nobody lets us use the console."""

    repairs: ClassVar[bool] = False

    @property
    def sentence(self) -> str:
        """Say how."""
        return f"send SIGHUP to PgBouncer on {self.pod} ({self.cause})"

    def apply(self, world: World) -> None:
        """Run `kill` in the container; that it worked cannot be seen."""
        answer = world.pod_access.exec(self.pod, "", HANG_UP, HANG_UP_TIMEOUT_SECONDS)
        if not answer.ok:
            raise UnreachableError(f"{' '.join(HANG_UP)} says: {answer}")


@dataclass(frozen=True, kw_only=True)
class RestartPooler(_OnPod):
    """Delete one pod, so that its successor begins with its files, names and keys as they are now."""

    disruptive: ClassVar[bool] = True

    @property
    def sentence(self) -> str:
        """Say which pod, and why nothing less will do."""
        return f"restart {self.pod} ({self.cause})"

    def apply(self, world: World) -> None:
        """Delete it, with its UID as the precondition."""
        world.writer.delete_pod(self.pod, self.uid)


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
        """Replace the key, at the version that was read; a new look decides where the ConfigMap is gone."""
        try:
            world.writer.write_document(self.document, self.text)
        except MissingError as error:
            raise ConflictError(str(error)) from None


def owed(done: Sequence[ActionRecord], uid: str) -> dict[str, str]:
    """Return what a pod must get back: by key, the value of its last loan that no repayment followed."""
    loans: dict[str, str] = {}
    for item in done:
        if item.note.get("uid") != uid:
            continue
        if item.action == LowerSetting.kind():
            loans[item.note["key"]] = item.note["value"]
        elif item.action == RestoreSetting.kind() and item.result == "done":
            loans.pop(item.note["key"], None)
    return loans


def given_up(done: Sequence[ActionRecord], uid: str, diagnosis: str) -> bool:
    """Tell whether what was lent to a pod was given back because it helped nothing against this diagnosis.

    Else it would be lent again at once, and given back again, for ever.
    """
    wanted = (RestoreSetting.kind(), f"{IN_VAIN}: {diagnosis}", uid)
    return wanted in ((item.action, item.cause, item.note.get("uid")) for item in done)


def given_back(done: Sequence[ActionRecord], uid: str, key: str) -> bool:
    """Tell whether a setting was lent to a pod and given back."""
    wanted = (RestoreSetting.kind(), uid, key)
    return wanted in ((item.action, item.note.get("uid"), item.note.get("key")) for item in done)


def restarted(done: Sequence[ActionRecord]) -> frozenset[str]:
    """Return the pods that were restarted in this epoch, by uid; one that is still there was only intended to be."""
    kind = RestartPooler.kind()
    return frozenset(item.note["uid"] for item in done if item.action == kind and not item.failed)


def reloaded(done: Sequence[ActionRecord], uid: str, *kinds: type[Action]) -> bool:
    """Tell whether a pod was made to read its files again by what was done."""
    names = {kind.kind() for kind in kinds or (Reload,)}
    return any(item.action in names and item.note.get("uid") == uid and item.result == "done" for item in done)
