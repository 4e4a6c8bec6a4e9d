"""What Patroni says while the PostgreSQL under it does not serve.

Texts of Patroni 2.1 to 4.1: patroni/ha.py (what it is doing, as INFO), __main__.py, postgresql/ and watchdog/base.py.
It goes on running when its PostgreSQL cannot start, and tries again in each of its loops.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import LOGS, SHELL, VOLUMES
from bootheal.causes.signs import log

# Spilo's PostgreSQL writes its log into files: the container's own log has only what Patroni says.
POSTGRES_LOG = (
    "kubectl -n {namespace} exec {name} -c {container} -- sh -c 'tail -n 30 /home/postgres/pgdata/pgroot/pg_log/*.csv'"
)
_MEMBERS = "kubectl -n {namespace} exec {name} -c {container} -- patronictl list"
_CTL = "kubectl -n {namespace} exec -it {name} -c {container} -- patronictl"

# How Patroni begins its lines, in its plain format.
_SAYS = r"(?:INFO|WARNING|ERROR|CRITICAL|FATAL): "

PATRONI = (
    Cause(
        id="patroni-other-cluster",
        means="its data belongs to another database than the one that Patroni's cluster was made with",
        gravity=Gravity.DATA,
        signs=log(r"system ID mismatch, node \S+ belongs to a different cluster", r"due to the system ID mismatch"),
        next_step=f"find out which data is right, and save both volumes first: {VOLUMES}",
    ),
    Cause(
        id="patroni-data-damaged",
        means="its data directory is not empty, but no PostgreSQL can be recognised in it",
        gravity=Gravity.DATA,
        signs=log(r"data dir for the cluster is not empty, but system ID is invalid"),
        next_step=f"do not reinitialise the last member, as Patroni proposes: save its volume ({VOLUMES}), then "
        "restore from a backup",
    ),
    Cause(
        id="patroni-data-missing",
        means="its data directory cannot be read, or is empty where it was not: is its volume mounted?",
        gravity=Gravity.DATA,
        signs=log(
            r"data directory is not accessible: ",
            r"released leader key voluntarily as data dir (?:empty|not accessible)",
            r"running with empty data directory",
        ),
        next_step=f"see that the volume is there and mounted: {VOLUMES}; {SHELL}",
    ),
    Cause(
        id="patroni-bootstrap-failed",
        means="Patroni could not make a new database",
        gravity=Gravity.PERSON,
        signs=log(r"Failed to bootstrap cluster", r"removing initialize key after failed attempt to bootstrap"),
        next_step=f"was there data before? then is its volume mounted: {VOLUMES}; why it failed: {LOGS}",
    ),
    Cause(
        id="patroni-no-initialize-key",
        means="Patroni's cluster state is gone, and its PostgreSQL runs as a replica: it does not begin there",
        gravity=Gravity.PERSON,
        signs=log(r"No initialize key in DCS and PostgreSQL is running as replica"),
        next_step=f"start the member that was the primary first: {_MEMBERS}",
    ),
    Cause(
        id="patroni-start-timeout",
        means="Patroni stops PostgreSQL while it still recovers: primary_start_timeout is too short for it",
        gravity=Gravity.PERSON,
        signs=log(
            r"stopped PostgreSQL because of startup timeout",
            r"terminated crash recovery because of startup timeout",
            r"(?:primary|master) start has timed out, but continuing to wait",
        ),
        next_step=f"raise primary_start_timeout: {_CTL} edit-config -s primary_start_timeout=3600",
    ),
    Cause(
        id="patroni-watchdog",
        means="Patroni is told to use a watchdog, and has none",
        gravity=Gravity.PERSON,
        signs=log(
            r"Configuration requires (?:a )?watchdog, but",
            r"(?:Demoting|Not promoting) self because watchdog could not be activated",
            r"Cancelling bootstrap because watchdog activation failed",
        ),
        next_step=f"give the container /dev/watchdog, or set watchdog.mode to off or automatic: {_CTL} show-config",
    ),
    Cause(
        id="patroni-forbidden",
        means="Patroni may not read or write its lock in the Kubernetes API",
        gravity=Gravity.PERSON,
        signs=log(
            r"(?:endpoints|configmaps|pods|services) [^\n]*is forbidden: User",
            _SAYS + r"Permission denied$",
        ),
        next_step="see the Role of its ServiceAccount: kubectl -n {namespace} auth can-i patch endpoints "
        "--as=system:serviceaccount:{namespace}:SERVICEACCOUNT",
    ),
    Cause(
        id="patroni-configuration",
        means="Patroni's configuration cannot be used",
        gravity=Gravity.PERSON,
        signs=log(
            r"Can not find suitable configuration of distributed configuration store",
            r"patroni\.exceptions\.ConfigParseError",
            r"^Config is empty",
            r"config path .* is neither directory nor file",
        ),
        next_step="correct it: kubectl -n {namespace} get pod {name} -o yaml shows its environment and mounts",
    ),
    Cause(
        id="patroni-rewind-failed",
        means="the data of this member has gone another way than the primary's, and could not be brought back",
        gravity=Gravity.PERSON,
        signs=log(
            r"Failed to rewind from health?y (?:primary|master)",
            r"^pg_rewind: (?:fatal|error): ",
        ),
        next_step=f"make this member anew from the primary: {_CTL} reinit CLUSTER {{name}}",
    ),
    Cause(
        id="patroni-paused",
        means="Patroni is paused, so it does not start or promote anything",
        gravity=Gravity.PERSON,
        signs=log(_SAYS + r"PAUSE: "),
        next_step=f"end the pause where nobody needs it any more: {_CTL} resume",
    ),
    Cause(
        id="patroni-duplicate-name",
        means="Patroni believes that a member of its name still runs",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(r"Can't start; there is already a node named"),
        next_step=f"see who has the name: {_MEMBERS}",
    ),
    Cause(
        id="patroni-no-api",
        means="Patroni gets no answer from the Kubernetes API, and so makes nobody the primary",
        gravity=Gravity.PASSES,
        signs=log(
            r"Error communicating with DCS",
            r"^patroni\.dcs\.kubernetes\.K8sConnectionFailed",
            r"DCS is not accessible",
            r"failed to update leader lock",
            r"Request to server \S+ failed: ",
            # urllib3, of the API as the client of Kubernetes asks it
            r"Retrying \(Retry\(.* after connection broken by .*: /api/v1/",
        ),
        next_step=f"ask the API from its pod: {LOGS}; kubectl -n default get endpointslices -l "
        "kubernetes.io/service-name=kubernetes",
    ),
    Cause(
        id="patroni-waits-for-leader",
        means="this member is empty and waits for a leader to copy from",
        gravity=Gravity.PASSES,
        signs=log(r"waiting for (?:standby_)?leader to bootstrap", r"failed to acquire initialize lock"),
        next_step=f"see which member has data: {_MEMBERS}",
    ),
    Cause(
        id="patroni-copies",
        means="this member is being made from another one",
        gravity=Gravity.PASSES,
        signs=log(
            r"bootstrap from (?:leader|replica) .* in progress",
            r"trying to bootstrap from (?:leader|replica)",
            r"running pg_rewind from",
            r"reinitializing due to diverged timelines",
            r"Error when fetching backup: pg_basebackup exited",
        ),
        next_step=f"see how far it is: {_MEMBERS}",
    ),
    # patroni/ha.py, clone(); spilo#74
    Cause(
        id="patroni-copy-failed",
        means="Patroni could not copy the data of another member, or of a backup, and tries again",
        gravity=Gravity.PASSES,
        signs=log(r"failed to bootstrap (?:from (?:leader|replica)|\(without leader\))"),
        next_step=f"see above it in its log why: {LOGS}",
    ),
    Cause(
        id="patroni-crash-recovery",
        means="Patroni lets PostgreSQL recover in single-user mode",
        gravity=Gravity.PASSES,
        signs=log(r"doing crash recovery in a single user mode"),
        next_step=f"see how far it is: {LOGS}",
    ),
    # postgresql/rewind.py; PGO#2838: of the leader, too. What it quotes below that says why.
    Cause(
        id="patroni-crash-recovery-failed",
        means="PostgreSQL could not recover in single-user mode, as Patroni has it do first, and Patroni tries again",
        gravity=Gravity.PASSES,
        restart_helps=True,
        signs=log(r"Crash recovery finished with code=[1-9-]"),
        next_step=f"what it quotes below that (stderr=) says why: {LOGS}",
    ),
    Cause(
        id="patroni-start-failed",
        means="Patroni tries to start PostgreSQL, which ends each time",
        gravity=Gravity.PASSES,
        signs=log(
            r"failed to start postgres",
            r"removed leader key after trying and failing to start postgres",
            r"postmaster is not running",
        ),
        next_step=f"see PostgreSQL's own log: {POSTGRES_LOG}",
    ),
)
