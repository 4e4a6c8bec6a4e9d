"""What k3s ends with, or complains of, that is its host's: certificates, the kernel, kubelet, containerd, network.

Texts: lines of its journal.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import unit

HOST: tuple[Cause, ...] = (
    # --- certificates and the clock: crypto/x509; k3s#6152, #5163 --------------------------------------
    Cause(
        id="k3s-clock-behind",
        means="a certificate is not valid yet by this machine's clock: the clock is wrong",
        gravity=Gravity.PASSES,
        signs=unit(r"x509: certificate has expired or is not yet valid: current time \S+ is before"),
        next_step="timedatectl shows whether the clock is synchronised; where it is right again: systemctl restart k3s",
        restart_helps=True,
    ),
    Cause(
        id="k3s-certificate-expired",
        means="a certificate has expired",
        gravity=Gravity.PERSON,
        signs=unit("x509: certificate has expired"),
        next_step="where the clock is right (timedatectl): systemctl restart k3s renews what expires; else "
        "k3s certificate rotate, then systemctl start k3s",
        restart_helps=True,
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
    Cause(
        id="k3s-file-missing",
        means="a file that it needs is not there: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"(?:level=fatal|command failed|error: unable to load).*"
            r"open /(?:var/lib/rancher|etc/rancher|etc/kubernetes|var/lib/kubelet)/\S+: no such file or directory"
        ),
        next_step="see that its disk is mounted (findmnt /var/lib/rancher), and restore the file from a backup",
    ),
    # --- the kernel: k3s#2547, #8015, flannel#1306; rke#642: modules of a kernel that an upgrade has removed
    Cause(
        id="kernel-modules-missing",
        means="the kernel that runs has no module for what is asked of it, as after its upgrade: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "flannel exited: operation not supported",
            r"can't initialize iptables table .*Table does not exist",
            r"iptables v\S+ .*(?:Couldn't find match|Couldn't load (?:match|target)|CHAIN_ADD failed \(No such file)",
            r"Module (?:ip_tables|iptable_\w+|nf_\w+|xt_\w+|vxlan|veth) not found in directory",
            "pair interfaces: operation not supported",
        ),
        next_step="uname -r; ls /lib/modules: where the two differ, reboot; else install the modules "
        "(linux-modules-extra of this kernel), and modprobe vxlan",
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
    # flannel pkg/ip.FromIP6Net; k3s#6969, #9569
    Cause(
        id="k3s-no-ipv6",
        means="its pod network has IPv6, and the node has no IPv6 address: flannel ends with a panic",
        gravity=Gravity.PERSON,
        signs=unit(r"flannel/pkg/ip\.FromIP6Net"),
        next_step="ip -6 address; give the machine its IPv6 address back (or name both by --node-ip)",
    ),
    # --- the kernel: field-notes N4; k3d#853 ----------------------------------------------------------
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
    # --- its kubelet and its containerd --------------------------------------------------------------
    # kubernetes#118371
    Cause(
        id="kubelet-checkpoint-corrupt",
        means="the kubelet's record of what it gave to pods is damaged: {said}",
        gravity=Gravity.PERSON,
        signs=unit("could not restore state from checkpoint", "checkpoint is corrupted"),
        next_step="move the file that it names out of the way (/var/lib/kubelet/*_manager_state), and start k3s",
    ),
    # systemd had not set the cgroup of pods up yet, or takes a controller away again: it succeeds when it is started
    # again, or after a reboot; kubernetes#122955, #43856, typhoon#712; kubernetes#71704
    Cause(
        id="kubelet-cgroups",
        means="the kubelet could not set up what it counts pods by, and ended: {said}",
        gravity=Gravity.PASSES,
        signs=unit(
            "failed to initiali[sz]e top level QOS containers",
            r"failed to get rootfs info: (?:unable to find data in memory cache|failed to get device for dir)",
        ),
        next_step="it is started again; where that does not help, reboot; cat /sys/fs/cgroup/cgroup.controllers",
        restart_helps=True,
    ),
    # a mount point with a space in it: k3s#4483
    Cause(
        id="kubelet-mount-table",
        means="the kubelet does not understand this machine's table of mounts: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"wrong number of fields \(expected 6, got \d+\)"),
        next_step="awk 'NF != 6' /proc/mounts shows the mount that it cannot read; unmount it, or give it another name",
    ),
    Cause(
        id="kubelet-unprivileged",
        means="the kubelet may not set what it needs of the kernel, as in a container without privileges: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"open /proc/sys/(?:kernel|vm)/\w+: (?:permission denied|read-only file system)"),
        next_step="run its container privileged, or give it --kubelet-arg=feature-gates=KubeletInUserNamespace=true",
    ),
    # k3s#4356, kubelet#21
    Cause(
        id="containerd-orphans",
        means="containerd has a dead container whose sandbox is gone, and the kubelet ends over it: {said}",
        gravity=Gravity.PERSON,
        signs=unit("failed to build map of initial containers from runtime"),
        next_step="while k3s starts: k3s crictl ps -a, then k3s crictl rm the container of that sandbox; or "
        "k3s-killall.sh, and systemctl start k3s",
    ),
    # --protect-kernel-defaults; deckhouse#335
    Cause(
        id="kubelet-kernel-flags",
        means="the kernel's settings are not those that the kubelet insists on: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"invalid kernel flag: "),
        next_step="set what it names in /etc/sysctl.d/90-kubelet.conf (sysctl --system), or take "
        "protect-kernel-defaults out of its configuration",
        restart_helps=True,
    ),
    # kubelet pkg/cri/remote: containerd listens before its plugin for it is loaded, and without it; microk8s#423
    Cause(
        id="runtime-without-cri",
        means="the container runtime does not know what the kubelet asks it (CRI): its plugin is not loaded yet, was "
        "switched off, or could not be loaded: {said}",
        gravity=Gravity.PASSES,
        signs=unit(r"unknown service runtime\.v1(?:alpha2)?\.RuntimeService"),
        next_step="where it lasts: ctr plugins ls | grep cri; see disabled_plugins in the configuration of containerd",
        restart_helps=True,
    ),
    Cause(
        id="kubelet-swap",
        means="the kubelet refuses to run while swap is on",
        gravity=Gravity.PERSON,
        signs=unit("running with swap on is not supported"),
        next_step="swapoff -a and /etc/fstab, or kubelet-arg fail-swap-on=false",
    ),
    # k3s#11973, containerd#10848; fixed in containerd 2.0.4
    Cause(
        id="containerd-state-damaged",
        means="its containerd cannot read what it ran before: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "failed to recover state: ",
            "failed to get metadata for stored sandbox",
            r"containerd.*(?:metadata|meta\.db|bolt).*(?:invalid|corrupt|file size too small|timeout)",
        ),
        next_step="upgrade k3s (containerd 2.0.4 has the cure); moving /var/lib/rancher/k3s/agent/containerd away "
        "makes it pull all images anew",
    ),
    # pkg/agent/containerd of k3s; k3s#5669: its meta.db was damaged by the reboot
    Cause(
        id="containerd-ends",
        means="its containerd ends as soon as it is started: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"^containerd: exit status \d+", r"containerd exited: exit status \d+"),
        next_step="tail -n 50 /var/lib/rancher/k3s/agent/containerd/containerd.log says why; where its meta.db is "
        "damaged, moving /var/lib/rancher/k3s/agent/containerd away makes it pull all images anew",
        restart_helps=True,
    ),
    Cause(
        id="containerd-snapshotter",
        means="the file system of its containerd is not one that it can use: {said}",
        gravity=Gravity.PERSON,
        signs=unit("snapshotter cannot be enabled for"),
        next_step="k3s --snapshotter=native, or see that the right disk is mounted at /var/lib/rancher",
    ),
    Cause(
        id="containerd-socket",
        means="containerd's socket is missing",
        gravity=Gravity.HEALED,
        signs=unit("containerd.sock: connect: no such file"),
        next_step="where it lasts: systemctl restart k3s",
        restart_helps=True,
    ),
    # k3s v1.21.2 after a power cut, a slow disk: for a hundred seconds it took up the tasks of before. A restart of k3s
    # would only begin that again.
    Cause(
        id="containerd-loads",
        means="containerd takes up what ran before, and does not listen yet",
        gravity=Gravity.PASSES,
        signs=unit("containerd.sock: connect: connection refused"),
        next_step="where it lasts: tail -n 50 /var/lib/rancher/k3s/agent/containerd/containerd.log",
    ),
    # --- the network -------------------------------------------------------------------------------
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
        means="this machine does not have the address that it is to listen on, or not yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit("bind: cannot assign requested address"),
        next_step="ip -br address; give the machine that address, or correct node-ip and bind-address in "
        "/etc/rancher/k3s/config.yaml",
        restart_helps=True,
    ),
    Cause(
        id="k3s-no-route",
        means="this machine has no network yet: no default route",
        gravity=Gravity.PASSES,
        signs=unit(
            "no default routes found",
            "unable to select an IP from default routes",
            "no such network interface",
            "failed to find (?:the )?interface",
            "unable to find suitable network address",
            "unable to find default route",  # flannel pkg/ip
        ),
        next_step="ip route; systemctl status systemd-networkd NetworkManager",
        restart_helps=True,
    ),
)
