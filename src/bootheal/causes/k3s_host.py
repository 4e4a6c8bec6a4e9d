"""What k3s ends with, or complains of, that is its host's: certificates, the kernel, the network.

Texts: lines of its journal.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.daemons import DAEMONS
from bootheal.causes.files import FILES
from bootheal.causes.signs import unit

HOST: tuple[Cause, ...] = (
    # --- certificates and the clock: crypto/x509; k3s#6152, #5163 --------------------------------------
    Cause(
        id="k3s-clock-behind",
        means="this machine's clock is wrong: it is before what a certificate, or k3s itself, takes for possible",
        gravity=Gravity.PASSES,
        signs=unit(
            r"x509: certificate has expired or is not yet valid: current time \S+ is before",
            "server time isn't set properly: ",  # pkg/cli/cmds of k3s, before 1980: k3os#554
        ),
        next_step="timedatectl shows whether the clock is synchronised; where it is right again: systemctl restart k3s",
        restart_helps=True,
    ),
    Cause(
        id="k3s-certificate-expired",
        means="a certificate has expired",
        gravity=Gravity.PERSON,
        signs=unit("x509: certificate has expired", "failed to load certificate: the certificate has expired"),
        next_step="where the clock is right (timedatectl): systemctl restart k3s renews what expires; else "
        "k3s certificate rotate, then systemctl start k3s",
        restart_helps=True,
    ),
    # crypto/x509's HostnameError: microk8s#1265; webhooks' and registries' are told of where those are
    Cause(
        id="k3s-certificate-names",
        means="a certificate of the API server does not have the name or address by which it is asked: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"x509: certificate is valid for .*, not \S+"),
        next_step="ip -br address; give the machine its former address, or name the new one by tls-san in "
        "/etc/rancher/k3s/config.yaml, and systemctl restart k3s; of microk8s: microk8s refresh-certs -e server.crt",
    ),
    # k3s#411: data and certificates of two installations, or of two restores
    Cause(
        id="k3s-certificate-unknown",
        means="its certificates are not of one authority, as where some were restored and others made anew: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"server https://\S+ is not trusted: .*signed by unknown authority",
            r"CA cert validation failed: .*signed by unknown authority",
        ),
        next_step="restore /var/lib/rancher/k3s/server/tls and cred from one backup; agents: remove "
        "/var/lib/rancher/k3s/agent/*.crt and restart k3s",
    ),
    *FILES,
    # --- the kernel: k3s#2547, #8015, flannel#1306; rke#642: modules of a kernel that an upgrade has removed
    Cause(
        id="kernel-modules-missing",
        means="the kernel that runs has no module for what is asked of it, as after its upgrade: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "flannel exited: operation not supported",
            "failed to create vxlan device: operation not supported",
            "ipset: kernel error received",
            "Could not fetch rule set generation id: (?!Permission denied)",
            r"can't initialize iptables table .*Table does not exist",
            r"iptables v\S+ .*(?:Couldn't find match|Couldn't load (?:match|target)|CHAIN_ADD failed \(No such file)",
            r"Module (?:ip_tables|iptable_\w+|nf_\w+|xt_\w+|vxlan|veth|wireguard) not found in directory",
            "bridge-nf-call-iptables: no such file",  # br_netfilter
            "wireguard interface: operation not supported",
            "pair interfaces: operation not supported",
        ),
        next_step="uname -r; ls /lib/modules: where the two differ, reboot; else install the modules "
        "(linux-modules-extra of this kernel), and modprobe vxlan",
    ),
    Cause(
        id="k3s-iptables-missing",
        means="the program by which it sets its firewall rules is not there: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r'(?:F\d{4} |level=fatal).*exec: \\?"(?:ip6?tables|ipset)\\?": executable file not found'),
        next_step="apt-get install iptables ipset, then systemctl restart k3s",
    ),
    # iptables(8): another program holds /run/xtables.lock while it sets its own
    Cause(
        id="firewall-rules-locked",
        means="another program was setting firewall rules while it was to set its own: {said}",
        gravity=Gravity.PASSES,
        signs=unit("Another app is currently holding the xtables lock"),
        next_step="it is started again; where it lasts: fuser -v /run/xtables.lock",
        restart_helps=True,
    ),
    # iptables-nft, to which rules of nft's own are unreadable; kube-router#1777, k3s#11493
    Cause(
        id="foreign-firewall-rules",
        means="another program's firewall rules are such that k3s cannot read its own beside them: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"is incompatible, use 'nft' tool", "iptables.* Error: cmp sreg undef"),
        next_step="nft list ruleset shows whose they are (a VPN, a firewall): let them have a table of their own; then "
        "systemctl restart k3s; or k3s --disable-network-policy",
    ),
    # flannel pkg/ip.EnsureV4AddressOnLink: what an earlier network of pods, or another plugin, has left
    Cause(
        id="flannel-link-left",
        means="flannel's interface is left from an earlier pod network, with other addresses: {said}",
        gravity=Gravity.PERSON,
        signs=unit("link has incompatible addresses"),
        next_step="ip -d address show flannel.1; ip link delete flannel.1, then systemctl restart k3s: it makes one",
        restart_helps=True,
    ),
    # flannel pkg/ip.FromIP6Net; k3s#6969, #9569
    Cause(
        id="k3s-no-ipv6",
        means="its pod network has IPv6, and the node has no IPv6 address: flannel ends with a panic",
        gravity=Gravity.PERSON,
        signs=unit(r"flannel/pkg/ip\.FromIP6Net"),
        next_step="ip -6 address; give the machine its IPv6 address back (or name both by --node-ip)",
    ),
    # --- the kernel: kubernetes 1.35 (KEP-5573), k3d#853 ----------------------------------------------------------
    Cause(
        id="kubelet-cgroup-v1",
        means="this kubelet does not run on cgroup v1, which this machine has",
        gravity=Gravity.PERSON,
        signs=unit("configured to not run on a host using cgroup v1"),
        next_step="boot with systemd.unified_cgroup_hierarchy=1; until then a kubelet drop-in with failCgroupV1: false",
        since="1.35",
    ),
    Cause(
        id="k3s-memory-cgroup",
        means="this kernel offers it no memory cgroup",
        gravity=Gravity.PERSON,
        signs=unit("failed to find memory cgroup"),
        next_step="boot with cgroup_enable=memory cgroup_memory=1",
    ),
    Cause(
        id="k3s-cpuset-cgroup",
        means="this kernel offers it no cpuset cgroup",
        gravity=Gravity.PERSON,
        signs=unit("failed to find cpuset cgroup"),
        next_step="boot with cgroup_enable=cpuset, or upgrade k3d, which knows cgroup v2 since 5.1",
    ),
    *DAEMONS,
    # --- the network -------------------------------------------------------------------------------
    # net.Listen: a file that a service of before has left is taken away by who starts; one that is listened at is not
    Cause(
        id="k3s-socket-taken",
        means="another process listens at its socket, as a second containerd or Docker does: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"listen unix \S+: bind: address already in use"),
        next_step="ss -lxp shows which",
    ),
    Cause(
        id="k3s-port-taken",
        means="another process has its port",
        gravity=Gravity.PERSON,
        signs=unit("bind: address already in use"),
        next_step="ss -ltnp shows which",
    ),
    # k0s#3202
    Cause(
        id="k3s-address-missing",
        means="this machine does not have the address that it is to use, or not yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit(
            "bind: cannot assign requested address",
            # k3s#3070, as in WSL and after another lease of DHCP
            "failed to find interface with specified node ip",
            r"node IP: \S+ not found in the host's network interfaces",
        ),
        next_step="ip -br address; give the machine that address, or correct node-ip and bind-address in "
        "/etc/rancher/k3s/config.yaml",
        restart_helps=True,
    ),
    # flannel-iface, node-ip: as where the kernel names its interfaces anew, or a VPN comes later
    Cause(
        id="k3s-interface-missing",
        means="the network interface that it is to use is not there, or not yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit("no such network interface", "failed to find (?:the )?interface", r"unable to find interface \S+"),
        next_step="ip -br link; correct flannel-iface in /etc/rancher/k3s/config.yaml, or start what makes "
        "it (a VPN) before k3s",
        restart_helps=True,
    ),
    Cause(
        id="k3s-no-route",
        means="this machine has no network yet: no default route",
        gravity=Gravity.PASSES,
        signs=unit(
            "no default routes found",
            "unable to select an IP from default routes",
            "unable to find suitable network address",
            "unable to find default route",  # flannel pkg/ip
        ),
        next_step="ip route; systemctl status systemd-networkd NetworkManager",
        restart_helps=True,
    ),
)
