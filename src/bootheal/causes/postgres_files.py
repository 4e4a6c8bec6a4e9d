"""What PostgreSQL says when it does not start: its lock files, and whose its files are.

Texts of src/backend/utils/init/miscinit.c, main/main.c and src/bin/initdb of PostgreSQL 11 to 18.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import SHELL
from bootheal.causes.signs import log

LOCKS = (
    Cause(
        id="postgres-lock-file-empty",
        means="its lock file is empty, as a power cut leaves it, and it cannot know that nobody else runs there",
        gravity=Gravity.PERSON,
        signs=log(r'^FATAL: lock file "[^"]*" is empty'),
        next_step=f"see that no other postmaster runs on this volume, then remove the file that it names: {SHELL}",
    ),
    Cause(
        id="postgres-lock-file-bogus",
        means="its lock file holds something else than a process's number, as a power cut may leave it",
        gravity=Gravity.PERSON,
        signs=log(r'^FATAL: bogus data in lock file "'),
        next_step=f"see that no other postmaster runs on this volume, then remove the file that it names: {SHELL}",
    ),
    # CrunchyData/postgres-operator#1810: each minute a postmaster looks whether the lock file is still its own
    Cause(
        id="postgres-two-servers",
        means="its lock file is not its own any more: another server runs on its data, or its volume was exchanged",
        gravity=Gravity.DATA,
        signs=log(
            r'^LOG: lock file "[^"]*" contains wrong PID',
            r"^LOG: performing immediate shutdown because data directory lock file is invalid",
        ),
        next_step="see that one pod at most uses the volume (kubectl -n {namespace} get pods -o wide), and save the "
        "volume as it is before anything starts on it again: kubectl -n {namespace} get pvc -o wide",
    ),
    Cause(
        id="postgres-lock-file-exists",
        means="it takes a process of another container for its own (postmaster.pid); restarts usually cure that",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(r'^FATAL: lock file "[^"]*" already exists'),
        next_step=f"see that no other postmaster runs on this volume, then remove postmaster.pid: {SHELL}",
    ),
    Cause(
        id="postgres-already-running",
        means="another server still uses its data directory",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(r"^FATAL: pre-existing shared memory block .* is still in use"),
        next_step="find the other pod on this volume: kubectl -n {namespace} get pods -o wide",
    ),
    Cause(
        id="postgres-directory-permissions",
        means="its data directory can be read by others, and it refuses that",
        gravity=Gravity.PERSON,
        # "has group or world access" until 10, and in images that patch it.
        signs=log(r'^FATAL: data directory "[^"]*" has (?:invalid permissions|group or world access)'),
        next_step=f"chmod 0700 the data directory ({SHELL}); so that it does not come back: fsGroupChangePolicy "
        "OnRootMismatch beside fsGroup",
    ),
    Cause(
        id="postgres-directory-owner",
        means="its data directory belongs to another user than it runs as",
        gravity=Gravity.PERSON,
        signs=log(r'^FATAL: data directory "[^"]*" has wrong ownership'),
        next_step="let runAsUser in the pod's securityContext be the owner of the files, or chown -R them; "
        f"ls -ln tells: {SHELL}",
    ),
    Cause(
        id="postgres-runs-as-root",
        means="it is started as root, and refuses that",
        gravity=Gravity.PERSON,
        signs=log(
            r'^"root" execution of the PostgreSQL server is not permitted',
            r"^initdb: (?:error: )?cannot be run as root",
            r"^pg_ctl: cannot be run as root",
        ),
        next_step="correct runAsUser and the command: kubectl -n {namespace} get pod {name} -o yaml",
    ),
    Cause(
        id="postgres-user-unknown",
        means="the user that it runs as is not in the image's /etc/passwd",
        gravity=Gravity.PERSON,
        signs=log(r"could not look up effective user ID \d+"),
        next_step="correct runAsUser: kubectl -n {namespace} get pod {name} -o yaml",
    ),
)
