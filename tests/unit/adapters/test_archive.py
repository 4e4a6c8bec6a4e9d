"""A bundle: bounded, for its owner alone, written whole or not at all, and without secrets."""

import json
import os
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.archive import LONGEST_PART, MOST, Part, pack, write
from bootheal.adapters.redaction import Redaction
from bootheal.errors import UsageError

CANARY = "canary-5f1d-äpp"


def hide(text: str) -> str:
    redaction = Redaction()
    redaction.learn(CANARY)
    return redaction.told(Redaction()(text))


def write_archive(
    path: Path, parts: Sequence[Part], left_out: Sequence[str], facts: Mapping[str, Any], hide: Callable[[str], str]
) -> None:
    write(path, pack(path.name, parts, left_out, facts, hide))


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file}


def test_it_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, nothing beside it, and the manifest names all that is in it."""
    path = tmp_path / "shop.tar.gz"
    write_archive(path, [Part("a.txt", "one\ntwo\n"), Part("b.json", {"x": 1})], ["c: no right"], {"made": "now"}, hide)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["shop.tar.gz"]
    texts = unpacked(path)
    assert texts["a.txt"] == "one\ntwo\n"
    assert json.loads(texts["b.json"]) == {"x": 1}
    manifest = json.loads(texts["manifest.json"])
    assert [each["name"] for each in manifest["files"]] == ["a.txt", "b.json"]
    assert (manifest["left_out"], manifest["made"]) == (["c: no right"], "now")


def test_no_secret_is_in_it_in_whatever_dress(tmp_path: Path) -> None:
    """In lines, in values and keys of data, in what was left out; known ones, and what looks like one."""
    path = tmp_path / "x.tar.gz"
    text = f"first\nlogin with {CANARY}\npostgres://app:hunter22@db/shop\nPGPASSWORD=swordfish\n"
    data = {"a": [f"x{CANARY}y"], CANARY: {"deep": ["token: swordfish"]}}
    write_archive(path, [Part("t", text), Part("d", data)], [f"e: {CANARY}"], {}, hide)
    told = "\n".join(unpacked(path).values())
    for secret in (CANARY, json.dumps(CANARY)[1:-1], "hunter22", "swordfish"):
        assert secret not in told


def test_its_size_is_bounded(tmp_path: Path) -> None:
    """Of a text that is too long its end is kept; what does not fit any more is left out, and both are said."""
    path = tmp_path / "x.tar.gz"
    line = "x" * 99 + "\n"
    long = Part("long.log", line * 6000 + "the end\n")
    many = [Part(f"{number}.log", "y" * LONGEST_PART) for number in range(MOST // LONGEST_PART + 3)]
    write_archive(path, [long, *many], [], {}, lambda text: text)
    texts = unpacked(path)
    assert texts["long.log"].endswith("the end\n")
    assert sum(map(len, texts.values())) - len(texts["manifest.json"]) <= MOST
    manifest = json.loads(texts["manifest.json"])
    assert manifest["files"][0] == {"name": "long.log", "bytes": LONGEST_PART, "cut": "only its end is here"}
    assert len(manifest["left_out"]) == 4


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    """The reason is told, with what to do."""
    with pytest.raises(UsageError, match="cannot write .*No such file or directory"):
        write_archive(tmp_path / "gone" / "x.tar.gz", [], [], {}, hide)
    assert list(tmp_path.iterdir()) == []


def test_what_is_interrupted_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come while it is written."""

    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_archive(tmp_path / "x.tar.gz", [], [], {}, hide)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["logs/shop_web_../../../etc/cron.d/x", "/etc/passwd", "a\0b", "\ud800", "..", "a//b", "x" * 5_000, "a\n\x1b[2J"],
)
def test_no_name_leads_out_of_it(name: str, tmp_path: Path) -> None:
    """Containers are called as whoever answers for the API server likes; who unpacks it writes nowhere else."""
    path = tmp_path / "x.tar.gz"
    write_archive(path, [Part(name, "text")], [], {}, lambda text: text)
    with tarfile.open(path) as archive:
        names = archive.getnames()
    assert len(names) == 2
    assert all(each.startswith("x/") and each.isprintable() for each in names)
    assert not any(place in ("", ".", "..") for each in names for place in each.split("/"))
    assert "text" in unpacked(path).values()
