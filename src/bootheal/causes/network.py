"""Why a pod has no address. Texts: Event FailedCreatePodSandBox as the network plugins word it, flannel's log."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.sandboxes import SANDBOXES, sandbox
from bootheal.causes.signs import log, unit

NETWORK: tuple[Cause, ...] = (
    # k3s#4682, #5885, containernetworking/plugins#252: leases of host-local that a hard stop leaves behind
    Cause(
        id="pod-addresses-used-up",
        means="the node has no pod address left: reservations outlive pods that a power cut has ended",
        gravity=Gravity.PERSON,
        signs=(*sandbox("no IP addresses available in range set"), *unit("no IP addresses available in range set")),
        next_step="compare `ls /var/lib/cni/networks/cbr0` with the pods of this node; then stop k3s with "
        "k3s-killall.sh (it stops every pod), remove the files of addresses that no pod has, and start k3s",
    ),
    # containerd internal/cri/server/sandbox_run.go; k3s#2312, kubernetes#139097
    Cause(
        id="sandbox-name-reserved",
        means="names of lost sandboxes are still reserved",
        gravity=Gravity.HEALED,
        signs=(
            *sandbox("failed to reserve sandbox name", "is reserved for", "pod sandbox with name .* already exists"),
            *unit("is reserved for"),
        ),
        next_step="delete the pod once, its successor has another name: kubectl -n {namespace} delete pod {name}; "
        "where it lasts: systemctl restart k3s",
        restart_helps=True,
    ),
    # flannel main.go and pkg/ipmatch; usernetes#334
    Cause(
        id="flannel-without-interface",
        means="flannel finds no interface of the node that it may use: {said}",
        gravity=Gravity.PASSES,
        signs=log(
            "(?:Failed to find any|Could not find) valid interface (?:to use|matching)",
            "Failed to find interface to use that matches the interfaces",
        ),
        next_step="where it lasts: ip -brief address; compare --iface and the node's InternalIP",
    ),
    # flannel pkg/subnet/kube: the controller manager gives each node its range
    Cause(
        id="node-without-range",
        means="the node has been given no range of pod addresses: {said}",
        gravity=Gravity.PASSES,
        signs=(
            *log(r'node \\?"\S+?\\?" pod cidr not assigned'),
            *unit(r'node \\?"\S+?\\?" pod cidr not assigned'),
        ),
        next_step="where it lasts: kubectl get nodes -o custom-columns=NAME:.metadata.name,RANGE:.spec.podCIDR; delete "
        "nodes that are gone for good (Events: CIDRNotAvailable); without k3s the controller manager needs "
        "--allocate-node-cidrs and --cluster-cidr",
    ),
    # flannel pkg/backend/vxlan: Cilium's, Calico's or a former flannel's interface has the port of UDP, 8472 or 4789
    Cause(
        id="flannel-port-taken",
        means="another vxlan interface of this node has the port of flannel's: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *log(r"failed to set interface \S+ to UP state: address already in use"),
            *unit(r"failed to set interface \S+ to UP state: address already in use"),
        ),
        next_step="ip -d link show type vxlan shows whose it is; where that network plugin is gone: ip link delete "
        "NAME, then systemctl restart k3s",
        restart_helps=True,
    ),
    # flannel#2437, k3s#122
    Cause(
        id="flannel-not-ready",
        means="the pod network is not set up yet",
        gravity=Gravity.PASSES,
        signs=(
            *sandbox("/run/flannel/subnet.env(?:: no such file| is missing )"),
            *unit("/run/flannel/subnet.env: no such file"),
        ),
        next_step="where it lasts: journalctl -u k3s | grep -i flannel",
    ),
    # before those of the network, in whose words its registry is not reached, either
    # containerd internal/cri/server/sandbox_run.go: "failed to get sandbox image %q"
    Cause(
        id="sandbox-image-missing",
        means="the image that each pod begins with is not on the node, and cannot be pulled: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            "failed to get sandbox image",
            "failed to pull (?:and unpack )?(?:sandbox )?image",
            "initializing source docker://",  # CRI-O
        ),
        next_step="let the node reach its registry, or put k3s' airgap images into /var/lib/rancher/k3s/agent/images",
    ),
    # microk8s#5583, #3545: the token of calico-node is a day old
    Cause(
        id="calico-unauthorized",
        means="Calico's token is no longer accepted by the API server",
        gravity=Gravity.PERSON,
        signs=sandbox(r"connection is unauthorized: Unauthorized"),
        next_step="kubectl -n kube-system rollout restart daemonset/calico-node",
        restart_helps=True,
    ),
    # multus-cni#852, #1094: what its pod has written for its plugin is a day old, or of one that is gone
    Cause(
        id="network-plugin-unauthorized",
        means="the API server does not accept the network plugin's token any more: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r"failed \((?:add|delete)\): .*: Unauthorized\b", "Multus: .*: Unauthorized"),
        next_step="restart the network plugin's pods, which write it anew: kubectl get pods -A -o wide; of Multus: "
        "kubectl -n kube-system rollout restart daemonset/kube-multus-ds",
        restart_helps=True,
    ),
    # cilium's ipam, Calico's libcalico-go, whereabouts: they have addresses of their own
    Cause(
        id="network-plugin-addresses",
        means="the network plugin has no address left to give on this node: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            "No more IPs available",
            r"Assigned 0 out of \d+ requested IPv[46] addresses",
            "Could not allocate IP in range",
        ),
        next_step="its pods take back those of pods that are gone when they start; of Cilium: kubectl get ciliumnodes "
        "-o yaml; of Calico: calicoctl ipam check; of whereabouts: kubectl get ippools -A",
        restart_helps=True,
    ),
    Cause(
        id="network-plugin-certificate",
        means="the network plugin does not trust the certificate of the API server, which has changed: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r"failed \((?:add|delete)\): .*https://\S.* x509: "),
        next_step="restart the network plugin's pods, which write its credentials anew: kubectl "
        "-n kube-system get pods -o wide; of Calico: kubectl -n kube-system rollout restart daemonset/calico-node",
        restart_helps=True,
    ),
    Cause(
        id="network-plugin-not-ready",
        means="the network plugin does not serve yet: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(
            "cni plugin not initialized",
            "no networks found in",
            "network is not ready",
            "/var/lib/calico/nodename: no such file",
            # pkg/client of Cilium; cilium#39846, #40459
            "[Cc]ilium.*(?:socket|daemon|agent|connect|timeout exceeded|TooManyRequests)",
            r"error dialing|transport: Error while dialing(?!.*containerd\.sock)",
            r"(?<!containerd)\.sock: connect: ",
            # Multus and OVN-Kubernetes hand on to a daemon of their own; Weave's answers on the node itself
            r"CNI request failed with status \d+: .*(?:timed out waiting|deadline exceeded)",
            r"http://(?:127\.0\.0\.1|localhost):\d+/\S*: dial tcp ",
            "putEndpointIdTooManyRequests",
            "waiting to become leader",
        ),
        next_step="see its pods: kubectl -n kube-system get pods -o wide",
    ),
    # rook#5330, kubernetes#74298: the plugin asks the API server by the address of its Service
    Cause(
        id="network-plugin-cut-off",
        means="the network plugin does not reach the API server, as before kube-proxy has set its rules: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(r"dial tcp \S+:\d+: (?:connect: |i/o timeout)", r"https://\S.*(?:deadline exceeded|timeout)"),
        next_step="where it lasts: journalctl -u k3s -e; kubectl -n kube-system get pods -o wide",
    ),
    Cause(
        id="network-plugin-missing",
        means="a program of the network plugin is not on the node: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r"failed to find plugin \\?\"?\S+\\?\"? in path", "exec format error"),
        next_step="start k3s again: it unpacks its plugins; on other nodes install containernetworking-plugins",
        restart_helps=True,
    ),
    # flannel: the bridge is of another subnet, as after the node was given a new one
    Cause(
        id="bridge-of-another-subnet",
        means="the node's bridge is not the one of its pod network, or has an address of another: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox("already has an IP address different from", "already exists but is not a bridge"),
        next_step="ip link delete cni0, then start k3s again: it makes the bridge anew",
        restart_helps=True,
    ),
    # kubelet network/dns
    Cause(
        id="resolver-file-missing",
        means="the node's resolv.conf is not where the kubelet looks for it: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(r"open \S*resolv\.conf: no such file"),
        next_step="systemctl status systemd-resolved; or k3s --resolv-conf",
    ),
    # plugins/main/bridge: addresses of a family that is switched off; k3s#4683
    Cause(
        id="sandbox-ipv6-off",
        means="the pod network has IPv6, which is switched off on this node: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            r'could not add IP address to \\?"\S+?\\?": permission denied',
            r'failed to add IP addr .+ to \\?"\S+?\\?": permission denied',
        ),
        next_step="sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0, and for good in "
        "/etc/sysctl.d; or give the pod network IPv4 alone",
    ),
    # Calico's dataplane/linux: projectcalico/calico#4109
    Cause(
        id="pod-network-left",
        means="something of a former pod's network is left on the node, and in the way: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(
            "already exists for an interface other than",
            r"(?:veth name|peer) provided \(\S+\) already exists",
            r"has been allocated to \S+, duplicate allocation is not allowed",
        ),
        next_step="kubectl -n {namespace} delete pod {name}: its successor has another sandbox; ip route and ip netns "
        "show what is left",
        restart_helps=True,
    ),
    *SANDBOXES,
)
