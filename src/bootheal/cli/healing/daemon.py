"""The daemon: it heals, then stays and heals again; what it cannot heal, it says and keeps trying.

The lock is held during a pass only: `run --once` by hand works beside a daemon that rests.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.scope import Scope
from bootheal.adapters.state import StateFile
from bootheal.adapters.systemd import Systemd
from bootheal.cli.checking.allowed import knows_less
from bootheal.cli.discovering import PATIENCE_SECONDS, discovered, found_now
from bootheal.cli.healing.afterwards import Afterwards
from bootheal.cli.healing.audience import warn
from bootheal.cli.healing.mandate import mandate
from bootheal.cli.healing.new_workloads import NewWorkloads
from bootheal.cli.healing.parts import gate_alone
from bootheal.cli.healing.session import Session, open_session
from bootheal.cli.healing.shared_verdict import decoded, encoded
from bootheal.cli.healing.terminal import Reporter
from bootheal.cli.wiring import first_epoch, make_engine
from bootheal.config import Configuration, load
from bootheal.config.configuration import found
from bootheal.engine import Engine, Inbox, Recorder, Renew
from bootheal.engine.messages import Changed
from bootheal.errors import BoothealError, ConfigurationError, LockedError, StateError
from bootheal.exit_codes import ExitCode
from bootheal.model import VERDICTS, Report, Verdict
from bootheal.model.quoted import quoted
from bootheal.narrate import Note
from bootheal.ports import Mandate, World
from bootheal.ports.inventory import InventoryReader

# After which pause to try again where a pass could not begin: another one is under way, the disk is full, …
SOON_SECONDS, LATER_SECONDS = 1.0, 10.0


class Daemon:
    """One process' life, over as many configurations as SIGHUP brings. `most`: requests a second to the API server."""

    def __init__(
        self,
        path: Path,
        configuration: Configuration,
        reporter: Reporter,
        inbox: Inbox,
        systemd: Systemd,
        *,
        most: float,
    ) -> None:
        self._path, self._configuration, self._declared = path, configuration, configuration
        self._reporter, self._inbox = reporter, inbox
        self._systemd, self._most = systemd, most
        self._trouble, self._well, self._said = "", False, ""
        self._stood_by: tuple[str, Verdict | None] | None = None
        self._found: tuple[Configuration, Configuration] | None = None
        """What a look around has found, with the declared one that it began with."""
        self._resting = False
        self._examined: Configuration | None = None
        self._afterwards = Afterwards(path, self._warn)

    def stay(self) -> int:
        """Live until a signal or a report ends it; return the exit code."""
        code = None
        with self._reporter:
            self._withdraw()
            self._take_up()
            while code is None:
                try:
                    code = self._take_part()
                except BoothealError as error:
                    code = self._wait_outside(error)
        return code

    def _withdraw(self) -> None:
        """What another process has reported may not be what this one finds: nobody shall take it for that."""
        with suppress(LockedError, StateError):
            Recorder(StateFile(self._configuration.file.state_directory), SystemClock()).withdraw()

    def _take_up(self) -> None:
        """A configuration is in force from now on: say so to systemd, and what its owner should weigh."""
        self._systemd.ready()
        for warning in self._configuration.warnings:
            self._warn(warning)

    def _warn(self, text: str) -> None:
        warn(self._reporter, text)

    def _take_part(self) -> int | None:
        """Live under one mandate: it outlasts what is declared, unless that is about another Lease or cluster."""
        under, code = self._declared.file, None
        with Scope(self._warn) as campaign, mandate(under, campaign, self._inbox) as ours:
            while code is None and (self._declared.file.lease, self._declared.file.cluster) == (
                under.lease,
                under.cluster,
            ):
                with Scope(self._warn) as scope:
                    code = self._live(scope, ours)
        return code

    def _live(self, scope: Scope, ours: Mandate) -> int | None:
        """Pass after pass under one configuration, for as long as we are the ones who act. None: it was renewed."""
        session = self._open(scope, ours)
        opening, engine = session.parts.opening, self._engine(session)
        while not (engine.renewed or engine.stopped):
            if ours.objection():
                self._stand_by(engine, session)
                if ours.hopeless():
                    return ExitCode.NOT_HEALED
                continue
            ours.tell("")
            try:
                code = self._pass(engine, session)
            except (LockedError, StateError) as error:
                self._complain(error)
                engine.pause(SOON_SECONDS if isinstance(error, LockedError) else LATER_SECONDS)
                continue
            if code is not None:
                return code
            if opening and not session.parts.opening:
                opening = False
                self._configuration = discovered(self._declared, scope, self._warn, session.reader, PATIENCE_SECONDS)
                engine = self._engine(session)
            else:
                self._rest(engine, session)
        return 0 if engine.stopped else None

    def _open(self, scope: Scope, ours: Mandate) -> Session:
        session = open_session(
            self._path,
            self._declared,
            self._configuration,
            scope,
            ours,
            reporter=self._reporter,
            systemd=self._systemd,
            warn=self._warn,
            most=self._most,
        )
        if session.reader:
            self._watch_out(session, session.reader)
        return session

    def _rest(self, engine: Engine, session: Session) -> None:
        session.mandate.tell(self._said)
        if self._well:
            session.ahead.rests()
        self._resting = True
        try:
            engine.rest()
        finally:
            self._resting = False

    def _watch_out(self, session: Session, reader: InventoryReader) -> None:
        """Look for what is added while it rests."""
        wanted = self._declared.file.discover
        namespaces = tuple(wanted.namespaces) if wanted else ()
        look = partial(self._look_around, reader)
        watch = NewWorkloads(namespaces, look, pause=self._declared.file.recheck)
        try:
            watch.begin(session.world.watcher, session.scope, lambda what: self._inbox.put(Changed(what)))
        except BoothealError as error:
            self._warn(f"cannot watch for workloads that are not listed: {error}")

    def _look_around(self, reader: InventoryReader) -> bool:
        """Look for workloads that are not listed; where there are others than in the last pass, ask for a new one.

        BoothealError where it cannot be looked, or what is found cannot be taken: then all stays as it is.
        """
        if not self._resting:
            return False
        declared, present = self._declared, self._configuration
        full = found_now(declared, reader)
        if full.plan.steps != present.plan.steps:
            self._found = (declared, full)
            self._inbox.put(Renew())
        return True

    def _engine(self, session: Session) -> Engine:
        """Return an engine for what is to be done next: the gate alone, or all that is declared and found."""
        return make_engine(
            gate_alone(self._configuration) if session.parts.opening else self._configuration,
            session.world,
            session.audience.memory,
            session.parts.hear,
            self._inbox,
            scope=session.scope,
            systemd=self._systemd,
            renew=self._renew,
            mandate=session.mandate,
        )

    def _stand_by(self, engine: Engine, session: Session) -> None:
        """Leave it to another process, for as long as it acts, or is not known not to."""
        ours, memory, host = session.mandate, session.audience.memory, session.world.host
        engine.stand_by(lambda why: self._say_that_we_stand_by(memory, why, decoded(ours.heard(), host)))

    def _say_that_we_stand_by(self, memory: Recorder, why: str, elsewhere: Verdict | None) -> None:
        """Say so, once, to the journal, systemd and `status`."""
        self._systemd.complain(f"stands by: {why}")
        if why != self._trouble:
            self._trouble, self._stood_by = why, None
            self._reporter.note(f"stands by: {why}", Note.STANDS_BY)
        if self._stood_by != (why, elsewhere) and memory.stand_by(why, elsewhere):
            self._stood_by = (why, elsewhere)

    def _pass(self, engine: Engine, session: Session) -> int | None:
        """Make a pass, or the first part of one; return the exit code where it was the last one."""
        who, world, parts = session.audience, session.world, session.parts
        with who.hold() as remembered:
            if who.memory.remark:
                self._warn(who.memory.remark)
            report = engine.run(first_epoch(world, remembered))
            if parts.opened(report):
                return None
            whole = parts.whole(report, found(self._configuration))
            report = self._afterwards.told(whole, self._configuration, world)
            self._reporter.conclude(report)
            who.keep(report, world)
        who.messenger.finish(report)
        self._afterwards.keep(report, self._configuration, world)
        self._trouble, self._well = "", VERDICTS[report.verdict].well
        self._said = encoded(report, who.memory.boots)
        code = 0 if engine.stopped else last_code(report)
        if code is not None:
            who.messenger.wait(lambda: engine.stopped)
        elif not (engine.renewed or engine.deposed):
            self._reporter.note(resting(report, self._configuration.file.recheck), Note.RESTS)
            self._examine(world)
        return code

    def _examine(self, world: World) -> None:
        """Say what we may not see, once for each configuration, and once healing does not wait for it."""
        if self._well and self._examined is not self._configuration:
            self._examined = self._configuration
            if less := knows_less(self._configuration, world):
                self._warn(less)

    def _renew(self) -> bool:
        """Read the configuration anew; a bad one is refused, and the old one kept. Or take what was found at rest."""
        if self._found:
            (declared, full), self._found = self._found, None
            if declared is self._declared:
                self._take(full)
                return True
        self._inbox.renewal_begins()
        self._systemd.reloading()
        try:
            self._configuration = self._declared = load(self._path)
        except ConfigurationError as error:
            text = f"{error}\ncannot use the new configuration: the old one stays in force"
            self._reporter.note(text, Note.CONFIGURATION)
            self._systemd.ready()
            return False
        self._reporter.note(f"the configuration {self._path} was read anew", Note.RENEWED)
        self._take_up()
        return True

    def _take(self, full: Configuration) -> None:
        new = sorted({*found(full)} - {*found(self._configuration)})
        gone = sorted({*found(self._configuration)} - {*found(full)})
        told = [f"found {', '.join(new)}"] * bool(new) + [f"no longer there: {', '.join(gone)}"] * bool(gone)
        self._configuration = full
        self._reporter.note(quoted("; ".join(told)) or "what was found is declared otherwise now", Note.RENEWED)

    def _wait_outside(self, error: BoothealError) -> int | None:
        """Wait where there is no world to look at, such as without a boot id."""
        self._complain(error)
        message = self._inbox.receive(SystemClock(), min(LATER_SECONDS, self._systemd.longest_sleep))
        self._systemd.turn()
        if isinstance(message, Renew) and not self._inbox.stopped:
            self._renew()
        return 0 if self._inbox.stopped else None

    def _complain(self, error: BoothealError) -> None:
        """Say what keeps a pass from beginning, once."""
        text = f"{error}; tries again" + (f"\n  {error.hint}" if error.hint else "")
        if text != self._trouble:
            self._reporter.note(text, Note.OBSTACLE)
            self._systemd.complain(str(error))
        self._trouble = text


def resting(report: Report, recheck: float) -> str:
    """Say what the daemon does from now on: when it looks next, and that nothing else needs to be done for that."""
    if VERDICTS[report.verdict].well:
        return f"rests: looks at what is well every {recheck:g} s, and at once when something changes"
    return f"rests: tries what has failed again after {recheck:g} s, then ever more seldom, every 10 min at the latest"


def last_code(report: Report) -> int | None:
    """Return the exit code of a report after which staying would be of no use."""
    if report.verdict in (Verdict.BUG, Verdict.NEEDS_PERSON):
        return VERDICTS[report.verdict].exit_code
    return ExitCode.NOT_HEALED if any(outcome.refused for outcome in report.outcomes) else None
