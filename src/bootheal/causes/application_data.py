"""What servers and applications say of their own files, and of their own cluster, after a cut of power.

Texts: Redis' aof.c and rdb.c, MongoDB's WiredTiger, InnoDB, MariaDB's log.cc, SQLite, bbolt, etcd, Lucene, RabbitMQ,
Galera's pc.cpp, Elasticsearch's bootstrap checks, Prometheus' and Loki's tsdb, VictoriaMetrics, ClickHouse, Cassandra,
ZooKeeper, NATS, Liquibase, golang-migrate, knex, Prisma, Flyway. PostgreSQL's are in files of their own.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.datastores import BOLT_DAMAGE, ETCD_DAMAGE
from bootheal.causes.signs import IN_EARNEST, log

# What another server has answered, as PostgreSQL or Redis, or an API server of its own database, and is only repeated.
_ELSEWHERE = (
    r".*(?:could not (?:extend|write to|create|open) file|DiskFull|SQLSTATE|PSQLException|PG::|MISCONF "
    r"|rpc error: code)"
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
            # MariaDB's "InnoDB: ", MySQL's "[InnoDB] "
            r"\[ERROR\].* \[?InnoDB[\]:] (?:Your database may be corrupt|Database page corruption)",
            r"\[ERROR\].* \[?InnoDB[\]:] [Cc]orrupt(?:ed)? (?:page|log)",
            r"\[ERROR\].* \[?InnoDB[\]:] .*(?:log sequence number .* is in the future!|Missing MLOG_CHECKPOINT)",
            r"^(?!.*rpc error: code).*database disk image is malformed",  # else it is the API server's
            r"opening storage failed: .*(?:invalid (?:magic number|size|checksum)|corrupt|unexpected EOF"
            r"|checksum mismatch|segments are not sequential)",
            # loki#12583, #2314, #7694, #3248: what it only warns of it mends itself
            r"error recovering from (?:\w+ )?WAL\b.*corruption in|corruption in .*error recovering from (?:\w+ )?WAL\b",
            "recovered from panic opening boltdb file",
            rf"(?:^panic: |bolt(?:db)? file).*(?:{BOLT_DAMAGE})",
            # of an etcd that a chart has brought along
            rf"(?:^panic: |\"level\": ?\"(?:panic|fatal)\").*(?:{ETCD_DAMAGE})",
            r"\[ERROR\] Bad magic header in tc log",  # iiab#4168
            r"cannot open (?:a )?(?:storage|table|part) .*(?:unexpected end of JSON|cannot (?:parse|unmarshal))",
            r"CorruptIndexException: |codec (?:footer|header) mismatch",
            # signoz#1641, clickhouse-operator#1331
            r"DB::Exception: Suspiciously many .*broken parts",
            r"^(?!.*Received from ).*DB::Exception: Checksum doesn't match: corrupted data",
            r"CorruptRecordException: Found record size .* in file /",  # Kafka's own: a client names none
            r"\[InnoDB\] .*is of a different size 0 pages",
            r"\[ERROR\].*is marked as crashed and last \(automatic\?\) repair failed",  # MyISAM, Aria
            r"^\d+:M .*Internal error in RDB reading offset",  # of a replica it is what came over the network
            r"^(?!.*rpc error: code).*\bfile is not a database\b",  # SQLite
            r"CommitLogReadException: |[Ee]rror while processing commit log during initialization",
            "^panic: corrupt state file",  # nats-server#3535
            "No snapshot found, but there are log entries|The accepted epoch, .* is less than the current epoch",
            "not_a_dets_file",  # RabbitMQ's recovery terms
        ),
        next_step="keep a copy of its volume before anything is mended; then what it names (redis-check-aof --fix, "
        "mongod --repair, innodb_force_recovery, sqlite3 .recover), or restore a backup",
    ),
    # an image by a tag that moves, such as `latest`, was pulled anew since; Redis' rdb.c, Meilisearch, MySQL's redo log
    Cause(
        id="application-data-of-another-version",
        means="its files were written by another version of it than its image has now: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            "Can't handle RDB format version",
            r"database version \(\S+\) is incompatible with your current engine version",
            r"Upgrade after a crash is not supported\. (?:This|The) redo log was created ",
            r"Cannot boot server version \d+ on data directory built by version \d+",
            "Wrong mongod version|invalid featureCompatibilityVersion document",
            r"cannot (?:down|up)grade a node from version",
            "required feature flag not enabled! It must be enabled before upgrading",  # RabbitMQ
            r"version of the data \(\S+\) is higher than the docker image version",  # Nextcloud
            r"upgrading from \S+ to \S+ is not supported",
            r"\(migration version: \d+\) is for a newer Gitea",
        ),
        next_step="run the image of the version that wrote them (kubectl -n {namespace} get pod {name} -o yaml shows "
        "which runs now), and upgrade by its own manual; keep a copy of the volume first",
    ),
    # a RollingUpdate beside a volume of one pod, or what the kubelet has not ended yet: prometheus#5247
    Cause(
        id="application-files-locked",
        means="another process holds its files, as its predecessor that has not ended, or a second copy: {said}",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(
            "failed to obtain node locks?",
            r"Failed to acquire lock on file \.lock in ",  # Kafka's LogManager
            "file is probably in use by another process",  # MariaDB's Aria
            "failed to open bolt(?:db)? file: timeout",
            r"InnoDB: Unable to lock \S+,? error: 11",
            "(?:lock DB directory|opening storage failed: lock .*): resource temporarily unavailable",
            r"DBPathInUse|[Aa]nother mongod instance is already running on the \S+ directory",
            "[Cc]annot acquire directory lock on",
            "LOCK: (?:already held by process|[Rr]esource temporarily unavailable)",
            "db file is flocked by another process",  # etcd
            rf"{IN_EARNEST}.*\bdatabase is locked\b",  # SQLite
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
            "Migration table is already locked",  # knex
            r"\bP3009\b|found failed migrations in the target database",  # Prisma
            r"Detected failed migration to version",  # Flyway
        ),
        next_step="where no other pod of it runs: UPDATE databasechangeloglock SET locked = FALSE (Liquibase), migrate "
        "force VERSION (golang-migrate), knex migrate:unlock, prisma migrate resolve, flyway repair, once what it was "
        "to change is looked through",
    ),
    # rabbitmq-server's rabbit_table.erl, Galera's gcs: all went down together, and each waits for whoever was last
    Cause(
        id="application-peers-awaited",
        means="it waits for others of its own cluster, which went down after it, or does not begin alone: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            "timeout_waiting_for_tables",
            "not (?:be )?safe to bootstrap ",
            "failed to (?:open gcomm backend connection|reach primary view)",
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
    # mongo's docker-entrypoint.sh, glibc's dl_isa_level: a virtual machine that was given another kind of processor
    Cause(
        id="application-processor-unfit",
        means="its program needs instructions that this node's processor does not have, or that its virtual machine is "
        "not given: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            r"requires a CPU with \w+ support, and your current system does not",
            r"CPU does not support x86-64-v\d",
            "CPU ISA level is lower than required",
        ),
        next_step="lscpu on the node; of a virtual machine: give it the host's kind of processor (cpu: host); else an "
        "older version of the image: " + DESCRIBE_POD,
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
    # EIO of a file, as Go, Node.js, Python, Java, coreutils and SQLite word it: of a share whose server is away, too
    Cause(
        id="application-disk-fails",
        means="what it reads or writes fails beneath it (I/O error): a disk, or the server of a network volume: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            rf"^(?!{_ELSEWHERE}).*\b(?:open|read|write|l?stat|f?sync|fdatasync|rename|mkdir|unlink|fallocate) "
            r"/(?!dev/|proc/|sys/)\S+: input/output error",
            r"\bEIO: i/o error(?!.*'/(?:dev|proc|sys)/)",
            r"OSError: \[Errno 5\] Input/output error: '/(?!dev/|proc/|sys/)",
            r"(?:java\.io\.IOException|FileSystemException: /(?!dev/|proc/|sys/)\S+): Input/output error",
            r"^\w+: (?!.*['/ ]/?(?:dev|proc|sys)/).*/\S+: (?:Input/output|I/O) error$",
            rf"^(?!{_ELSEWHERE}).*\bdisk I/O error\b",
        ),
        next_step="on the node: dmesg | grep -iE 'i/o error|remount'; findmnt shows which disk or server it is; save "
        "what can be read before anything is repaired; " + DESCRIBE_POD,
        consequence_of=("disk-read-only",),
    ),
    # Kafka's meta.properties: its volume was exchanged, or whom it asks has begun anew
    Cause(
        id="application-data-of-another-cluster",
        means="its files are of another cluster than the one that it joins, or that cluster was made anew: {said}",
        gravity=Gravity.PERSON,
        signs=log("doesn't match stored clusterId", r"Invalid cluster\.id in: "),
        next_step="remove nothing: see whether it has the volume of before, and whether its controllers or ZooKeeper "
        "have theirs: kubectl -n {namespace} get persistentvolumeclaims; kubectl get persistentvolumes",
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
    # what an image asks of itself is no trouble: "(read-only file system?)" of nginx'; nor are settings of the kernel
    Cause(
        id="application-disk-read-only",
        means="a file system that it writes to is read-only, as the kernel makes one whose disk fails, or as its own "
        "pod has it: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(rf"^(?!{_ELSEWHERE}|.*(?: /?(?:proc|sys)/))" r".*: [Rr]ead-only file system\b(?!\?)"),
        next_step="on the node: dmesg | grep -iE 'i/o error|remount'; findmnt; else see readOnlyRootFilesystem and "
        "readOnly of its mounts: " + DESCRIBE_POD,
        consequence_of=("disk-read-only",),
    ),
)
