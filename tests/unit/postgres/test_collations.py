"""A database whose text was sorted by another version of the library than its server has: a remark, and no more."""

import pytest

from bootheal.model import Answer, Login, Ref, Target
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation
from bootheal.postgres.primary import Server, Servers
from bootheal.step import Settled
from support.objects import past

STEP = DatabaseStep(
    name="database/shop",
    database=Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres"),
)
WRITABLE = Servers((Server("postgres-0", Target("10.42.0.5", 5432), Answer(ok=True, spoke=True, value="f")),))


# docs of ALTER DATABASE: pg_database.datcollversion, and pg_database_collation_actual_version as libraries word theirs:
# glibc of Debian 11 to 13, of Ubuntu 22.04 to 24.04; ICU; the built-in provider, and musl, which have none. gvmd#1878,
# fly-apps/postgres-flex#208, docker-guacamole#49, vaultwarden#3652, docker-library/postgres#1356
@pytest.mark.parametrize(
    ("said", "before", "now"),
    [
        ("2.31 2.36", "2.31", "2.36"),
        ("2.36 2.41", "2.36", "2.41"),
        ("2.35 2.39", "2.35", "2.39"),
        ("153.14 153.120", "153.14", "153.120"),
        ("153.121.44 153.128.45", "153.121.44", "153.128.45"),
        ("", "", ""),
    ],
    ids=["bullseye to bookworm", "bookworm to trixie", "jammy to noble", "ICU 67 to 72", "ICU with locale", "the same"],
)
def test_both_versions_are_told_with_the_statements_that_mend_it(said: str, before: str, now: str) -> None:
    """Indexes on text may be wrong; it serves all the same, and holds nothing up."""
    judgement = STEP.judge(DatabaseObservation(WRITABLE, "7", collation=said), past())
    assert isinstance(judgement, Settled)
    told = [each for each in judgement.remarks if "sorts text" in each]
    assert bool(told) == bool(said)
    for each in told:
        assert f"by version {before} of a library of which the server has {now}, " in each
        assert "REINDEX DATABASE shop; ALTER DATABASE shop REFRESH COLLATION VERSION" in each
