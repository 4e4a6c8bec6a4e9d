"""Of what the next boot would bring to light: containers that would not begin, or not as they were. Pure."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import seen

STARTS: tuple[Cause, ...] = (
    Cause(
        id="start-lacks-reference",
        means="what containers are made from is gone, so they run on and would not begin again: {said}",
        gravity=Gravity.PERSON,
        signs=seen("StartLacksReference"),
        next_step="make {kind} {name} again, or correct who needs it",
    ),
    Cause(
        id="start-lacks-account",
        means="its ServiceAccount is gone, and no token can be mounted: {said}",
        gravity=Gravity.PERSON,
        signs=seen("StartLacksAccount"),
        next_step="kubectl -n {namespace} create serviceaccount {name}",
    ),
    Cause(
        id="start-with-other-values",
        means="it was changed after containers had taken their environment, or a file, from it, so they come up with "
        "other values: {said}",
        gravity=Gravity.PERSON,
        signs=seen("StartOtherValues"),
        next_step="restart who uses it at a time that you choose: kubectl -n {namespace} rollout restart WORKLOAD",
    ),
    Cause(
        id="pod-ends-for-good",
        means="nobody makes it again once it has ended: {said}",
        gravity=Gravity.PERSON,
        signs=seen("EndsForGood"),
        next_step="let a Deployment own it; or be ready to make it again",
    ),
    Cause(
        id="image-not-here",
        means="this node has not the image any more, so it would have to be pulled: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ImageNotHere"),
        next_step="k3s crictl pull {image}, or k3d image import {image}",
    ),
    Cause(
        id="image-always-pulled",
        means="each start asks a registry that has to come up first: {said}",
        gravity=Gravity.HEALED,
        signs=seen("ImageAlwaysPulled"),
        next_step="imagePullPolicy: IfNotPresent, and tags that do not move",
    ),
    Cause(
        id="data-in-memory",
        means="a database keeps its data in memory (emptyDir, medium Memory), which a reboot empties: {said}",
        gravity=Gravity.DATA,
        signs=seen("DataInMemory"),
        next_step="save its data, and give it a PersistentVolumeClaim",
    ),
    Cause(
        id="data-in-empty-dir",
        means="a database keeps its data in an emptyDir, which goes with its pod: {said}",
        gravity=Gravity.PERSON,
        signs=seen("DataInEmptyDir"),
        next_step="save its data, and give it a PersistentVolumeClaim",
    ),
    Cause(
        id="liveness-impatient",
        means="its liveness probe gives it little more than its last start took: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LivenessImpatient"),
        next_step="give it a startupProbe, or a longer failureThreshold",
    ),
    Cause(
        id="webhook-guards-itself",
        means="pods can be made only if it is asked, also its own, and it has nobody else: {said}",
        gravity=Gravity.PERSON,
        signs=seen("WebhookGuardsItself"),
        next_step="let its namespaceSelector leave out namespace {namespace}",
    ),
    Cause(
        id="image-registry-down",
        means="this node has not the image any more, and the registry that has it does not answer: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ImageRegistryDown"),
        next_step="start the registry, then: k3s crictl pull {image}",
    ),
    Cause(
        id="image-from-own-pods",
        means="its image comes from a registry that this same boot has to start first: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ImageFromOwnPods"),
        next_step="k3s crictl pull {image}, and imagePullPolicy: IfNotPresent; the registry's own image above all",
    ),
    Cause(
        id="init-waits-in-circle",
        means="its init container waits for what waits for it, and only running pods hide it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("InitWaitsInCircle"),
        next_step="let one of them begin without the other, and try again by itself",
    ),
    Cause(
        id="init-waits-for-later",
        means="its init container waits for what bootheal brings back only after it: {said}",
        gravity=Gravity.PERSON,
        signs=seen("InitWaitsForLater"),
        next_step="turn the order round: correct `after` in bootheal.yaml",
    ),
    Cause(
        id="host-port-twice",
        means="two pods want the same port of one node, and who comes second does not begin: {said}",
        gravity=Gravity.PERSON,
        signs=seen("HostPortTwice"),
        next_step="give one of them another hostPort, or let a Service carry it",
    ),
    Cause(
        id="claim-twice",
        means="more than one wants its volume, which is made for one alone: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ClaimTwice"),
        next_step="kubectl -n {namespace} describe persistentvolumeclaim {name} names who uses it; let one have it",
    ),
    Cause(
        id="ingress-certificate-ends",
        means="an Ingress shows its certificate, which whoever comes in will no longer take: {said}",
        gravity=Gravity.PERSON,
        signs=seen("IngressCertificateEnds"),
        next_step="renew it; of cert-manager's: kubectl -n {namespace} get certificates,challenges",
    ),
    Cause(
        id="liveness-shorter-than-start",
        means="its liveness probe gives it less than its start took after an earlier boot: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LivenessTooShort"),
        next_step="give it a startupProbe, or a longer failureThreshold",
    ),
    Cause(
        id="liveness-shorter-than-log",
        means="after a crash PostgreSQL may have more of its log to read again than its liveness probe gives it time "
        "for: {said}",
        gravity=Gravity.PERSON,
        signs=seen("LivenessShortForLog"),
        next_step="give it a startupProbe; or lower max_wal_size and checkpoint_timeout",
    ),
    Cause(
        id="dns-asks-itself",
        means="CoreDNS would ask itself for the names of the world, and ends as it starts where it sees that: {said}",
        gravity=Gravity.PERSON,
        signs=seen("NamesAskItself"),
        next_step="name another server behind `forward .` in its Corefile, or in the file that --resolv-conf names: "
        "kubectl -n {namespace} get configmap {name} -o yaml",
    ),
    Cause(
        id="rollout-paused",
        means="its rollout is paused, so that nothing is mended after a boot by rolling it out: {said}",
        gravity=Gravity.PERSON,
        signs=seen("RolloutPaused"),
        next_step="kubectl -n {namespace} rollout resume {kind} {name}, at a time that you choose",
    ),
    # patroni docs/pause.rst: it neither promotes nor starts PostgreSQL while it is paused
    Cause(
        id="patroni-paused-at-boot",
        means="Patroni is paused, so that after a boot it starts no server and makes none the primary: {said}",
        gravity=Gravity.PERSON,
        signs=seen("PatroniPaused"),
        next_step="kubectl -n {namespace} exec -it {name} -- patronictl resume, once it is known why it was paused",
    ),
    Cause(
        id="revision-waits",
        means="its pods are of an older revision, and one that is made anew is of the newer: {said}",
        gravity=Gravity.PERSON,
        signs=seen("RevisionWaits"),
        next_step="delete its pods one by one, at a time that you choose; or: "
        "kubectl -n {namespace} rollout undo {kind} {name}",
    ),
)
