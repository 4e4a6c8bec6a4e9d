"""How many watches keep the lists of a kind: one for all of the cluster where we may, else one a namespace.

Each watch is a thread and a connection, and asks anew every minute. Where only one namespace is wanted, the others are
none of our business.
"""

import threading
from collections.abc import Callable

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.pages import Extent, Resource
from bootheal.adapters.kube.reflector import LIST_SECONDS, RECONNECT_SECONDS, Reflector
from bootheal.adapters.kube.rights import may
from bootheal.backoff import reconnecting
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Right


class Watches:
    """The kept lists of one kind in the namespaces that are wanted; `changed` is told of a namespace and a name.

    Which of both it is to be can be asked only once the API server answers: on a thread. ExhaustedError where that
    cannot be had. A watch for which there is no thread then is tried again.
    """

    def __init__(
        self, api: Api, resource: Resource, wanted: tuple[str, ...], changed: Callable[[str, str], None]
    ) -> None:
        self._api, self._resource, self._wanted, self._changed = api, resource, wanted, changed
        self._reflectors: dict[str, Reflector] = {}
        self._tried, self._stop = threading.Event(), threading.Event()
        if len(wanted) == 1:
            self._keep(Extent(resource, wanted))
            self._tried.set()
        else:
            api.scope.on_close(self._close)
            api.scope.start(self._choose, f"choose the watches of {resource.plural}")

    def of(self, namespace: str) -> Reflector | None:
        """Return what keeps a namespace's list, None where that is not known yet."""
        self._tried.wait(LIST_SECONDS)
        return self._reflectors.get(namespace)

    def _close(self) -> None:
        self._stop.set()
        self._tried.set()

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _choose(self) -> None:
        for attempt in reconnecting(TransientError, self._pause, longest=RECONNECT_SECONDS):
            with attempt:
                if self._stop.is_set():
                    return
                try:
                    self._begin()
                finally:
                    self._tried.set()
        for namespace in self._wanted:  # who has looked before is not woken by a watch
            self._changed(namespace, "")

    def _begin(self) -> None:
        if not self._reflectors and self._may_see_all():
            self._keep(Extent(self._resource, self._wanted))
            return
        for namespace in self._wanted:
            if namespace not in self._reflectors:
                self._keep(Extent(self._resource, (namespace,)))

    def _may_see_all(self) -> bool:
        try:
            return all(may(self._api, right) for right in rights(self._resource, ""))
        except PermanentError:  # who may not even ask
            return False

    def _keep(self, extent: Extent) -> None:
        kept = Reflector(self._api, extent, self._changed, self._api.scope)
        self._reflectors = self._reflectors | dict.fromkeys(extent.wanted, kept)


def rights(resource: Resource, namespace: str) -> list[Right]:
    """Name what keeping a list needs."""
    group = resource.group.split("/")[2] if resource.group.startswith("/apis/") else ""
    return [Right(verb, resource.plural, namespace, group) for verb in ("list", "watch")]
