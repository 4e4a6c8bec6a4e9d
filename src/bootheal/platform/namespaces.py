"""Was all found that `discover` is meant to find? Where it was not, nothing of it is ill, and all would seem well.

A namespace that was named and is not there does not serve: that is said as of a workload that was listed. So is what
kept us from looking for workloads, or from taking those that were found. Nothing waits for this step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from bootheal.errors import DeniedError, MissingError
from bootheal.model import Ref, Right
from bootheal.platform import gate
from bootheal.ports import World
from bootheal.step import GiveUp, Judgement, Past, Settled, Step

NAME = "discover"


@dataclass(frozen=True, slots=True)
class NamespacesObservation:
    """The namespaces that are not there, and why that is not known of all, "" where it is."""

    missing: tuple[Ref, ...] = ()
    unknown: str = ""

    @property
    def conditions(self) -> frozenset[str]:
        """How long one has been missing does not matter."""
        return frozenset()


@dataclass(frozen=True, kw_only=True)
class Namespaces(Step[NamespacesObservation]):
    """Looks for each namespace by its name.

    `hindered`: why its workloads were not looked for, or not taken; `remarks`: what is to be known of those that were.
    """

    namespaces: tuple[str, ...]
    hindered: str = ""
    remarks: tuple[str, ...] = ()
    name: str = NAME
    after: tuple[str, ...] = (gate.NAME,)

    @property
    def shows_more(self) -> str:
        """Show which there are."""
        return "kubectl get namespaces"

    def wishes(self) -> frozenset[Right]:
        """To ask for them."""
        return frozenset({Right("get", "namespaces")})

    def look(self, world: World) -> NamespacesObservation:
        """Ask for one after the other."""
        missing = []
        for name in self.namespaces:
            namespace = Ref("namespace", "", name)
            try:
                world.scenes.find(namespace)
            except MissingError:
                missing.append(namespace)
            except DeniedError as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                return NamespacesObservation(tuple(missing), str(error))
        return NamespacesObservation(tuple(missing))

    def judge(self, seen: NamespacesObservation, past: Past) -> Judgement:  # noqa: ARG002 - it is so or it is not
        """Give up where one is missing: whoever makes it later is seen to."""
        if seen.missing:
            hint = f"is its name right in discover.namespaces? {self.shows_more} shows which there are"
            return GiveUp(
                f"cannot find {_listed(seen.missing)}" + (f"; {self.hindered}" if self.hindered else ""), hint
            )
        if self.hindered:
            return GiveUp(self.hindered, "bootheal check says more")
        if seen.unknown:
            return Settled(f"whether its namespaces are there was not looked up: {seen.unknown}", self.remarks)
        names = [Ref("namespace", "", name) for name in self.namespaces]
        return Settled(f"{_listed(names)} {'are' if names[1:] else 'is'} there", self.remarks)


def _listed(namespaces: Iterable[Ref]) -> str:
    return ", ".join(map(str, namespaces))
