"""Whatever comes of the four logins has its diagnosis."""

from bootheal.model import Answer
from bootheal.pgbouncer.diagnosis import Diagnosis, Logins
from support.rows import each_row

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


@each_row(
    [
        (OK, OK, OK, Diagnosis.SERVES),
        (None, None, OK, Diagnosis.SERVES),
        (OK, OK, FAILING, Diagnosis.BACKS_OFF),
        (OK, OK, state("", "pgbouncer cannot connect to server"), Diagnosis.BACKS_OFF),
        (OK, OK, cached("the database system is starting up"), Diagnosis.BACKS_OFF),
        (OK, OK, state("57P03", "the database system is starting up"), Diagnosis.BACKS_OFF),
        (OK, OK, LATE, Diagnosis.BACKS_OFF),
        (OK, OK, None, Diagnosis.BACKS_OFF),
        (OK, OK, WRONG, Diagnosis.STALE),
        (OK, OK, cached('password authentication failed for user "pooler"'), Diagnosis.STALE),
        (OK, OK, state("08P01", "server login failed: wrong password type"), Diagnosis.STALE),
        (OK, OK, state("08P01", "SASL authentication failed"), Diagnosis.STALE_CLIENT),
        (OK, OK, state("08P01", "no such user: app"), Diagnosis.STALE_CLIENT),
        (OK, OK, cached("server DNS lookup failed"), Diagnosis.NO_NAME),
        (OK, OK, cached("connect failed"), Diagnosis.NO_WAY),
        (OK, OK, state("08P01", 'database "shop" is disabled'), Diagnosis.DISABLED),
        (OK, OK, state("53300", "no more connections allowed (max_client_conn)"), Diagnosis.CROWDED),
        (OK, OK, state("42883", "function user_lookup does not exist"), Diagnosis.MISSING),
        (OK, OK, state("3D000", "no such database: shop"), Diagnosis.CONFIGURED),
        (OK, OK, state("08P01", "SSL required"), Diagnosis.CONFIGURED),
        (OK, OK, state("08P01", "no authentication method is found"), Diagnosis.CONFIGURED),
        (OK, OK, cached("server refused SSL"), Diagnosis.CONFIGURED),
        (OK, OK, state("28000", 'no pg_hba.conf entry for host "x", user "y"'), Diagnosis.CONFIGURED),
        (OK, OK, state("3D000", 'database "shop" does not exist'), Diagnosis.MISSING),
        (OK, OK, cached('database "shop" does not exist'), Diagnosis.MISSING),
        *((WRONG, OK, through, Diagnosis.POOLER_ROLE) for through in ANY if not through.ok),
        *((OK, WRONG, through, Diagnosis.APPLICATION_ROLE) for through in ANY if not through.ok),
        *((state("57P03"), state("57P03"), through, Diagnosis.RECOVERING) for through in ANY if not through.ok),
        *((state("25006"), state("25006"), through, Diagnosis.NOT_PRIMARY) for through in ANY if not through.ok),
        *((SILENT, SILENT, through, Diagnosis.UNREACHABLE) for through in ANY if not through.ok),
        *((LATE, LATE, through, Diagnosis.UNREACHABLE) for through in ANY if not through.ok),
        *((state("53300"), OK, through, Diagnosis.CROWDED) for through in ANY if not through.ok),
        *(
            (state(missing), state(missing), through, Diagnosis.MISSING)
            for missing in ("3D000", "3F000", "42883")
            for through in ANY
            if not through.ok
        ),
    ],
    "pooler",
    "application",
    "through",
    "diagnosis",
)
def test_every_outcome_of_the_logins_has_its_diagnosis(
    pooler: Answer, application: Answer, through: Answer, diagnosis: Diagnosis
) -> None:
    """What is lower down is judged first; what serves is well, whatever else is refused."""
    assert diagnosis is Logins(pooler, application, through).diagnosis


def test_a_forced_user_may_leave_the_application_unknown_to_postgresql() -> None:
    """Where the pooler logs in as itself for everybody, the application's role need not exist."""
    assert Diagnosis.SERVES is Logins(OK, WRONG, OK).diagnosis
