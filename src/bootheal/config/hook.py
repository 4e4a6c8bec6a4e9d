"""A hook as it is written -> what is done; and whether what was written goes together."""

from bootheal.config import schema
from bootheal.config.choice import Kinds, kind, mismatches, url_mismatches
from bootheal.config.probe import url
from bootheal.config.source import Path, Source
from bootheal.dependencies.hook import PREFIX, Call, Command, Deed, HookStep, Reconcile
from bootheal.model import Ref

KINDS: Kinds = {
    "reconcile": (frozenset(), frozenset()),
    "url": (frozenset({"method", "ca", "insecure", "address", "status"}), frozenset()),
    "exec": (frozenset({"workload", "container"}), frozenset({"workload"})),
}


def check(source: Source, path: Path, hook: schema.Hook) -> None:
    """Complain of what does not go together."""
    troubles = [*mismatches(hook, KINDS, "a hook does one thing")]
    if hook.url is not None:
        troubles += url_mismatches(hook.url, ca=bool(hook.ca), insecure=hook.insecure)
    for key, text in troubles:
        source.complain((*path, key) if key else path, text)


def step(name: str, hook: schema.Hook) -> HookStep:
    """Make the step."""
    return HookStep(name=f"{PREFIX}{name}", after=tuple(hook.after), patience=hook.patience, deed=_deed(hook))


def _deed(hook: schema.Hook) -> Deed:
    match kind(hook, KINDS):
        case "reconcile":
            return Reconcile(Ref(*(hook.reconcile or "").split("/")))
        case "url":
            return Call(url(hook.url or "", hook), hook.method)
        case _:
            workload = Ref(*(hook.workload or "").split("/"))
            return Command(workload, tuple(hook.exec or ()), hook.container or "")
