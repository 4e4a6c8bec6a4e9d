"""What was foreseen last: when it is looked for again, what is kept, and what monitors read."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters import outlook as kept
from bootheal.adapters.metrics import Metrics
from bootheal.cli.outlook import counts, outlook
from bootheal.model import Ref
from bootheal.model.outlook import Outlook, summary
from bootheal.preflight import Forecast
from bootheal.preflight.foreseen import foreseen
from bootheal.preflight.words import as_json

DAY = 86400.0
LAST = Outlook(at=1000.0, boot="b", configuration="c")

DUE = [
    (1000.0 + DAY - 1, "b", "c", False),
    (1000.0 + DAY, "b", "c", True),
    (1001.0, "b", "other", True),
    (1001.0, "other", "c", True),
    (10.0, "b", "c", True),
]


@pytest.mark.parametrize(("now", "boot", "configuration", "due"), DUE)
def test_when_it_is_time_to_look_again(now: float, boot: str, configuration: str, due: bool) -> None:
    """Once a day, in another boot, under another configuration; and where the clock was set back."""
    assert LAST.due(now, DAY, boot=boot, configuration=configuration) is due


FOUND = as_json(
    Forecast(
        found=(foreseen("LoginDrifted", Ref("role", "shop", "app")), foreseen("EndsForGood", Ref("pod", "shop", "x")))
    )
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """What cannot be understood is as good as nothing: it is looked for anew."""
    assert kept.read(tmp_path) is None
    now = outlook(FOUND, 5.0, "b", "c")
    kept.write(tmp_path, now)
    assert kept.read(tmp_path) == replace(
        LAST,
        at=5.0,
        breaks=1,
        changes=1,
        told="1 thing would break the next boot",
        keys=("login-drifted role/shop/app", "pod-ends-for-good pod/shop/x"),
    )
    for text in ("", "[]", "{}", '{"version": 1}', '{"version": 2, "at": 1}', '{"version": 1, "at": "x"}'):
        (tmp_path / kept.FILE).write_text(text)
        assert kept.read(tmp_path) is None


def test_a_monitor_reads_how_much_there_is(tmp_path: Path) -> None:
    """By how sure it is; what was told of the last pass stays."""
    path = tmp_path / "bootheal.prom"
    path.write_text("# HELP bootheal_last_pass_timestamp_seconds When\nbootheal_last_pass_timestamp_seconds 3.000\n")
    metrics = Metrics(path, lambda text, _: pytest.fail(text), lambda: None)
    metrics.foretold(counts(outlook(FOUND, 5.0, "b", "c")))
    text = path.read_text()
    assert 'bootheal_preflight_findings{level="breaks"} 1.000\n' in text
    assert 'bootheal_preflight_findings{level="may-break"} 0.000\n' in text
    assert text.count("bootheal_last_pass_timestamp_seconds 3.000\n") == 1
    metrics.foretold({"breaks": 0})
    assert path.read_text().count("preflight_findings{") == 1


@pytest.mark.parametrize(
    ("breaks", "may_break", "said"),
    [
        (0, 0, ""),
        (1, 0, "1 thing would break the next boot"),
        (2, 1, "2 things would break the next boot, 1 thing may break the next boot"),
    ],
)
def test_what_is_told_in_a_line_of_status(breaks: int, may_break: int, said: str) -> None:
    """The daemon says how much, not what."""
    assert summary(breaks, may_break) == said
