"""What servers and applications say of their own files, and of their own cluster, after a cut of power.

Texts: Redis' aof.c and rdb.c, MongoDB's WiredTiger, InnoDB, SQLite, RabbitMQ, Galera's pc.cpp, Elasticsearch's
bootstrap checks, Prometheus' tsdb, Liquibase, golang-migrate. PostgreSQL's are in files of their own.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import log

# What another server has answered, as PostgreSQL, or an API server whose own database is meant, and is only repeated.
_ELSEWHERE = (
    r".*(?:could not (?:extend|write to|create|open) file|DiskFull|SQLSTATE|PSQLException|PG::|rpc error: code)"
)

DATA: tuple[Cause, ...] = (
    # authentik#11576, prometheus#4324, wiredtiger; each names the file, and how it is mended
    Cause(
        id="application-data-damaged",
        means="its own files are damaged, as a cut of power may leave them: {said}",
        gravity=Gravity.DATA,
        signs=log(
            "Bad file format reading the append only file",
            "Unexpected end of file reading the append only file",
            "Failure loading rdb format|[Tt]erminating server after rdb file reading failure",
            "Short read or OOM loading DB",
            r"WiredTiger(?:\.turtle|\.wt|\w*)?.*(?:illegal file format or internal value|WT_TRY_SALVAGE)",
            r"\[ERROR\].* InnoDB: (?:Your database may be corrupt|Database page corruption|corrupted? (?:page|log))",
            r"\[ERROR\].* InnoDB: .*(?:log sequence number .* is in the future!|Missing MLOG_CHECKPOINT)",
            r"^(?!.*rpc error: code).*database disk image is malformed",  # else it is the API server's
            r"opening storage failed: .*(?:invalid magic number|corruption|unexpected EOF|checksum mismatch)",
        ),
        next_step="keep a copy of its volume before anything is mended; then what it names (redis-check-aof --fix, "
        "mongod --repair, innodb_force_recovery, sqlite3 .recover), or restore a backup",
    ),
    # a RollingUpdate beside a volume of one pod, or what the kubelet has not ended yet: prometheus#5247
    Cause(
        id="application-files-locked",
        means="another process holds its files, as its predecessor that has not ended, or a second copy: {said}",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(
            "failed to obtain node locks?",
            r"InnoDB: Unable to lock \S+,? error: 11",
            "(?:lock DB directory|opening storage failed: lock .*): resource temporarily unavailable",
            r"DBPathInUse|[Aa]nother mongod instance is already running on the \S+ directory",
            "[Cc]annot acquire directory lock on",
            "LOCK: (?:already held by process|[Rr]esource temporarily unavailable)",
        ),
        next_step="kubectl -n {namespace} get pods -o wide shows who else has the volume; for good, strategy: Recreate "
        "where one pod may have it",
    ),
    # keycloak#13962, liquibase#1453; golang-migrate: what was cut short in the middle
    Cause(
        id="migration-cut-short",
        means="a change of its database's schema was cut short, and it waits for that, or goes no further: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            "Could not acquire change log lock",
            r"[Dd]irty database version \d+\. Fix and force version",
        ),
        next_step="where no other pod of it runs: UPDATE databasechangeloglock SET locked = FALSE (Liquibase), migrate "
        "force VERSION (golang-migrate), once what it was to change is looked through",
    ),
    # rabbitmq-server's rabbit_table.erl, Galera's gcs: all went down together, and each waits for whoever was last
    Cause(
        id="application-peers-awaited",
        means="it waits for others of its own cluster, which went down after it, or does not begin alone: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            "timeout_waiting_for_tables",
            "It may not be safe to bootstrap the cluster from this node",
        ),
        next_step="let all its members start at once (podManagementPolicy: Parallel); where the last one is gone for "
        "good: rabbitmqctl force_boot; of Galera: safe_to_bootstrap: 1 in grastate.dat of the one with the "
        "greatest seqno",
    ),
    # what was set by hand before the reboot; Elasticsearch, OpenSearch, SonarQube
    Cause(
        id="kernel-setting-too-low",
        means="a setting of the node's kernel is too low for it, as one that was set by hand and not kept: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(r"max virtual memory areas vm\.max_map_count \[\d+\] is too low"),
        next_step="on the node: sysctl -w vm.max_map_count=262144, and for good in /etc/sysctl.d; then kubectl "
        "-n {namespace} delete pod {name}",
    ),
    # inotify(7) says ENOSPC, too; Node.js, .NET
    Cause(
        id="application-watches-used-up",
        means="the node has no inotify watches or instances left for it: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            "ENOSPC: System limit for number of file watchers reached",
            r"The configured user limit \(\d+\) on the number of inotify (?:instances|watches) has been reached",
        ),
        next_step="on the node: sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024, and for "
        "good in /etc/sysctl.d",
    ),
    # of inotify, of cgroups, of mounts and of shared memory the errno says something else
    Cause(
        id="application-disk-full",
        means="a disk or volume that it writes to is full: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            rf"^(?!{_ELSEWHERE}|.*(?:inotify|[Ww]atch|/sys/|/dev/shm|\bmount))"
            ".*(?:[Nn]o space left on device|Disk quota exceeded)",
            "database or disk is full",  # SQLite
            r"Disk is full writing ",  # MySQL
        ),
        next_step="kubectl -n {namespace} get persistentvolumeclaims; df -h on the node; make room, or make the claim "
        "larger: " + DESCRIBE_POD,
        consequence_of=("disk-full",),
    ),
)
