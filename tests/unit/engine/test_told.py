"""Whatever a step quotes, what the engine tells and keeps of it is one line without a secret."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bootheal.adapters.redaction import Redaction
from bootheal.errors import PermanentError, UnreachableError
from bootheal.model import Report, to_json
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.engine import Bench, Restart, Scripted

SECRET = "canary-7d1c-hunter2"
HOSTILE = f"role \x1b]0;owned\x07 says {SECRET}\r\nok  database/shop  all is well \u202e"


ONCE = Restart(cause="x", name="a")


def fails() -> None:
    raise PermanentError(f"cannot do it: {HOSTILE}", hint=HOSTILE)


def fails_for_now() -> None:
    raise UnreachableError(f"cannot do it: {HOSTILE}")


JUDGES: dict[str, Callable[..., Judgement]] = {
    "settled": lambda _seen, _past: Settled(HOSTILE, (HOSTILE,)),
    "gave up": lambda _seen, _past: GiveUp(HOSTILE, HOSTILE),
    "waits": lambda _seen, _past: Wait(HOSTILE),
    "acts": lambda _seen, past: Settled(HOSTILE) if past.done else Act(HOSTILE, (ONCE,)),
    "does": lambda _seen, past: GiveUp(HOSTILE) if past.done else Act("x", (Restart(cause="x", name=HOSTILE),)),
    "fails": lambda _seen, _past: Act("x", (replace(ONCE, does=fails),)),
    "fails for now": lambda _seen, past: (
        GiveUp("x") if past.done else Act("x", (Restart(cause="x", name="a", does=fails_for_now),))
    ),
}


@pytest.mark.parametrize("name", JUDGES)
def test_what_is_told_and_kept_holds_no_secret_and_acts_on_nobody(name: str) -> None:
    """Events, the report, the state: by judgement, action, error and remark."""
    redaction = Redaction()
    redaction.learn(SECRET)
    bench = Bench([Scripted(name="a", judges=JUDGES[name])])
    bench.told = redaction.told
    bench.limits = replace(bench.limits, deadline=30.0)
    report = bench.run()
    said = [text for event in bench.events for text in (event.text, event.hint, event.cause, event.object)]
    said += [text for done in bench.disk.records.get("a", ()) for text in (done.sentence, done.result)]
    said += words(report)
    assert any("\\x1b]0;owned\\x07 says ***\\r\\nok" in text for text in said)
    assert [text for text in said if "hunter2" in text or not text.isprintable()] == []


def words(report: Report) -> list[str]:
    """Every text in a report."""
    found, left = [], [to_json(report)]
    while left:
        match left.pop():
            case dict() as item:
                left.extend(item.values())
            case list() as items:
                left.extend(items)
            case str() as text:
                found.append(text)
            case _:
                pass
    return found
