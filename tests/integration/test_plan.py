"""`bootheal plan` as somebody reads it who wants to know what a run would do."""

from bootheal.demo.stack import Stack
from support.command import bootheal, heal


def test_the_plan_ends_with_a_sentence(healthy: Stack) -> None:
    """Nobody has to count the lines; more is told of each step only where that is asked for."""
    said = bootheal("plan", "-c", healthy.config).stdout.splitlines()[-1]
    assert said == "9 of 10 steps are well, 1 would act: a run would begin with 1 action; nothing was changed"
    heal(healthy.config)
    plain = bootheal("plan", "-c", healthy.config).stdout
    assert plain.splitlines()[-1] == "all 10 steps are well: a run would change nothing"
    told = bootheal("plan", "--verbose", "--config", healthy.config).stdout
    assert "patience: 30 min" in told
    assert "needs: " in told
    assert "patience" not in plain


def test_a_part_of_the_plan_is_judged_with_what_it_comes_after(healthy: Stack) -> None:
    """Not with what comes after it; a step that is not there is wrong usage."""
    said = bootheal("plan", "--only", "database/shop", "--config", healthy.config).stdout
    steps = {line.split()[0] for line in said.splitlines()[:-1]}
    assert {"gate", "database/shop"} <= steps
    assert not {step for step in steps if step.startswith(("pooler/", "deployment/", "cleanup"))}
    wrong = bootheal("plan", "--only", "pooler/shp", "--config", healthy.config, expect=2).stderr
    assert "cannot plan 'pooler/shp': the configuration has no such step; did you mean pooler/shop?" in wrong
