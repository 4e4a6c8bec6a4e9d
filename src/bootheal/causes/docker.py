"""What Docker's daemon ends with when it does not start, beneath a k3d cluster. Texts: the journal of docker.service.

moby's daemon/, libnetwork/ and cmd/dockerd; public reports are named beside what they showed.
"""

from bootheal.causes.catalogue import Catalogue
from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.datastores import BOLT_DAMAGE
from bootheal.causes.signs import unit

# Volumes, and what a container has written, lie there: those of k3d's nodes are the cluster.
DATA = "/var/lib/docker"
_COPY = f"keep a copy of {DATA}: the volumes in it are your data; never remove it as a whole"


def _ends(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of what it ends with: while it runs, the same words are of one container, or a warning."""
    last = r"(?:failed to (?:start daemon|start containerd|load listeners)|Error starting daemon|unable to configure)\b"
    return unit(*(f"{last}.*(?:{text})" for text in texts))


DOCKER = Catalogue(
    (
        Cause(
            id="docker-disk-fails",
            means="the disk of Docker fails, or was made read-only: {said}",
            gravity=Gravity.DATA,
            signs=_ends(r"(?:[Rr]ead-only file system|[Ii]nput/output error|[Ss]tructure needs cleaning)$"),
            next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
            consequence_of=("disk-read-only",),
        ),
        Cause(
            id="docker-disk-full",
            means="the disk of Docker is full: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("[Nn]o space left on device"),
            next_step=f"df -h {DATA}; make room on that disk, then systemctl restart docker",
            consequence_of=("disk-full",),
        ),
        # what may be made anew; the same words of another file are of its networks, or of its volumes
        Cause(
            id="docker-build-cache-damaged",
            means="the store of Docker's build cache is damaged, as after a cut of power: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("error creating buildkit instance: "),
            next_step=f"mv {DATA}/buildkit {DATA}/buildkit.old, then systemctl restart docker: it is made anew",
        ),
        # moby#42099, openebs#25
        Cause(
            id="docker-files-damaged",
            means="what Docker notes of its networks, layers or volumes is damaged, as after a cut of power: {said}",
            gravity=Gravity.DATA,
            signs=unit(rf"\bpanic: .*(?:{BOLT_DAMAGE})")
            + _ends(
                rf"metadata database: (?:{BOLT_DAMAGE})",
                ": layer does not exist$",
                "controller instance: invalid database$",
            ),
            next_step=f"{_COPY}; where only its networks are damaged: mv {DATA}/network/files/local-kv.db away",
        ),
        # moby#49291, #20140: cured in 27.5.1 and 28.0
        Cause(
            id="docker-networks-contradict",
            means="Docker has noted a network twice, or its address is taken, and it does not start for that: {said}",
            gravity=Gravity.PERSON,
            signs=_ends(
                "networks have (?:same bridge name|overlapping IPv[46])",
                r"failed to allocate gateway \(\S+\): Address already in use",
            ),
            next_step="upgrade Docker (28.0 has the cure); else, with a copy of it, mv "
            f"{DATA}/network/files/local-kv.db away and systemctl restart docker: networks of your own are then made "
            "anew (docker network create k3d-CLUSTER, docker network connect)",
        ),
        # moby#31546: a VPN whose routes cover all of what it would choose from
        Cause(
            id="docker-no-range",
            means="no addresses are left for Docker's own network, as where the routes of a VPN take all: {said}",
            gravity=Gravity.PERSON,
            signs=_ends(
                "list bridge addresses failed: .*no available network",
                "non-overlapping IPv4 address pool|all predefined address pools have been fully subnetted",
            ),
            next_step='ip route; name a free one: "bip" in /etc/docker/daemon.json, then systemctl restart docker',
        ),
        # moby#46400, x13s-alarm#18, k3s-ansible#53
        Cause(
            id="docker-kernel-modules",
            means="the kernel that runs has no module for what Docker needs of it, as after its upgrade: {said}",
            gravity=Gravity.PERSON,
            signs=_ends(
                r"can't initialize ip6?tables table .*Table does not exist",
                r"iptables v\S+ .*Chain '(?:MASQUERADE|DNAT|REDIRECT)' does not exist",
                r"iptables v\S+ .*(?:Couldn't (?:find|load) (?:match|target)|CHAIN_ADD failed \(No such file)",
                "driver not supported: overlay2|failed to mount overlay: no such device",
                r"missing kernel module\?|No chain/target/match by that name",
                r'creating default "bridge" network: operation not supported',
            ),
            next_step="uname -r; ls /lib/modules: where the two differ, reboot; else install its modules "
            "(linux-modules-extra of this kernel)",
        ),
        # jumpserver#5396, for-linux#1395: nftables' service has begun beside it
        Cause(
            id="docker-chains-left",
            means="Docker meets firewall rules of its own name that another firewall has left: {said}",
            gravity=Gravity.PERSON,
            restart_helps=True,
            signs=_ends(r"failed to create \w+ chain DOCKER\S*: .*(?:Chain already exists|Invalid argument)"),
            next_step="systemctl restart nftables (or firewalld), then systemctl restart docker",
        ),
        Cause(
            id="docker-firewalld",
            means="firewalld refuses Docker its rules: {said}",
            gravity=Gravity.PERSON,
            restart_helps=True,
            signs=_ends("ZONE_CONFLICT: ", "INVALID_IPV: .*is not a valid backend"),
            next_step="systemctl restart firewalld, then systemctl restart docker; of a conflict of zones first: "
            "firewall-cmd --permanent --zone=ZONE --remove-interface=docker0",
        ),
        # moby's profiles/apparmor
        Cause(
            id="docker-apparmor",
            means="Docker cannot load its AppArmor profile: {said}",
            gravity=Gravity.PERSON,
            restart_helps=True,
            signs=_ends("AppArmor enabled on system but the docker-default profile could not be loaded"),
            next_step="systemctl status apparmor; apt-get install apparmor; then systemctl restart docker; in a "
            "container: let it run unconfined",
        ),
        Cause(
            id="docker-storage-driver",
            means="Docker's files are of another storage driver, or their disk is not mounted: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("contains several valid graphdrivers", "prerequisites for driver not satisfied"),
            next_step=f'findmnt --target {DATA}: mount the disk that it lay on; else "storage-driver" in '
            "/etc/docker/daemon.json names the one whose files count; then systemctl restart docker",
        ),
        Cause(
            id="docker-cgroups",
            means="the cgroups that Docker runs its containers in are not mounted: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("cgroup isn't mounted|cgroup mountpoint does not exist"),
            next_step="findmnt --types cgroup,cgroup2; see the kernel's command line: cat /proc/cmdline",
        ),
        Cause(
            id="docker-address-taken",
            means="another process listens where Docker is to listen: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("listen tcp .*bind: address already in use"),
            next_step="ss -ltnp; end the other, then systemctl restart docker",
        ),
        Cause(
            id="docker-address-missing",
            means="Docker is to listen at an address that this machine does not have yet: {said}",
            gravity=Gravity.PASSES,
            restart_helps=True,
            signs=_ends("listen tcp .*bind: cannot assign requested address"),
            next_step="ip addr; systemctl restart docker once it is there; for good: After=network-online.target",
        ),
        Cause(
            id="docker-configuration",
            means="Docker does not understand its configuration: {said}",
            gravity=Gravity.PERSON,
            signs=unit(
                "unable to configure the Docker daemon with file", "unknown flag: |flag provided but not defined"
            ),
            next_step="correct /etc/docker/daemon.json, or the unit (systemctl cat docker): dockerd --validate; then "
            "systemctl restart docker",
        ),
        # for-linux#162
        Cause(
            id="docker-runs-already",
            means="another Docker runs on the same files, or what it has left is taken for one: {said}",
            gravity=Gravity.PERSON,
            restart_helps=True,
            signs=unit(
                r"ensure docker is not running or delete \S+\.pid",
                "pid file found, ensure docker is not running",
                "metadata database: timeout$",
            ),
            next_step="ps -C dockerd (snap list docker); end the other; where there is none: rm /var/run/docker.pid, "
            "then systemctl restart docker",
        ),
        # docker-library#250, moby#48052
        Cause(
            id="docker-containerd-silent",
            means="containerd, which Docker runs its containers by, does not answer: {said}",
            gravity=Gravity.PASSES,
            restart_helps=True,
            signs=_ends("timeout waiting for containerd to start", r"failed to dial \\?\"\S*containerd\S*sock"),
            next_step="where it lasts: systemctl status containerd; journalctl -u containerd -e",
        ),
        Cause(
            id="docker-containerd-missing",
            means="containerd, which Docker runs its containers by, is not installed: {said}",
            gravity=Gravity.PERSON,
            signs=_ends(r"containerd\"?: executable file not found"),
            next_step="install containerd.io (or containerd), then systemctl restart docker",
        ),
        # whoever mounts it into a container before it is there makes a directory of it
        Cause(
            id="docker-socket-a-directory",
            means="where Docker is to make its socket is a directory: {said}",
            gravity=Gravity.PERSON,
            restart_helps=True,
            signs=_ends(r"can't create unix socket \S+: is a directory"),
            next_step="rmdir /var/run/docker.sock, then systemctl restart docker.socket docker",
        ),
        Cause(
            id="docker-socket-missing",
            means="Docker was begun without the socket that its unit promises it: {said}",
            gravity=Gravity.PERSON,
            signs=_ends("no sockets found via socket activation"),
            next_step="systemctl enable --now docker.socket, then systemctl restart docker",
        ),
    )
)
