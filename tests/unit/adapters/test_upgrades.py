"""What the next boot begins with another version of."""

from pathlib import Path

import pytest

from bootheal.adapters.upgrades import upgrades


def test_packages_that_wait_for_a_reboot(tmp_path: Path) -> None:
    """Each once, as the distribution names them; nothing where it says nothing."""
    required = tmp_path / "reboot-required.pkgs"
    assert list(upgrades(required=required)) == []
    required.write_text("linux-image-6.1\nlibc6\nlibc6\n")
    assert list(upgrades(required=required)) == [
        "linux-image-6.1: it waits for a reboot",
        "libc6: it waits for a reboot",
    ]


def test_a_program_that_was_replaced_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says so of the process; one that runs what is on the disk is no upgrade."""
    program = tmp_path / "k3s"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    process = tmp_path / "proc/17"
    process.mkdir(parents=True)
    (process / "exe").symlink_to(program)
    (tmp_path / "proc/18").mkdir()
    where = {"required": tmp_path / "none", "processes": tmp_path / "proc"}
    assert list(upgrades("k3s", **where)) == []
    (process / "exe").unlink()
    (process / "exe").symlink_to(f"{program} (deleted)")
    assert list(upgrades("containerd", "k3s", **where)) == [f"k3s: {program} was replaced since it was started"]
