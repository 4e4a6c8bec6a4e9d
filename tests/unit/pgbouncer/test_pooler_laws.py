"""No two judgements of the pooler's step undo each other: whatever stays as it is, it ends in few deeds."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.model import ActionRecord, Answer, Auth, Console, Login, Ref, Setting, Target
from bootheal.pgbouncer.actions import LowerSetting, RestartPooler, RestoreSetting
from bootheal.pgbouncer.observation import Pooler, PoolerObservation
from bootheal.pgbouncer.pod import PoolerPod
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.postgres.location import Database
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.objects import NOW, past

POD = Ref("pod", "shop", "pooler-1")
LOGIN = Login(Ref("secret", "shop", "pooler"))
POOLER = Pooler(
    deployment=Ref("deployment", "shop", "pooler"),
    service="pooler",
    dbname="shop",
    database=Database("shop", "shop", "shop", LOGIN, service="postgres"),
    credential=LOGIN,
    console=LOGIN,
    client=replace(LOGIN, user="app"),
)
STEP = PoolerStep(name="pooler/shop", pooler=POOLER, patience=600.0)

OK = Answer(ok=True, spoke=True)
WRONG = Answer(ok=False, spoke=True, sqlstate="28P01", text="password authentication failed")
THROUGH = [
    Answer(ok=False, spoke=True, sqlstate="08P01", text=text)
    for text in (
        "SASL authentication failed",
        "server login has been failing, try again later (server_login_retry)",
        "no more connections allowed (max_client_conn)",
        "no such database: shop",
        "query_wait_timeout",
        "something that nobody has heard before",
    )
] + [Answer(ok=False, spoke=False, text="no answer in time"), Answer(ok=False, spoke=True, text="x", asks=Auth.MD5)]
DIRECT = [None, OK, WRONG, Answer(ok=False, spoke=True, sqlstate="53300", text="too many clients already")]


@dataclass
class Life:
    """A pooler that stays as it is but for its settings and its process, and what the engine remembers of the step."""

    through: Answer
    pooler: Answer | None
    application: Answer | None
    retry: str = "15"
    uid: str = "uid-1"
    now: float = NOW
    done: list[ActionRecord] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)

    def look(self) -> PoolerObservation:
        shown = Console({"server_login_retry": Setting(self.retry, changeable=True)})
        pod = PoolerPod(POD, self.uid, Target("10.42.0.8", 6432, POD), self.through, shown)
        return PoolerObservation(pods=(pod,), pooler=self.pooler, application=self.application)

    def judge(self) -> Judgement:
        seen = self.look()
        self.since = {condition: self.since.get(condition, self.now) for condition in seen.conditions}
        return STEP.judge(seen, past(now=self.now, first_seen=self.since, done=tuple(self.done)))

    def obey(self, judgement: Act) -> None:
        for action in judgement.actions:
            if isinstance(action, LowerSetting | RestoreSetting) and action.key == "server_login_retry":
                self.retry = "0.2" if isinstance(action, LowerSetting) else action.value
            if isinstance(action, RestartPooler):
                self.retry, self.uid = "15", f"{self.uid}-again"
            self.done.append(
                ActionRecord(
                    len(self.done),
                    action.kind(),
                    str(action.about),
                    action.cause,
                    self.now,
                    action.sentence,
                    "done",
                    action.note,
                )
            )

    def end(self) -> Judgement:
        """Let time pass until the step waits no more, for an hour at most."""
        for _ in range(400):
            judgement = self.judge()
            if isinstance(judgement, Settled | GiveUp):
                return judgement
            if isinstance(judgement, Act):
                self.obey(judgement)
                assert len(self.done) <= 12, [item.sentence for item in self.done]
            self.now += 0.1 if isinstance(judgement, Act) else 10.0
        return judgement


@given(st.sampled_from(THROUGH), st.sampled_from(DIRECT), st.sampled_from(DIRECT))
def test_what_does_not_change_ends_in_few_deeds(
    through: Answer, pooler: Answer | None, application: Answer | None
) -> None:
    """A setting that was lowered in vain is restored once, and not lowered again for the same reason."""
    life = Life(through, pooler, application)
    ended = life.end()
    assert isinstance(ended, GiveUp | Wait)
    assert sum(1 for item in life.done if item.action == "lower-setting") <= 3
    if isinstance(ended, GiveUp):
        assert life.retry == "15"


def test_a_role_with_another_password_than_its_secret_is_told_after_one_loan() -> None:
    """As after ALTER ROLE app PASSWORD by hand: once 96 SETs in 45 s, and never a word to anybody."""
    life = Life(THROUGH[0], OK, WRONG)
    ended = life.end()
    assert isinstance(ended, GiveUp)
    assert "straight to PostgreSQL it is refused, too" in ended.why
    assert [item.action for item in life.done] == ["lower-setting", "restore-setting"]


def test_a_pooler_that_is_full_is_told_with_who_holds_it() -> None:
    """It is not a wrong password."""
    ended = Life(THROUGH[2], OK, OK).end()
    assert isinstance(ended, GiveUp)
    assert "SHOW CLIENTS" in ended.hint


@pytest.mark.parametrize("asks", [Auth.MD5])
def test_a_pooler_that_wants_md5_is_told_with_the_key_that_allows_it(asks: Auth) -> None:
    """At once, and nothing is lent for it."""
    life = Life(Answer(ok=False, spoke=True, text="asks for an md5 hash", asks=asks), None, None)
    ended = life.end()
    assert isinstance(ended, GiveUp)
    assert "say auth: md5" in ended.hint
    assert life.done == []
