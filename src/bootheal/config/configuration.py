"""A file on the disk -> what the program runs by: every problem of it at once, or its plan."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootheal.config import names, ownership, references
from bootheal.config.document import KeyPath
from bootheal.config.file import File
from bootheal.config.reading import source_name
from bootheal.config.rights import key_of
from bootheal.config.several import gather
from bootheal.config.source import LONGEST_TEXT, Source, dotted, parse, suggestion
from bootheal.config.spelling import respell
from bootheal.config.validation import validate
from bootheal.engine.plan import Plan, arrange
from bootheal.errors import UsageError
from bootheal.model.quoted import quoted
from bootheal.postgres.database import DatabaseStep

FOUND = "found by discover"
"""In place of a line of the file."""


@dataclass(frozen=True)
class Configuration:
    """What a file says: the plan, and how to run it. `warnings` are for the owner to weigh.

    `places` says where each step stands, as file:line:column; `place` where anything else does.
    """

    file: File
    plan: Plan
    warnings: tuple[str, ...] = field(default=())
    places: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[KeyPath], str] = field(default=lambda _: "", compare=False, repr=False)


def load(path: Path, *, look: bool = False) -> Configuration:
    """Read a configuration; ConfigurationError holds every problem at once.

    `look`: also at the paths that it names, which may be other than they should be, or not be there until later.
    """
    return _configuration(gather(path), path, look=look)


def understood(text: str, path: Path) -> Configuration:
    """Do as `load`, of a text that is not in its file yet."""
    return _configuration(parse(source_name(path), text), path, look=False)


def _configuration(source: Source, path: Path, *, look: bool) -> Configuration:
    file = examined(source)
    if file is None:
        source.stop_on_problems()
        raise AssertionError("validation failed without a problem")
    for where, text in ownership.problems(file, path, look=look):
        source.complain(where, text)
    source.stop_on_problems()
    plan = arrange(file.steps())

    places = {name: source.told_place(_path(name)) for name in plan.steps}
    return Configuration(file, plan, tuple(_warnings(source, file)), places, source.told_place)


def examined(source: Source) -> File | None:
    """Note all that is wrong with what a file says by itself; None where it is no configuration at all."""
    respell(source)
    file = validate(source, File)
    references.check(source)
    for place, section in file.tree() if file else ():
        for where, text in section.problems(place):
            source.complain(where, text)
    return file


def found(configuration: Configuration) -> Iterator[str]:
    """Name the steps that were found, and that nobody has listed."""
    yield from (name for name, place in configuration.places.items() if place == FOUND)


def _path(step: str) -> KeyPath:
    """Return the path of the key that a step comes from."""
    section, dot, name = key_of(step).partition(".")
    return (section, name) if dot else (section,)


def _warnings(source: Source, file: File) -> Iterator[str]:
    for place, section in file.tree():
        for path, text in section.warnings(place):
            yield f"{source.told_place(path)}: {dotted(path)}: {quoted(text, LONGEST_TEXT)}"


def accept_data(configuration: Configuration, databases: Iterable[str], at: float) -> Configuration:
    """Take note that the owner accepts the data of these databases as it is; UsageError where there is no such one."""
    steps = dict(configuration.plan.steps)
    for name in databases:
        found = [steps.get(f"{prefix}{name}") for prefix in (names.PRIMARY, names.DATABASE)]
        accepting = [step for step in found if isinstance(step, DatabaseStep)]
        if not accepting:
            near = suggestion(name, configuration.file.databases)
            raise UsageError(
                f"cannot accept the data of '{quoted(name)}': the configuration has no such database{near}"
            )
        steps |= {step.name: replace(step, accept=at) for step in accepting}
    return replace(configuration, plan=Plan(steps))
