"""A database's disk: nothing goes on over an empty directory in its place."""

import pytest

from bootheal.model import Directory, Login, Ref
from bootheal.postgres.disk import Disk, DiskObservation
from bootheal.postgres.location import Database
from bootheal.step import GiveUp, Settled, Wait
from support.objects import NOW, past

DATABASE = Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres")
DISK = Disk(name="disk/shop", database=DATABASE, mount="/data")
VOLUME = "/data/pvc-1_shop_data-postgres-0"


def seen(mount: Directory, volume: Directory = Directory.PLAIN, unread: str = "") -> DiskObservation:
    return DiskObservation((("/data", True, mount), (VOLUME, False, volume)), unread)


def test_a_disk_that_is_mounted_lets_the_database_go_on() -> None:
    """With the directory of its volume on it, or hidden from us."""
    assert DISK.judge(seen(Directory.MOUNTED), past()) == Settled(f"/data, {VOLUME} is there")
    assert DISK.judge(seen(Directory.MOUNTED, Directory.UNKNOWN), past()) == Settled("/data is there")
    assert DISK.judge(DiskObservation(()), past()) == Settled("nothing to look at here")


@pytest.mark.parametrize(
    ("facts", "lacking"),
    [
        (seen(Directory.PLAIN), "no disk is mounted at /data"),
        (seen(Directory.MISSING), "no disk is mounted at /data"),
        (seen(Directory.UNKNOWN), "no disk is mounted at /data"),
        (seen(Directory.MOUNTED, Directory.MISSING), f"the directory {VOLUME} is not there"),
    ],
)
def test_a_disk_that_stays_away_needs_a_person(facts: DiskObservation, lacking: str) -> None:
    """A minute is given to a late mount; then exit code 3, whatever PostgreSQL says by then."""
    assert DISK.judge(facts, past()) == Wait(lacking)
    judgement = DISK.judge(facts, past(first_seen={lacking: NOW - 60}))
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert judgement.why == f"{lacking}: the data of database shop is missing"
    assert "mount it" in judgement.hint


def test_what_may_not_be_read_is_remarked() -> None:
    """A Role without PersistentVolumes can still heal."""
    judgement = DISK.judge(seen(Directory.MOUNTED, Directory.UNKNOWN, "cannot get persistentvolumes: 403"), past())
    assert isinstance(judgement, Settled)
    assert "cannot get persistentvolumes: 403" in judgement.remarks[0]
