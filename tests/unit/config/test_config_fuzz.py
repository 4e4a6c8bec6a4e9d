"""Whatever is in the file, it is a configuration or a list of problems, each with its place."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.config import Configuration, load
from bootheal.config.file import File
from bootheal.errors import ConfigurationError
from bootheal.model.quoted import visible
from support.thorough import thorough

SAMPLE = Path(__file__).parents[3] / "config/bootheal.yaml"
EVERYTHING = Path(__file__).with_name("everything.yaml")
FILES = [
    "cluster: {kind: k3d, name: shop}\n",
    "deadline: 5m\n",
    "workloads:\n  deployment/shop/web: {probe: {http: /health, port: 8000}}\n",
    "databases:\n  shop: &a {namespace: shop, service: db, dbname: shop, admin: {secret: admin}}\n  b: *a\n",
    "".join(line for line in SAMPLE.read_text().splitlines(keepends=True) if not line.lstrip().startswith("#")),
    EVERYTHING.read_text(),
]
WHOLE = [*FILES, SAMPLE.read_text()]

# So many processes may share the work.
PARTS = 8

NASTY = [
    *("", "~", "''", '""', "{}", "[]", "[[]]", "- a", "? b", ": c", "{? [a] : b}", "{? {a: b} : c}", "{[a]: b}"),
    *(
        "yes",
        "NO",
        "on",
        "Off",
        "y",
        "true",
        "010000",
        "08",
        "2:13:20",
        "1:20.5",
        "1_000",
        "0b11",
        "0o17",
        "0x1F",
        "1e3",
    ),
    *(".nan", ".inf", "-.INF", "1e999", "-1", "99999", "1.5", "9" * 30, "9" * 5000, "-0", "+5", "0." + "1" * 400),
    *(
        "2001-12-14",
        "2001-12-14t21:59:43.10-05:00",
        "=",
        "<<",
        "{<<: *a}",
        "{<<: [*a, b]}",
        "&a [*a]",
        "*a",
        "&a x",
        "*b",
    ),
    *("!!int ''", "!!float x", "!!binary x", "!!set {a}", "!!omap [a]", "!!timestamp 1", "!!python/object:os.system x"),
    *(
        "!",
        "!x",
        "!!str 5",
        "!<x> y",
        "!a!b c",
        "%x",
        "@x",
        "`x",
        "|",
        ">",
        "|9\n x",
        "- -",
        "---",
        "...",
        "--- |",
        "&",
        "*",
    ),
    *(
        '"\\0"',
        '"\\ud800"',
        '"\\U00110000"',
        '"\\UFFFFFFFF"',
        '"\\x"',
        '"\\u202e"',
        '"\\e]0;x\\a"',
        '"\\N\\L\\P"',
        '"a',
        "'a",
    ),
    *(
        "\t",
        "\0",
        "\x1f",
        "\x7f",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u202ex",
        "\U0001f600",
        "é" * 200,
        "x" * 3000,
        "a b",
        "a: b: c",
    ),
    *(
        "[" * 30,
        "{a: " * 30,
        "- " * 30,
        "[" * 1500,
        "[" * 30 + "]" * 30,
        "a" * 254,
        "a." * 200,
        "a/b/c/d",
        "../x",
        "/",
        "~/x",
    ),
    *(
        "mail..example.org",
        "1.2.3",
        "[::1]",
        "fe80::1%eth0",
        "h:1",
        "http://a:b",
        "http://[::1/",
        "http://u:p@h",
        "ftp://h",
    ),
]

# Where a value, or a key, stands.
WORDS = re.compile(r"[^\s,:\[\]{}]+")


def one_byte(draw: st.DrawFn, text: bytes) -> bytes:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.binary(max_size=2)) + text[at + draw(st.integers(0, 2)) :]


def one_word(draw: st.DrawFn, text: bytes) -> bytes:
    found = list(WORDS.finditer(text.decode("utf-8", "replace")))
    if not found:
        return text
    word, decoded = draw(st.sampled_from(found)), text.decode("utf-8", "replace")
    return (decoded[: word.start()] + draw(st.sampled_from(NASTY)) + decoded[word.end() :]).encode()


def one_line(draw: st.DrawFn, text: bytes) -> bytes:
    """Twice, not at all, elsewhere, deeper, or under an anchor."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    at = draw(st.integers(0, len(lines) - 1))
    line = lines.pop(at)
    changed = draw(
        st.sampled_from([[line, line], [], [b"  " + line], [line.replace(b": ", b": &a ")], [b"<<: *a\n", line]])
    )
    lines[at:at] = changed
    return b"".join(lines)


MUTATIONS: list[Callable[[st.DrawFn, bytes], bytes]] = [one_byte, one_word, one_word, one_line]


@st.composite
def changed(draw: st.DrawFn, whole: str) -> bytes:
    text = whole.encode()
    for mutate in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=4)):
        text = mutate(draw, text)
    return text


def check(path: Path, content: bytes) -> Configuration | str:
    """Return the configuration, or what is said of it once that has kept its promises."""
    path.write_bytes(content)
    try:
        return load(path)
    except ConfigurationError as error:
        said = str(error)
    lines = 1 + len(re.findall(rb"\r\n|\r|\n", content))
    assert len(said) <= 2000
    for line in said.split("\n"):
        assert line == visible(line)
        place = re.match(rf"{re.escape(str(path))}:([0-9]+):([0-9]+): [^ ]", line)
        assert place, line
        assert 1 <= int(place[1]) <= lines
        assert int(place[2]) >= 1
    return said


def test_the_file_that_is_changed_has_every_key() -> None:
    """Or what is behind a key would never be tried; unchanged it is right."""
    schema = File.model_json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part["properties"]}
    assert {key for key in keys if f"{key}:" not in EVERYTHING.read_text()} == set()
    assert len(load(EVERYTHING).plan.steps) > 20


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "bootheal.yaml"


@pytest.mark.timeout(3_600)  # of fifty thousand files at night, each of the long ones takes 20 ms
@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
def test_a_broken_file_is_a_list_of_problems(path: Path, whole: str) -> None:
    """Bytes, words and lines of right files are changed, doubled, moved and left out."""

    @settings(max_examples=(50_000 if thorough() else 50) // len(WHOLE) + 1)
    @given(changed(whole))
    def law(content: bytes) -> None:
        check(path, content)

    law()


def places(seed: str) -> list[tuple[str, re.Match[str]]]:
    """By night each nasty value in the place of each word; by day a third of them, each once, as the seed draws."""
    words = list(WORDS.finditer(EVERYTHING.read_text()))
    if thorough():
        return [(nasty, word) for nasty in NASTY for word in words]
    draw = random.Random(seed)  # noqa: S311  (examples, not a secret)
    return [(nasty, draw.choice(words)) for nasty in draw.sample(NASTY, len(NASTY) // 3)]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_nasty_value_stands_in_for_a_word(path: Path, part: int, pytestconfig: pytest.Config) -> None:
    """In the file that has all keys: for a key or for a value, within what is right otherwise."""
    text = EVERYTHING.read_text()
    for nasty, word in places(pytestconfig.option.hypothesis_seed)[part::PARTS]:
        check(path, (text[: word.start()] + nasty + text[word.end() :]).encode("utf-8", "surrogatepass"))
