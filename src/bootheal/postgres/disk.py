"""A database's disk: that its directory is there, and on the disk that should be mounted.

Where a disk is mounted late, or not at all, local-path makes an empty directory in its
place, and PostgreSQL initialises an empty database there. What can be seen of that before
anything is asked or changed in the database stops here, for a person.
"""

from dataclasses import dataclass

from bootheal.errors import PermanentError
from bootheal.model import Directory, Right
from bootheal.ports import World
from bootheal.postgres.location import Database, pods_of
from bootheal.step import GiveUp, Judgement, Past, Settled, Step, Wait

# Disks are mounted while the machine boots; k3s does not wait for them.
MOUNTED_LATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class DiskObservation:
    """Each directory that matters, whether it must be a mount point, and what it is; what could not be read."""

    directories: tuple[tuple[str, bool, Directory], ...]
    unread: str = ""

    @property
    def lacking(self) -> str:
        """Say what is not as it should be."""
        for path, mount, directory in self.directories:
            if mount and directory is not Directory.MOUNTED:
                return f"no disk is mounted at {path}"
            if directory is Directory.MISSING:
                return f"the directory {path} is not there"
        return ""

    @property
    def conditions(self) -> frozenset[str]:
        """For how long."""
        return frozenset({self.lacking} - {""})


@dataclass(frozen=True, kw_only=True)
class Disk(Step[DiskObservation]):
    """Waits a minute for a disk to be mounted, then calls a person."""

    database: Database
    mount: str = ""

    def wishes(self) -> frozenset[Right]:
        """To find the directories of its volumes."""
        namespace = self.database.namespace
        return frozenset({Right("get", "persistentvolumeclaims", namespace), Right("get", "persistentvolumes")})

    def look(self, world: World) -> DiskObservation:
        """Look at the mount point, and at the directories behind the claims of the database's pods."""
        wanted = [(self.mount, True)] if self.mount else []
        unread = ""
        try:
            claims = sorted({claim for pod in pods_of(world, self.database) for claim in pod.claims})
            paths = [world.cluster.directory(self.database.namespace, claim) for claim in claims]
            wanted += [(path, False) for path in paths if path]
        except PermanentError as error:
            unread = str(error)
        return DiskObservation(tuple((path, mount, world.host.directory(path)) for path, mount in wanted), unread)

    def judge(self, seen: DiskObservation, past: Past) -> Judgement:
        """Nothing is done about it: whatever we did could be wrong."""
        remarks = (f"the volumes of database {self.database.name} were not looked at: {seen.unread}",)
        if not seen.lacking:
            told = ", ".join(path for path, _, directory in seen.directories if directory is not Directory.UNKNOWN)
            return Settled(f"{told} is there" if told else "nothing to look at here", remarks if seen.unread else ())
        if past.held(seen.lacking) < MOUNTED_LATE_SECONDS:
            return Wait(seen.lacking)
        why = f"{seen.lacking}: the data of database {self.database.name} is missing"
        hint = "mount it, see that nothing was initialised in its place, then restart the database's pod"
        return GiveUp(why, hint, person=True)
