"""Who else may write the configuration decides what bootheal does: `check` says so."""

import os
from pathlib import Path

import pytest

from bootheal.config.exposure import exposed

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir(mode=0o755)
    (tmp_path / "bootheal.yaml").write_text("cluster: {kind: k3s}\n")
    (tmp_path / "conf.d" / "shop.yaml").write_text("workloads: {}\n")
    for path in (tmp_path / "bootheal.yaml", tmp_path / "conf.d" / "shop.yaml"):
        path.chmod(0o644)
    return tmp_path / "bootheal.yaml"


def test_what_its_owner_alone_may_write_is_right(config: Path) -> None:
    """Also where it is not there at all, and where a person's own group may write it, as Debian has it."""
    assert list(exposed(config)) == []
    config.chmod(0o664)
    assert list(exposed(config)) == []
    assert list(exposed(config.with_name("none.yaml"))) == []


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("bootheal.yaml", 0o666, "everybody may write it, and so decides what bootheal does: chmod o-w"),
        ("conf.d/shop.yaml", 0o646, "everybody may write it, and so decides what bootheal does: chmod o-w"),
        ("conf.d", 0o777, "everybody may put files into it, and so decides what bootheal does: chmod o-w"),
        (".", 0o1777, "everybody may put files into it, and so decides what bootheal does: chmod o-w"),
    ],
)
def test_what_everybody_may_write_is_told(config: Path, name: str, mode: int, said: str) -> None:
    """The files, and the directories that a conf.d or a file in it could be put into; a sticky bit keeps nobody out."""
    (config.parent / name).chmod(mode)
    assert list(exposed(config)) == [(str(config.parent / name), said)]


@as_root
@pytest.mark.parametrize("name", ["bootheal.yaml", "conf.d", "conf.d/shop.yaml", "."])
def test_what_another_user_owns_is_told_with_his_name(config: Path, name: str) -> None:
    """Whatever its mode: he may change that."""
    os.chown(config.parent / name, NOBODY, -1)
    ((where, said),) = exposed(config)
    assert where == str(config.parent / name)
    assert said.startswith("user nobody may ")
    assert said.endswith("chown root")


@as_root
def test_a_group_of_others_that_may_write_is_told(config: Path) -> None:
    """Root's own group is none."""
    config.chmod(0o664)
    os.chown(config, 0, NOBODY)
    assert [said for _, said in exposed(config)] == [
        "its group may write it, and so decides what bootheal does: chmod g-w"
    ]
