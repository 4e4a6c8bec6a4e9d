"""What PostgreSQL says when it does not start: its settings, and how its image was called.

Texts of PostgreSQL 11 to 18: utils/misc/guc.c, libpq/hba.c and be-secure-*.c, utils/fmgr/dfmgr.c, access/transam and
replication/; and what the entrypoints of the official image and of Bitnami's say.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE, PREVIOUS_LOGS, SHELL
from bootheal.causes.signs import log

_CONFIGURATION = "correct it where it comes from: a ConfigMap, Helm values, the operator's object, or the volume"

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
            r"^(?:FATAL|LOG|WARNING): hot standby is not possible because",
            # xlogrecovery.c since 14: whoever lets this one go on shuts the server down.
            r"^LOG: recovery has paused\nDETAIL: If recovery is unpaused, the server will shut down",
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
            r"^FATAL: too many replication slots active before shutdown",
            r"^(?:FATAL|PANIC): could not find free replication state",
            r"^FATAL: .*logical replication slot .* exists, but",
            r'^FATAL: (?:logical|physical) replication slot "[^"]*" exists(?: on the standby)?, but',
            r'^FATAL: replication slot synchronization .*requires "?(?:wal_level|primary_|hot_standby)',
            r'^FATAL: "?(?:max|min)_wal_size"? must be at least twice',
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
            r"^FATAL: requested recovery stop point is before consistent recovery point",
            # 17 and later: pg_basebackup --incremental gives what pg_combinebackup has to put together first
            r"^FATAL: this is an incremental backup, not a data directory",
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
    # access/transam/xlogrecovery.c: the target of a restore is reached, and nobody has said what comes then
    Cause(
        id="postgres-recovery-paused",
        means="its recovery has paused, and it waits for somebody to let it go on",
        gravity=Gravity.PERSON,
        signs=log(r"^LOG: (?:recovery has paused|pausing at the end of recovery)"),
        next_step="is its data what it should be? then let it go on: kubectl -n {namespace} exec {name} -c {container} "
        "-- psql -U postgres -c 'select pg_wal_replay_resume()'",
    ),
    # replication/walsender.c: said to a standby, and in the primary's own log as an ERROR of that session
    Cause(
        id="postgres-standby-ahead",
        means="this standby has WAL that its primary does not have: it was ahead when the primary went down",
        gravity=Gravity.PERSON,
        signs=log(
            r"^(?:FATAL|LOG|WARNING): .*requested starting point [0-9A-F/]+ is ahead of the WAL flush position",
            # walsender.c, StartReplication: patroni#3685
            r"^(?:FATAL|LOG): .*requested starting point \S+ on timeline \d+ is not in this server's history",
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
            r"requested WAL segment (?:pg_wal/)?[0-9A-F]+ has already been removed",
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
    # repmgr-action-standby.c and repmgrd.c: its own record lies in the database, which it no longer finds there
    Cause(
        id="postgres-repmgr-not-registered",
        means="repmgr finds no record of this server in its own database",
        gravity=Gravity.PERSON,
        signs=log(r"\[ERROR\] no metadata record found for this node"),
        next_step=f"has it had other data before? {PREVIOUS_LOGS}; else register it (repmgr primary register, or "
        f"standby): {SHELL}",
    ),
    # pg_upgrade's check.c and exec.c, as images call it that bring their data to a new version: hassos-addons#15
    Cause(
        id="postgres-upgrade-failed",
        means="its image is to bring its data to another major version, and cannot",
        gravity=Gravity.PERSON,
        signs=log(
            r"^Failure, exiting",
            r"^Your installation (?:references|contains|uses) ",
            r"values for database .* do not match:  old ",
        ),
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
