"""What k3s, its etcd or kine, its containerd and its kubelet end with, or complain of. Texts: lines of its journal."""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.datastores import DATASTORES
from bootheal.causes.k3s_host import HOST
from bootheal.causes.signs import unit

K3S: tuple[Cause, ...] = (
    *DATASTORES,
    # pkg/clientaccess, pkg/daemons/agent: who joins asks for the certificates first
    Cause(
        id="k3s-server-unreachable",
        means="the server that it joins does not answer yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit(r"failed to get CA certs: (?:starting|Get (?!.*x509)|\S+/cacerts: 5\d\d )"),
        next_step="see k3s on that server; --server, or K3S_URL in the unit's environment, names it",
    ),
    # --- who it is, what it was given -------------------------------------------------------------------
    # k3s#663, #802
    Cause(
        id="k3s-node-password",
        means="it does not know this node any more (Node password rejected)",
        gravity=Gravity.PERSON,
        signs=unit("Node password rejected"),
        next_step="if no other machine has this name: kubectl -n kube-system delete secret NODE.node-password.k3s",
    ),
    # k3k#278
    Cause(
        id="k3s-token",
        means="its token is not the one that its data was made with",
        gravity=Gravity.PERSON,
        signs=unit(
            "encrypted with different token",
            "token CA hash does not match",
            "failed to normalize (?:server )?token",
            "invalid token CA hash length",
            r"/cacerts: 401 Unauthorized",
            r"(?:bootstrap|local datastore).*cipher: message authentication failed",
            "failed to validate server configuration: not authorized",
        ),
        next_step="give k3s the token it was installed with",
    ),
    # etcd's server/etcdserver/api/membership: an upgrade that was taken back
    Cause(
        id="k3s-older-than-datastore",
        means="its datastore was written by a newer version than this one: {said}",
        gravity=Gravity.PERSON,
        signs=unit("invalid downgrade; server version is "),
        next_step="install the version that ran last (k3s --version; ls -lt /var/lib/rancher/k3s/data), or restore a "
        "snapshot that this one has written",
    ),
    # rke2#4034
    Cause(
        id="k3s-newer-than-datastore",
        means="files on its disk are newer than in its datastore, so that it does not start: {said}",
        gravity=Gravity.PERSON,
        signs=unit("newer than datastore and could cause a cluster outage"),
        next_step="keep a copy of the files that it names, remove them, and start k3s: it makes them anew",
    ),
    # pkg/cluster of k3s: who has restored a snapshot has left --cluster-reset in its configuration
    Cause(
        id="k3s-reset-left-on",
        means="it is still told to reset its cluster, which it has done: {said}",
        gravity=Gravity.PERSON,
        signs=unit("please remove the cluster-reset flag and start "),
        next_step="take cluster-reset and cluster-reset-restore-path out of /etc/rancher/k3s/config.yaml, or ExecStart "
        "of its unit, and start it",
    ),
    # pkg/controller/nodeipam, registry/core/service/ipallocator: k3s#93, #2603, #3489, #3967
    Cause(
        id="k3s-ranges-changed",
        means="its ranges of addresses are not those that the cluster was made with: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"cidr \S+ is out the range of cluster cidr",
            "the provided network does not match the current range",
            r"the provided IP \(\S+\) is not in the valid range",
            r"for service \S+ is not within the service CIDR",
        ),
        next_step="give it back the cluster-cidr and service-cidr that it had (/etc/rancher/k3s/config.yaml, "
        "ExecStart); they cannot be changed once it was started",
    ),
    Cause(
        id="k3s-configuration",
        means="{said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "flag provided but not defined",
            r"unknown (?:shorthand )?flag",
            r"invalid (?:argument|value) .* for (?:flag|\")",
            r"error (?:converting|unmarshaling|parsing) (?:YAML|yaml)",
            "yaml: (?:line|unmarshal)",
            r"unrecognized feature gate",
            "is no longer supported; use ",
            "critical configuration value mismatch",
            r"[Ii]nvalid node ?[Nn]ame",
            # pkg/cli/server, pkg/agent of k3s; strict decoding of what the kubelet is given
            "invalid flag use; ",
            r"invalid (?:cluster-cidr|service-cidr|cluster-dns|port range) ",
            "must share the same IP version",
            "must run as root, or with --rootless",
            "strict decoding error: ",
            "failed to validate kubelet flags: ",
        ),
        next_step="correct what it names, in /etc/rancher/k3s/config.yaml or ExecStart of its unit; of kubeadm: in "
        "/var/lib/kubelet/kubeadm-flags.env or config.yaml",
    ),
    *HOST,
)

# With these it gets no further, whatever it calls them: it says them again and again while its unit starts.
HOLD_UP = frozenset(
    {
        "k3s-node-password",
        "k3s-token",
        "k3s-address-changed",
        "kubelet-cgroup-v1",
        "k3s-memory-cgroup",
        "k3s-cpuset-cgroup",
    }
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(
        Sign(Source.UNIT, "Failed to load kernel module (?:nf_conntrack_ipv4|iptable_\\w+|ip6table_\\w+)"),
        "built in, or not there in newer kernels",
    ),
    Harmless(Sign(Source.UNIT, "failed to check local etcd status for learner management"), "at each start of etcd"),
    Harmless(Sign(Source.UNIT, "apply request took too long"), "a slow disk after a boot; it was done"),
    Harmless(
        Sign(Source.UNIT, "error while range on /registry/health: context canceled"), "a probe that was cut short"
    ),
    Harmless(Sign(Source.UNIT, "Nameserver limits (?:were )?exceeded"), "the first three are used"),
    Harmless(
        Sign(Source.UNIT, r"Failed to set sysctl: |\(running in UserNS, ignoring\)|, disabling OOM events: "),
        "tried in a container, and gone on without: what cannot go on says so once more, and ends",
    ),
    Harmless(
        Sign(Source.UNIT, r"TLS handshake error from \S+: remote error: tls: bad certificate"),
        "a client with a copy of another kubeconfig",
    ),
    Harmless(
        Sign(Source.UNIT, r'level=(?:info|warning).*repair(?:ed|ing) WAL|"repaired"'), "etcd mended a torn last entry"
    ),
)
