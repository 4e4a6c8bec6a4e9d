"""What applications say of what a cut of power has left them. Texts: rack, Rails, celery, httpd, gunicorn, repmgr."""

from dataclasses import replace

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import log

# A process of a container often has the number that its namesake had in the one before.
PID_FILE = Cause(
    id="pid-file-left",
    means="it takes the pid file of its former life for another process of its own",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(
        r"A server is already running(?:\. Check \S+\.pid|\s\(pid: \d+, file: )",
        r"^ERROR: Pidfile \(\S+\) already exists",
        r"^httpd \(pid\s+\d+\) already running",
        r"Already running on PID \d+ \(or pid file '[^']+' is stale\)",
    ),
    next_step="where the file lies in an emptyDir: kubectl -n {namespace} delete pod {name}; on a volume: remove it "
    "there; for good, let its command remove it before it starts",
)

APPLICATIONS: tuple[Cause, ...] = (PID_FILE,)

# In Bitnami's image of PostgreSQL: bitnami/containers#999.
REPMGR: tuple[Cause, ...] = (
    replace(
        PID_FILE,
        id="postgres-repmgr-pid-file",
        signs=log(r'\[ERROR\] PID file "[^"]+" exists and seems to contain a valid PID'),
    ),
)
