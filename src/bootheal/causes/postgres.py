"""What PostgreSQL says when it does not start: its data, and the disk below it.

The texts are those of src/backend of PostgreSQL 11 to 18 (utils/init/miscinit.c, access/transam/xlog.c and
xlogrecovery.c, postmaster/postmaster.c, storage/ipc, libpq), as `postgres_log` gives them: "FATAL: …", with what
belongs to it on lines of their own. Those in other languages are not understood; the last line is then quoted.
"""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import SHELL, VOLUMES
from bootheal.causes.signs import EIO, ENOTCONN, log

RESTORE = f"do not run pg_resetwal: save the volume as it is ({VOLUMES}), then restore from a backup"

# What only a person cures is not known to be any other way: the volume has to be looked at.
_LOOK = f"look at the volume with `{SHELL}`"


# What ends the server; LOG where it says the reason before it says that it ends.
_ENDS = r"^(?:FATAL|PANIC|LOG|ERROR): "

# Not of what belongs to the image: that is read-only where the pod says so, and Bitnami's has its settings there.
_MOUNTED = r"(?!.*(?:/run/|/opt/bitnami/postgresql/))"

DATA = (
    Cause(
        id="postgres-permission-denied",
        means="it may not read or write its own files",
        gravity=Gravity.PERSON,
        # fd.c's %m; the image's mkdir and find; initdb.c of 11-18.
        signs=log(
            _ENDS + r"(?!could not (?:load|access) (?:library|file|private)).*[\"/].*: Permission denied",
            r"^(?:initdb: (?:error: )?could not (?:create|access|open|change permissions of|read) "
            r"|mkdir: can(?:no|')t create directory |find: )[^\n]*: (?:Permission denied|Operation not permitted)",
            r"^chown: (?!.*/run/)[^\n]*: (?:Permission denied|Operation not permitted)",
            r"^postgres: could not (?:access|open)[^\n]*: Permission denied",
            r"but could not open file [^\n]*: Permission denied",
            r"^PermissionError: \[Errno (?:1|13)\] (?!.*/run/)",  # Patroni's
        ),
        next_step="give its files to the user that it runs as: fsGroup in the pod's securityContext, with "
        f"fsGroupChangePolicy OnRootMismatch, or chown -R; {_LOOK}",
    ),
    Cause(
        id="postgres-disk-fails",
        means="its disk cannot be read or written: the disk is failing, or was mounted read-only because it is",
        gravity=Gravity.DATA,
        # strerror of EIO, EROFS, EUCLEAN (ext4 and XFS: damaged), EBADMSG (XFS: checksum), ESTALE (NFS), ENOTCONN
        # (FUSE: Gluster, Longhorn's share), EREMOTEIO, ENODEV.
        signs=log(
            _ENDS + rf"(?!.*\.s\.PGSQL\.)(?!.*/run/postgresql).*: (?:{EIO}|Read-only file system"
            rf"|Structure needs cleaning|Bad message|Stale file handle|{ENOTCONN}|Remote I/O error|No such device)",
            rf"^[^\n]*(?:PGDATA|pgdata|/data|/postgresql)[^\n]*: (?:{EIO}|Structure needs cleaning)",
            # A shell's own words, of what its script was about to write.
            rf"^\S+\.sh: line \d+: {_MOUNTED}[^\n]*(?:/data|pgdata|postgresql/)[^\n]*: Read-only file system",
            r"^OSError: \[Errno (?:5|30|107|116|117|121)\] [^\n]*(?:pgdata|pgroot|/data|/postgresql/)",  # Patroni's
            rf"^(?:chown|chmod|mkdir|touch|find): {_MOUNTED}[^\n]*(?:data|postgresql)[^\n]*: Read-only file system",
        ),
        next_step="do not restart it again: see `dmesg -T | grep -iE 'error|remount'` on the node, save what can be "
        "read of the volume, then replace the disk",
        consequence_of=("disk-read-only",),
    ),
    Cause(
        id="postgres-backup-label",
        means="its data is a copy or was being backed up, and lacks the WAL that backup_label asks for",
        gravity=Gravity.DATA,
        # xlogrecovery.c: where backup_label stands, the checkpoint is "required".
        signs=log(
            r"^(?:FATAL|PANIC|LOG): could not locate required checkpoint record",
            r"^(?:FATAL|PANIC|LOG): invalid checkpoint link in backup_label file",
            r'^FATAL: invalid data in file "backup_label',
            r"^FATAL: backup_label contains data inconsistent with control file",
            r"^FATAL: could not find redo location[^\n]*(?:\n[^\n]*)*\n[A-Z]+: [^\n]*backup_label",
        ),
        next_step="was it being restored? then finish that (recovery.signal, restore_command); else save the volume "
        f"({VOLUMES}) before backup_label is removed: without a valid checkpoint record its data is damaged",
    ),
    Cause(
        id="postgres-checkpoint-missing",
        means="it cannot locate a valid checkpoint record: its data is damaged",
        gravity=Gravity.DATA,
        signs=log(
            r"^(?:FATAL|PANIC|LOG): could not locate a valid checkpoint record",
            r"^(?:FATAL|PANIC|LOG): invalid (?:length of )?(?:\w+ )?checkpoint (?:record|link|location)",
            r"^(?:FATAL|PANIC|LOG): invalid (?:resource manager ID|xl_info) in (?:\w+ )?checkpoint record",
            r"^(?:FATAL|PANIC): could not find redo location",
            r"^PANIC: invalid redo(?: record)? in shutdown checkpoint",
        ),
        next_step=RESTORE,
    ),
    Cause(
        id="postgres-control-file-damaged",
        means="its control file (global/pg_control) is damaged",
        gravity=Gravity.DATA,
        signs=log(
            r"^(?:FATAL|PANIC): incorrect checksum in control file",
            r"^(?:FATAL|PANIC): control file contains invalid",
            r"^FATAL: byte ordering mismatch",
            # One that is all zeros, as a power cut leaves it, is taken for that of another version.
            r"^FATAL: database files are incompatible with server\n[^\n]* (?:PG_CONTROL|CATALOG)_VERSION(?:_NO)? 0\b",
            r'^(?:FATAL|PANIC): could not read file "[^"]*global/pg_control"',
        ),
        next_step=RESTORE,
    ),
    Cause(
        id="postgres-tablespace-missing",
        means="the directory of a tablespace is not there: its volume is not mounted",
        gravity=Gravity.DATA,
        signs=log(
            r'^FATAL: directory "[^"]*" does not exist\n(?:[^\n]*\n)*?HINT: Create this directory for the tablespace',
            r'^(?:FATAL|LOG): could not open (?:tablespace )?directory "pg_tblspc/',
        ),
        next_step=f"mount the tablespace's volume where pg_tblspc points: {_LOOK}",
    ),
    Cause(
        id="postgres-not-a-data-directory",
        means="its data directory is not one of PostgreSQL, or no longer: files or the volume are missing",
        gravity=Gravity.DATA,
        signs=log(
            r'^(?:FATAL|PANIC): could not open file "[^"]*global/pg_control"',
            r"could not find the database system",
            r'^\w+: could not access directory "[^"]*": No such file or directory',
            r"is not a valid data directory",
            r"does not appear to be a PostgreSQL",
            r'^FATAL: (?:specified )?data directory "[^"]*" (?:does not exist|is not a directory)',
            r'^(?:FATAL|LOG): required WAL directory "[^"]*" does not exist',
            r"^(?:FATAL|PANIC|LOG): could not open (?:relation mapping )?(?:directory|file) "
            r'"(?:[^"]*/)?(?:base|global|pg_(?!hba|ident)\w+)(?:/[^"]*)?"[^\n]*: No such file or directory',
        ),
        next_step=f"is its volume mounted? {_LOOK}; {RESTORE}",
    ),
    Cause(
        id="postgres-other-version",
        means="its data belongs to another major version of PostgreSQL",
        gravity=Gravity.DATA,
        signs=log(
            r"database files are incompatible with server",
            # docker-entrypoint.sh of the official image, 18 and later.
            r"^Error: in 18\+, these Docker images are configured to store database data",
            r"there appears to be PostgreSQL data in:",
        ),
        next_step="run the image of the version that wrote the data (kubectl -n {namespace} get pod {name} -o yaml "
        "shows which runs now), or upgrade with pg_upgrade",
    ),
    Cause(
        id="postgres-volume-empty",
        means="its volume is empty, and its image would make a new database on it",
        gravity=Gravity.DATA,
        signs=log(
            r"^Error: Database is uninitialized and superuser password is not specified",
            r"^Error: Database is uninitialized and password option is not specified",
        ),
        next_step=f"is the volume mounted that holds its data? {VOLUMES}; where it is a new database indeed, set "
        "POSTGRES_PASSWORD",
    ),
    Cause(
        id="postgres-mount-point",
        means="its data directory is the root of a disk, with lost+found: PGDATA must be a directory in it",
        gravity=Gravity.PERSON,
        signs=log(
            r'^initdb: (?:error: )?directory "[^"]*" exists but is not empty'
            r"(?:\n[^\n]*)*(?:lost\+found|dot-prefixed|mount point)",
        ),
        next_step="set PGDATA to a directory below the mount point (/var/lib/postgresql/data/pgdata); has it had data "
        f"before? then {_LOOK} first",
    ),
    Cause(
        id="postgres-data-without-version",
        means="its data directory has files but no PG_VERSION, so its image takes it for new: data is incomplete",
        gravity=Gravity.DATA,
        signs=log(r'^initdb: (?:error: )?directory "[^"]*" exists but is not empty'),
        next_step=f"do not empty the directory, as initdb proposes: save the volume ({VOLUMES}), then restore from a "
        "backup",
    ),
    Cause(
        id="postgres-timeline",
        means="its data and the WAL that it is given are of two histories (timelines) of the database",
        gravity=Gravity.DATA,
        signs=log(
            r"^(?:FATAL|LOG): requested timeline \d+ is not a child of this server's history",
            r"^(?:FATAL|LOG): requested timeline \d+ does not contain minimum recovery point",
            r"^(?:FATAL|PANIC): unexpected timeline ID",
            r"^(?:FATAL|ERROR): highest timeline \d+ of the primary is behind recovery timeline",
        ),
        next_step="find out which member has the commits that count, save the volume of the other "
        f"({VOLUMES}), then make it anew from the first: patronictl reinit, or pg_rewind",
    ),
    Cause(
        id="postgres-other-cluster",
        means="its data and the WAL or primary that it is given belong to two different databases",
        gravity=Gravity.DATA,
        signs=log(
            r"^(?:FATAL|LOG|ERROR): WAL file is from different database system",
            r"^FATAL: database system identifier differs between the primary and (?:the )?standby",
        ),
        next_step=f"find out which of the two is right, and save both volumes first: {VOLUMES}",
    ),
    Cause(
        id="postgres-recovery-incomplete",
        means="the WAL that it needs to become consistent is not there",
        gravity=Gravity.DATA,
        signs=log(
            r"^FATAL: WAL ends before (?:end of online backup|consistent recovery point)",
            r"^FATAL: recovery ended before configured recovery target was reached",
            r"^(?:FATAL|PANIC): WAL was generated with \"?wal_level=minimal",
            r"^FATAL: could not find a required WAL",
            r"^(?:FATAL|PANIC): could not receive timeline history file",
        ),
        next_step=RESTORE,
    ),
    # xlogrecovery.c, the redo functions of src/backend/access, timeline.c; zalando/postgres-operator#1974
    Cause(
        id="postgres-wal-damaged",
        means="the WAL that it recovers by contradicts itself, or its data",
        gravity=Gravity.DATA,
        signs=log(
            r"^FATAL: mismatching overwritten LSN",
            r"^PANIC: \w+_(?:redo|xlog_\w+): ",
            r"^PANIC: failed to (?:locate backup block|add (?:tuple|item|new item|old item))",
            r"^(?:FATAL|LOG): (?:invalid data|syntax error) in history file",
        ),
        next_step="see whether a later minor version of PostgreSQL replays it (on a copy of the volume); " + RESTORE,
    ),
    # xlogarchive.c; what has no fsync in it, as cp, leaves such a file to a cut of power
    Cause(
        id="postgres-archive-cut-short",
        means="a file that its restore_command fetches is cut short, as where the power went while it was archived",
        gravity=Gravity.DATA,
        signs=log(r'^FATAL: archive file "\w+" has wrong size'),
        next_step="save both as they are; its log names the file: see whether pg_wal or another copy of the archive "
        f"has it whole, and put that in its place; {RESTORE}",
    ),
    Cause(
        id="postgres-pages-damaged",
        means="it finds damaged or missing pages while it recovers",
        gravity=Gravity.DATA,
        signs=log(
            r"^PANIC: WAL contains references to invalid pages",
            r"^(?:FATAL|PANIC): invalid page in block",
            r"^(?:FATAL|PANIC): could not access status of transaction",
            r"^(?:FATAL|PANIC): (?:could not read|unexpected data beyond EOF in) block",
            r"^(?:FATAL|PANIC): corrupted",
            r"^(?:FATAL|PANIC): page verification failed",
            r"^FATAL: could not read from file \"pg_(?:xact|multixact|subtrans|commit_ts)",
            r"^(?:FATAL|PANIC): replication slot file .*(?:has wrong magic|checksum mismatch|is corrupted)",
            r'^(?:FATAL|PANIC): (?:checksum mismatch for|could not read) (?:replication slot )?file "pg_repl',
            r"^(?:FATAL|PANIC): replication checkpoint has wrong magic",
            r'^(?:FATAL|PANIC): relation mapping file "[^"]*" contains (?:invalid data|incorrect checksum)',
            # A file that is shorter than it was: a power cut before its blocks were on the disk.
            r'^(?:FATAL|PANIC): could not read file "(?:[^"]*/)?(?:base|global|pg_(?!hba|ident|wal|xlog)\w+)/[^"]*": '
            r"read \d+ of",
            # nbtree, relcache.c, mcxt.c: an index or a catalog that contradicts itself
            r"^(?:FATAL|PANIC): (?:right sibling's left-link doesn't match|failed to re-find parent key|could not open "
            r"critical system index|catalog is missing \d+ attribute|invalid memory alloc request size)",
            r'^(?:FATAL|PANIC): index "[^"]*" (?:contains (?:unexpected zero|corrupted) page|is not a \w+)',
        ),
        next_step=RESTORE,
    ),
)

# What a healthy server, or the image in front of it, writes as well.
HARMLESS = (
    # After every power cut the end of the WAL looks like that.
    Harmless(Sign(Source.LOG, r"^LOG: invalid record length at"), "that is how the end of the WAL is found"),
    Harmless(Sign(Source.LOG, r"^LOG: invalid (?:magic number 0000|resource manager ID 0)"), "the end of recycled WAL"),
    Harmless(
        Sign(Source.LOG, r"^FATAL: the database system is (?:starting up|shutting down|in recovery mode|not yet)"),
        "somebody asked too early",
    ),
    Harmless(
        Sign(Source.LOG, r"^chmod: changing permissions of [^\n]*/run/postgresql"), "the image does not insist on it"
    ),
    Harmless(
        Sign(Source.LOG, r"^FATAL: (?:password authentication failed|no pg_hba\.conf entry|role \"|database \")"),
        "a client was refused: the server runs",
    ),
    Harmless(Sign(Source.LOG, r"^FATAL: terminating "), "a process ended because it was told to"),
    Harmless(Sign(Source.LOG, r"^LOG: database system was (?:interrupted|not properly shut down)"), "crash recovery"),
)
