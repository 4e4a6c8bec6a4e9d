"""What CloudNativePG's instance manager says while the PostgreSQL under it does not serve.

Texts of CloudNativePG 1.20 to 1.30: internal/cmd/manager/instance/run (lifecycle, lease),
internal/management/controller and pkg/management/postgres; each line is JSON: `postgres_log` gives "msg: error" of it.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import LOGS, PREVIOUS_LOGS, VOLUMES
from bootheal.causes.signs import log

_CLUSTER = "kubectl -n {namespace} get clusters.postgresql.cnpg.io"

CLOUDNATIVE_PG = (
    Cause(
        id="cloudnative-pg-fenced",
        means="it is fenced: CloudNativePG holds PostgreSQL stopped until somebody lifts that",
        gravity=Gravity.PERSON,
        signs=log(r"Instance is fenced, won't start postgres", r"Fencing request received, will proceed shutting down"),
        next_step="lift it where nobody needs it any more: kubectl cnpg -n {namespace} fencing off CLUSTER {name} (or "
        "take the annotation cnpg.io/fencedInstances off the Cluster)",
    ),
    Cause(
        id="cloudnative-pg-disk-full",
        means="the disk of its WAL is nearly full, so CloudNativePG does not start PostgreSQL",
        gravity=Gravity.PERSON,
        signs=log(
            r"Not enough WAL disk space, avoid starting PostgreSQL",
            r"Detected low-disk space condition",
            r"no free disk space for WALs",
        ),
        next_step=f"raise spec.storage.size or spec.walStorage.size (never remove anything below pg_wal): {VOLUMES}",
    ),
    Cause(
        id="cloudnative-pg-tablespace-missing",
        means="the volume of a tablespace is not mounted",
        gravity=Gravity.DATA,
        signs=log(r"mountpoint for tablespaces is missing"),
        next_step=f"see the claims of its tablespaces: {VOLUMES}",
    ),
    # cloudnative-pg#8410, openebs#3851
    Cause(
        id="cloudnative-pg-data-missing",
        means="its data directory is not there: its volume is not mounted, or empty",
        gravity=Gravity.DATA,
        signs=log(r"Error waiting on the PostgreSQL process: stat \S+: no such file or directory"),
        next_step=f"is the volume mounted that holds its data? {VOLUMES}; {_CLUSTER}",
    ),
    Cause(
        id="cloudnative-pg-rewind-failed",
        means="the data of this former primary has gone another way than the new one's, and could not be brought back",
        gravity=Gravity.PERSON,
        signs=log(r"Failed to execute pg_rewind", r"while executing pg_rewind"),
        next_step="make this instance anew: kubectl cnpg -n {namespace} destroy CLUSTER {name} (removes its volume: "
        f"only where another instance serves); {_CLUSTER}",
    ),
    Cause(
        id="cloudnative-pg-archive-not-empty",
        means="the WAL archive that it is to write to already has another database's WAL",
        gravity=Gravity.PERSON,
        signs=log(r"Expected empty archive"),
        next_step=f"give the cluster a serverName or path of its own in its backup section: {_CLUSTER} -o yaml",
    ),
    Cause(
        id="cloudnative-pg-plugin-missing",
        means="a plugin that archives its WAL is not in the pod",
        gravity=Gravity.PERSON,
        signs=log(r"(?:missing|unable to load|Unable to load) .*(?:WAL archiv\w+ )?plugin(?!s, skipping)"),
        next_step=f"see the plugins of the cluster: {_CLUSTER} -o yaml; {PREVIOUS_LOGS}",
    ),
    # Of the Jobs that make an instance: internal/cmd/manager/instance/{join,initdb,restore}
    Cause(
        id="cloudnative-pg-not-made",
        means="a new instance could not be filled with data: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r"^(?:Error joining node|Unable to bootstrap cluster|Error while bootstrapping data directory)",
            r"^(?:Error while restoring a backup|Can't restore backup|restore error)",
            r"^unable to move `pg_wal` directory to the attached volume",
        ),
        next_step=f"{PREVIOUS_LOGS}; {_CLUSTER}; once the cause is gone, delete its Job: CloudNativePG makes another",
    ),
    Cause(
        id="cloudnative-pg-lease",
        means="it waits for the lease of the primary",
        gravity=Gravity.PASSES,
        since="1.30",
        signs=log(
            r"Primary lease not yet acquired, retrying",
            r"Acquiring primary lease",
            r"Primary lease (?:lost, cannot verify holder|object missing|renewal failed)",
        ),
        next_step="see who holds it: kubectl -n {namespace} get leases",
    ),
    Cause(
        id="cloudnative-pg-preempted",
        means="another instance has taken the lease of the primary, so this one stops",
        gravity=Gravity.PASSES,
        since="1.30",
        signs=log(r"Primary lease preempted, shutting down"),
        next_step=f"see who is the primary: {_CLUSTER}",
    ),
    Cause(
        id="cloudnative-pg-switchover",
        means="it was the primary, and waits for the switchover to end",
        gravity=Gravity.PASSES,
        signs=log(r"This is an old primary instance, waiting for the switchover", r"^Switchover in progress"),
        next_step=f"see which instance is to be the primary: {_CLUSTER}",
    ),
    Cause(
        id="cloudnative-pg-isolated",
        means="it reaches neither the Kubernetes API nor another instance, and lets itself be restarted for that",
        gravity=Gravity.PASSES,
        since="1.27",
        signs=log(r"[Ii]solation check", r"liveness check failed"),
        next_step=f"see whether the API answers in its namespace: {LOGS}",
    ),
)
