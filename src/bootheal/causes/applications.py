"""What applications say of what a cut of power has left them, of their files, ports, charts and certificates.

Texts: rack, Rails, celery, httpd, gunicorn, repmgr, helm, nginx, HAProxy, Envoy, Felix.
"""

from dataclasses import replace

from bootheal.causes.application_data import DATA
from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.clients import CLIENTS, NAMES
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import EADDRINUSE, IN_EARNEST, log

EACCES = "[Pp]ermission denied"

# Not a device, nor what the kernel has, nor a socket.
_FILE = r"/(?!(?:dev|proc|sys|run|var/run)/)"

# A process of a container often has the number that its namesake had in the one before.
PID_FILE = Cause(
    id="pid-file-left",
    means="it takes the pid file of its former life for another process of its own",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(
        r"A server is already running(?:\. Check \S+\.pid|\s\(pid: \d+, file: )",
        r"^ERROR: Pidfile \(\S+\) already exists",
        r"(?:^|: )httpd \(pid\s+\d+\) already running",
        r"The \w+ is already running under PID \d+",  # Airflow's
        r"Already running on PID \d+ \(or pid file '[^']+' is stale\)",
    ),
    next_step="where the file lies in an emptyDir: kubectl -n {namespace} delete pod {name}; on a volume: remove it "
    "there; for good, let its command remove it before it starts",
)

# An emptyDir outlives a reboot, and the init container that fills it runs once more: argo-helm#3709, argo-cd#26595
FILES = Cause(
    id="files-of-its-former-life",
    means="it ends over a file that it has made itself before the reboot, where nothing may be yet: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(
        r"^(?:/\S*/)?(?:ln|mkdir|mkfifo|mknod): .*: File exists$",
        r"^(?:/\S*/)?cp: (?:cannot|can't) create .*: File exists$",
    ),
    next_step="where it lies in an emptyDir: kubectl -n {namespace} delete pod {name}; for good, let its command "
    "overwrite what is there (ln -sf, mkdir -p, cp -f)",
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
    next_step="helm list --all --all-namespaces; helm -n NAMESPACE rollback RELEASE; where it never was installed: "
    "kubectl -n NAMESPACE delete secret -l owner=helm,name=RELEASE,status=pending-install",
)

# The same where what the chart makes is not what there is; k3s#6869, #14283: after an upgrade of k3s
HELM_REFUSED = Cause(
    id="helm-chart-refused",
    means="Helm cannot put its chart over what there is in the cluster: {said}",
    gravity=Gravity.PERSON,
    signs=log(
        r"FAILED: .*exists and cannot be imported into the current release",
        r"FAILED: .*has no deployed releases",
        r"FAILED: cannot patch .*(?:field is immutable|is invalid: )",
        r"FAILED: .* from current release manifest: .*no matches for kind",
    ),
    next_step="helm list --all --all-namespaces; give what it names Helm's labels and annotations, or delete it so "
    "that it is made anew; k3s tries again after: kubectl -n kube-system delete job helm-install-NAME",
)

# As of k3s' traefik, whose kinds come by a chart of their own; or of a chart that is older than the cluster
HELM_KINDS = Cause(
    id="helm-chart-kinds-missing",
    means="Helm's chart has objects of kinds that the cluster does not have, or not yet: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(r"FAILED: .*(?:no matches for kind|resource mapping not found for name)"),
    next_step="k3s tries again by itself; where it lasts, compare with: kubectl api-resources; the chart that brings "
    "the kind is missing, or this one is too old for the cluster",
)

# helm.sh/helm pkg/getter, pkg/repo; programs of all kinds begin with "Error: " what they fetch in vain
CHART_AWAY = Cause(
    id="helm-chart-not-had",
    means="Helm does not get its chart: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        r"^Error: (?:INSTALLATION|UPGRADE) FAILED: (?:Get \"https?://|failed to (?:fetch|download) )",
        r"^Error: (?:\w+ FAILED: )?looks like \"\S+\" is not a valid chart",
        r"^Error: failed to (?:fetch https?://\S+ : \d|download \"\S+\" (?:at version |\())",
    ),
    next_step="see that the machine reaches the chart's repository; k3s' own charts lie in "
    "/var/lib/rancher/k3s/server/static/charts, from where k3s serves them",
)

# rancher/local-path-provisioner main.go
LOCAL_PATH = Cause(
    id="local-path-configuration",
    means="the provisioner of local-path cannot read its configuration: {said}",
    gravity=Gravity.PERSON,
    signs=log(r"level=fatal msg=\"Error starting daemon: (?:invalid \w+ |fail to load config file)"),
    next_step="kubectl -n kube-system get configmap local-path-config -o yaml; k3s writes it when it starts",
)

# bind(2) as Go, nginx, Node.js, Python and Java word it: with hostNetwork the port is one of the node's, which another
# unit or container of Docker's may have taken first in this boot.
PORT = Cause(
    id="port-taken",
    means="another process has the port that it is to listen on: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        r"listen (?:tcp|udp)\S* \S*:\d+: bind: address already in use",
        rf"bind\(\) to \S+ failed \(98: {EADDRINUSE}\)",
        rf"cannot bind (?:UNIX )?socket \({EADDRINUSE}\) ",  # HAProxy
        "listen EADDRINUSE: address already in use",
        rf"\[Errno 98\] (?:error while attempting to bind on address|{EADDRINUSE})",
        "java\\.net\\.BindException: Address already in use",
        r"\b[Pp]ort \d+ is already in use\b",  # ingress-nginx
        rf"failed to (?:create|bind) listening socket for .*: {EADDRINUSE}",  # dnsmasq
    ),
    next_step="where the pod has hostNetwork: ss -ltnp on its node, docker ps; else a former process of its own has it",
)

# klipper-lb, kube-proxy, flannel and CNI plugins' own pods, which change the node's rules
MODULES = Cause(
    id="pod-kernel-modules",
    means="the kernel that runs has no module for the firewall rules that it is to make, as after its upgrade: {said}",
    gravity=Gravity.PERSON,
    signs=log(
        r"can't initialize ip6?tables table .*Table does not exist",
        r"iptables v\S+ .*(?:Couldn't find match|Couldn't load (?:match|target))",
        "failed to create vxlan device: operation not supported",
        "Failed to check br_netfilter: ",
        "ensure IPVS kernel modules are loaded|can't use the IPVS proxier: ",  # kube-vip#475, kube-proxy
    ),
    next_step="on its node: uname -r; ls /lib/modules: where the two differ, reboot; else modprobe ip_tables "
    "iptable_filter iptable_nat vxlan br_netfilter",
)

# Felix, kube-proxy: systemd's own sysctl.d sets the first to 2 ("loose") since 2012
SETTINGS = Cause(
    id="pod-kernel-settings",
    means="a setting of the node's kernel is not as it needs it, or may not be set: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(
        "Kernel's RPF check is set to 'loose'",
        r"^F\d{4} .*open /proc/sys/net/\S+: (?:permission denied|read-only file system)",
    ),
    next_step="on the node: sysctl -w net.ipv4.conf.all.rp_filter=1, and for good in /etc/sysctl.d; of what may not be "
    "set: give the node its privileges, or set it on the host",
)

# A share whose server was away, a FUSE daemon that has ended: minio#9674
STALE = Cause(
    id="application-mount-stale",
    means="a volume of it is a mount whose other end is gone: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log("[Ss]tale (?:NFS )?file handle", r"/[^\s/:]{1,80}: [Tt]ransport endpoint is not connected"),
    next_step="see that its server is up; then kubectl -n {namespace} delete pod {name}; where it comes again, on the "
    "node: findmnt; umount -l PATH",
)

# EMFILE, ENFILE, of open(2), accept(2) and inotify_init(2): promtail and kubectl logs in k3d's nodes
FILES_USED_UP = Cause(
    id="application-files-used-up",
    means="it may open no more files, connections or inotify instances, by its own limit or its node's: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(rf"{IN_EARNEST}.*(?:[Tt]oo many open files|No file descriptors available)"),
    next_step="on the node: sysctl fs.inotify.max_user_instances=1024 fs.file-nr, and for good in /etc/sysctl.d; "
    "systemctl show k3s containerd -p LimitNOFILE; else see what it holds open",
)

# rabbit's cookie, mongod's keyFile: fsGroup gives the group rights to what a volume has, at each start
KEY_OPEN = Cause(
    id="application-key-open-to-others",
    means="it does not take a secret file that others may read, too: {said}",
    gravity=Gravity.PERSON,
    signs=log(
        "[Cc]ookie file .* must be accessible by owner only", r"permissions on /\S+ are too open(?!, please use)"
    ),
    next_step="let it belong to the user that it runs as, with mode 0400: defaultMode of the Secret's volume, or chmod "
    "600 in an init container; fsGroup gives the group rights to it at each start",
)

# OpenSSL and crypto/tls, by nginx, HAProxy, Envoy, controllers' webhooks, Node.js, Python
CERTIFICATE = Cause(
    id="application-certificate-unusable",
    means="a certificate or key that it needs is not there, or cannot be read: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,  # whoever makes it may have been late
    signs=log(
        r"\[emerg\] .*cannot load certificate(?: key)? \"",
        "unable to (?:stat|load) SSL (?:certificate|private key)",
        rf"{IN_EARNEST}.*\bopen /\S+\.(?:crt|cert|pem|key): no such file or directory",
        rf"{IN_EARNEST}.*tls: (?:failed to find any PEM data in |private key does not match public key)",
        "KEY_VALUES_MISMATCH|key values mismatch",
        "Failed to load (?:incomplete )?(?:certificate chain|certificate|private key) from ",
        rf"{IN_EARNEST}.*[Nn]o such file or directory(?:, open|:) '/\S+\.(?:crt|cert|pem|key)'",
    ),
    next_step="see its Secret, and who writes it: kubectl -n {namespace} get certificates.cert-manager.io,secrets; "
    + DESCRIBE_POD,
)

# Redis, Grafana, MySQL, MongoDB, RabbitMQ, Elasticsearch; Node.js, Python, Go. A disk that was mounted anew, or a
# directory that the kubelet has made where it was not mounted, is root's.
DENIED = Cause(
    id="application-files-denied",
    means="its user may not read or write a file or directory that it needs: {said}",
    gravity=Gravity.PERSON,
    signs=log(
        rf"Can't open (?:or create )?(?:the )?append[- ]only (?:file|dir) .*: {EACCES}",
        r"^GF_PATHS_\w+='[^']+' is not writable\.",
        r"^mkdir: (?:can't|cannot) create directory .*: (?:Permission denied|Operation not permitted)$",
        r"\[ERROR\].*(?:Errcode:|OS errno|error number) 13\b",
        r"Attempted to create a lock file on a read-only directory",
        r"^(?:/\S*/)?touch: .*: Permission denied$",  # Jenkins' image
        r"\[emerg\] .*\(13: Permission denied\)",  # nginx
        r"WiredTiger error.*(?:Operation not permitted|Permission denied)",
        r"\[InnoDB\] .*must be writable",
        rf"Fatal error loading the DB: {EACCES}",  # Redis
        rf"(?:filesystem_error.*|errno: 13, strerror): {EACCES}",  # ClickHouse
        r"Unable to use the drive \S+: drive access denied",  # MinIO
        r"\.erlang\.cookie['\"]?: eacces",
        r"java\.nio\.file\.AccessDeniedException: /\S+",
        rf"EACCES: permission denied, \w+ '{_FILE}",
        rf"PermissionError: \[Errno 13\] Permission denied: '{_FILE}",
        rf"\b(?:open|mkdir|create|unlink|rename|chdir) \"?{_FILE}[^\s\"]*\"?: permission denied",
    ),
    next_step="see that the disk of its volume is mounted, and whose the files are: " + DESCRIBE_POD + "; give them to "
    "the user that it runs as: fsGroup in the pod's securityContext, or chown -R",
)

# nginx src/core/ngx_conf_file.c, ngx_log_error: it names the place; a name that is not found is a cause of its own
NGINX = Cause(
    id="nginx-configuration",
    means="nginx does not take its configuration: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,  # it may have been corrected since it last began
    signs=log(r"\[emerg\] (?:\d+#\d+: )?(?!host not found in ).* in /\S+:\d+$"),
    next_step="correct that line of it (in the ConfigMap, where one is mounted there: kubectl -n {namespace} get "
    "configmaps), then kubectl -n {namespace} delete pod {name}",
)

APPLICATIONS: tuple[Cause, ...] = (
    *DATA,
    PID_FILE,
    FILES,
    *CLIENTS,
    HELM,
    HELM_REFUSED,
    HELM_KINDS,
    CHART_AWAY,
    LOCAL_PATH,
    NAMES,
    MODULES,
    SETTINGS,
    STALE,
    FILES_USED_UP,
    PORT,
    KEY_OPEN,
    CERTIFICATE,
    DENIED,
    NGINX,
)

# In Bitnami's image of PostgreSQL: bitnami/containers#999.
REPMGR: tuple[Cause, ...] = (
    replace(
        PID_FILE,
        id="postgres-repmgr-pid-file",
        signs=log(r'\[ERROR\] PID file "[^"]+" exists and seems to contain a valid PID'),
    ),
)
