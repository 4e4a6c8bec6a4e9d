"""What is done after a pass that did not heal: its report says what `doctor` would, and the evidence is kept."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bootheal.adapters.scope import Scope
from bootheal.cli.looking.judged import objects_of
from bootheal.config import Configuration
from bootheal.errors import BoothealError
from bootheal.model import Ending, Outcome, Report, Verdict
from bootheal.model.quoted import plain, quoted
from bootheal.platform import gate
from bootheal.ports import World

if TYPE_CHECKING:  # after a pass that has healed nothing of it is needed
    from bootheal.diagnosis import Diagnosis, Item
    from bootheal.model.scene import Scene

# So many bundles are kept in the evidence directory, and so many findings are told of one step.
KEPT, MOST = 5, 3

_UNHEALED = (Verdict.NOT_HEALED, Verdict.NEEDS_PERSON)


class Afterwards:
    """One for each process; `path` is the file of the configuration."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path, self._warn = path, warn
        self._seen: tuple[Scene, Diagnosis] | None = None
        self._kept = ""

    def told(self, report: Report, configuration: Configuration, world: World) -> Report:
        """Return the report with what a look at everything says of the steps that failed; it changes nothing else."""
        self._seen = None
        if report.verdict not in _UNHEALED:
            return report
        from bootheal.cli.looking.scene import examined

        try:
            with Scope(self._warn) as scope:
                self._seen = examined(world, scope, configuration.file.namespaces())
        except BoothealError as error:
            self._warn(f"cannot look for the reason: {error}")
            return report
        except Exception as error:  # noqa: BLE001 - what was done must not be lost with what explains it
            self._warn(f"cannot look for the reason: {error!r}: this is a bug; please report it")
            return report
        outcomes = tuple(_explained(each, configuration, self._seen[1], world) for each in report.outcomes)
        return replace(report, outcomes=outcomes)

    def keep(self, report: Report, configuration: Configuration, world: World) -> None:
        """Leave a bundle where the configuration says so; of the same trouble one is enough."""
        directory, why = configuration.file.evidence_directory, f"{report.epoch} {report.verdict} {report.reason}"
        if directory is None or self._seen is None or why == self._kept:
            return
        from bootheal.cli.looking.bundle import Bundle, file_name

        scene, diagnosis = self._seen
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with Scope(self._warn) as scope:
                Bundle(
                    cluster=configuration.file.cluster,
                    world=world,
                    scope=scope,
                    scene=scene,
                    diagnosis=diagnosis,
                    config=self._path,
                    state_directory=configuration.file.state_directory,
                ).write(directory / file_name())
            self._kept = why
            _thin_out(directory)
        except (OSError, BoothealError) as error:
            self._warn(f"cannot keep the evidence: {error}")


def _thin_out(directory: Path) -> None:
    """Remove all but the newest."""
    for old in sorted(directory.glob("bootheal-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        with suppress(OSError):
            old.unlink()


def _explained(outcome: Outcome, configuration: Configuration, found: "Diagnosis", world: World) -> Outcome:
    if outcome.ending not in (Ending.GAVE_UP, Ending.UNFINISHED):
        return outcome
    objects = set(objects_of(outcome.step, configuration.file))
    remarks = []
    for tree in (*found.found, *found.passing):
        concerned = any(ref in objects for each in tree.all() for ref in (each.about, *each.alike))
        of_the_machine = outcome.step == gate.NAME and not tree.about.namespace
        if (concerned or of_the_machine) and not _said(tree, outcome):
            remarks.append(world.told(_remark(tree)))
    return replace(outcome, remarks=(*outcome.remarks, *remarks[:MOST]))


def _remark(tree: "Item") -> str:
    next_step = f" -- {tree.next_step}" if tree.next_step else ""
    return f"doctor: {tree.about}: {tree.finding.means}{next_step}  [{tree.id}]"


def _said(tree: "Item", outcome: Outcome) -> bool:
    """Tell whether the step's own words say it already."""
    words = f"{outcome.why} {outcome.hint} {' '.join(outcome.remarks)}"
    evidence = tree.finding.evidence
    return any(said and said in words for said in (plain(tree.finding.means), quoted(evidence.text)))
