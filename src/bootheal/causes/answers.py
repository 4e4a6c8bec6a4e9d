"""What PostgreSQL says to whoever begins a login, before any password: of itself, not of who asks. By SQLSTATE."""

from bootheal.causes.catalogue import Catalogue, Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.model.sqlstates import CROWDED, DAMAGED, RECOVERING

LOGS = "kubectl -n {namespace} logs {name} -c {container}"


def _answers(sqlstates: frozenset[str]) -> tuple[Sign, ...]:
    return tuple(Sign(Source.ANSWER, reason=sqlstate) for sqlstate in sorted(sqlstates))


ANSWERS: tuple[Cause, ...] = (
    Cause(
        id="server-starting",
        means="its server is starting up, recovers, or shuts down: {said}",
        gravity=Gravity.PASSES,
        signs=_answers(RECOVERING),
        next_step=LOGS + " shows how far it is",
    ),
    Cause(
        id="server-crowded",
        means="its server has no connection left for anybody: {said}",
        gravity=Gravity.PASSES,
        signs=_answers(CROWDED),
        next_step="see who has them (as a superuser, who has places of his own): select usename, count(*) from "
        "pg_stat_activity group by 1; kubectl -n {namespace} exec -it {name} -c {container} -- psql",
    ),
    Cause(
        id="server-data-damaged",
        means="its server cannot read its own files: {said}",
        gravity=Gravity.DATA,
        signs=_answers(DAMAGED),
        next_step="save the volume as it is (kubectl -n {namespace} get pvc -o wide), then restore from a backup",
    ),
)

# A standby that is not to be asked (hot_standby = off) is well, and says no more than this.
_NOT_TO_BE_ASKED = Harmless(Sign(Source.ANSWER, "^the database system is not accepting connections"), "it only follows")

SERVERS = Catalogue(ANSWERS, (_NOT_TO_BE_ASKED,))
