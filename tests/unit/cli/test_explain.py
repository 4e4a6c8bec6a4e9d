"""What can be asked of the catalogue alone: by the command, as a user reads it."""

import json

import pytest

from bootheal.cli import main
from bootheal.cli.doctor import namespaces_of, parsed
from bootheal.errors import UsageError
from bootheal.model import Ref


def test_the_catalogue_is_listed_with_ids(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a cause: id, gravity, meaning; no cluster is asked for."""
    assert main(["doctor", "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    (line,) = (line for line in listed if line.startswith("  postgres-lock-file-empty "))
    assert "needs a person     its lock file is empty" in line
    assert listed[-1].endswith("causes; `bootheal explain ID` says more of one")


def test_the_catalogue_is_listed_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Each cause once, with what a person does next."""
    assert main(["doctor", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    (found,) = (each for each in listed if each["id"] == "postgres-lock-file-empty")
    assert found["gravity"] == "needs a person"
    assert found["next_step"].startswith("see that no other postmaster runs")


def test_one_cause_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Its gravity, the next step, and by what it is recognised."""
    assert main(["explain", "postgres-lock-file-empty"]) == 0
    told = capsys.readouterr().out
    assert "gravity:      needs a person" in told
    assert "next step:    see that no other postmaster runs on this volume" in told
    assert '/^FATAL: lock file "[^"]*" is empty/' in told


def test_of_an_id_that_there_is_not_the_next_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with where all of them stand."""
    assert main(["explain", "postgres-lockfile-empty"]) == 2
    told = capsys.readouterr().err
    assert "cannot find a cause postgres-lockfile-empty; did you mean postgres-lock-file-empty?" in told
    assert "`bootheal doctor --list` names them all" in told


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("shop", Ref("namespace", "", "shop")),
        ("deployment/shop/web", Ref("deployment", "shop", "web")),
        ("deploy/shop/web", Ref("deployment", "shop", "web")),
        ("svc/shop/web", Ref("service", "shop", "web")),
        ("PVC/shop/data", Ref("persistentvolumeclaim", "shop", "data")),
        ("node/box", Ref("node", "", "box")),
        ("ns/shop", Ref("namespace", "", "shop")),
    ],
)
def test_objects_are_named_as_for_kubectl(text: str, meant: Ref) -> None:
    """With their namespace."""
    assert parsed(text) == meant


def test_where_to_look_follows_from_what_is_named() -> None:
    """A node is in no namespace: none of its name is looked for where only some may be read."""
    wanted = [parsed(text) for text in ("node/box", "shop", "pod/shop/web-1", "pod/data/redis-0")]
    assert namespaces_of(wanted) == ("shop", "data")
    assert namespaces_of(wanted[:1]) == ()


@pytest.mark.parametrize("text", ["", "a/b/c/d", "deployment/web", "pod//x", "pod/shop/", "node/"])
def test_what_could_be_anything_is_refused(text: str) -> None:
    """With an example of what can be said."""
    with pytest.raises(UsageError, match=f"cannot tell what is meant by '{text}'"):
        parsed(text)
