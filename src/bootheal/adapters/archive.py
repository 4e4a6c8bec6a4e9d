"""One .tar.gz of texts, for its owner alone: bounded in size, with a manifest of what is in it and what is not."""

import gzip
import io
import json
import os
import re
import secrets
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bootheal.adapters.files import spare_devices, unwritable

MODE = 0o600
KIBIBYTE = 1024
LONGEST_PART, MOST = 256 * KIBIBYTE, 4096 * KIBIBYTE
MANIFEST = "manifest.json"
LONGEST_NAME = 200

_UNSAFE = re.compile(r"[^A-Za-z0-9._@:-]")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an archive: its name, and its text, or data that becomes JSON. What comes first is kept first."""

    name: str
    content: Any


def pack(
    name: str, parts: Iterable[Part], left_out: Sequence[str], facts: Mapping[str, Any], hide: Callable[[str], str]
) -> bytes:
    """Return it; `name` is that of its file. `hide` takes secrets out of each line of what goes into it.

    Of a text that is too long its end is kept, and the manifest says so.
    """
    kept: list[tuple[str, bytes]] = []
    told, missing, size = list[dict[str, Any]](), list(left_out), 0
    for part in map(_safe, parts):
        text = _text(part.content, hide).encode()
        cut = len(text) > LONGEST_PART
        text = text[-LONGEST_PART:] if cut else text
        if size + len(text) > MOST:
            missing.append(f"{part.name}: there was no room for it in {MOST // KIBIBYTE} KiB")
            continue
        size += len(text)
        kept.append((part.name, text))
        told.append({"name": part.name, "bytes": len(text), **({"cut": "only its end is here"} if cut else {})})
    manifest = {**facts, "files": told, "left_out": [hide(each) for each in missing]}
    return _packed([(MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode()), *kept], name)


def _safe(part: Part) -> Part:
    """Return it by a name that leads nowhere else, wherever the archive is unpacked: names come from the cluster."""
    places = (_UNSAFE.sub("_", place)[:LONGEST_NAME] for place in part.name.split("/"))
    return replace(part, name="/".join("_" if place in ("", ".", "..") else place for place in places))


def _text(content: Any, hide: Callable[[str], str]) -> str:
    if isinstance(content, str):
        return "\n".join(map(hide, content[-2 * LONGEST_PART :].split("\n")))
    return json.dumps(hidden(content, hide), indent=2) + "\n"


def hidden(data: Any, hide: Callable[[str], str]) -> Any:
    """Return data of which each text has gone through `hide`."""
    if isinstance(data, str):
        return hide(data)
    if isinstance(data, dict):
        return {hide(str(key)): hidden(each, hide) for key, each in data.items()}
    if isinstance(data, list | tuple):
        return [hidden(each, hide) for each in data]
    return data


def _packed(files: Iterable[tuple[str, bytes]], file: str) -> bytes:
    packed = io.BytesIO()
    root = file.removesuffix(".gz").removesuffix(".tar")
    with gzip.GzipFile(fileobj=packed, mode="wb") as squeezed, tarfile.open(fileobj=squeezed, mode="w") as archive:
        for name, text in files:
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size, member.mode, member.mtime = len(text), MODE, int(time.time())
            archive.addfile(member, io.BytesIO(text))
    return packed.getvalue()


def write(path: Path, content: bytes) -> None:
    """Write it at once or not at all: whoever may read the directory sees all of it or nothing, and only its owner may.

    UsageError where it cannot be written, StateError on a full disk. What is interrupted leaves nothing behind.
    """
    beside = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        spare_devices(path)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except OSError as error:
        otherwise = "name another place by --output, or by evidence_directory in the configuration"
        raise unwritable(error, path, otherwise) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
