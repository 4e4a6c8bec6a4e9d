"""What bootheal writes is its own: no file that somebody else needs can be named for it."""

from pathlib import Path

import pytest

from bootheal.adapters import evidence_file, history, outbox, outlook, state
from bootheal.adapters.files import LOCK
from bootheal.adapters.metrics import Metrics
from bootheal.config import load
from bootheal.config.ownership import METRICS_BEGINNING, OWN_NAMES
from bootheal.errors import ConfigurationError
from bootheal.model import Event, EventKind
from support.somebody import somebody_else


def said(path: Path, text: str, *, look: bool = False) -> str:
    """Return what is said of the file, "" if it is right; DIR is the directory that it lies in."""
    path.write_text(text.replace("DIR", str(path.parent)))
    try:
        load(path, look=look)
    except ConfigurationError as error:
        return str(error).removeprefix(f"{path}:").replace(str(path.parent), "DIR")
    return ""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration, beside a state directory and files that others need."""
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to("state")
    for name in ("ca.crt", "kubeconfig", "boot_id"):
        (tmp_path / name).write_text("needed")
    (tmp_path / "alias.yaml").symlink_to("bootheal.yaml")
    (tmp_path / "old.prom").write_bytes(METRICS_BEGINNING + b"recovering_since")
    (tmp_path / "empty.prom").touch()
    return tmp_path / "bootheal.yaml"


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ("DIR/bootheal.yaml", "cannot be the configuration itself: it would be overwritten"),
        ("DIR/state/../bootheal.yaml", "cannot be the configuration itself: it would be overwritten"),
        ("DIR/alias.yaml", "cannot be the configuration itself: it would be overwritten"),
        ("DIR/kubeconfig", "cannot be the file of cluster.kubeconfig: it would be overwritten"),
        ("DIR/boot_id", "cannot be the file of cluster.boot_id_file: it would be overwritten"),
        ("DIR/none.crt", "cannot be the file of hooks.h.ca: it would be overwritten"),
        ("DIR/state/state.json", "cannot be one of the state directory's own files: end its name with .prom"),
        ("DIR/link/state.json", "cannot be one of the state directory's own files: end its name with .prom"),
        ("DIR/state/lock", "cannot be one of the state directory's own files: end its name with .prom"),
        ("DIR/state/state.json/a.prom", "cannot be one of the state directory's own files: end its name with .prom"),
        ("DIR/state", "cannot be the state directory, nor hold it: it is a file"),
        ("DIR", "cannot be the state directory, nor hold it: it is a file"),
        ("/", "cannot be the state directory, nor hold it: it is a file"),
        ("/dev/null", "cannot be a directory or a device: it would be overwritten; name a file that is not there yet"),
        ("/proc", "cannot be a directory or a device: it would be overwritten; name a file that is not there yet"),
        ("DIR/ca.crt", "cannot be a file that holds something else: it would be overwritten; name a file that is not"),
    ],
)
def test_metrics_overwrite_nothing_that_is_not_theirs(metrics: str, told: str, path: Path) -> None:
    """Whatever name it is called by."""
    cluster = "cluster: {kubeconfig: DIR/kubeconfig, boot_id_file: DIR/boot_id}\n"
    hook = "hooks: {h: {after: [gate], url: 'https://a/', ca: DIR/none.crt}}\n"
    problem = said(path, f"{cluster}{hook}state_directory: DIR/state\nmetrics_file: {metrics}\n")
    assert problem.startswith(f"4:1: metrics_file: {told}")


@pytest.mark.parametrize(
    "metrics", ["DIR/new.prom", "DIR/old.prom", "DIR/empty.prom", "DIR/state/a.prom", "DIR/none/a"]
)
def test_metrics_may_lie_beside_the_state_and_in_place_of_older_ones(metrics: str, path: Path) -> None:
    """A directory that is not there is told where it is written to."""
    assert said(path, f"state_directory: DIR/state\nmetrics_file: {metrics}\n") == ""


def test_what_a_run_has_written_is_known_again(path: Path) -> None:
    """Else its second start would be refused."""
    metrics = path.with_name("new.prom")
    Metrics(metrics, print, lambda: None).tell(Event(EventKind.STARTED, at=1.0, elapsed=0.0, total=1))
    assert said(path, f"metrics_file: {metrics}\n") == ""


def test_the_state_directory_s_own_files_are_known_by_name() -> None:
    """Those that there are today, and what each of them is before it has its name."""
    files = [each.FILE for each in (state, history, evidence_file, outlook, outbox)]
    names = [*files, *(f".{file}.x1y2" for file in files), LOCK, outbox.LOCK]
    assert [name for name in names if not name.startswith(OWN_NAMES)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("state_directory: DIR/bootheal.yaml\n", "cannot be the configuration itself, nor lie in it: that is a file"),
        ("state_directory: DIR/bootheal.yaml/x\n", "cannot be the configuration itself, nor lie in it: that is a file"),
        (
            "state_directory: DIR/kubeconfig\ncluster: {kubeconfig: DIR/kubeconfig}\n",
            "cannot be the file of cluster.kubeconfig, nor lie in it: that is a file",
        ),
        (
            "state_directory: DIR\ncluster: {kubeconfig: DIR/state.json}\n",
            "cannot hold the file of cluster.kubeconfig: its own file state.json would overwrite that",
        ),
    ],
)
def test_the_state_directory_is_none_of_the_files_that_are_named(text: str, told: str, path: Path) -> None:
    """Nor does what is kept there overwrite them."""
    assert said(path, text) == f"1:1: state_directory: {told}"


def test_a_configuration_may_lie_in_the_state_directory(path: Path) -> None:
    """As long as it is called by a name of its own."""
    assert said(path, "state_directory: DIR\n") == ""
    problem = said(path.with_name("state.json"), "state_directory: DIR\n")
    assert "cannot hold the configuration itself: its own file state.json would overwrite" in problem


def test_what_the_disk_says_is_asked_by_check_alone(path: Path) -> None:
    """A file in place of the directory may be gone when the disk is mounted: no reason for a daemon to end for good."""
    text = "state_directory: DIR/ca.crt/state\n"
    assert said(path, text) == ""
    assert said(path, text, look=True) == "1:1: state_directory: cannot be a directory: DIR/ca.crt is a file"
    assert said(path, "state_directory: DIR/not/there/yet\n", look=True) == ""


def test_what_may_not_be_looked_at_is_no_problem_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` is also for who may not enter the state directory."""
    closed = path.with_name("closed")
    closed.mkdir(mode=0)
    path.write_text(f"state_directory: {closed}/state\nmetrics_file: {closed}/a.prom\n")
    monkeypatch.chdir(path.parent)  # what it lies in may be root's alone as well
    path.parent.chmod(0o755)
    with somebody_else():
        assert load(Path(path.name), look=True).file.metrics_file == closed / "a.prom"
