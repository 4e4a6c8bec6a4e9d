"""`bootheal plan`: the graph, and what each step would do now. Looks and judges; never applies."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import discovered
from bootheal.cli.wiring import first_epoch, open_memory, open_world
from bootheal.config import load
from bootheal.engine import Recorder, recall
from bootheal.engine.plan import Plan
from bootheal.errors import BoothealError
from bootheal.platform import gate
from bootheal.ports import World
from bootheal.step import Act, GiveUp, Judgement, Settled, Step, Wait, judge_error, told

# A remote cluster is believed once its Lease has been seen advancing, which it does every 10 s.
GATE_SECONDS = 15.0

WORDS = {Settled: "well", Wait: "would wait", Act: "would act", GiveUp: "would give up"}


def main(options: argparse.Namespace) -> int:
    """Print the plan. Exit code 0: it could be made; 1: the gate does not open, so nothing else was judged."""
    configuration = load(options.config)
    memory = open_memory(configuration.file)
    remembered = memory.load()
    if memory.remark:
        _warn(memory.remark)
    with Scope(_warn) as scope:
        world = open_world(configuration.file.cluster, scope)
        memory.turn_to(first_epoch(world, remembered))
        configuration = discovered(configuration, scope, _warn)
        rows = list(_judge(configuration.plan, world, memory))
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        _print(rows)
    return 0 if all(row["judgement"] != "not judged" for row in rows) else 1


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def _print(rows: list[dict[str, Any]]) -> None:
    width = max(len(row["step"]) for row in rows)
    for row in rows:
        after = ", ".join(f"{name} (not well yet)" if name in row["not_yet"] else name for name in row["after"])
        print(
            f"{row['step']:<{width}}  {row['judgement']:<13}  {row['why']}  [{f'after {after}' if after else 'first'}]"
        )
        for action in row["actions"]:
            print(f"{'':<{width}}  {'':<13}  * {action}")


def _judge(plan: Plan, world: World, memory: Recorder) -> Iterator[dict[str, Any]]:
    """Judge each step by what it sees now; `not_yet` names what it would have to wait for."""
    epoch, ill = "", set()
    for step in plan.steps.values():
        judgement: Judgement | None = None
        if step.name == gate.NAME:
            judgement = _wait_for_gate(step, plan, world, memory)
            epoch = judgement.epoch if isinstance(judgement, Settled) else ""
            memory.turn_to(epoch or memory.epoch)
        elif epoch:
            judgement = _judgement(step, plan, world, memory)
        if not isinstance(judgement, Settled):
            ill.add(step.name)
        yield {
            "step": step.name,
            "after": list(step.after),
            "not_yet": [name for name in step.after if name in ill],
            "judgement": WORDS[type(judgement)] if judgement else "not judged",
            "why": judgement.why if judgement else "the gate is not open",
            "actions": [world.told(action.sentence) for action in judgement.actions]
            if isinstance(judgement, Act)
            else [],
        }


def _wait_for_gate(step: Step[Any], plan: Plan, world: World, memory: Recorder) -> Judgement:
    deadline = time.monotonic() + GATE_SECONDS
    while True:
        judgement = _judgement(step, plan, world, memory)
        remote = world.host.epoch() is None
        if not isinstance(judgement, Wait) or not remote or time.monotonic() > deadline:
            return judgement
        time.sleep(1)


def _judgement(step: Step[Any], plan: Plan, world: World, memory: Recorder) -> Judgement:
    try:
        seen = step.look(world)
        past = recall(memory, plan, step.name, seen, epoch=memory.epoch, clock=SystemClock())
        return told(step.judge(seen, past), world.told)
    except BoothealError as error:
        return told(judge_error(error), world.told)
