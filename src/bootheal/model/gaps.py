"""What could not be looked at, in as few lines as there are reasons: one that is missing hides a dozen things. Pure."""

import re
from collections.abc import Iterable, Iterator

ADVICE = "an administrator's kubeconfig may; `bootheal rbac` prints what the service needs"

# As the adapter of the API server words a refusal, perhaps after what was wanted of it.
_REFUSED = re.compile(
    r"(?:(?P<wanted>.+?): )?cannot (?P<verb>[a-z]+|open an? [a-z-]+ (?:in|to)) (?P<what>[^ ]+)"
    r"(?: in namespace (?P<namespace>[^ ]+))?: the API server says 403(?: Forbidden)?"
)

# By verb: what was wanted of it, and by namespace what may not be read there.
_Refused = dict[str, tuple[dict[str, None], dict[str, dict[str, None]]]]


def folded(gaps: Iterable[str]) -> Iterator[str]:
    """Yield gaps, those of one reason in a line; what we may not read in one line a verb, with who may."""
    refused: _Refused = {}
    reasons: dict[str, dict[str, None]] = {}
    for gap in gaps:
        if found := _REFUSED.fullmatch(gap):
            wanted, places = refused.setdefault(found["verb"], ({}, {}))
            places.setdefault(found["namespace"] or "", {})[found["what"]] = None
            if found["wanted"] and found["wanted"] != found["what"]:
                wanted[found["wanted"]] = None
        else:
            what, _, why = gap.partition(": ")
            reasons.setdefault(why, {})[what] = None
    for why, hidden in reasons.items():
        yield from [f"{', '.join(hidden)}: {why}"] if why else hidden
    for verb, (wanted, places) in refused.items():
        yield f"{', '.join(wanted)}{': ' if wanted else ''}may not {verb} {_told(places)} ({ADVICE})"


def _told(places: dict[str, dict[str, None]]) -> str:
    return "; ".join(
        ", ".join(what) + (f" in namespace {namespace}" if namespace else "") for namespace, what in places.items()
    )
