"""What of the machine itself is not well: the API server, nodes, the parts of the cluster, the disks. Pure."""

from bootheal.causes.cause import Cause, Gravity, Sign, Source


def _host(reason: str) -> tuple[Sign, ...]:
    return (Sign(Source.HOST, reason=reason),)


MACHINE: tuple[Cause, ...] = (
    Cause(
        id="disk-read-only",
        means="its file system is read-only, as the kernel makes one whose disk fails: {said}",
        gravity=Gravity.DATA,
        signs=_host("DiskReadOnly"),
        next_step="dmesg | grep -iE 'i/o error|remount'; save what can be read before anything else",
    ),
    Cause(
        id="disk-full",
        means="its disk is full: {said}",
        gravity=Gravity.PERSON,
        signs=_host("DiskFull"),
        next_step="df -h; du -xh --max-depth=2 /var/lib/rancher | sort -h | tail; k3s crictl rmi --prune",
    ),
    Cause(
        id="disk-inodes-used-up",
        means="its file system has no inodes left, however much room there is: {said}",
        gravity=Gravity.PERSON,
        signs=_host("DiskInodes"),
        next_step="df -i; du -x --inodes --max-depth=3 / | sort -n | tail",
    ),
    Cause(
        id="component-stopped",
        means="it does not run: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ComponentStopped"),
        next_step="systemctl status {name} --no-pager; of a container: docker start {name}",
    ),
    Cause(
        id="component-starts",
        means="it is not up yet: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ComponentStarts"),
        next_step="journalctl -u {name} -e; of a container: docker logs --tail=50 {name}",
    ),
    Cause(
        id="component-complains",
        means="{said}",
        gravity=Gravity.PASSES,
        signs=_host("ComponentComplains"),
        next_step="journalctl -u {name} -e; of a container: docker logs --tail=50 {name}",
    ),
    Cause(
        id="host-not-read",
        means="what this host knows of the cluster could not be read: {said}",
        gravity=Gravity.PASSES,
        signs=_host("HostSilent"),
        next_step="systemctl status docker --no-pager",
    ),
    Cause(
        id="api-silent",
        means="the API server does not answer as it should: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ApiSilent"),
        next_step="kubectl get --raw '/readyz?verbose'; journalctl -u k3s -e",
        consequence_of=("component-stopped", "component-starts"),
    ),
    Cause(
        id="api-refuses",
        means="the API server does not let us in: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ApiRefuses"),
        next_step="kubectl auth whoami; kubectl auth can-i --list",
    ),
    Cause(
        id="node-not-heard",
        means="its kubelet has not been heard of in this boot: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodeNotHeard"),
        next_step="journalctl -u k3s -e; kubectl describe node {name}",
    ),
    Cause(
        id="node-unready",
        means="it is not Ready, so nothing begins on it: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodeUnready"),
        next_step="kubectl describe node {name}; journalctl -u k3s -e",
    ),
    Cause(
        id="node-former-name",
        means="this machine is registered by another name in this boot; what is bound to it stays away: {said}",
        gravity=Gravity.PERSON,
        signs=_host("NodeFormerName"),
        next_step="give the machine its old name back (hostnamectl, or k3s --node-name {name}) and restart k3s",
    ),
    Cause(
        id="node-under-pressure",
        means="it is short of something, so that it takes no pods or ends some: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodePressure"),
        next_step="kubectl describe node {name}; df -h; free -m",
    ),
    Cause(
        id="webhook-unanswered",
        means="it must be asked before objects are made or changed, and nobody answers: {said}",
        gravity=Gravity.PASSES,
        signs=_host("WebhookUnanswered"),
        next_step="kubectl -n {namespace} get pods,endpointslices; see why its pods do not serve",
    ),
    Cause(
        id="api-group-unavailable",
        means="an API that others serve is not to be had: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ApiGroupUnavailable"),
        next_step="kubectl describe apiservice {name}",
    ),
)
