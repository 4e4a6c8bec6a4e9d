"""What PostgreSQL says when it does not start: its settings, and what it asks of the kernel and of its surroundings.

Texts of PostgreSQL 11 to 18: utils/misc/guc.c, libpq/hba.c, be-secure-*.c and pqcomm.c, port/sysv_shmem.c and
posix_sema.c, utils/fmgr/dfmgr.c; and what the entrypoints of the official image and of Bitnami's say.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE, LOGS, PREVIOUS_LOGS, SHELL
from bootheal.causes.signs import log

_CONFIGURATION = "correct it where it comes from: a ConfigMap, Helm values, the operator's object, or the volume"

SURROUNDINGS = (
    Cause(
        id="postgres-shm-small",
        means="/dev/shm is too small for its dynamic shared memory",  # noqa: S108 - not ours
        gravity=Gravity.PERSON,
        signs=log(
            r"could not (?:resize|map|create) shared memory segment \"/PostgreSQL\.[^\n]*: No space left on device"
        ),
        next_step=f"mount an emptyDir with medium: Memory at /dev/shm; {DESCRIBE}",
    ),
    Cause(
        id="postgres-semaphores",
        means="the kernel has no semaphore left for it",
        gravity=Gravity.PERSON,
        signs=log(r"^FATAL: could not create semaphores?:"),
        next_step="see `sysctl kernel.sem` and `ipcs -s` on the node",
    ),
    Cause(
        id="postgres-shared-memory",
        means="it does not get the shared memory that shared_buffers asks for",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: could not (?:map anonymous|create|attach to|get) shared memory",
            r"^FATAL: could not (?:allocate|reserve) .*shared memory",
            r"^FATAL: not enough shared memory",
            r"^FATAL: huge pages not supported",
        ),
        next_step="lower shared_buffers or max_connections, or raise the container's memory limit; where huge_pages is "
        f"on, give hugepages in its resources: {DESCRIBE}",
    ),
    Cause(
        id="postgres-disk-full",
        means="its disk is full",
        gravity=Gravity.PERSON,
        signs=log(
            r"^(?:FATAL|PANIC|LOG|ERROR): .*: (?:No space left on device|Disk quota exceeded)",
            r"^(?:initdb|mkdir|cp|pg_ctl|tee): [^\n]*: (?:No space left on device|Disk quota exceeded)",
        ),
        next_step="make room on the volume, or enlarge its claim (never remove anything below pg_wal): "
        "kubectl -n {namespace} get pvc; on the node: df -h",
        consequence_of=("disk-full",),
    ),
    Cause(
        id="postgres-huge-pages",
        means="it is killed when it touches huge pages that the node has but its container may not use",
        gravity=Gravity.PERSON,
        signs=log(r"^(?:Bus error|child process was terminated by signal 7)", r"terminated by signal 7: Bus error"),
        next_step="set huge_pages = off, or give hugepages in the container's resources: "
        "kubectl -n {namespace} get pod {name} -o yaml",
    ),
    Cause(
        id="postgres-out-of-memory",
        means="it gets no memory",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r"^(?:FATAL|PANIC): out of memory",
            r"^(?:FATAL|LOG): could not fork [^\n]*: Cannot allocate memory",
            r"^LOG: (?:startup process|server process) \(PID \d+\) was terminated by signal 9",
        ),
        next_step=f"raise the container's memory limit, or free memory on the node: {DESCRIBE}",
    ),
    # postmaster.c, LogChildExit: a fault of the program or of a library of somebody's, or of what it reads
    Cause(
        id="postgres-process-crashes",
        means="one of its processes crashes, and it begins anew each time",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(r"^LOG: (?!startup process)[^\n]*\(PID \d+\) was terminated by signal (?:4|6|8|11)\b"),
        next_step=f"its log names the process and what it did: {LOGS}; see the "
        "extensions that it loads (shared_preload_libraries)",
    ),
    Cause(
        id="postgres-port-taken",
        means="another server listens on its port already",
        gravity=Gravity.PERSON,
        signs=log(r"could not bind [^\n]*: Address (?:already )?in use"),
        next_step="find who has the port (hostNetwork?): `ss -ltnp` on the node; kubectl -n {namespace} get pod {name} "
        "-o yaml",
    ),
    Cause(
        id="postgres-address-unknown",
        means="it is to listen on an address or name that is not there",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r'could not bind (?!IPv6 address "::1?")[^\n]*: Cannot assign requested address',  # no IPv6 is no trouble
            r"^(?:LOG|WARNING|FATAL): could not translate (?:host name|service)",
            r"^(?:LOG|FATAL): could not create (?:IPv4|Unix) socket for address",
        ),
        next_step=f"see listen_addresses ('*' is right in a pod); {PREVIOUS_LOGS}",
    ),
    Cause(
        id="postgres-socket-directory",
        means="it cannot make its socket: the directory is missing or not writable",
        gravity=Gravity.PERSON,
        signs=log(
            r'^FATAL: could not (?:create|open|write) lock file "[^"]*\.s\.PGSQL\.\d+\.lock"',
            r"^(?:FATAL|LOG|WARNING): could not create (?:any )?Unix-domain sockets?",
            r"^(?:FATAL|LOG): could not bind Unix address",
        ),
        next_step="mount an emptyDir at /var/run/postgresql (readOnlyRootFilesystem?), or see "
        "unix_socket_directories: kubectl -n {namespace} get pod {name} -o yaml",
    ),
)

SETTINGS = (
    Cause(
        id="postgres-hba-broken",
        means="its pg_hba.conf cannot be read or has a line that it does not understand",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: could not load [^\n]*pg_hba[^\n]*",
            r"^(?:FATAL|LOG): could not open (?:configuration )?file \"[^\"]*pg_hba[^\"]*\"",
            r'of configuration file "[^"]*pg_hba',
            r"^(?:LOG|FATAL): configuration file \"[^\"]*pg_hba[^\"]*\" contains no entries",
        ),
        next_step=f"its log names the line: {PREVIOUS_LOGS}; {_CONFIGURATION}",
    ),
    Cause(
        id="postgres-library-missing",
        means="a library that it is to load is not in its image, or does not fit it",
        gravity=Gravity.PERSON,
        signs=log(
            r'^FATAL: could not access file "[^"]*": No such file or directory',
            r'^FATAL: could not load library "',
            r'^FATAL: incompatible library "',
            r"^FATAL: .*must be loaded via shared_preload_libraries",
            r"^FATAL: extension \"[^\"]*\" must be preloaded",
        ),
        next_step="run the image that has it, or take it out of shared_preload_libraries: kubectl -n {namespace} get "
        "pod {name} -o yaml shows image and arguments",
    ),
    Cause(
        id="postgres-key-permissions",
        means="its TLS key can be read by others, or is another user's, and it refuses that",
        gravity=Gravity.PERSON,
        signs=log(
            r'^FATAL: private key file "[^"]*" (?:has group or world access|must be owned by|is not a regular file)',
        ),
        next_step="mount the Secret with defaultMode 0600 (0640 where root owns it, with fsGroup): "
        "kubectl -n {namespace} get pod {name} -o yaml",
    ),
    Cause(
        id="postgres-certificate",
        means="its TLS certificate or key cannot be used",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: could not (?:load|access|open|read) (?:the )?(?:server certificate|private key|root certificate"
            r"|SSL certificate|DH parameters|certificate)",
            r"^FATAL: check of private key failed",
            r"^FATAL: private key file .* cannot be reloaded because it requires a passphrase",
            r"^FATAL: could not (?:create SSL context|set (?:minimum|maximum) SSL|set the cipher)",
        ),
        next_step=f"see ssl_cert_file and ssl_key_file, and the Secret behind them: {DESCRIBE}",
    ),
    Cause(
        id="postgres-standby-settings",
        means="its settings are lower than those of the server that wrote its WAL, so it cannot recover",
        gravity=Gravity.PERSON,
        signs=log(
            r"^(?:FATAL|LOG): recovery aborted because of insufficient parameter settings",
            r"^(?:FATAL|LOG): hot standby is not possible because",
            r"^(?:WARNING|LOG): recovery has paused[^\n]*(?:\n[^\n]*)*insufficient",
        ),
        next_step="raise max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions and "
        f"max_locks_per_transaction to what its log says: {PREVIOUS_LOGS}",
    ),
    Cause(
        id="postgres-settings-contradict",
        means="two of its settings contradict each other",
        gravity=Gravity.PERSON,
        signs=log(
            r'WAL archival cannot be enabled when "?wal_level',
            r'WAL streaming \(.?max_wal_senders.*requires "?wal_level',
            r"superuser_reserved_connections.*must be less than",
            r"^(?:FATAL: |postgres: )?.*max_wal_senders.*must be less than",
            r"^FATAL: WAL cannot be summarized when",
            r"^FATAL: .*logical replication slot .* exists, but",
            r'^FATAL: (?:logical|physical) replication slot "[^"]*" exists, but',
        ),
        next_step=f"{_CONFIGURATION}; {PREVIOUS_LOGS}",
    ),
    Cause(
        id="postgres-recovery-settings",
        means="its recovery is not set up in a way that it can begin",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: using recovery command file \"[^\"]*\" is not supported",
            r"^FATAL: must specify (?:\"?restore_command|primary_conninfo)",
            r"^FATAL: (?:multiple recovery targets specified|recovery target)",
            r'^FATAL: could not restore file "[^"]*" from archive',
            r"^FATAL: (?:specified neither|recovery_target)",
            r"^FATAL: standby mode is not supported by single-user servers",
        ),
        next_step=f"see recovery.signal, standby.signal and restore_command on its volume: {SHELL}",
    ),
    Cause(
        id="postgres-settings-broken",
        means="its configuration has an error",
        gravity=Gravity.PERSON,
        signs=log(
            r'^(?:FATAL|LOG): configuration file "[^"]*" contains errors',
            r"^(?:FATAL|LOG): unrecognized configuration parameter",
            r"^(?:FATAL|LOG): invalid value for parameter",
            r'^(?:FATAL|LOG): parameter "[^"]*" (?:requires|cannot|must)',
            r"^(?:FATAL|LOG): \S+ is outside the valid range for parameter",
            r'^(?:FATAL|LOG): syntax error in file "',
            r"^(?:FATAL|LOG): could not open configuration (?:file|directory) \"[^\n]*: No such file",
            r"^(?:FATAL|LOG): could not open file \"[^\"]*\.conf\"[^\n]*: No such file",
            r"could not access the server configuration file",
            r"^(?:FATAL|LOG): invalid list syntax in (?:parameter )?\"",
            r"does not know where to find the",
        ),
        next_step=f"its log names the parameter and the line: {PREVIOUS_LOGS}; {_CONFIGURATION}",
    ),
    # replication/walsender.c: said to a standby, and in the primary's own log as an ERROR of that session
    Cause(
        id="postgres-standby-ahead",
        means="this standby has WAL that its primary does not have: it was ahead when the primary went down",
        gravity=Gravity.PERSON,
        signs=log(
            r"^(?:FATAL|LOG|WARNING): .*requested starting point [0-9A-F/]+ is ahead of the WAL flush position",
            # xlogrecovery.c, rescanLatestTimeLine: patroni#1411
            r"^LOG: new timeline \d+ forked off current database system timeline \d+ before current recovery point",
        ),
        next_step="find out which of the two has the commits that count; then make the other anew: "
        "patronictl reinit CLUSTER {name}, or pg_rewind",
    ),
    Cause(
        id="postgres-standby-behind",
        means="the WAL that this standby still needs has been removed from the primary",
        gravity=Gravity.PERSON,
        signs=log(
            r"requested WAL segment [0-9A-F]+ has already been removed",
            r'replication slot "[^"]*" does not exist',
            r"can no longer get changes from replication slot",
        ),
        next_step="make this standby anew from the primary: patronictl reinit CLUSTER {name}, or pg_basebackup",
    ),
)

IMAGE = (
    # bootstrap of Crunchy's images: CrunchyData/postgres-operator#2099
    Cause(
        id="postgres-making-cut-short",
        means="its making was cut short once, and its image does not begin anew: data may lie in another directory",
        gravity=Gravity.PERSON,
        signs=log(
            r"Detected an earlier failed attempt to initialize", r"Correct the issue, remove '[^']*\.initializing'"
        ),
        next_step=f"its log names the directory in which data may be: {PREVIOUS_LOGS}; look there before anything is "
        f"removed: {SHELL}",
    ),
    # repmgrd/repmgrd.c, in Bitnami's image: bitnami/charts#26577
    Cause(
        id="postgres-repmgr-upstream",
        means="it follows another server, which does not answer, and ends over that",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(r"\[ERROR\] unable (?:to )?connect to upstream node"),
        next_step=f"start the server first that was the primary: kubectl -n {{namespace}} get pods; {PREVIOUS_LOGS}",
    ),
    # pg_upgrade's check.c and exec.c, as images call it that bring their data to a new version: hassos-addons#15
    Cause(
        id="postgres-upgrade-failed",
        means="its image is to bring its data to another major version, and cannot",
        gravity=Gravity.PERSON,
        signs=log(r"^Failure, exiting", r"^Your installation (?:references|contains|uses) "),
        next_step=f"run the image of the former version again until its log is understood: {PREVIOUS_LOGS}; keep a "
        "copy of the volume before the next attempt",
    ),
    Cause(
        id="postgres-image-settings",
        means="the image's own check of its settings refuses them",
        gravity=Gravity.PERSON,
        signs=log(
            # docker-entrypoint.sh, file_env; Bitnami's libpostgresql.sh, postgresql_validate.
            r"^error: both \w+ and \w+_FILE are set \(but are exclusive\)",
            r"ERROR ==> (?:The \w+ environment variable|\w+ (?:cannot|must)|.*is (?:empty|not set|not allowed))",
            r"^initdb: (?:error: )?(?:invalid locale|unrecognized option|password file)",
        ),
        next_step="correct the container's environment: kubectl -n {namespace} get pod {name} -o yaml",
    ),
)
