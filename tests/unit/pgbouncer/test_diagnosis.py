"""Every cell of the login matrix has its verdict."""

import pytest

from bootheal.model import Answer
from bootheal.pgbouncer.diagnosis import Logins, Verdict

OK = Answer(ok=True, spoke=True)
SILENT = Answer(ok=False, spoke=False, text="connection refused")
LATE = Answer(ok=False, spoke=True, text="no answer in time")


def state(sqlstate: str, text: str = "") -> Answer:
    return Answer(ok=False, spoke=True, sqlstate=sqlstate, text=text)


WRONG = state("28P01", 'password authentication failed for user "x"')
FAILING = state("08P01", "server login has been failing, try again later (server_login_retry)")
ANY = [OK, WRONG, FAILING, SILENT, LATE, state("57P03")]


def cached(cause: str) -> Answer:
    return state("08P01", f"server login has been failing, cached error: {cause} (server_login_retry)")


@pytest.mark.parametrize(
    ("pooler", "application", "through", "verdict"),
    [
        (OK, OK, OK, Verdict.SERVES),
        (None, None, OK, Verdict.SERVES),
        (OK, OK, FAILING, Verdict.BACKS_OFF),
        (OK, OK, state("", "pgbouncer cannot connect to server"), Verdict.BACKS_OFF),
        (OK, OK, cached("the database system is starting up"), Verdict.BACKS_OFF),
        (OK, OK, state("57P03", "the database system is starting up"), Verdict.BACKS_OFF),
        (OK, OK, LATE, Verdict.BACKS_OFF),
        (OK, OK, None, Verdict.BACKS_OFF),
        (OK, OK, WRONG, Verdict.STALE),
        (OK, OK, cached('password authentication failed for user "pooler"'), Verdict.STALE),
        (OK, OK, state("08P01", "server login failed: wrong password type"), Verdict.STALE),
        (OK, OK, state("08P01", "SASL authentication failed"), Verdict.STALE_CLIENT),
        (OK, OK, state("08P01", "no such user: app"), Verdict.STALE_CLIENT),
        (OK, OK, cached("server DNS lookup failed"), Verdict.NO_NAME),
        (OK, OK, cached("connect failed"), Verdict.NO_WAY),
        (OK, OK, state("08P01", 'database "shop" is disabled'), Verdict.DISABLED),
        (OK, OK, state("53300", "no more connections allowed (max_client_conn)"), Verdict.CROWDED),
        (OK, OK, state("42883", "function user_lookup does not exist"), Verdict.MISSING),
        (OK, OK, state("3D000", "no such database: shop"), Verdict.STALE_CLIENT),
        *((WRONG, OK, through, Verdict.POOLER_ROLE) for through in ANY if not through.ok),
        *((OK, WRONG, through, Verdict.APPLICATION_ROLE) for through in ANY if not through.ok),
        *((state("57P03"), state("57P03"), through, Verdict.RECOVERING) for through in ANY if not through.ok),
        *((state("25006"), state("25006"), through, Verdict.NOT_PRIMARY) for through in ANY if not through.ok),
        *((SILENT, SILENT, through, Verdict.UNREACHABLE) for through in ANY if not through.ok),
        *((LATE, LATE, through, Verdict.UNREACHABLE) for through in ANY if not through.ok),
        *((state("53300"), OK, through, Verdict.CROWDED) for through in ANY if not through.ok),
        *(
            (state(missing), state(missing), through, Verdict.MISSING)
            for missing in ("3D000", "3F000", "42883")
            for through in ANY
            if not through.ok
        ),
    ],
)
def test_each_cell(pooler: Answer, application: Answer, through: Answer, verdict: Verdict) -> None:
    """What is lower down is judged first; what serves is well, whatever else is refused."""
    assert verdict is Logins(pooler, application, through).verdict


def test_a_forced_user_may_leave_the_application_unknown_to_postgresql() -> None:
    """Where the pooler logs in as itself for everybody, the application's role need not exist."""
    assert Verdict.SERVES is Logins(OK, WRONG, OK).verdict
