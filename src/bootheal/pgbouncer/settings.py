"""Declared settings against those in force, and against the ConfigMap that makes them persist."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.model import Document
from bootheal.pgbouncer.ini import equal, with_settings
from bootheal.pgbouncer.pod import PoolerPod


@dataclass(frozen=True, slots=True)
class Declared:
    """What the owner declares; keys and values are those of SHOW CONFIG."""

    values: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values)

    def changes(self, pod: PoolerPod, without: Container[str] = ()) -> tuple[tuple[str, str], ...]:
        """Return what a SET has to change on a pod; what is lent is given back as declared anyway."""
        current = pod.console.settings if pod.console else {}
        return tuple(
            (key, value)
            for key, value in self.values.items()
            if key not in without
            if key in current and current[key].changeable and not equal(current[key].value, value)
        )

    def text(self, document: Document) -> str:
        """Return what the ConfigMap's key should hold, "" where it does."""
        text = with_settings(document.text, self.values)
        return "" if text == document.text else text

    def remarks(self, pod: PoolerPod) -> Iterator[str]:
        """Say what no SET can bring into force."""
        current = pod.console.settings if pod.console else {}
        for key, value in self.values.items():
            if not current:
                return
            if key not in current:
                yield f"{pod.ref} does not know the setting {key}"
            elif not current[key].changeable and not equal(current[key].value, value):
                now = current[key].value
                yield f"{key} = {value} needs a restart of PgBouncer on {pod.ref} (it has {now})"
