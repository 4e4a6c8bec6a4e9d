"""What applications say of what a cut of power has left them, and of names that they do not find.

Texts: rack, Rails, celery, httpd, gunicorn, repmgr, helm; resolvers of several languages.
"""

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

# helm.sh/helm pkg/action: a cut of power in the middle of an upgrade; k3s' klipper-helm; k3s#7863, #377 of kube-hetzner
HELM = Cause(
    id="helm-release-locked",
    means="its Helm release was left in the middle of an upgrade, or has failed, and Helm goes no further: {said}",
    gravity=Gravity.PERSON,
    signs=log(
        r"another operation \(install/upgrade/rollback\) is in progress",
        r"cannot re-use a name that is still in use",
        r"Release status is 'failed' and failure policy is 'abort'",
    ),
    next_step="helm -n {namespace} list --all; helm -n {namespace} rollback RELEASE; where it never was installed: "
    "kubectl -n {namespace} delete secret -l owner=helm,status=pending-install",
)

# getaddrinfo(3) as libc, Node.js, libpq, PHP, Java and Go word it; a name of the cluster is found once its DNS serves.
NAMES = Cause(
    id="name-not-resolved",
    means="it does not find an address for a name: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        r"getaddrinfo (?:EAI_AGAIN|ENOTFOUND) ",
        "[Tt]emporary failure in name resolution",
        "Name or service not known",
        r'could not translate host name "\S+" to address',
        r"java\.net\.UnknownHostException: ",
        r"dial (?:tcp|udp): lookup \S+?(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|read udp )",
    ),
    next_step="kubectl -n kube-system logs deployment/coredns --tail=20; of a Service: kubectl -n {namespace} get "
    "services",
)

APPLICATIONS: tuple[Cause, ...] = (PID_FILE, HELM, NAMES)

# In Bitnami's image of PostgreSQL: bitnami/containers#999.
REPMGR: tuple[Cause, ...] = (
    replace(
        PID_FILE,
        id="postgres-repmgr-pid-file",
        signs=log(r'\[ERROR\] PID file "[^"]+" exists and seems to contain a valid PID'),
    ),
)
