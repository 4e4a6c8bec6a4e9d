"""`bootheal plan` as somebody reads it who wants to know what a run would do."""

import re

from bootheal.demo.stack import Stack
from support.command import bootheal


def test_the_plan_of_a_healthy_stack_ends_with_a_sentence(healthy: Stack) -> None:
    """Nobody has to count the lines; more is told of each step only where that is asked for."""
    said = bootheal("plan", "-c", healthy.config).stdout.splitlines()
    assert re.fullmatch(r"all \d+ steps are well: a run would change nothing", said[-1])
    told = bootheal("plan", "--verbose", "--config", healthy.config).stdout
    assert "patience: 30 min" in told
    assert "needs: " in told
    assert "patience" not in "\n".join(said)


def test_a_part_of_the_plan_is_judged_with_what_it_comes_after(healthy: Stack) -> None:
    """Not with what comes after it; a step that is not there is wrong usage."""
    said = bootheal("plan", "--only", "pooler/shop", "--config", healthy.config).stdout
    steps = [line.split()[0] for line in said.splitlines()[:-1]]
    assert steps == ["gate", "database/shop", "credential/shop", "pooler/shop"]
    wrong = bootheal("plan", "--only", "pooler/shp", "--config", healthy.config, expect=2).stderr
    assert "cannot plan 'pooler/shp': the configuration has no such step; did you mean pooler/shop?" in wrong


def test_what_a_run_would_do_is_summed_up(stack: Stack) -> None:
    """How many steps are not well, and what it would begin with; nothing was changed by asking."""
    stack.leave_dead(3)
    stack.configure({"cleanup": {"grace": 0}})
    said = bootheal("plan", "--config", stack.config).stdout
    assert re.search(r"\d+ of \d+ steps are well, 1 would act: a run would begin with 1 action; nothing was ch", said)
