"""One Lease of coordination.k8s.io/v1 as the Lock port. Whoever else writes labels or annotations to it keeps them."""

from typing import Any

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import RESOURCES
from bootheal.adapters.kube.objects import Raw
from bootheal.errors import ConflictError, MissingError
from bootheal.model import LockRecord, Ref

# A record that asks to be believed for longer is one of nobody's who elects leaders.
LONGEST_SECONDS = 3600.0

# What the holder lets the others know, behind its own name: whoever takes it over without a word is not taken for it.
SAID = "bootheal/said"
LONGEST_SAID = 10_000


class KubeLock:
    """The Lock port. Its Api should give up a request well before the lock would lapse."""

    def __init__(self, api: Api, ref: Ref) -> None:
        self._api, self._ref = api, ref
        self._raw: Raw = {}

    def read(self) -> LockRecord | None:
        """GET it."""
        try:
            raw = self._api.get(RESOURCES["lease"].path(self._ref.namespace, self._ref.name), about=str(self._ref))
        except MissingError:
            return None
        return self._understood(raw)

    def create(self, record: LockRecord) -> LockRecord:
        """POST it."""
        self._raw = {"metadata": {"name": self._ref.name, "namespace": self._ref.namespace}}
        try:
            path = RESOURCES["lease"].path(self._ref.namespace)
            return self._understood(self._api.write("POST", path, self._body(record), about=str(self._ref)))
        except MissingError:
            hint = f"kubectl create namespace {self._ref.namespace}, or name another one in lease.namespace"
            raise MissingError(f"cannot make {self._ref}: there is no such namespace", hint=hint) from None

    def update(self, record: LockRecord) -> LockRecord:
        """PUT it at the version that was seen."""
        path = RESOURCES["lease"].path(self._ref.namespace, self._ref.name)
        try:
            return self._understood(self._api.write("PUT", path, self._body(record), about=str(self._ref)))
        except MissingError:
            raise ConflictError(f"cannot renew {self._ref}: it was deleted") from None

    def _body(self, record: LockRecord) -> dict[str, Any]:
        metadata = {**self._raw.get("metadata", {})} | ({"resourceVersion": record.version} if record.version else {})
        others = {name: text for name, text in (metadata.get("annotations") or {}).items() if name != SAID}
        metadata["annotations"] = others | ({SAID: f"{record.holder} {record.said}"} if record.said else {})
        written = {
            "holderIdentity": record.holder,
            "leaseDurationSeconds": round(record.seconds) or 1,
            "acquireTime": record.acquired,
            "renewTime": record.renewed,
            "leaseTransitions": record.transitions,
        }
        spec = {**(self._raw.get("spec") or {}), **written}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}

    def _understood(self, raw: Raw) -> LockRecord:
        with understood(str(self._ref)):
            spec, version = raw.get("spec") or {}, raw["metadata"]["resourceVersion"]
            if not isinstance(version, str) or not version:
                raise TypeError("resourceVersion")  # without it nothing would be refused to whoever comes late
            annotations, holder = raw["metadata"].get("annotations") or {}, str(spec.get("holderIdentity") or "")
            speaker, _, said = str(annotations.get(SAID) or "")[:LONGEST_SAID].partition(" ")
            record = LockRecord(
                holder=holder,
                seconds=min(float(spec.get("leaseDurationSeconds") or 0), LONGEST_SECONDS),
                acquired=str(spec.get("acquireTime") or ""),
                renewed=str(spec.get("renewTime") or ""),
                transitions=int(spec.get("leaseTransitions") or 0),
                version=version,
                said=said if holder and speaker == holder else "",
            )
            self._raw = raw
            return record
