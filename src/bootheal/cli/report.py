"""`bootheal report`: the picture of a boot's recovery, from the history alone."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bootheal.adapters.files import replace_file
from bootheal.adapters.history import read
from bootheal.cli.paths import read_paths
from bootheal.cli.printing import show, width
from bootheal.errors import BoothealError, StateError, UsageError
from bootheal.history.boots import compared, habits, recovery_seconds, repaired
from bootheal.model import VERDICTS, BootRecord, History, to_json
from bootheal.model.layout import clock
from bootheal.model.numbers import whole
from bootheal.model.quoted import quoted
from bootheal.picture import Picture, draw

PIPED_COLUMNS, MOST_COLUMNS = 80, 160


def main(options: argparse.Namespace) -> int:
    """Show it, or write it to a file. Exit code 1: nothing is kept yet; 2: there is no such boot."""
    history = read(read_paths(options.config).state_directory)
    if not history.boots:
        raise StateError("cannot show a boot: none is kept yet", hint="a pass that ends writes it down")
    if options.list:
        if options.json:
            print(json.dumps([_facts(boot) for boot in reversed(history.boots)], indent=2))
        else:
            show(_list(history))
        return 0
    if options.compare:
        both = [chosen(history, name) for name in options.compare]
        if options.json:
            print(json.dumps([_facts(boot) for boot in both], indent=2))
            return 0
        from bootheal.picture.compare import compare

        print(*compare(*both), sep="\n")
        return 0
    boot = chosen(history, str(options.number) if options.boot is None else options.boot)
    if options.json:
        print(json.dumps(_facts(boot), indent=2))
        return 0
    picture = draw(boot, _remarks(history, boot))
    wanted = [(path, make) for path, make in _files(options) if path is not None]
    for path, make in wanted:
        _write(path, make(picture))
    if not wanted:
        _print(picture)
    return 0


def chosen(history: History, name: str) -> BootRecord:
    """Return the boot of this number, 1 is the newest, or whose name begins so. UsageError where there is none."""
    newest_first = history.boots[::-1]
    if number := whole(name, len(newest_first)):
        return newest_first[number - 1]
    found = [boot for boot in newest_first if name and boot.epoch.startswith(name)]
    if len({boot.epoch for boot in found}) == 1:
        return found[0]
    what = "more than one boot begins" if found else "no boot is kept that begins"
    raise UsageError(
        f"cannot show boot '{quoted(name)}': {what} like that", hint="bootheal report --list shows which there are"
    )


def _list(history: History) -> Iterator[str]:
    for number, boot in enumerate(reversed(history.boots), 1):
        last, seconds = boot.passes[-1], recovery_seconds(boot)
        took = "" if seconds is None else f" after {seconds:.1f} s"
        done = "; ".join(repaired(boot)) or "nothing was repaired"
        yield f"{number:>2}  {clock(boot.passes[0].at)}  {boot.epoch[:40] or 'unknown'}"
        yield f"    {VERDICTS[last.verdict].words}{took}; {done}"


def _remarks(history: History, boot: BootRecord) -> Iterator[str]:
    if boot is history.boots[-1]:
        if line := compared(history):
            yield line
        yield from habits(history)


def _facts(boot: BootRecord) -> dict[str, object]:
    kept: dict[str, object] = to_json(boot)
    return kept | {"verdict": boot.passes[-1].verdict.value, "recovery_seconds": recovery_seconds(boot)}


def _files(options: argparse.Namespace) -> Iterator[tuple[Path | None, Callable[[Picture], str]]]:
    from bootheal.picture.html import html
    from bootheal.picture.perfetto import trace
    from bootheal.picture.svg import svg

    yield options.html, html
    yield options.svg, svg
    yield options.perfetto, lambda picture: json.dumps(trace(picture))


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        print(text, end="")
        return
    try:
        if path.exists() and not path.is_file():  # such as /dev/stdout
            path.write_text(text, encoding="utf-8")
        else:  # an older picture is not lost to a full disk; a link stays one
            replace_file(Path(os.path.realpath(path)), text, durable=False)
    except OSError as error:
        raise BoothealError(f"cannot write {path}: {error.strerror}") from None


def _print(picture: Picture) -> None:
    from bootheal.picture.text import lines

    columns = min(width() or PIPED_COLUMNS, MOST_COLUMNS)
    print(*lines(picture, columns, colour=_coloured()), sep="\n")


def _coloured() -> bool:
    """Tell whether to colour what is printed: on a terminal that can, unless its owner says no (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
