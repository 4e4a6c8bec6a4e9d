"""What the kubelet and containerd end with, or complain of, in a process of k3s' or in units of their own.

Texts: lines of the journal.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.datastores import BOLT
from bootheal.causes.signs import unit

# containerd core/metadata, in a unit of its own: containerd#9929
METADATA = Cause(
    id="containerd-metadata-damaged",
    means="the database of the container runtime is damaged: {said}",
    gravity=Gravity.PERSON,
    signs=unit(*BOLT),
    next_step="stop it, and move /var/lib/containerd (of k3s /var/lib/rancher/k3s/agent/containerd) away: it makes a "
    "new one, and pulls all images anew; volumes lie elsewhere",
)

DAEMONS: tuple[Cause, ...] = (
    # cm/node_container_manager_linux.go, cm/cpumanager: as where a virtual machine was given less
    Cause(
        id="kubelet-reservations",
        means="what the kubelet is to keep for itself is more than this machine has, or too little: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "[Ii]nvalid Node Allocatable configuration",
            r"\[cpumanager\] (?:unable to (?:reserve|determine)|the static policy requires)",
            r"\[memorymanager\] you should specify the system reserved memory",
        ),
        next_step="nproc; free -m; correct kube-reserved, system-reserved and the policies of the kubelet (kubelet-arg "
        "in /etc/rancher/k3s/config.yaml)",
    ),
    # kubernetes#118371
    Cause(
        id="kubelet-checkpoint-corrupt",
        means="the kubelet's record of what it gave to pods is damaged, or of a machine with other processors: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "could not restore state from checkpoint",
            "checkpoint is corrupted",
            # cm/cpumanager, cm/memorymanager: this machine has other processors or memory than when it was written
            r"current set of available CPUs .* doesn't match with CPUs in state",
            "the expected machine state is different from the real one",
        ),
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
            r"cgroup-root \[.*\] doesn't exist",
            "cannot enter cgroupv2 .* invalid state",
        ),
        next_step="it is started again; where that does not help, reboot; cat /sys/fs/cgroup/cgroup.controllers",
        restart_helps=True,
    ),
    # dockershim's and cri-dockerd's drivers against the kubelet's: kubeadm#1394
    Cause(
        id="kubelet-cgroup-driver",
        means="the kubelet and Docker count by different cgroup drivers: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"kubelet cgroup driver: .* is different from docker cgroup driver"),
        next_step="let both say systemd: cgroupDriver in /var/lib/kubelet/config.yaml, exec-opts "
        "native.cgroupdriver=systemd in /etc/docker/daemon.json; then restart both",
    ),
    # cm/container_manager_linux.go, cm/helpers_linux.go: a kernel lacks one, or another program has taken it off
    Cause(
        id="kubelet-cgroups-missing",
        means="this machine does not have the cgroups that the kubelet needs: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"[Ff]ollowing Cgroup subsystem not mounted",
            r"cgroups?(?: v2)? controllers? .*not (?:enabled|available)",
            # docker/for-win#13822, kind#3189: in WSL another distribution has mounted the old ones beside the new
            r"cgroup \[.*\] has some missing paths",
        ),
        next_step="cat /sys/fs/cgroup/cgroup.controllers; findmnt -t cgroup,cgroup2; boot with cgroup_enable=memory "
        "cgroup_enable=cpuset cgroup_memory=1 where one is missing; of WSL: kernelCommandLine=cgroup_no_v1=all in "
        ".wslconfig, then wsl --shutdown",
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
        signs=unit(
            r"open /proc/sys/(?:kernel|vm|net/netfilter)/\w+: (?:permission denied|read-only file system)",
            r"open /dev/kmsg: (?:no such file or directory|operation not permitted)",
        ),
        next_step="run its container privileged (of LXC: /dev/kmsg linked to /dev/console), or give it "
        "--kubelet-arg=feature-gates=KubeletInUserNamespace=true",
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
    # client-go's certificate bootstrap, in kubeadm's kubelet: kubeadm#2054
    Cause(
        id="kubelet-certificate-expired",
        means="the kubelet's own certificate has expired while this machine was off, so that it does not start",
        gravity=Gravity.PERSON,
        signs=unit(
            "part of the existing bootstrap client certificate in .* is expired",
            "unable to load bootstrap kubeconfig: ",
        ),
        next_step="kubeadm certs renew all; kubeadm init phase kubeconfig kubelet writes /etc/kubernetes/kubelet.conf "
        "anew where that is moved away before; then systemctl restart kubelet",
    ),
    # client-go: its certificate is of another authority, or its token of another time
    Cause(
        id="kubelet-unauthorized",
        means="the API server does not accept the kubelet's own credentials",
        gravity=Gravity.PASSES,
        signs=unit(
            r'Unable to register node with API server" err="Unauthorized"',
            r'Failed to (?:ensure lease exists|update lease).* err="Unauthorized"',
        ),
        next_step="where it lasts, and the clock is right: rm /var/lib/rancher/k3s/agent/client-kubelet.*; systemctl "
        "restart k3s makes new ones; of kubeadm: kubeadm certs check-expiration",
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
        signs=unit(r"^containerd: exit status \d+", r"containerd exited: (?:exit status \d+|signal: )"),
        next_step="tail -n 50 /var/lib/rancher/k3s/agent/containerd/containerd.log says why; where its meta.db is "
        "damaged, moving /var/lib/rancher/k3s/agent/containerd away makes it pull all images anew",
        restart_helps=True,
    ),
    # containerd cmd/containerd/server, of a unit of its own
    Cause(
        id="containerd-configuration",
        means="containerd does not understand its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"^containerd: (?:failed to load TOML: |invalid disabled plugin URI|expected containerd config version)",
            r"^containerd: .*(?:invalid plugin config|unsupported config version)",
        ),
        next_step="containerd config dump; containerd config migrate; the one that the version brings: containerd "
        "config default",
    ),
    # bbolt, while another containerd has its file open
    Cause(
        id="containerd-waits-for-its-files",
        means="containerd waits for its own database, which another process holds",
        gravity=Gravity.PASSES,
        signs=unit("waiting for response from boltdb open"),
        next_step="where it lasts: ps -C containerd; fuser -v "
        "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
    ),
    Cause(
        id="containerd-snapshotter",
        means="the file system of its containerd is not one that it can use: {said}",
        gravity=Gravity.PERSON,
        signs=unit("snapshotter cannot be enabled for"),
        next_step="k3s --snapshotter=native, or see that the right disk is mounted at /var/lib/rancher",
    ),
    # kubelet's cri-client: a runtime that is a unit of its own; minikube#14789
    Cause(
        id="runtime-away",
        means="the container runtime does not run, or not yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit(
            r"runtime API for endpoint .*dial unix (?!/run/k3s/)\S+\.sock: connect: ",
            "failed to get docker version: .*Cannot connect to the Docker daemon",
            "unable to determine runtime API version: .*code = Unavailable",
            r"failed to connect to CRI: dial unix (?!/run/k3s/)",
        ),
        next_step="systemctl status containerd crio cri-docker --no-pager; of microk8s: snap services "
        "microk8s; systemctl enable --now starts it at each boot",
        restart_helps=True,
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
)
