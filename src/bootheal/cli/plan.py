"""`bootheal plan`: the graph, and what each step would do now. Looks and judges; never applies."""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from bootheal.adapters.state import StateFile
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.errors import BoothealError
from bootheal.ports import World
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Step, Wait, judge_error
from bootheal.steps import gate

# A remote cluster is believed once its Lease has been seen advancing, which it does every 10 s.
GATE_SECONDS = 15.0

WORDS = {Settled: "well", Wait: "would wait", Act: "would act", GiveUp: "would give up"}


def main(options: argparse.Namespace) -> int:
    """Print the plan. Exit code 0: it could be made; 1: the gate does not open, so nothing else was judged."""
    configuration = load(options.config)
    state = StateFile(configuration.file.state_directory)
    epoch = state.load()
    with open_world(configuration.file.cluster) as world:
        rows = list(_judge(configuration.plan.steps.values(), world, state, epoch))
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        width = max(len(row["step"]) for row in rows)
        for row in rows:
            after = f"after {', '.join(row['after'])}" if row["after"] else "first"
            print(f"{row['step']:<{width}}  {row['judgement']:<13}  {row['why']}  [{after}]")
            for action in row["actions"]:
                print(f"{'':<{width}}  {'':<13}  * {action}")
    return 0 if all(row["judgement"] != "not judged" for row in rows) else 1


def _judge(steps: Iterable[Step[Any]], world: World, state: StateFile, remembered: str) -> Iterator[dict[str, Any]]:
    epoch = ""
    for step in steps:
        judgement: Judgement | None = None
        if step.name == gate.NAME:
            judgement = _wait_for_gate(step, world)
            epoch = judgement.epoch if isinstance(judgement, Settled) else ""
        elif epoch:
            judgement = _judgement(step, world, _past(step.name, state, epoch, same=epoch == remembered))
        yield {
            "step": step.name,
            "after": list(step.after),
            "judgement": WORDS[type(judgement)] if judgement else "not judged",
            "why": judgement.why if judgement else "the gate is not open",
            "actions": [action.sentence for action in judgement.actions] if isinstance(judgement, Act) else [],
        }


def _wait_for_gate(step: Step[Any], world: World) -> Judgement:
    deadline = time.monotonic() + GATE_SECONDS
    while True:
        judgement = _judgement(step, world, Past(now=time.time()))
        remote = world.host.epoch() is None
        if isinstance(judgement, Settled) or not remote or time.monotonic() > deadline:
            return judgement
        time.sleep(1)


def _past(step: str, state: StateFile, epoch: str, *, same: bool) -> Past:
    past = Past(now=time.time(), epoch=epoch, kept=state.kept(step))
    return (
        replace(past, first_seen=state.first_seen(step), done=state.done(step), incident=state.incident(step))
        if same
        else past
    )


def _judgement(step: Step[Any], world: World, past: Past) -> Judgement:
    try:
        return step.judge(step.look(world), past)
    except BoothealError as error:
        return judge_error(error)
