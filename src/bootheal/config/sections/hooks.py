"""`hooks:` -> what is done in each boot, once all that it comes after serves."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bootheal.config import names
from bootheal.config.choice import Kinds, kind, mismatches, url_mismatches
from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.shapes import kubernetes
from bootheal.config.types import Address, FilePath, HttpStatus, Label, Patience, Truth, UrlText, Words, WorkloadName
from bootheal.dependencies.hook import Call, Command, Deed, HookStep, Reconcile
from bootheal.model import Ref
from bootheal.probes import Url

FluxName = Annotated[
    str,
    AfterValidator(kubernetes.flux),
    Field(description="kind/namespace/name"),
]

KINDS: Kinds = {
    "reconcile": (frozenset(), frozenset()),
    "url": (frozenset({"method", "ca", "insecure", "address", "status"}), frozenset()),
    "exec": (frozenset({"workload", "container"}), frozenset({"workload"})),
}


class Hook(Section):
    """One thing that is done in each boot, once all that it comes after serves: reconcile, url or exec."""

    after: Words = Field(description="what must serve first")
    reconcile: FluxName | None = Field(None, description="an object of Flux that is to be brought up to date at once")
    url: UrlText | None = Field(None, description="called from this host; never a secret in it")
    method: Literal["GET", "POST"] = Field("POST", description="url: how it is called")
    exec: Words | None = Field(
        None, description="a command and its arguments, run in a ready pod of `workload`; never a secret in it"
    )
    workload: WorkloadName | None = Field(None, description="exec: in whose pod")
    container: Label | None = Field(None, description="exec: default is the pod's default container")
    status: HttpStatus | None = Field(None, description="url: the status to expect")
    ca: FilePath | None = Field(None, description="url: the authority of its certificate; default: this host's")
    insecure: Truth = Field(default=False, description="url: take any certificate")
    address: Address = Field("", description="url: where its name leads to, if this host can't tell")
    patience: Patience = 300.0

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """It does one thing, with the keys that go with it."""
        yield from mismatches(self, path, KINDS, "a hook does one thing")
        if self.url is not None:
            yield from url_mismatches(self.url, path, ca=bool(self.ca), insecure=self.insecure)

    def step(self, name: str) -> HookStep:
        """Make the step."""
        return HookStep(name=f"{names.HOOK}{name}", after=tuple(self.after), patience=self.patience, deed=self._deed())

    def _deed(self) -> Deed:
        match kind(self, KINDS):
            case "reconcile":
                return Reconcile(Ref(*(self.reconcile or "").split("/")))
            case "url":
                url = Url(self.url or "", str(self.ca or ""), self.insecure, self.address, self.status or 0)
                return Call(url, self.method)
            case _:
                workload = Ref(*(self.workload or "").split("/"))
                return Command(workload, tuple(self.exec or ()), self.container or "")
