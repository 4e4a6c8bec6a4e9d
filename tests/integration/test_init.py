"""`bootheal init` on a cluster that nobody has described, and what a power cut then comes to."""

from pathlib import Path

from bootheal.demo.stack import BootScript, Stack
from support.command import actions, bootheal, heal


def test_what_init_writes_heals_a_power_cut_untouched(stack: Stack, tmp_path: Path) -> None:
    """From nothing: init, a power cut with a drifted password, run --once; nobody has touched the file."""
    file = tmp_path / "made/bootheal.yaml"
    where = ("--kubeconfig", stack.kubeconfig, "--state-directory", tmp_path / "state")
    made = bootheal("init", *where, "--output", file)
    assert "found: 1 database, 1 pooler, 2 workloads" in made.stdout
    assert "check: everything named exists" in made.stdout
    written = file.read_text()
    assert written == bootheal("init", *where, "--output", "-").stdout, "the same cluster gives the same file"
    passwords = stack.options.passwords
    assert not any(secret in written for secret in (passwords.postgres, passwords.pooler, passwords.app))
    bootheal("check", "--config", file)
    assert "names all that is in the cluster" in bootheal("init", "--diff", "--output", file).stdout
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=1.5, stuck="", leftover=False))  # the grace for those is a minute
    report = heal(file)
    assert report["verdict"] == "healed"
    assert "reset the password of role/postgres/pooler" in "\n".join(actions(report))
    assert all(stack.serving().values())
    assert file.read_text() == written


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    """Who has a configuration keeps it; the way out is named."""
    file = tmp_path / "bootheal.yaml"
    file.write_text("mine")
    refused = bootheal("init", "--output", file, expect=2)
    assert "it is there already" in refused.stderr
    assert "--force" in refused.stderr
    assert file.read_text() == "mine"
