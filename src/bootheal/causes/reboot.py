"""What the next boot would bring to light: it is there already, and only what still runs hides it. Pure.

Such evidence has `Source.HOST` or `Source.OBJECT` and a reason word of ours, which names one cause each.
"""

from collections.abc import Iterable

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.reboot_machine import MACHINE
from bootheal.causes.reboot_starts import STARTS
from bootheal.causes.signs import seen

PSQL = 'psql -h HOST -U ADMIN -c "%s"'


def _psql(statement: str) -> str:
    return PSQL % statement


LOGINS: tuple[Cause, ...] = (
    Cause(
        id="login-drifted",
        means="a new connection would be refused, since role and Secret have not the same password; those that are "
        "open hide it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginDrifted"),
        next_step="give role {name} the password of its Secret, or correct the Secret; then run this again",
    ),
    Cause(
        id="login-drifted-healed",
        means="a new connection of the pooler would be refused, since role and Secret have not the same password; "
        "pools that are warm hide it, and bootheal resets it: {said}",
        gravity=Gravity.HEALED,
        signs=seen("LoginDriftedHealed"),
        next_step="sudo bootheal run --once",
    ),
    Cause(
        id="login-refused",
        means="a new connection is refused: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginRefused"),
        next_step="bootheal doctor; log in as the role by hand, and see pg_hba.conf",
    ),
    Cause(
        id="login-without-connect",
        means="its password is right, and it may not connect to the database that the configuration names: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginNoConnect"),
        next_step="write the application's own database as `dbname`; or, where it is that: "
        + _psql("GRANT CONNECT ON DATABASE NAME TO {name}"),
    ),
    Cause(
        id="login-expires",
        means="its password is valid for a while only: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginExpires"),
        next_step=_psql("ALTER ROLE {name} VALID UNTIL 'infinity'"),
    ),
    Cause(
        id="login-md5",
        means="its password is stored as md5, which a later PostgreSQL no longer takes: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginMd5"),
        next_step="set its password anew under password_encryption = 'scram-sha-256'",
    ),
    Cause(
        id="login-stored-otherwise",
        means="PostgreSQL lets us in without asking for a password, and has not stored that of the Secret: who is "
        "asked for it is refused: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginStoredOtherwise"),
        next_step="give role {name} the password of its Secret, or correct the Secret",
    ),
    Cause(
        id="login-through-pooler-refused",
        means="PostgreSQL lets its roles in, and the pooler refuses a new connection; those that are open hide it: "
        "{said}",
        gravity=Gravity.PERSON,
        signs=seen("LoginThroughRefused"),
        next_step="bootheal doctor; its log says why: kubectl -n {namespace} logs deployment/{name}",
    ),
    Cause(
        id="pooler-list-differs",
        means="the auth_file that the pooler would start with has another password than the Secret: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ListDiffers"),
        next_step="write the role's password into the Secret of the auth_file, then: "
        "kubectl -n {namespace} rollout restart deployment {name}",
    ),
    Cause(
        id="pooler-list-lacks",
        means="the auth_file in the pod has no line for a role any more, and a new process would refuse it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ListLacks"),
        next_step="write the role into the Secret or ConfigMap of the auth_file again; on the console RELOAD shows "
        "whether it is right, at a time that you choose",
    ),
    Cause(
        id="pooler-list-changes",
        means="the auth_file in the pod is an older one than its Secret, and a new process reads the newer: {said}",
        gravity=Gravity.HEALED,
        signs=seen("ListChanges"),
        next_step="kubectl -n {namespace} rollout restart deployment {name}, at a time that you choose",
    ),
)

POOLERS: tuple[Cause, ...] = (
    Cause(
        id="pooler-setting-unsaved",
        means="a setting is in force that its file does not hold, so it goes with the process: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SettingUnsaved"),
        next_step="write it into pgbouncer.ini, or under the pooler's settings in bootheal.yaml",
    ),
    Cause(
        id="pooler-file-changed",
        means="its file says something else than what is in force, and a new process reads the file: {said}",
        gravity=Gravity.PERSON,
        signs=seen("PoolerFileChanged"),
        next_step="on its console: RELOAD, at a time that you choose; or put the file back",
    ),
    Cause(
        id="pooler-database-unsaved",
        means="its file has no such database any more, and a new process would refuse its clients: {said}",
        gravity=Gravity.PERSON,
        signs=seen("PoolerEntryLost"),
        next_step="write its line into [databases] of pgbouncer.ini; SHOW DATABASES on its console tells what it was",
    ),
    Cause(
        id="pooler-file-broken",
        means="it would not start with its file: {said}",
        gravity=Gravity.PERSON,
        signs=seen("PoolerFileBroken"),
        next_step="correct pgbouncer.ini; its log names the line: kubectl -n {namespace} logs {name}",
    ),
)

SERVERS: tuple[Cause, ...] = (
    Cause(
        id="postgres-next-start-file",
        means="PostgreSQL would not start with its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ServerFileBroken"),
        next_step="correct the line; whether it is right, pg_file_settings tells: " + _psql("TABLE pg_file_settings"),
    ),
    Cause(
        id="postgres-next-start-hba",
        means="PostgreSQL would not start with its pg_hba.conf: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ServerHbaBroken"),
        next_step="correct the line; whether it is right, pg_hba_file_rules tells: " + _psql("TABLE pg_hba_file_rules"),
    ),
    Cause(
        id="postgres-next-start-library",
        means="PostgreSQL would not start, since a library that it is to load is not there: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ServerLibraryMissing"),
        next_step="put the library into the image, or take it out of shared_preload_libraries",
    ),
    Cause(
        id="postgres-pending-restart",
        means="a setting comes into force that waits for a restart: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ServerPending"),
        next_step=_psql("SELECT name, setting FROM pg_settings WHERE pending_restart"),
    ),
    Cause(
        id="postgres-slot-holds-wal",
        means="a replication slot that nobody reads keeps the log, and the disk fills with it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SlotHoldsWal"),
        next_step=_psql("SELECT slot_name, active, restart_lsn FROM pg_replication_slots"),
    ),
    Cause(
        id="postgres-data-too-open",
        means="PostgreSQL would not start, since others may write to its data directory, or read it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("DataTooOpen"),
        next_step="chmod 0700 on it, or 0750; in the pod's securityContext, fsGroupChangePolicy: OnRootMismatch",
    ),
    Cause(
        id="postgres-collation-differs",
        means="text was sorted by another version of the library than the one that is there, and indexes may not find "
        "their rows: {said}",
        gravity=Gravity.PERSON,
        signs=seen("CollationDiffers"),
        next_step="rebuild what sorts text, in each database: REINDEX DATABASE; then ALTER DATABASE "
        "NAME REFRESH COLLATION VERSION, and ALTER COLLATION likewise",
    ),
    Cause(
        id="postgres-backup-old",
        means="there is no recent backup to go back to: {said}",
        gravity=Gravity.PERSON,
        signs=seen("BackupOld"),
        next_step="kubectl -n {namespace} create job --from=cronjob/{name} before-the-reboot",
    ),
)

BOX: tuple[Cause, ...] = (
    Cause(
        id="unit-not-enabled",
        means="nothing starts it at the next boot: {said}",
        gravity=Gravity.PERSON,
        signs=seen("UnitNotEnabled"),
        next_step="sudo systemctl enable {name}",
    ),
    Cause(
        id="container-not-restarted",
        means="the container engine does not start it at the next boot: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ContainerNotRestarted"),
        next_step="docker update --restart unless-stopped {name}",
    ),
    Cause(
        id="boot-is-upgrade",
        means="the next boot runs another version than this one: {said}",
        gravity=Gravity.PERSON,
        signs=seen("BootIsUpgrade"),
        next_step="read its notes, and look after it: a boot that fails may be the upgrade's fault",
    ),
    Cause(
        id="clock-not-synchronised",
        means="its clock follows nobody, and may be wrong after a boot: {said}",
        gravity=Gravity.PASSES,
        signs=seen("ClockAlone"),
        next_step="timedatectl set-ntp true (it needs systemd-timesyncd or chrony); timedatectl",
    ),
    Cause(
        id="disk-nearly-full",
        means="little room is left, and a kubelet ends pods for want of it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("DiskNearlyFull"),
        next_step="df -h; df -i; k3s crictl rmi --prune, if a registry has them",
    ),
    Cause(
        id="state-not-writable",
        means="bootheal could not remember what it does: {said}",
        gravity=Gravity.PERSON,
        signs=seen("StateNotWritable"),
        next_step="sudo systemctl restart bootheal makes the directory; else chown it",
    ),
    Cause(
        id="right-missing",
        means="bootheal may not do what it may have to do: {said}",
        gravity=Gravity.PERSON,
        signs=seen("RightMissing"),
        next_step="bootheal rbac | kubectl apply -f -",
    ),
    Cause(
        id="configuration-names-missing",
        means="bootheal could not heal what its configuration names and what is not there: {said}",
        gravity=Gravity.PERSON,
        signs=seen("NamesMissing"),
        next_step="bootheal check; then make it again, or correct bootheal.yaml",
    ),
    Cause(
        id="repaired-each-boot",
        means="it has needed the same repair in most boots: {said}",
        gravity=Gravity.HEALED,
        signs=seen("RepairedEachBoot"),
        next_step="bootheal report --list",
    ),
)

REBOOT: tuple[Cause, ...] = (*LOGINS, *POOLERS, *SERVERS, *STARTS, *BOX, *MACHINE)


def by_reason(causes: Iterable[Cause] = REBOOT) -> dict[str, Cause]:
    """Return the one cause that each word of ours stands for."""
    return {sign.reason: cause for cause in causes for sign in cause.signs}
