"""What in a cluster somebody may have meant who has named what is not there. Pure."""

from collections.abc import Iterable

from bootheal.config.source import suggestion
from bootheal.model import WORKLOADS, Login, Ref
from bootheal.model.inventory import Inventory


def near(wanted: Ref, inventory: Inventory) -> str:
    """Return a question or a remark for whoever has named `wanted`, "" where nothing there is like it."""
    known = set(_known(inventory))
    if wanted in known:
        return ""
    namespaces = {each.namespace for each in known}
    if wanted.namespace not in namespaces:
        about = f"there is nothing in a namespace {wanted.namespace}"
        return f"{about}{suggestion(wanted.namespace, sorted(namespaces))}"
    here = {each.name for each in known if (each.kind, each.namespace) == (wanted.kind, wanted.namespace)}
    if alike := suggestion(wanted.name, sorted(here)):
        return alike.removeprefix("; ")
    others = (each for each in sorted(known) if each.name == wanted.name and each.kind in _alike(wanted.kind))
    return next((f"there is {each}" for each in others), "")


def near_key(login: Login, inventory: Inventory) -> str:
    """Return likewise for the keys of a Secret that a login names."""
    facts = inventory.secrets.get(login.secret)
    if facts is None:
        return ""
    named = (login.user_key, login.password_key, login.url_key)
    missing = (key for key in named if key and key not in facts.keys)
    return next((told.removeprefix("; ") for key in missing if (told := suggestion(key, sorted(facts.keys)))), "")


def _known(inventory: Inventory) -> Iterable[Ref]:
    yield from (each.ref for each in inventory.controllers)
    yield from (each.ref for each in inventory.services)
    yield from (each.ref for each in inventory.customs)
    yield from inventory.secrets


def _alike(kind: str) -> tuple[str, ...]:
    return WORKLOADS if kind in WORKLOADS else (kind,)
