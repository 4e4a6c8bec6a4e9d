"""A file on the disk -> what the program runs by: every problem of it at once, or its plan."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootheal.config import names, references
from bootheal.config.file import File
from bootheal.config.source import Source, parse, suggestion, validate
from bootheal.engine.plan import Plan, arrange
from bootheal.errors import ConfigurationError, Problem, UsageError
from bootheal.postgres.database import DatabaseStep

_READABLE = "the service reads it as the user bootheal: chmod 644, since it holds no secret"
_ANOTHER = "--config names another; config/bootheal.yaml is a sample"


@dataclass(frozen=True)
class Configuration:
    """What a file says: the plan, and how to run it. `warnings` are for the owner to weigh."""

    file: File
    plan: Plan
    warnings: tuple[str, ...] = field(default=())


def load(path: Path) -> Configuration:
    """Read a configuration; ConfigurationError holds every problem at once."""
    source = parse(str(path), _read(path))
    file = validate(source, File)
    references.check(source)
    if file is None:
        source.stop_on_problems()
        raise AssertionError("validation failed without a problem")
    for place, section in file.tree():
        for where, text in section.problems(place):
            source.complain(where, text)
    source.stop_on_problems()
    return Configuration(file, arrange(file.steps()), tuple(_warnings(source, file)))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        way_out = _READABLE if isinstance(error, PermissionError) else _ANOTHER
        text = f"cannot be read: {reason} ({way_out})"
        raise ConfigurationError(str(path), [Problem(1, 1, "the file", text)]) from None


def _warnings(source: Source, file: File) -> Iterator[str]:
    for place, section in file.tree():
        for path, text in section.warnings(place):
            line, column = source.place(path)
            yield f"{source.name}:{line}:{column}: {'.'.join(map(str, path))}: {text}"


def accept_data(configuration: Configuration, databases: Iterable[str], at: float) -> Configuration:
    """Take note that the owner accepts the data of these databases as it is; UsageError where there is no such one."""
    steps = dict(configuration.plan.steps)
    for name in databases:
        step = steps.get(f"{names.DATABASE}{name}")
        if not isinstance(step, DatabaseStep):
            near = suggestion(name, configuration.file.databases)
            raise UsageError(f"cannot accept the data of {name!r}: the configuration has no such database{near}")
        steps[step.name] = replace(step, accept=at)
    return replace(configuration, plan=Plan(steps))
