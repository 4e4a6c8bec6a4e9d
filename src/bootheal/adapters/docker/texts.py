"""What k3d's containers are known to say when they are in trouble, beyond what k3s says everywhere."""

from bootheal.adapters.log_signatures import K3S, Known

NODE = (
    Known(
        "failed to find cpuset cgroup",
        "cpuset",
        "this kernel offers it no cpuset cgroup",
        "boot with cgroup_enable=cpuset, or upgrade k3d, which knows cgroup v2 since 5.1",
        fatal=True,
    ),
    *K3S,
    Known(
        "too many open files",
        "inotify",
        "there are not enough inotify instances for all nodes of this machine",
        "sysctl fs.inotify.max_user_instances=1024",
    ),
)

LOADBALANCER = (
    Known(
        'invalid PID number "" in',
        "nginx-pid",
        "its nginx was reloaded before it had started",
        "docker restart of this container alone helps",
        restart=True,
    ),
    Known(
        "host not found in upstream",
        "upstream",
        "it cannot resolve the name of a node, which does not run or is not on the cluster's network",
    ),
)
