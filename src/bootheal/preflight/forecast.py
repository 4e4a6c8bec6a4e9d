"""All that was seen, judged together: would it come back? Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from bootheal.causes import Gravity
from bootheal.diagnosis import Diagnosis, diagnose
from bootheal.model import Ref
from bootheal.model.machine import MachineFacts
from bootheal.model.prospect import Prospect
from bootheal.model.scene import Scene
from bootheal.preflight import (
    controllers,
    coredns,
    databases,
    exclusive,
    machine,
    own,
    patience,
    poolers,
    starts,
    waits,
)
from bootheal.preflight.databases import DatabaseFacts
from bootheal.preflight.foreseen import Forecast, Foreseen, Sure, foreseen, ordered
from bootheal.preflight.own import OwnFacts
from bootheal.preflight.poolers import PoolerFacts
from bootheal.preflight.waits import WaitFacts

# What the doctor also sees, and a rule here tells of the object that is gone, once.
_TOLD_HERE = frozenset({"reference-missing", "disk-full", "disk-inodes-used-up"})

# What says that nobody is served, whatever it follows from.
_NOT_SERVING = frozenset({"workload-not-available", "service-without-pods"})

# What ends for a reason that nobody knows, and may go on to.
_UNEXPLAINED = frozenset({"pod-crashes", "pod-ends-silently"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked at. `missing`: steps that name what is not there, and how that was told; `gaps` is the rest."""

    scene: Scene
    prospect: Prospect = field(default_factory=Prospect)
    databases: tuple[DatabaseFacts, ...] = ()
    poolers: tuple[PoolerFacts, ...] = ()
    own: OwnFacts = field(default_factory=OwnFacts)
    machine: MachineFacts = field(default_factory=MachineFacts)
    waits: WaitFacts = field(default_factory=WaitFacts)
    missing: tuple[tuple[str, str], ...] = ()
    gaps: tuple[str, ...] = ()


def forecast(seen: Seen) -> Forecast:
    """Say what the next boot would bring to light, and what is not well now."""
    diagnosis = diagnose(seen.scene)
    now = seen.scene.now
    found = chain(
        *(databases.foresee(each, now) for each in seen.databases),
        *(poolers.foresee(each) for each in seen.poolers),
        starts.foresee(seen.scene, seen.prospect),
        exclusive.foresee(seen.scene, seen.prospect),
        controllers.foresee(seen.scene),
        patience.foresee(seen.databases, seen.own.recoveries, seen.prospect),
        waits.foresee(seen.waits),
        coredns.foresee(seen.scene, seen.prospect, seen.machine),
        own.foresee(seen.scene, seen.own),
        machine.foresee(seen.scene, seen.prospect, seen.machine),
    )
    every = ordered(_with_validity(found, seen))
    told = {each.about for each in every}
    missing = (
        foreseen("NamesMissing", Ref("step", "", step), said)
        for step, said in seen.missing
        if not any(_is_named(about, said) for about in told)
    )
    already = (each for each in _already(diagnosis) if each.about not in told)
    return Forecast(
        found=ordered(chain(every, missing, already)),
        well=(*_logins(seen), *machine.told(seen.machine), *diagnosis.well),
        gaps=tuple(
            dict.fromkeys((*seen.gaps, *seen.scene.gaps, *seen.prospect.gaps, *seen.machine.gaps, *_gaps(seen)))
        ),
        blind=seen.scene.blind,
    )


def _is_named(about: Ref, said: str) -> bool:
    """Tell whether a sentence names this object, and not one whose name only begins or ends alike."""
    return re.search(rf"(?<![\w./-]){re.escape(str(about))}(?![/-]|\.?\w)", said) is not None


def _with_validity(found: Iterator[Foreseen], seen: Seen) -> Iterator[Foreseen]:
    """Tell of the pooler's roles, too, what only their database knows of them."""
    yield from found
    for database in seen.databases:
        logins = tuple(login for pooler in seen.poolers for login in pooler.logins if login.database == database.name)
        yield from databases.foresee_passwords(replace(database, logins=logins), seen.scene.now)


def _already(diagnosis: Diagnosis) -> Iterator[Foreseen]:
    """Yield what is not well already, and would not be after a boot: what passes, or heals, may.

    So may what does not serve yet for what only a person mends, or for a reason that is not known: nobody has seen it
    come back. What heals, or comes up, is left to do so.
    """
    for item in diagnosis.found:
        if item.id not in _TOLD_HERE:
            sure = Sure.BREAKS if item.gravity in (Gravity.PERSON, Gravity.DATA) else Sure.MAY_BREAK
            yield Foreseen(finding=item.finding, sure=sure, facts=item.evidence, now=True)
    for item in diagnosis.passing:
        lasts = item.gravity is Gravity.PERSON or item.id in _UNEXPLAINED
        if lasts and item.id not in _TOLD_HERE and any(part.id in _NOT_SERVING for part in item.all()):
            yield Foreseen(finding=item.finding, sure=Sure.MAY_BREAK, facts=item.evidence, now=True)


def _logins(seen: Seen) -> Iterator[str]:
    logins = [*(each for database in seen.databases for each in database.logins)]
    logins += [each for pooler in seen.poolers for each in pooler.logins]
    count = len({each.about for each in logins if each.direct.ok})
    if count:
        yield f"{count} fresh login{'s' * (count != 1)}"
    files = sum(1 for pooler in seen.poolers for pod in pooler.pods if pod.file is not None)
    if files:
        yield f"{files} pgbouncer.ini"


def _gaps(seen: Seen) -> Iterator[str]:
    for database in seen.databases:
        if database.why_none:
            yield f"database/{database.name}: it has no primary to ask: {database.why_none}"
        yield from database.gaps
    for pooler in seen.poolers:
        yield from pooler.gaps
        for login in pooler.logins:
            if not login.direct.ok and not login.direct.spoke:
                yield f"login as {login.user}: {login.direct}"
