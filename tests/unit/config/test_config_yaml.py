"""What YAML means here: what people mean by it, and where that cannot be known, a question instead of a guess."""

import re
import time
import tracemalloc
from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.config.file import File
from bootheal.config.scalars import meaning
from bootheal.errors import ConfigurationError

EVERYTHING = Path(__file__).with_name("everything.yaml")
DATABASE = "databases:\n  shop: {namespace: shop, host: h, dbname: %s, admin: {secret: admin}}\n"


def said(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    return [line.removeprefix(str(path)) for line in str(error.value).splitlines()]


def read(tmp_path: Path, text: str) -> File:
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    return load(path).file


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(
            ("8080", 8080),
            ("-1", -1),
            ("0", 0),
            ("0x1F90", 8080),
            ("0o17", 15),
            ("1.5", 1.5),
            ("1e3", 1000.0),
            (".5", 0.5),
        ),
        *(("true", True), ("False", False), ("NULL", None), ("~", None), ("", None)),
        *(("shop", "shop"), ("y", "y"), ("Nope", "Nope"), ("nO", "nO"), ("1.2.3", "1.2.3"), ("=", "="), ("0x", "0x")),
        *(("30m", "30m"), ("localhost:5000", "localhost:5000"), ("::1", "::1"), ("1:99", "1:99"), ("2001-1", "2001-1")),
    ],
)
def test_what_all_readers_of_yaml_read_alike_is_taken_so(written: str, meant: object) -> None:
    """And a number in the notations of YAML 1.2."""
    value, doubt = meaning(written)
    assert (value, type(value), doubt) == (meant, type(meant), "")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("no", 'false; write false, or "no" for the text'),
        ("Yes", 'true; write true, or "Yes" for the text'),
        ("ON", 'true; write true, or "ON" for the text'),
        ("off", 'false; write false, or "off" for the text'),
        ("010000", 'write 10000, or "010000" for the text'),
        ("-08", 'write -8, or "-08" for the text'),
        ("2:13:20", 'write "2:13:20" for the text'),
        ("1_000", 'write its digits alone, or "1_000" for the text'),
        ("0b11", 'or "0b11" for the text'),
        ("2026-11-21", 'write "2026-11-21" for the text'),
        (".nan", 'write one, or ".nan" for the text'),
        ("-.INF", 'write one, or "-.INF" for the text'),
        ("1e999", 'write one, or "1e999" for the text'),
        ("1234567890123456789", 'write "1234567890123456789" for the text'),
    ],
)
def test_what_they_read_differently_is_asked_back(written: str, instead: str, tmp_path: Path) -> None:
    """With its place, and with what to write for each of both; in quotes it is a text."""
    (told,) = said(tmp_path, DATABASE % written)
    assert told.startswith(f":2:36: databases.shop.dbname: cannot be {written} without quotes: ")
    assert told.endswith(instead)
    assert read(tmp_path, DATABASE % f'"{written}"').databases["shop"].dbname == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("yes", "'yes'"),
        ("true", "true"),
        ("010000", "'010000'"),
        ("2:13:20", "'2:13:20'"),
        ("1_000", "'1_000'"),
        ("80.0", "80.0"),
        (".nan", "'.nan'"),
        ("'080'", "'080'"),
        ('""', "''"),
        ("~1", "'~1'"),
    ],
)
def test_a_port_is_a_number_and_nothing_that_becomes_one(written: str, shown: str, tmp_path: Path) -> None:
    """It is said what is wanted there, in YAML's words."""
    (told,) = said(tmp_path, f"dependencies:\n  d: {{host: h, probe: {{port: {written}}}}}\n")
    assert told == f":2:24: dependencies.d.probe.port: cannot be {shown}: it should be a whole number, like 8080"


@pytest.mark.parametrize("written", ["yes", "true", "2:13:20", "1_0", ".inf", "1e999", "99d", "2026-11-21", "٣m", "''"])
def test_a_duration_is_seconds_or_a_number_with_its_unit(written: str, tmp_path: Path) -> None:
    """A clock's time is none, nor is a number for ever."""
    (told,) = said(tmp_path, f"deadline: {written}\n")
    assert told.startswith(":1:1: deadline: cannot be ")
    assert told.endswith(": it should be seconds, or like 90s, 30m, 2h")


@pytest.mark.parametrize("written", ["yes", "on", "1", "y", "'no'", "[]"])
def test_true_and_false_have_no_other_names(written: str, tmp_path: Path) -> None:
    """Not even in quotes; what is a switch is told so."""
    (told,) = said(tmp_path, f"cluster: {{uncordon: {written}}}\n")
    assert told.endswith(": it should be true or false")


def test_no_number_of_the_file_can_be_true(tmp_path: Path) -> None:
    """Python takes true for 1: each key for a number or a duration refuses it, but for PgBouncer's settings."""
    text = EVERYTHING.read_text()
    numbers = list(re.finditer(r"(?<!server_idle_timeout): (\d+(\.\d+)?[smh]?)(?=[,}\n])", text))
    assert len(numbers) > 20
    for number in numbers:
        problems = said(tmp_path, f"{text[: number.start()]}: true{text[number.end() :]}")
        assert any(": cannot be true: it should be " in problem for problem in problems), number


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("? [a]\n: b\n", ":1:3: the file: cannot have a list for a key: it should be text"),
        ("cluster: {? {a: b} : c}\n", ":1:13: cluster: cannot have a mapping for a key: it should be text"),
        ("databases: {~: {}}\n", ":1:13: databases: cannot have an empty key: it should be text; write it in quotes"),
        (
            "databases: {true: {}}\n",
            ":1:13: databases: cannot have true for a key: it should be text; write it in quotes",
        ),
        ("deadline: 5\ndeadline: 6\n", ":2:1: deadline: cannot stand twice: first on line 1"),
        (
            "deadline: &a 5\nrecheck: &a 6\n",
            ":2:10: the file: cannot be read as YAML: there is an anchor of this name above",
        ),
        (
            "cluster:\n  kind: k3s\n  context:a\n  unit: x\n",
            (
                ":4:3: the file: cannot be read as YAML: could not find expected ':' (while scanning a simple key, "
                "which begins on line 3)"
            ),
        ),
        (
            'cluster: {context: "a}\nmax_parallel: 2\n',
            (
                ":3:1: the file: cannot be read as YAML: found unexpected end of stream "
                "(while scanning a quoted scalar, which begins on line 1)"
            ),
        ),
        ("deadline: *a\n", ":1:11: the file: cannot be read as YAML: no such anchor above"),
        ("cluster: &a {kind: *a}\n", ":1:20: the file: cannot be read as YAML: what this refers to holds it"),
        ("cluster: {<<: 5}\n", ":1:15: cluster: cannot be merged by <<"),
        ("deadline: !!int ''\n", ":1:11: deadline: cannot have a tag"),
        ("deadline: !!timestamp 2001-12-14\n", ":1:11: deadline: cannot have a tag"),
        ("cluster: {context: !!binary aGk=}\n", ":1:20: cluster.context: cannot have a tag"),
        ("cluster: !!set {kind}\n", ":1:10: cluster: cannot have a tag"),
        ("cluster: !!omap [a: b]\n", ":1:10: cluster: cannot have a tag"),
        (
            "cluster: {context: !a!b c}\n",
            ":1:20: the file: cannot be read as YAML: a value that begins with ! needs quotes",
        ),
        ("cluster:\n\tkind: k3s\n", ":2:1: the file: cannot be read as YAML: a tab cannot indent"),
        (
            "cluster: {context: @x}\n",
            ":1:20: the file: cannot be read as YAML: a value that begins with @ needs quotes",
        ),
        ('cluster: {context: "\\ud800"}\n', ":1:20: cluster.context: cannot hold half a character"),
        ('cluster: {context: "\\UFFFFFFFF"}\n', ":1:23: the file: cannot be read as YAML: there is no such character"),
        ('cluster: {context: "a\\0b"}\n', ":1:11: cluster.context: cannot be 'a\\x00b': it should be one line"),
        ("deadline: 5\n--- {}\n", ":2:1: the file: cannot be read as YAML: a second document begins here"),
        ("[" * 2000, ":1:22: the file: cannot be read as YAML: it is nested more than 20 deep"),
        ("- " * 2000, ":1:43: the file: cannot be read as YAML: it is nested more than 20 deep"),
        ("{a: " * 2000, ":1:82: the file: cannot be read as YAML: it is nested more than 20 deep"),
    ],
)
def test_what_a_configuration_does_not_need_is_refused_where_it_stands(text: str, told: str, tmp_path: Path) -> None:
    """In words, and at once: nothing of it is guessed at."""
    (problem,) = said(tmp_path, text)
    assert problem.startswith(told)


def test_what_several_sections_share_is_written_once(tmp_path: Path) -> None:
    """By an alias or a merge key: own keys prevail, of several merged the first does."""
    text = """\
databases:
  a: &a {namespace: one, host: a, dbname: a, admin: &admin {secret: x}, patience: 5}
  b: {<<: *a, namespace: two}
  c: {<<: [{dbname: c, patience: 7}, *a], admin: *admin}
  d: *a
"""
    found = read(tmp_path, text).databases
    told = {name: (each.namespace, each.dbname, each.admin.secret, each.patience) for name, each in found.items()}
    assert told == {
        "a": ("one", "a", "x", 5),
        "b": ("two", "a", "x", 5),
        "c": ("one", "c", "x", 7),
        "d": ("one", "a", "x", 5),
    }


def test_a_problem_in_what_is_shared_is_told_where_it_stands(tmp_path: Path) -> None:
    """Under the name of each that has it."""
    text = (DATABASE % "shop").replace("shop: {namespace: shop", "shop: &a {namespace: Shop!", 1) + "  copy: *a\n"
    assert [problem.partition(": cannot")[0] for problem in said(tmp_path, text)] == [
        ":2:13: databases.copy.namespace",
        ":2:13: databases.shop.namespace",
    ]


def laughs(first: str, level: str, alias: str) -> str:
    """Return 288 bytes or so that come to millions of values."""
    lines = [f"a0: &a0 {first}", *(f"a{i}: &a{i} {level % ','.join([f'*a{i - 1}'] * 9)}" for i in range(1, 9))]
    assert alias in lines[1]
    return "\n".join(lines)


@pytest.mark.parametrize("text", [laughs("[x, x]", "[%s]", "*a0"), laughs("{x: y}", "{<<: [%s]}", "<<")])
def test_aliases_of_aliases_take_neither_time_nor_memory(text: str, tmp_path: Path) -> None:
    """What a file comes to is bounded, whatever its length."""
    assert len(text) < 450
    began = time.process_time()
    tracemalloc.start()
    try:
        (problem,) = said(tmp_path, text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "it holds more than 30000 values, what aliases repeat counted each time" in problem
    assert most < 30_000_000
    assert time.process_time() - began < 5


def test_a_chain_of_aliases_is_as_deep_as_what_it_comes_to(tmp_path: Path) -> None:
    """However flat each of its lines is."""
    for first, level in (("[x]", "[*a%d]"), ("{x: y}", "{<<: *a%d}")):
        text = f"a0: &a0 {first}\n" + "".join(f"a{i}: &a{i} {level % (i - 1)}\n" for i in range(1, 300))
        (problem,) = said(tmp_path, text)
        assert problem.endswith("it is nested more than 20 deep")


def test_a_large_configuration_is_read(tmp_path: Path) -> None:
    """A thousand workloads, each with a probe and after the one before it."""
    text = "workloads:\n  deployment/shop/web0: {}\n" + "".join(
        f"  deployment/shop/web{i}: {{after: [deployment/shop/web{i - 1}], probe: {{http: /health, port: 8000}}}}\n"
        for i in range(1, 1000)
    )
    assert len(read(tmp_path, text).workloads) == 1000


def test_more_problems_than_fit_are_counted_and_told_by_line(tmp_path: Path) -> None:
    """What is said stays short; the first of them are told in full, in the order of the file."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("".join(f"key{i}: 1\n" for i in range(60)))
    with pytest.raises(ConfigurationError) as error:
        load(path)
    told = str(error.value).splitlines()
    assert len(str(error.value)) <= 2000
    assert told[0] == f"{path}:1:1: key0: cannot be understood: it is not a known key"
    left = 60 - len(told)
    assert f"(and {left} more problems: on lines {len(told) + 1}, {len(told) + 2}, " in told[-1]


@pytest.mark.parametrize("longest", [5, 40, 300])
def test_what_is_said_is_bounded_whatever_the_number_of_problems(longest: int, tmp_path: Path) -> None:
    """And each of its lines has a place."""
    path = tmp_path / "bootheal.yaml"
    for count in range(1, 120, 13):
        path.write_text("".join(f"{'k' * longest}{i}: 1\n" for i in range(count)))
        with pytest.raises(ConfigurationError) as error:
            load(path)
        assert len(str(error.value)) <= 2000
        assert all(re.match(rf"{path}:\d+:1: k+", line) for line in str(error.value).splitlines())


def test_what_is_in_doubt_keeps_nothing_else_from_being_told(tmp_path: Path) -> None:
    """Not even what does not go together."""
    text = "cluster: {kind: k3d, context: no}\nregistry: {url: http://a, start: when-down}\n"
    assert [problem.partition(": cannot")[0].partition(": a k3d")[0] for problem in said(tmp_path, text)] == [
        ":1:1: cluster.name",
        ":1:22: cluster.context",
        ":2:27: registry.start",
    ]


def test_what_is_quoted_is_short_and_acts_on_nobody(tmp_path: Path) -> None:
    """Keys and values: control characters and marks of direction are escapes, long ones are cut."""
    hostile = "\\e]0;owned\\a\\u202e\\n" + "x" * 900
    for problem in (
        *said(tmp_path, f'"{hostile}": 1\n'),
        *said(tmp_path, f'cluster: {{kind: "{hostile}"}}\n'),
        *said(tmp_path, f'workloads: {{deployment/a/b: {{after: ["{hostile}"]}}}}\n'),
        *said(tmp_path, f'databases:\n  ? "{hostile}"\n  : {{namespace: "{hostile}"}}\n'),
    ):
        assert problem.isprintable()
        assert "\\x1b]0;owned\\x07\\u202e\\nxxx" in problem
        assert len(problem) < 400
