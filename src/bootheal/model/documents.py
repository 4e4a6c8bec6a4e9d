"""ConfigMaps, and what of them we may change."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True)
class Document:
    """One key of a ConfigMap, with what is needed to change just that key.

    The API server refuses that where it is `immutable`, or where the key is `binary`: what it holds is no text.
    """

    ref: Ref
    key: str
    text: str
    version: str
    managed_by: str = ""
    immutable: bool = False
    binary: bool = False

    @property
    def kept(self) -> str:
        """Say why it is not ours to change, with the next step; "" where it is."""
        if self.binary:
            return f"its key {self.key} is binary data, not text: write it anew in UTF-8"
        if self.immutable:
            return "it is immutable: make another ConfigMap with the settings, and let the pods mount that"
        return f"{self.managed_by} manages it: change the settings there" if self.managed_by else ""


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """All that a ConfigMap holds, as text. A key that is not in `data` is another thing than one whose value is "".

    `binary` are the keys of what is no text.
    """

    ref: Ref
    data: Mapping[str, str]
    version: str
    managed_by: str = ""
    immutable: bool = False
    binary: tuple[str, ...] = ()

    def document(self, key: str) -> Document:
        """Return one key, as it would be changed: where it is missing its text is ""."""
        text, binary = self.data.get(key, ""), key in self.binary
        return Document(self.ref, key, text, self.version, self.managed_by, self.immutable, binary)
