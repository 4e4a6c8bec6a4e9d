"""Whether what waits for bootheal-healed.target would be started at the next boot."""

from pathlib import Path

import pytest

from bootheal.adapters.systemctl import Commands, Unit
from bootheal.cli.looking.next_boot import HEALED, HEALED_BY, needed_word

REPORT = "shop-report.service"
ASKED = [
    ("enabled", {"Requires": HEALED_BY, "Wants": REPORT}, "enabled"),
    ("disabled", {"Requires": HEALED_BY, "Wants": REPORT}, "disabled"),
    ("disabled", {"Requires": f"{HEALED_BY} {REPORT}"}, "disabled"),
    ("disabled", {"Requires": HEALED_BY, "RequiredBy": REPORT}, ""),
    ("masked", {"RequiredBy": REPORT}, "masked"),
    ("masked-runtime", {"BoundBy": REPORT}, "masked-runtime"),
    ("masked", {"WantedBy": "multi-user.target"}, ""),
    ("", {}, ""),
]


@pytest.mark.parametrize(("state", "properties", "expected"), ASKED)
def test_a_target_that_somebody_waits_for(
    tmp_path: Path, state: str, properties: dict[str, str], expected: str
) -> None:
    """Its word counts where a unit is started with it; of a masked one where a unit is not started without it."""
    systemctl = tmp_path / "systemctl"
    told = "".join(f"{key}={word}\n" for key, word in {"UnitFileState": state, **properties}.items())
    (tmp_path / "told").write_text(told)
    systemctl.write_text(f"""#!/bin/sh
for word; do case $word in --property=*) wanted=${{word#*=}} ;; esac; done
grep -E "^($(echo $wanted | tr , '|'))=" "{tmp_path}/told"
""")
    systemctl.chmod(0o755)
    assert needed_word(Unit(HEALED, Commands(systemctl=str(systemctl)))) == expected
