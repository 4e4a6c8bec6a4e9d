"""Where k3s keeps the cluster's objects on this machine, and what there is to go back to."""

import os
from itertools import islice
from pathlib import Path

from bootheal.adapters.machine.certificates import K3S
from bootheal.model.machine import Datastore

DATABASE = K3S / "server/db"
MOST_SNAPSHOTS = 1000


def datastore(root: Path, snapshots: str, gaps: list[str]) -> Datastore | None:
    """Look; None where this machine keeps none, or it is elsewhere (an external database), or not ours to see.

    `snapshots` is where those of etcd are, "" where they are not on this machine: then the datastore is not judged.
    """
    database = root / DATABASE
    try:
        if (database / "etcd").is_dir():
            return Datastore("etcd", snapshots, _newest(root / snapshots.lstrip("/"))) if snapshots else None
        if (database / "state.db").is_file():
            return Datastore("sqlite", f"/{DATABASE}")
        os.stat(database)  # noqa: PTH116 - is_dir() says False of what is not ours to see
    except FileNotFoundError:
        pass
    except OSError as error:
        gaps.append(f"snapshots of etcd in {snapshots}: {error.strerror}")
    return None


def _newest(directory: Path) -> float | None:
    try:
        files = [each for each in islice(directory.iterdir(), MOST_SNAPSHOTS) if not each.name.startswith(".")]
    except FileNotFoundError:
        return None
    return max((each.stat().st_mtime for each in files if each.is_file()), default=None)
