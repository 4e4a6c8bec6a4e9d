"""When a hook is done, and when no more."""

from dataclasses import replace

from bootheal.dependencies.hook import Call, Command, HookObservation, HookStep, Reconcile, RunHook
from bootheal.model import ActionRecord, Ref
from bootheal.probes import Url
from bootheal.step import Act, GiveUp, Settled, Wait
from support.objects import NOW, past

STEP = HookStep(name="hook/flux", deed=Reconcile(Ref("kustomization", "flux-system", "shop")))
DONE = ActionRecord(0, RunHook.kind(), "hook/hook/flux", "once per boot", NOW - 60, "ask", "done")
FAILED = replace(DONE, result="failed: POST http://x says 500")
INTERRUPTED = replace(DONE, result="intended")


def test_it_is_done_once_in_a_boot() -> None:
    """Whatever happens afterwards."""
    judgement = STEP.judge(HookObservation(), past())
    assert isinstance(judgement, Act)
    assert judgement.actions[0].sentence == "ask Flux to reconcile kustomization/flux-system/shop"
    assert STEP.judge(HookObservation(), past(done=(DONE,))) == Settled("done in this boot")
    assert isinstance(STEP.judge(HookObservation(), past(done=(FAILED, replace(DONE, number=1)), incident=3)), Settled)


def test_what_fails_is_tried_three_times_and_reported() -> None:
    """Not at once again, and what it comes after is not blamed."""
    recent = replace(FAILED, at=NOW - 9)
    assert STEP.judge(HookObservation(), past(done=(recent,))) == Wait("POST http://x says 500", again=10.0)
    assert isinstance(STEP.judge(HookObservation(), past(done=(FAILED,))), Act)
    assert isinstance(
        STEP.judge(HookObservation(), past(done=(replace(FAILED, at=NOW + 3600),))), Act
    )  # the clock was set back
    judgement = STEP.judge(HookObservation(), past(done=(FAILED, FAILED, FAILED)))
    assert judgement == GiveUp(
        "cannot ask Flux to reconcile kustomization/flux-system/shop: POST http://x says 500",
        "what serves is not affected; do it by hand",
    )


def test_what_somebody_has_suspended_is_left_alone_and_told() -> None:
    """Flux would not listen, and whoever suspended it had a reason; what was done before that is done."""
    judgement = STEP.judge(HookObservation(suspended=True), past())
    assert isinstance(judgement, Settled)
    assert judgement.why == "left alone: it is suspended"
    assert "flux resume kustomization shop -n flux-system" in judgement.remarks[0]
    assert STEP.judge(HookObservation(suspended=True), past(done=(DONE,))) == Settled("done in this boot")


def test_what_a_kill_interrupted_is_done_again() -> None:
    """Nobody knows whether it was done; a hook must bear being done twice, but not for ever."""
    assert isinstance(STEP.judge(HookObservation(), past(done=(INTERRUPTED,))), Act)
    assert isinstance(STEP.judge(HookObservation(), past(done=(INTERRUPTED,) * 3)), GiveUp)


def test_each_deed_has_a_sentence_without_what_could_be_a_secret() -> None:
    """A query may hold a token, an argument anything."""
    assert f"{Call(Url('https://shop.local/hook?token=canary'))}" == "POST https://shop.local/hook"
    command = Command(Ref("deployment", "shop", "web"), ("python", "manage.py", "canary"))
    assert f"{command}" == "run python in deployment/shop/web"
