"""What the benchmark says about what it measured."""

import http.server
import json
import threading
import urllib.request
from pathlib import Path

import pytest

from bench import suite
from bench.cuts import Verdict, summary
from bench.engine import LONGEST_PATH, WORKLOADS, Workload, graph, longest_path
from bench.machines import PORTS, NewPorts, ask
from bench.observer import Poll, served
from bench.row import CannotMeasureError, Row, table
from bench.stories import story


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


def polls(door: str, *troubles: str) -> list[Poll]:
    return [Poll(door, 0.1 * number, 0.01, trouble) for number, trouble in enumerate(troubles)]


def test_all_is_served_from_the_answer_to_the_first_of_fifteen_good_polls_of_the_last_door() -> None:
    """One good poll between bad ones is luck; what never gets so far has not been served."""
    lucky = polls("a", "", *["502"] * 4, *[""] * 20)
    assert served([*lucky, *polls("b", "502", *[""] * 30)], ["a", "b"]) == pytest.approx(0.51)
    assert served(polls("a", *[""] * 14), ["a"]) is None


@pytest.mark.parametrize(
    ("code", "at", "bad", "false"),
    [
        (0, 9.0, (), ""),
        (0, 9.0, polls("a", "502"), "said healed, then 1 bad polls: 502"),
        (1, None, (), ""),
        (1, 9.0, polls("a", "502"), ""),
        (1, 9.0, (), "said not healed, and everything serves"),
        (None, 9.0, (), ""),
    ],
)
def test_a_verdict_is_held_against_what_was_served(
    code: int | None, at: float | None, bad: list[Poll], false: str
) -> None:
    """Both ways of being wrong, and none where what was said is what was seen, or where nobody says anything."""
    assert Verdict(1, "a story", code, 10.0, at, tuple(bad), {}).false == false


def test_cuts_without_healing_are_summed_up_as_those_that_were_healed() -> None:
    """Who says nothing has said nothing false; what never served is not in the median."""
    waited = [Verdict(1, "nobody", None, None, 33.4, (), {}), Verdict(2, "nobody", None, None, None, (), {})]
    assert [*map(str, waited)] == ["   1  served from 33.4 s  (nobody)", "   2  served from never  (nobody)"]
    lines = [*summary(waited)]
    assert lines[:2] == ["\n2 cuts, 1 healed", "median: served from 33.4 s"]
    assert not any("said" in line for line in lines)


def test_a_story_is_the_same_for_its_seed_and_number() -> None:
    """So a cut that went wrong can be tried once more; a tenth of them has a misfortune."""
    stories = [story(7, number) for number in range(300)]
    assert stories == [story(7, number) for number in range(300)]
    assert len(set(map(repr, stories))) == 300
    assert 15 <= sum(bool(each.misfortune) for each in stories) <= 45


def test_each_poll_of_a_front_door_comes_from_a_port_of_its_own() -> None:
    """None is taken for one that was tried before, for which the kernel may still keep where it led."""
    ports: list[int] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ports.append(self.client_address[1])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opener = urllib.request.build_opener(NewPorts())
        said = [ask(opener, f"http://127.0.0.1:{server.server_port}/health") for _ in range(20)]
        server.shutdown()
    assert {""} == set(said)
    assert len(set(ports)) == len(ports) == 20
    assert set(ports) <= set(PORTS)
