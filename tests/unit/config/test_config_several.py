"""A configuration in several files, names as people type them, and defaults for many workloads."""

from pathlib import Path

import pytest

from bootheal.config import Configuration, load
from bootheal.errors import ConfigurationError
from bootheal.workloads.workload import WorkloadStep


def files(tmp_path: Path, main: str, **parts: str) -> Path:
    (tmp_path / "conf.d").mkdir()
    for name, text in parts.items():
        (tmp_path / "conf.d" / f"{name}.yaml").write_text(text)
    path = tmp_path / "bootheal.yaml"
    path.write_text(main)
    return path


def workload(configuration: Configuration, name: str) -> WorkloadStep:
    step = configuration.plan.steps[name]
    assert isinstance(step, WorkloadStep)
    return step


def test_each_file_in_conf_d_adds_its_own(tmp_path: Path) -> None:
    """An application may bring its workloads and hooks; what they come after may be in another file."""
    path = files(
        tmp_path,
        "workloads: {deployment/a/one: {}}",
        b="workloads: {deployment/b/two: {after: [deployment/a/one]}}",
        a="dependencies: {redis: {namespace: a, service: redis, probe: {port: 6379}}}\nmax_parallel: 7",
    )
    (tmp_path / "conf.d/.b.yaml.swp").write_text("{")
    (tmp_path / "conf.d/README").write_text("{")
    configuration = load(path)
    assert {"deployment/a/one", "deployment/b/two", "dependency/redis"} <= configuration.plan.steps.keys()
    assert configuration.file.max_parallel == 7


def test_a_file_in_the_place_of_conf_d_is_told(tmp_path: Path) -> None:
    """Else all that somebody has written into it would be nothing, without a word."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("max_parallel: 2")
    (tmp_path / "conf.d").write_text("workloads: {deployment/a/one: {}}")
    with pytest.raises(
        ConfigurationError, match=r"conf\.d: cannot be read: Not a directory \(it should be a directory"
    ):
        load(path)


def test_what_is_said_twice_is_told_with_both_places(tmp_path: Path) -> None:
    """A name of a section, or a key of its own; and a problem in a part is told with the part's name and line."""
    path = files(
        tmp_path,
        "max_parallel: 2\nworkloads:\n  deployment/a/one: {}",
        more="\nmax_parallel: 3\nworkloads:\n  deploy/a/one: {}\n"
        "  deployment/a/two: {restrat: never}\ncluster: {kind: k3s}",
    )
    with pytest.raises(ConfigurationError) as error:
        load(path)
    text, part = str(error.value), tmp_path / "conf.d/more.yaml"
    assert f"{part}:2:1: max_parallel: cannot be said twice: it stands at {path}:1:1 already" in text
    assert f"{part}:4:3: workloads.deploy/a/one: cannot stand twice: as deployment/a/one" in text
    assert f"{part}:5:" in text
    assert "did you mean restart?" in text
    assert f"{part}:6:1: cluster: cannot stand in conf.d: put it into the main file" in text


@pytest.mark.parametrize("typed", ["deploy/n/a", "Deployment/n/a", "deployments/n/a", "deployment.apps/n/a"])
def test_a_kind_may_be_typed_as_for_kubectl(tmp_path: Path, typed: str) -> None:
    """In the key, in after, and in a hook; reports and after know it by one name."""
    text = f"workloads: {{{typed}: {{}}, sts/n/b: {{after: [{typed}]}}}}\n"
    text += f"hooks: {{h: {{after: [STS/n/b], exec: [x], workload: {typed}}}}}"
    configuration = load(files(tmp_path, text))
    assert configuration.plan.steps["statefulset/n/b"].after[0] == "deployment/n/a"
    assert configuration.plan.steps["hook/h"].after == ("statefulset/n/b",)


def test_a_name_in_short_stands_where_it_is_typed(tmp_path: Path) -> None:
    """A problem below it is told with its own line and column."""
    with pytest.raises(ConfigurationError, match=r":2:15: workloads.deployment/n/a.patienec: .*did you mean patience"):
        load(files(tmp_path, "workloads:\n deploy/n/a: {patienec: 3}"))


def test_defaults_are_for_those_who_do_not_say_it_themselves(tmp_path: Path) -> None:
    """A namespace's prevail over the file's, the workload's own over both; a DaemonSet is never scaled."""
    text = (
        "defaults: {patience: 10m, strategy: scale, namespaces: {media: {patience: 5m, restart: never}}}\n"
        "workloads: {deploy/a/x: {}, deploy/media/y: {}, deploy/media/z: {patience: 1m, restart: always}, ds/a/d: {}}"
    )
    configuration = load(files(tmp_path, text))
    found = {name: workload(configuration, f"deployment/{name}") for name in ("a/x", "media/y", "media/z")}
    assert [(each.patience, each.restart, each.strategy) for each in found.values()] == [
        (600, "if-needed", "scale"),
        (300, "never", "scale"),
        (60, "always", "scale"),
    ]
    assert workload(configuration, "daemonset/a/d").strategy == "auto"


@pytest.mark.parametrize("name", ["shop", "client", "checks", "tls"])
def test_a_key_is_guessed_by_where_it_stands_whatever_the_owner_calls_what_holds_it(tmp_path: Path, name: str) -> None:
    """A database may be called as one of its own keys is; below those, the keys are theirs."""
    with pytest.raises(ConfigurationError, match="did you mean namespace") as error:
        load(files(tmp_path, f"databases:\n {name}: {{nmespace: a, client: {{secrte: b}}, checks: [{{at_lest: 1}}]}}"))
    assert "did you mean secret?" in str(error.value)
    assert "did you mean at_least?" in str(error.value)


@pytest.mark.parametrize("odd", ["link", "loop", "directory", "empty"])
def test_a_part_that_cannot_be_read_is_named_with_what_to_do_about_it(tmp_path: Path, odd: str) -> None:
    """No other file was named on the command line, and none is missing: the part is to be mended, or taken away."""
    path = files(tmp_path, "max_parallel: 2\n")
    part = tmp_path / "conf.d/more.yaml"
    match odd:
        case "link":
            part.symlink_to("nowhere")
        case "loop":
            part.symlink_to(part.name)
        case "directory":
            part.mkdir()
        case _:
            part.touch()
    with pytest.raises(ConfigurationError) as error:
        load(path)
    said = str(error.value)
    assert said.startswith(f"{part}:1:1: the file: cannot be ")
    assert "--config" not in said
    assert "bootheal init" not in said


def test_a_directory_of_parts_that_leads_nowhere_is_not_a_matter_of_rights(tmp_path: Path) -> None:
    """What helps against the one does not help against the other."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("max_parallel: 2\n")
    (tmp_path / "conf.d").symlink_to("conf.d")
    with pytest.raises(ConfigurationError, match="Too many levels of symbolic links") as error:
        load(path)
    assert "chmod" not in str(error.value)
