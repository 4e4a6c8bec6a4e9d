"""When a password is reset, and when it is not."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.errors import ConflictError
from bootheal.model import ActionRecord, Answer, Credentials, Login, Ref, Role, Secret
from bootheal.pgbouncer.credential import Credential, CredentialObservation, ResetPassword, listed_verifier
from bootheal.ports import Partial, World
from bootheal.postgres.location import Database
from bootheal.step import Act, GiveUp, Settled, Wait
from support.objects import past

ADMIN, POOLER = Login(Ref("secret", "shop", "admin")), Login(Ref("secret", "shop", "pooler"))
DATABASE = Database("shop", "shop", "shop", ADMIN, service="postgres")
STEP = Credential(name="credential/shop", database=DATABASE, login=POOLER)
ROLE = Role("pooler", reach=(), can_login=True, expired=False, matches=False)
REFUSED = Answer(ok=False, spoke=True, sqlstate="28P01", text="password authentication failed")


def seen(answer: Answer = REFUSED, role: Role | None = ROLE) -> CredentialObservation:
    return CredentialObservation("", "pooler", "42", answer, role)


def test_a_login_that_works_is_left_alone() -> None:
    """No verifier is even read."""
    judgement = STEP.judge(seen(Answer(ok=True, spoke=True), None), past())
    assert judgement == Settled("role pooler logs in with the password of secret/shop/pooler")


@pytest.mark.parametrize(("matches", "known"), [(False, "differs"), (None, "cannot be read")])
def test_a_proven_difference_is_reset(matches: bool | None, known: str) -> None:
    """28P01 and a verifier that differs, or that we may not read."""
    judgement = STEP.judge(seen(role=replace(ROLE, matches=matches)), past())
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, ResetPassword)
    assert known in action.cause
    assert action.version == "42"


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ({"matches": True}, "refused although the stored verifier belongs to secret/shop/pooler"),
        ({"reach": ("a superuser",)}, "is a superuser: its password is not bootheal's to change"),
        (
            {"reach": ("a member of pg_read_all_data",)},
            "is a member of pg_read_all_data: its password is not bootheal's to change",
        ),
        ({"can_login": False}, "may not log in"),
        ({"expired": True}, "has expired"),
    ],
)
def test_what_a_reset_would_not_cure_or_must_not_touch_is_explained(role: dict[str, Any], why: str) -> None:
    """Each with the next human step."""
    judgement = STEP.judge(seen(role=replace(ROLE, **role)), past())
    assert isinstance(judgement, GiveUp)
    assert why in judgement.why
    assert judgement.hint


def test_a_reset_that_did_not_help_is_not_repeated() -> None:
    """Where the verifier can't be read, the password may be checked elsewhere: LDAP, PAM."""
    done = ActionRecord(0, "reset-password", "role/shop/pooler", "x", 1.0, "reset", "done")
    judgement = STEP.judge(seen(role=replace(ROLE, matches=None)), past(done=(done,)))
    assert isinstance(judgement, GiveUp)
    assert "still refused after its password was reset" in judgement.why
    drifted_again = STEP.judge(seen(role=replace(ROLE, matches=None)), past(done=(done,), incident=1))
    assert isinstance(drifted_again, Act)  # that reset helped, and this is another trouble of the same boot


def test_a_role_that_does_not_exist_is_named() -> None:
    """It is not created."""
    judgement = STEP.judge(seen(role=None), past())
    assert isinstance(judgement, GiveUp)
    assert judgement.why == "role pooler does not exist in database shop"


def test_never_means_never() -> None:
    """The difference is reported, with both ways out."""
    judgement = replace(STEP, reset="never").judge(seen(), past())
    assert isinstance(judgement, GiveUp)
    assert "reset is never" in judgement.why


def test_always_means_once_per_boot() -> None:
    """Even where the login works; and not again in this boot."""
    step, fine = replace(STEP, reset="always"), seen(Answer(ok=True, spoke=True))
    assert isinstance(step.judge(fine, past()), Act)
    done = ActionRecord(0, "reset-password", "role/shop/pooler", "reset: always", 1.0, "reset", "done")
    assert isinstance(step.judge(fine, past(done=(done,))), Settled)


def test_always_spares_superusers_too() -> None:
    """The one rule that no setting lifts."""
    step = replace(STEP, reset="always")
    judgement = step.judge(seen(Answer(ok=True, spoke=True), replace(ROLE, reach=("a superuser",))), past())
    assert isinstance(judgement, GiveUp)


@pytest.mark.parametrize("answer", [Answer(ok=False, spoke=False, text="connection refused")])
def test_other_troubles_are_waited_for(answer: Answer) -> None:
    """They are not proof of a wrong password."""
    assert STEP.judge(seen(answer, None), past()) == Wait("login as pooler: connection refused")


def test_a_secret_that_changed_since_the_look_is_not_used() -> None:
    """The action holds a version; another one means: look again."""

    class Changed(Partial):
        def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
            assert fresh
            return Credentials("pooler", Secret("x"), "43")

    action = ResetPassword(cause="28P01", database=DATABASE, login=POOLER, version="42", role="pooler")
    with pytest.raises(ConflictError, match="it changed since it was looked at"):
        action.apply(World(secrets=Changed()))


# --- an auth_file with verifiers -------------------------------------------------------------------

FILE = Login(Ref("secret", "shop", "userlist"), password_key="userlist.txt", user="userlist.txt")
LISTED = replace(STEP, auth_file=FILE)
FINE = Answer(ok=True, spoke=True)


def listed(answer: Answer = FINE, *, same: bool, belongs: bool | None = True) -> CredentialObservation:
    return replace(seen(answer, replace(ROLE, matches=same or answer.ok, same=same)), listed=belongs)


def test_a_role_gets_the_very_verifier_of_the_auth_file() -> None:
    """The same password under another salt opens nothing for a pooler that passes keys through."""
    for trouble in (listed(same=False), listed(REFUSED, same=False)):
        judgement = LISTED.judge(trouble, past())
        assert isinstance(judgement, Act)
        (action,) = judgement.actions
        assert isinstance(action, ResetPassword)
        assert action.auth_file == FILE
        assert action.sentence.startswith("give role/shop/pooler the verifier that secret/shop/userlist has for it")


def test_a_verifier_that_is_the_same_is_left_alone() -> None:
    """Byte for byte; and never says never here, too."""
    assert isinstance(LISTED.judge(listed(same=True), past()), Settled)
    assert isinstance(replace(LISTED, reset="never").judge(listed(same=False), past()), Settled)


def test_a_verifier_of_another_password_is_nobodys_to_give() -> None:
    """The pooler's own role gets its Secret's password; the application's role is left as it is, and that is told."""
    judgement = LISTED.judge(listed(REFUSED, same=False, belongs=False), past())
    assert isinstance(judgement, Act)
    assert judgement.actions[0].sentence.startswith("reset the password of role/shop/pooler")
    client = replace(LISTED, verifier_only=True)
    judgement = client.judge(listed(REFUSED, same=False, belongs=False), past())
    assert isinstance(judgement, Settled)
    assert "another password than secret/shop/pooler" in judgement.remarks[0]
    assert isinstance(client.judge(listed(REFUSED, same=False, belongs=None), past()), Settled)


def test_only_verifiers_are_taken_from_an_auth_file() -> None:
    """A password in it is the pooler's to use, not the role's to get."""
    who = Credentials("pooler", Secret("x"))
    verifier = "md5" + "0" * 32
    for entry, expected in ((verifier, verifier), ("x", None)):
        found = listed_verifier(Credentials("f", Secret(f'"pooler" "{entry}"')), who)
        assert (found.reveal() if found else None) == expected
