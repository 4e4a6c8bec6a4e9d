"""What the containers of k3d say when they are in trouble, beyond what k3s says everywhere. Texts: their logs."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import unit

LOADBALANCER: tuple[Cause, ...] = (
    # k3d#1393, #947
    Cause(
        id="k3d-nginx-pid",
        means="its nginx was reloaded before it had started",
        gravity=Gravity.HEALED,
        signs=unit('invalid PID number "" in'),
        next_step="docker restart of this container alone helps",
        restart_helps=True,
    ),
    # nginx ends with this "[emerg]"
    Cause(
        id="k3d-upstream-unknown",
        means="it cannot resolve the name of a node, which does not run or is not on the cluster's network",
        gravity=Gravity.PASSES,
        signs=unit("host not found in upstream"),
        next_step="docker ps -a --filter label=app=k3d; docker network inspect",
    ),
    # confd of k3d-proxy: its template is away
    Cause(
        id="k3d-proxy-configuration",
        means="it does not understand its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"\[emerg\].*(?:unknown directive|no \"events\" section|unexpected)",
            "nginx: configuration file .* test failed",
        ),
        next_step="docker logs --tail=50 of this container shows the line; k3d cluster edit writes it anew",
    ),
)

# What one says that runs, of the connections that it is to make.
BALANCING: tuple[Cause, ...] = (
    # nginx, ngx_event_connect.c; dockerd killed without a reboot leaves the old network namespaces for a minute
    Cause(
        id="k3d-upstream-refused",
        means="it gets no connection to the API server in its container: {said}",
        gravity=Gravity.PASSES,
        signs=unit(
            r"connect\(\) failed .* while connecting to upstream", r"upstream timed out .* connecting to upstream"
        ),
        next_step="docker logs --tail=50 of the server's container; if k3s listens there, docker restart this one",
    ),
)

NODE: tuple[Cause, ...] = (
    # moby libnetwork: k3d#181
    Cause(
        id="k3d-port-taken",
        means="a port of this machine that it wants is taken: {said}",
        gravity=Gravity.PERSON,
        signs=unit("port is already allocated", "Ports are not available", "userland proxy: .*address already in use"),
        next_step="ss -ltnp and docker ps show who has it; end that, then k3d cluster start",
    ),
    # moby libnetwork/ipam: its container has a fixed address, which another one was given first
    Cause(
        id="k3d-address-taken",
        means="another container has its address on the cluster's network: {said}",
        gravity=Gravity.PERSON,
        signs=unit("^(?:.*: )?Address already in use$"),
        next_step="docker network inspect k3d-CLUSTER shows whose; disconnect that, then k3d cluster start",
    ),
    # moby: the network was removed while it was stopped
    Cause(
        id="k3d-network-missing",
        means="the network of the cluster is not there any more: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"(?:^|: )network [\w.-]+ not found$"),
        next_step="docker network create k3d-CLUSTER, docker network connect for each of its containers, then k3d "
        "cluster start",
    ),
    # moby libnetwork: what a hard stop leaves in its store; moby#20398, #23302
    Cause(
        id="k3d-endpoint-left",
        means="Docker believes that it is still connected to the cluster's network: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"endpoint with name \S+ already exists"),
        next_step="docker network disconnect -f NETWORK CONTAINER, then k3d cluster start",
    ),
    # moby daemon/graphdriver/overlay2, its layer store: breeze#31
    Cause(
        id="k3d-layers-broken",
        means="Docker cannot put the file system of its container together: parts of it are not there, or this kernel "
        "does not join them: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"error creating overlay mount to \S+: ",
            r"(?:stat|lstat|open|readlink|mkdir) /var/lib/docker/(?:overlay2|image|containers)/\S+: no such file",
        ),
        next_step="dmesg | tail shows why; save what its volumes hold (docker inspect CONTAINER, Mounts) before "
        "anything is removed",
    ),
    # Kong/kubernetes-ingress-controller#5828: a program that was not on the disk at a cut of power
    Cause(
        id="k3d-docker-program",
        means="a program of Docker's cannot be run: it is damaged, or missing: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"fork/exec /\S*(?:docker|containerd|runc)\S*: (?:exec format error|no such file|permission denied)"
        ),
        next_step="install Docker's packages again (apt-get install --reinstall docker-ce containerd.io), then k3d "
        "cluster start",
    ),
    # libnetwork/iptables: firewalld or another program has reloaded the rules beneath Docker; moby#16137
    Cause(
        id="k3d-chains-gone",
        means="Docker's own firewall rules were removed beneath it, as by a firewall that was started or reloaded: "
        "{said}",
        gravity=Gravity.PERSON,
        signs=unit(r"iptables failed: .*No chain/target/match by that name"),
        next_step="systemctl restart docker: it makes its chains anew, and starts its containers again",
        restart_helps=True,
    ),
    # moby daemon/devices.go, nvidia-container-toolkit: an upgrade of the driver, or of Docker
    Cause(
        id="k3d-device-missing",
        means="a device or its driver, which the container is to have, is not there: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "could not select device driver",
            "nvidia-container-cli: .*(?:error|not loaded|not found)",
            "error gathering device information while adding custom device",
            "unresolvable CDI devices|failed to inject (?:CDI )?devices",
        ),
        next_step="nvidia-smi, or ls -l of the device; nvidia-ctk runtime configure --runtime=docker, and systemctl "
        "restart docker",
        restart_helps=True,
    ),
    # runc libcontainer/cgroups; moby#42910: a machine that has cgroups in another way than Docker has them
    Cause(
        id="k3d-cgroups-broken",
        means="the cgroups of this machine are not set up as Docker needs them: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"cgroup mountpoint does not exist", r"cgroup configuration.*mountpoint for \w+ not found"),
        next_step="findmnt -t cgroup,cgroup2; boot with systemd.unified_cgroup_hierarchy=1, then restart docker",
    ),
    # k3d#1221
    Cause(
        id="k3d-entrypoint-failed",
        means="the entry point of its container fails: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"\[k3d-entrypoint\S*\].*(?:[Ee]rror|[Ff]ailed)", r"/bin/k3d-entrypoint\S*: .*(?:not found|denied)"),
        next_step="docker logs --tail=50 of this container; k3d cluster start mends what k3d put into it",
    ),
    # moby: a bind mount whose directory is away
    Cause(
        id="k3d-bind-missing",
        means="a directory of this machine that is mounted into it is not there: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "bind source path does not exist",
            "error while creating mount source path",
            # runc: Docker has made an empty directory of what was a file, or Docker Desktop has lost its share
            r"error mounting \\?\"\S+\\?\" to rootfs at .*(?:not a directory|no such file or directory)",
            "[Aa]re you trying to mount a directory onto a file",
        ),
        next_step="mount the disk, or make the directory or file that it names, then k3d cluster start; of Docker "
        "Desktop: start the distribution whose file it is, then Docker Desktop again",
    ),
)
