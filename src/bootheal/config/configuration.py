"""A file on the disk -> what the program runs by: every problem of it at once, or its plan."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootheal.config import names, ownership, references
from bootheal.config.file import File
from bootheal.config.several import gather
from bootheal.config.source import LONGEST_TEXT, Source, dotted, suggestion
from bootheal.config.spelling import respell
from bootheal.config.validation import validate
from bootheal.engine.plan import Plan, arrange
from bootheal.errors import UsageError
from bootheal.model.quoted import quoted
from bootheal.postgres.database import DatabaseStep


@dataclass(frozen=True)
class Configuration:
    """What a file says: the plan, and how to run it. `warnings` are for the owner to weigh."""

    file: File
    plan: Plan
    warnings: tuple[str, ...] = field(default=())


def load(path: Path, *, look: bool = False) -> Configuration:
    """Read a configuration; ConfigurationError holds every problem at once.

    `look`: also at the paths that it names, which may be other than they should be, or not be there until later.
    """
    source = gather(path)
    respell(source)
    file = validate(source, File)
    references.check(source)
    if file is None:
        source.stop_on_problems()
        raise AssertionError("validation failed without a problem")
    for place, section in file.tree():
        for where, text in section.problems(place):
            source.complain(where, text)
    for where, text in ownership.problems(file, path, look=look):
        source.complain(where, text)
    source.stop_on_problems()
    return Configuration(file, arrange(file.steps()), tuple(_warnings(source, file)))


def _warnings(source: Source, file: File) -> Iterator[str]:
    for place, section in file.tree():
        for path, text in section.warnings(place):
            line, column = source.place(path)
            yield f"{source.file_of(path)}:{line}:{column}: {dotted(path)}: {quoted(text, LONGEST_TEXT)}"


def accept_data(configuration: Configuration, databases: Iterable[str], at: float) -> Configuration:
    """Take note that the owner accepts the data of these databases as it is; UsageError where there is no such one."""
    steps = dict(configuration.plan.steps)
    for name in databases:
        step = steps.get(f"{names.DATABASE}{name}")
        if not isinstance(step, DatabaseStep):
            near = suggestion(name, configuration.file.databases)
            raise UsageError(
                f"cannot accept the data of '{quoted(name)}': the configuration has no such database{near}"
            )
        steps[step.name] = replace(step, accept=at)
    return replace(configuration, plan=Plan(steps))
