"""Raw lists, for who looks at a cluster once: nothing is kept, and one odd object does not hide the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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


def everywhere(api: Api, group: str, plural: str, namespaces: Sequence[str], query: Query = ()) -> list[Raw]:
    """List a kind in the whole cluster; where that is not allowed, or too much, in the namespaces that are named."""
    try:
        return items(api, f"{group}/{plural}", plural, query)
    except PermanentError:
        if not namespaces:
            raise
        paths = [f"{group}/namespaces/{namespace}/{plural}" for namespace in namespaces]
        return [raw for path in paths for raw in items(api, path, plural, query)]


def items(api: Api, path: str, about: str, query: Query = ()) -> list[Raw]:
    """List what is at a path, page by page; what there is no kind of is empty.

    PermanentError where it is more than anybody reads at once: a part of it would look like all of it.
    """
    found: list[Raw] = []
    token = ""
    for _ in range(MOST_PAGES):
        more = [("continue", token)] if token else []
        try:
            answer = api.get(path, [*query, ("limit", str(PAGE)), *more], about=about)
        except MissingError:
            return []
        with understood(about):
            found += answer.get("items") or ()
            token = (answer.get("metadata") or {}).get("continue") or ""
        if not token:
            return found
    raise PermanentError(f"cannot list {about}: there are more than {PAGE * MOST_PAGES}; name a namespace")


def parsed(kind: str, parse: Callable[[Raw], Any], raws: Iterable[Raw], gaps: list[str]) -> Iterator[Any]:
    """Yield snapshots, all of whose fields are what they say; what cannot be understood is added to `gaps`."""
    for raw in raws:
        try:
            with understood(f"a {kind}"):
                found = checked(parse(raw))
        except BoothealError as error:
            gaps.append(str(error))
        else:
            yield found
