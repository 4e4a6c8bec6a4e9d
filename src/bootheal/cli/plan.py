"""`bootheal plan`: the graph, and what each step would do now. Looks and judges; never applies."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import discovered
from bootheal.cli.printing import fitted, width
from bootheal.cli.streams import warn
from bootheal.cli.wiring import first_epoch, open_memory, open_world
from bootheal.config import load
from bootheal.config.configuration import found
from bootheal.config.source import suggestion
from bootheal.engine import Recorder, recall
from bootheal.engine.plan import Plan
from bootheal.errors import BoothealError, TransientError, UsageError
from bootheal.model.durations import spoken
from bootheal.model.layout import shortened, wrapped
from bootheal.model.quoted import quoted
from bootheal.platform import gate
from bootheal.ports import Host, World
from bootheal.step import Act, GiveUp, Judgement, Settled, Step, Wait, judge_error, told

# A remote cluster is believed once its Lease has been seen advancing, which it does every 10 s.
GATE_SECONDS = 15.0

WORDS = {Settled: "well", Wait: "would wait", Act: "would act", GiveUp: "would give up"}
NOT_JUDGED = "not judged"


def main(options: argparse.Namespace) -> int:
    """Print the plan. Exit code 0: it could be made; 1: the gate does not open, so nothing else was judged."""
    configuration = load(options.config)
    if not configuration.file.discover:
        _chosen(configuration.plan, options.only)  # a name that is wrong is told before anything is asked
    memory = open_memory(configuration.file)
    remembered = memory.load()
    if memory.remark:
        warn(memory.remark)
    with Scope(warn) as scope:
        world = open_world(configuration.file.cluster, scope)
        memory.turn_to(first_epoch(world, remembered))
        configuration = discovered(configuration, scope, warn)
        chosen = _chosen(configuration.plan, options.only)
        names = frozenset(found(configuration))
        rows = [row | {"found": row["step"] in names} for row in _judge(configuration.plan, chosen, world, memory)]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(*_lines(rows, configuration.plan if options.verbose else None), sep="\n")
    return 0 if all(row["judgement"] != NOT_JUDGED for row in rows) else 1


def _chosen(plan: Plan, only: list[str]) -> frozenset[str]:
    """Return these steps and all that they come after, all where none is named. UsageError where there is no such."""
    for name in only:
        if name not in plan.steps:
            near = suggestion(name, plan.steps)
            raise UsageError(f"cannot plan '{quoted(name)}': the configuration has no such step{near}")
    named = frozenset(only) or frozenset(plan.steps)
    return named.union({gate.NAME} & plan.steps.keys(), *(plan.ancestors[name] for name in named))


def _lines(rows: list[dict[str, Any]], detailed: Plan | None) -> Iterator[str]:
    names, columns = max(len(row["step"]) for row in rows), width()
    if columns is not None:
        names = min(names, max(16, columns // 3))
    for row in rows:
        after = ", ".join(f"{name} (not well yet)" if name in row["not_yet"] else name for name in row["after"])
        where = f"[{'found, ' * row['found']}after {after}]" if after else "[first]"
        head = f"{shortened(row['step'], names):<{names}}  {row['judgement']:<13}  "
        yield from _below(f"{head}{row['why']}  {where}", len(head), columns)
        for action in row["actions"]:
            yield from _below(f"{'':<{names}}  {'':<13}  * {action}", len(head) + 2, columns)
        if detailed:
            yield from (f"{'':<{names}}  {'':<13}  {line}" for line in _details(detailed.steps[row["step"]]))
    yield from fitted([_sentence(rows)], columns)


def _below(text: str, hanging: int, columns: int | None) -> Iterator[str]:
    """Break a line between words on a terminal that is wide enough for that; a pipe gets it whole."""
    if columns is not None and columns >= hanging + 20:
        yield from wrapped(text, columns, hanging)
    else:
        yield text


def _details(step: Step[Any]) -> Iterator[str]:
    """Say how long a step is patient, what wakes it, and what it may have to change."""
    yield f"patience: {spoken(step.patience)}"
    if interests := sorted({f"{each.kind} {each.namespace}/{each.name or '*'}" for each in step.interests()}):
        yield f"looks again when these change: {', '.join(interests)}"
    if rights := sorted(map(str, step.rights())):
        yield f"needs: {', '.join(rights)}"


def _sentence(rows: list[dict[str, Any]]) -> str:
    """Say what it comes to, and that nothing was done."""
    counts = {word: sum(1 for row in rows if row["judgement"] == word) for word in (*WORDS.values(), NOT_JUDGED)}
    actions = sum(len(row["actions"]) for row in rows if not row["not_yet"])
    if counts[NOT_JUDGED]:
        return (
            f"the gate is not open, so {counts[NOT_JUDGED]} of {len(rows)} steps were not judged; nothing was changed"
        )
    if counts["well"] == len(rows):
        return f"all {len(rows)} steps are well: a run would change nothing"
    ill = ", ".join(f"{count} {word}" for word, count in counts.items() if count and word != "well")
    done = (
        f"a run would begin with {actions} action{'s' * (actions != 1)}"
        if actions
        else "a run would change nothing yet"
    )
    return f"{counts['well']} of {len(rows)} steps are well, {ill}: {done}; nothing was changed"


def _judge(plan: Plan, chosen: frozenset[str], world: World, memory: Recorder) -> Iterator[dict[str, Any]]:
    """Judge each step by what it sees now; `not_yet` names what it would have to wait for."""
    epoch, ill = "", set()
    for step in (each for each in plan.steps.values() if each.name in chosen):
        judgement: Judgement | None = None
        if step.name == gate.NAME:
            judgement = _wait_for_gate(step, plan, world, memory)
            opened = judgement if isinstance(judgement, Settled) else Settled("")
            epoch = opened.epoch
            memory.turn_to(epoch or memory.epoch, opened.boots)
        elif epoch:
            judgement = _judgement(step, plan, world, memory)
        if not isinstance(judgement, Settled):
            ill.add(step.name)
        yield {
            "step": step.name,
            "after": list(step.after),
            "not_yet": [name for name in step.after if name in ill],
            "judgement": WORDS[type(judgement)] if judgement else NOT_JUDGED,
            "why": judgement.why if judgement else "the gate is not open",
            "actions": [world.told(action.sentence) for action in judgement.actions]
            if isinstance(judgement, Act)
            else [],
        }


def _wait_for_gate(step: Step[Any], plan: Plan, world: World, memory: Recorder) -> Judgement:
    deadline = time.monotonic() + GATE_SECONDS
    while True:
        judgement = _judgement(step, plan, world, memory)
        if not isinstance(judgement, Wait) or not _is_elsewhere(world.host) or time.monotonic() > deadline:
            return judgement
        time.sleep(1)


def _is_elsewhere(host: Host) -> bool:
    """Whether nothing here tells the cluster's boot; a container engine that does not answer may tell it later."""
    with suppress(TransientError):
        return host.epoch() is None
    return False


def _judgement(step: Step[Any], plan: Plan, world: World, memory: Recorder) -> Judgement:
    try:
        seen = step.look(world)
        past = recall(memory, plan, step.name, seen, epoch=memory.epoch, clock=SystemClock())
        return told(step.judge(seen, past), world.told)
    except BoothealError as error:
        return told(judge_error(error), world.told)
