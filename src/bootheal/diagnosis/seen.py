"""How a check tells what it has seen: as an item of the catalogue, with its age in this boot. Pure."""

from bootheal.causes import Evidence, Finding, Source
from bootheal.diagnosis.item import USUAL_SECONDS, Item
from bootheal.diagnosis.known import COMPARED
from bootheal.model import Ref
from bootheal.model.scene import Scene


def lasting(scene: Scene, *stamps: float | None) -> float | None:
    """Return since when a state can have lasted: since the latest of these times, and no longer than this boot."""
    return max((stamp for stamp in (booted(scene), *stamps) if stamp), default=None)


def booted(scene: Scene) -> float | None:
    """Return when this boot began, None where that is not known."""
    return scene.boot_time.spans[-1][0] if scene.boot_time else None


def item(
    finding: Finding,
    since: float | None = None,
    *,
    usual: float | None = None,
    facts: tuple[tuple[str, str], ...] = (),
    at_most: bool = False,
) -> Item:
    """Return an item; `usual` seconds may it last where that is not what its gravity says."""
    allowed = USUAL_SECONDS[finding.cause.gravity] if usual is None else usual
    return Item(finding=finding, since=since, usual=allowed, facts=facts, at_most=at_most)


def compared(
    reason: str,
    about: Ref,
    text: str = "",
    since: float | None = None,
    *,
    source: Source = Source.OBJECT,
    container: str = "",
    usual: float | None = None,
    facts: tuple[tuple[str, str], ...] = (),
    from_log: bool = False,
) -> Item:
    """Return what was seen by comparing: `reason` is the word of ours that stands for the cause."""
    seen = Evidence(source=source, reason=reason, text=text, about=about, container=container, from_log=from_log)
    found = COMPARED.recognise(seen)
    if found is None:
        raise KeyError(reason)
    return item(found, since, usual=usual, facts=facts)
