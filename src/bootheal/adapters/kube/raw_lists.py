"""Raw lists, for who looks at a cluster once: nothing is kept, and one odd object does not hide the others.

Ten thousand raw pods are a hundred megabytes, which a process that stays does not give back: `take` makes less of each
as soon as its page is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from bootheal.adapters.kube.api import Api, Query
from bootheal.adapters.kube.errors import right_to, understood
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.pages import PAGE
from bootheal.adapters.kube.typed import checked
from bootheal.errors import BoothealError, MissingError, PermanentError
from bootheal.model import Right

MOST_PAGES = 20


def rights(paths: Iterable[str]) -> Iterator[Right]:
    """Name what it takes to list what is at these paths."""
    yield from (right for path in paths if isinstance(right := right_to("GET", path), Right))


Take = Callable[[Raw], Any]


def _as_it_is(raw: Raw) -> Raw:
    return raw


def everywhere(
    api: Api, group: str, plural: str, namespaces: Sequence[str], query: Query = (), *, take: Take = _as_it_is
) -> list[Any]:
    """List a kind in the whole cluster; where that is not allowed, or too much, in the namespaces that are named."""
    try:
        return items(api, f"{group}/{plural}", plural, query, take=take)
    except PermanentError:
        if not namespaces:
            raise
        paths = [f"{group}/namespaces/{namespace}/{plural}" for namespace in namespaces]
        return [raw for path in paths for raw in items(api, path, plural, query, take=take)]


def items(api: Api, path: str, about: str, query: Query = (), *, take: Take = _as_it_is) -> list[Any]:
    """List what is at a path, page by page; what there is no kind of is empty.

    PermanentError where it is more than anybody reads at once: a part of it would look like all of it.
    """
    found: list[Any] = []
    token = ""
    for _ in range(MOST_PAGES):
        more = [("continue", token)] if token else []
        try:
            answer = api.get(path, [*query, ("limit", str(PAGE)), *more], about=about)
        except MissingError:
            return []
        with understood(about):
            found += map(take, answer.get("items") or ())
            token = (answer.get("metadata") or {}).get("continue") or ""
        if not token:
            return found
    raise PermanentError(f"cannot list {about}: there are more than {PAGE * MOST_PAGES}; name a namespace")


def parsed(kind: str, parse: Callable[[Raw], Any], raws: Iterable[Raw], gaps: list[str]) -> Iterator[Any]:
    """Yield snapshots, all of whose fields are what they say; what cannot be understood is added to `gaps`."""
    return understood_of(map(partial(snapshot, kind, parse), raws), gaps)


def snapshot(kind: str, parse: Callable[[Raw], Any], raw: Raw) -> Any:
    """Return the snapshot of one object, or the error that says why there is none."""
    try:
        with understood(f"a {kind}"):
            return checked(parse(raw))
    except BoothealError as error:
        return error


def understood_of(snapshots: Iterable[Any], gaps: list[str]) -> Iterator[Any]:
    """Yield those that are none of `snapshot`'s errors, which are added to `gaps`."""
    for each in snapshots:
        if isinstance(each, BoothealError):
            gaps.append(str(each))
        else:
            yield each
