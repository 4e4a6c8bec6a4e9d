"""What the state file says: nothing of a wrong type gets in, and what version 2 said is not forgotten."""

import copy
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.adapters.state_format import RENAMED, Contents, VersionError, decode, encode
from bootheal.engine.memory import open_loans, taken_up
from bootheal.model import ActionRecord, Ending, EventKind, Outcome, Progress, Remembered, Report, StepMemory
from bootheal.pgbouncer.actions import LowerSetting, RestoreSetting, owed
from bootheal.platform.components import RestartComponent, StartComponent
from bootheal.platform.node_hosts import RestoreNodeHosts
from bootheal.pods.cleanup import DeletePods
from bootheal.step import Past
from bootheal.workloads.restart import last_scaling

VERSION_2 = Path(__file__).with_name("state-2.json")

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete it", "done", {"uid": "x"}, earlier=(1.0,))
REPORT = Report("boot-1", 1.0, 2.0, (Outcome("a", Ending.SETTLED, "up", began=0.0, after=("b",), actions=(DONE,)),))
WHOLE = Contents(
    Remembered(
        epoch="boot-1",
        boot="machine-1",
        steps={"a": StepMemory({"dead": 10.0}, (DONE,), 1)},
        recovering_since=4.0,
        progress={"a": Progress(EventKind.WAITING, "erklärt \ud800", 4.5)},
        report=REPORT,
        last_boot=REPORT,
        baseline={"database/shop": {"rows": "1"}},
        boots_in_vain={"a": {"delete-pod": 2}},
    ),
    author="812 4711",
)


def sealed(data: dict[str, Any]) -> bytes:
    """Write any contents as bootheal would, with the right sum: somebody else's bug, say."""
    text = json.dumps(data)[1:]
    return f'{{"version": 3, "crc32": "{zlib.crc32(text.encode()):08x}", {text}'.encode()


def plain(contents: Contents = WHOLE) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(encode(contents))
    return {name: value for name, value in data.items() if name not in ("version", "crc32")}


def test_a_loan_that_an_older_version_took_is_known_as_one() -> None:
    """It did not write down which deeds are loans: in another epoch the pod would have kept what was lent to it."""
    taken = replace(DONE, action=LowerSetting.kind(), note={"uid": "x", "key": "retry", "value": "15"})
    data = plain(Contents(Remembered(epoch="boot-1", steps={"pooler": StepMemory(done=(taken,))}), ""))
    assert data["steps"]["pooler"]["done"][0].pop("loan") == ""
    found = decode(sealed({"version": 3} | data)).remembered
    assert found.steps["pooler"].done == (replace(taken, loan="taken"),)
    assert open_loans(found).keys() == {"pooler"}


def test_a_file_is_understood_as_it_was_meant() -> None:
    """And whoever reads it otherwise finds each report's verdict; half a character is none, and hurts nobody."""
    found = decode(encode(WHOLE).encode())
    assert found.remembered.progress["a"].text == "erklärt ?"
    assert plain(found) == plain() | {"progress": plain(found)["progress"]}
    assert plain()["report"]["verdict"] == "healed"


def test_what_may_be_missing_may_be_missing() -> None:
    """So that a field can be added: a file from before says nothing of it."""
    data = plain()
    del data["boots_in_vain"], data["steps"]["a"]["incident"]
    assert decode(sealed(data)).remembered.steps["a"] == StepMemory({"dead": 10.0}, (DONE,), 0)


@given(st.integers(0, len(encode(WHOLE)) - 1), st.integers(1, 255))
def test_one_byte_that_was_changed_is_noticed(at: int, by: int) -> None:
    """Wherever it is: a loan of 15 s must not become one of 95, though both are numbers."""
    damaged = bytearray(encode(WHOLE).encode())
    damaged[at] ^= by
    with pytest.raises(ValueError, match=r"^(it|author) "):
        decode(bytes(damaged))


@given(st.binary(max_size=40), st.integers(0, 2000), st.integers(0, 2000))
def test_whatever_is_in_the_file_is_understood_or_refused(junk: bytes, begin: int, end: int) -> None:
    """Torn, cut short, overwritten: no other error."""
    text = encode(WHOLE).encode()
    with pytest.raises(ValueError, match=r"^it "):
        decode(text[:begin] + junk + text[end:] + b" ")


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


PLACES = [path for path in places(plain()) if path and path[-1] != "verdict"]
WRONG: list[Any] = [None, True, 1, -1.5, 1e300, 10**400, "", "x", [], [[]], [1], {}, {"": 0}, {"a": {"a": []}}]


@given(st.sampled_from(PLACES), st.sampled_from(WRONG))
def test_a_value_of_a_wrong_type_is_refused_wherever_it_is(path: tuple[Any, ...], wrong: Any) -> None:
    """Or it was no wrong one: what gets in can be written again, and is then the same."""
    data = copy.deepcopy(plain())
    parent = data
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = wrong
    with suppress(ValueError):
        found = decode(sealed(data))
        assert decode(encode(found).encode()) == found
        taken_up(found.remembered, "machine-1")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"baseline": []}, "baseline is no object"),
        ({"baseline": {"a": {"rows": 5}}}, "baseline.a.rows is no text"),
        ({"steps": {"a": {"first_seen": [], "done": []}}}, "steps.a.first_seen is no object"),
        ({"steps": {"a": {"first_seen": {}, "done": [{"number": 0}]}}}, "steps.a.done.action is missing"),
        ({"steps": {"a": {"first_seen": {}, "donee": []}}}, "steps.a.donee is not known"),
        ({"recovering_since": 1e300}, "recovering_since is no number that could be"),
        ({"recovering_since": True}, "recovering_since is no number that could be"),
        (
            {"progress": {"a": {"kind": "sleeps", "text": "", "at": 1}}},
            f"progress.a.kind is none of {', '.join(EventKind)}",
        ),
        ({"author": "nobody"}, "author is no process"),
    ],
)
def test_why_it_is_refused_is_told(change: dict[str, Any], why: str) -> None:
    """As exactly as whoever reports it may need."""
    with pytest.raises(ValueError, match=r"^") as error:
        decode(sealed(plain() | change))
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is empty"),
        (b"\0\0\0", "it is no JSON"),
        (b"[" * 2000, "it is no JSON"),
        (b'{"version": 2, "steps": ' + b"[" * 2000 + b"]" * 2000 + b"}", "it is no(t as version 2 was| JSON)"),
        (b'{"version": 2, "epoch": NaN}', "it is no JSON"),
        (b'{"version": ' + b"9" * 5000 + b"}", "it is no JSON"),
        (b'{"version": ' + b"9" * 50 + b"}", "it has no version"),
        (b"[]", "it has no version"),
        (b'{"version": "3"}', "it has no version"),
        (b'{"version": 3}', "it was damaged, or changed by somebody else than bootheal"),
        (b'{"version": 2}', "it is not as version 2 was"),
    ],
)
def test_what_is_no_state_at_all_is_refused(text: bytes, why: str) -> None:
    """Quickly, and in words."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        decode(text)


@pytest.mark.parametrize("version", [1, 4, 99])
def test_another_version_is_named(version: int) -> None:
    """It may be all right, for another bootheal."""
    with pytest.raises(VersionError, match=f"it is of version {version} and this bootheal knows version 3"):
        decode(json.dumps({"version": version, "epoch": "x"}).encode())


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        ("gate", [StartComponent, RestartComponent]),
        ("names", [RestoreNodeHosts]),
        ("cleanup", [DeletePods]),
        ("pooler/shop", [LowerSetting, LowerSetting, RestoreSetting]),
    ],
)
def test_actions_of_version_2_are_known_by_their_new_names(step: str, kinds: list[type]) -> None:
    """Each of those that were renamed is in a file which version 2 wrote: in mid-boot, after a boot that failed."""
    done = decode(VERSION_2.read_bytes()).remembered.steps[step].done
    assert [record.action for record in done] == [kind.kind() for kind in kinds]  # type: ignore[attr-defined]
    assert not {record.action for record in done} & RENAMED.keys()


def test_an_upgrade_in_mid_boot_forgets_nothing() -> None:
    """No loan, no workload at zero, not what was good, nor what was done and did not help in the boot before."""
    contents = decode(VERSION_2.read_bytes())
    now = taken_up(contents.remembered, contents.remembered.boot)
    assert contents.author == "812 4711"
    assert owed(now.steps["pooler/shop"].done, "5b1d") == {"server_login_retry": "15"}
    scaled = last_scaling(now.steps["deployment/shop/files"].done)
    assert scaled
    assert (scaled.note["replicas"], scaled.result) == ("2", "intended")
    assert Past(now=0.0, done=now.steps["cleanup"].done).objects(DeletePods) == 32
    assert now.steps["gate"].first_seen == {"k3s.service failed": 12.5}
    assert now.baseline == {"database/shop": {"system identifier": "7312", "check orders kept": "41"}}
    assert now.boots_in_vain == {"gate": {"restart-component": 1}}
    assert now.last_boot == now.previous
    assert now.previous
    assert [done.action for done in now.previous.actions()] == ["restart-component"]
    assert now.previous.outcomes[0].why == "k3s.service has failed"
    assert now.recovering_since == 1764575000.0
    assert set(now.progress) == {"pooler/shop"}
    assert decode(encode(contents).encode()) == contents
