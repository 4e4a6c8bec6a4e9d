"""A section that is of one of several kinds, each named by a key, with keys that go with it."""

from collections.abc import Iterator, Mapping

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section

# For each kind: the keys that may stand beside it, and of these the ones that must.
Kinds = Mapping[str, tuple[frozenset[str], frozenset[str]]]


def kind(given: Section, kinds: Kinds) -> str:
    """Return the kind whose key is given, "" if none is."""
    return next((name for name in kinds if name and getattr(given, name) is not None), "")


def mismatches(given: Section, path: KeyPath, kinds: Kinds, what: str) -> Iterator[Finding]:
    """Yield what does not go together in a section that stands at `path`."""
    named = [name for name in kinds if name and getattr(given, name) is not None]
    if len(named) > 1:
        yield (*path, named[1]), f"cannot stand beside {named[0]}: {what}"
        return
    chosen = named[0] if named else ""
    if chosen not in kinds:
        yield path, f"cannot be understood: it needs one of {', '.join(kinds)}"
        return
    may, must = kinds[chosen]
    keys = frozenset().union(*(beside for beside, _ in kinds.values()))
    beside = {key for key in given.model_fields_set & keys if getattr(given, key) is not None} - {chosen}
    for key in sorted(beside - may):
        text = f"cannot stand beside {chosen}" if chosen else "cannot stand in a probe of a TCP port"
        yield (*path, key), text
    for key in sorted(must - beside):
        yield path, f"cannot do without {key}"


def url_mismatches(url: str, path: KeyPath, *, ca: bool, insecure: bool) -> Iterator[Finding]:
    """Yield what does not go with the `url` of a section that stands at `path`."""
    if url.startswith("http:") and (ca or insecure):
        yield (*path, "url"), "cannot be checked against a certificate: it is plain http"
    if ca and insecure:
        yield (*path, "insecure"), "cannot stand beside ca: either a certificate is checked or it is not"
