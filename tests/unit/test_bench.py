"""What the benchmark says about what it measured."""

import json
from pathlib import Path

import pytest

from bench import suite
from bench.engine import LONGEST_PATH, WORKLOADS, Workload, graph, longest_path
from bench.row import CannotMeasureError, Row, table


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("engine", "run", 9.4, "s", 9.0, "longest path", most_ratio=1.05), True),
        (Row("engine", "run", 9.5, "s", 9.0, "longest path", most_ratio=1.05), False),
        (Row("pooler", "healed", 0.5, "s", 52.0, "doing nothing", most=0.5), True),
        (Row("pooler", "healed", 0.6, "s", 52.0, "doing nothing", most=0.5), False),
        (Row("startup", "status, time", 80.0, "ms", 12.0, "python -c pass"), None),
    ],
)
def test_a_goal_is_met_missed_or_not_there(row: Row, met: bool | None) -> None:
    """A row says whether its goal is met, by its own amount or by its ratio; without a goal it says nothing."""
    assert met is row.met
    assert met is row.to_json()["met"]


def test_the_table_shows_amount_ratio_goal_and_verdict() -> None:
    """What a person reads holds all that the JSON has, in one line a row, below the name of its part."""
    rows = [Row("pooler", "healed", 0.75, "s", 50.0, "doing nothing", most=0.5), Row("pooler", "dropped", 0.0, "")]
    lines = [" ".join(line.split()) for line in table(rows)]
    expected = ["", "pooler", "healed 0.75 s 50 s doing nothing 0.015 <= 0.5 s MISSED", "dropped 0"]
    assert expected == lines[1:]


def test_the_simulated_graph_is_the_same_each_time() -> None:
    """Two runs of the benchmark measure the same graph, with the longest path that it claims."""
    workloads = graph()
    assert graph() == workloads
    assert len(workloads) == WORKLOADS
    assert longest_path(workloads) == pytest.approx(LONGEST_PATH)


def test_the_longest_path_follows_the_edges() -> None:
    """The longest path is that through the graph, not the longest workload."""
    workloads = [Workload("a", (), 1.0), Workload("b", (), 2.5), Workload("c", ("a",), 2.0)]
    assert longest_path(workloads) == 3.0


def test_how_long_the_tests_took_is_told_where_they_have_run(tmp_path: Path) -> None:
    """Both figures with their goals; before the first run it is said what to do."""
    noted = tmp_path / "durations.json"
    with pytest.raises(CannotMeasureError, match="run scripts/test first"):
        list(suite.measure(noted))
    runs = {"scripts/test": 612.3, "scripts/test tests/unit": 21.5}
    noted.write_text(json.dumps({run: {"seconds": took, "ended": 0, "cores": 2} for run, took in runs.items()}))
    assert [(row.ours, row.goal, row.met) for row in suite.measure(noted)] == [
        (612.3, "<= 600 s", False),
        (21.5, "<= 30 s", True),
    ]
