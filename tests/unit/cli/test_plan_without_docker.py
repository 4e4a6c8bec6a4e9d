"""`bootheal plan` where the container engine of a k3d cluster is down: that is what the gate waits for."""

from pathlib import Path

import pytest

from bootheal.cli import main


def test_the_gate_waits_and_the_rest_is_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a boot whose Docker hangs: it is shown, with exit code 1, and is no error."""
    config = tmp_path / "bootheal.yaml"
    config.write_text(
        f"cluster: {{kind: k3d, name: shop, docker: 'unix://{tmp_path}/no.sock'}}\n"
        f"state_directory: {tmp_path}/state\nworkloads: {{deployment/shop/web: {{}}}}\n"
    )
    assert main(["plan", "--config", str(config)]) == 1
    told = capsys.readouterr()
    assert "gate" in told.out
    assert "would wait" in told.out
    assert "steps were not judged; nothing was changed" in told.out
    assert told.err == ""
