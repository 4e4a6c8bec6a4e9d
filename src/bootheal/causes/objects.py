"""What does not go together of what objects declare and what there is: nobody says so, it is seen by comparing. Pure.

Such evidence has `Source.OBJECT` and a reason word of ours, which names one cause each.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE
from bootheal.causes.signs import seen

SERVICES: tuple[Cause, ...] = (
    Cause(
        id="service-selects-nothing",
        means="its selector fits no pod: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SelectsNothing"),
        next_step="correct the Service's selector, or the labels of the pods: "
        "kubectl -n {namespace} get pods --show-labels",
    ),
    Cause(
        id="service-port-missing",
        means="its target port is one that the pods do not name: {said}",
        gravity=Gravity.PERSON,
        signs=seen("PortMissing"),
        next_step="correct targetPort, or name the port in the pods' template: "
        "kubectl -n {namespace} get service {name} -o yaml",
    ),
    Cause(
        id="service-no-primary",
        means="no pod has the label of the primary, so nobody is behind it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NoPrimary"),
        next_step="kubectl -n {namespace} get pods --show-labels; see why the cluster elects nobody in its logs",
    ),
    Cause(
        id="service-without-pods",
        means="no pod is behind it that serves: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NothingReady"),
        next_step="kubectl -n {namespace} get pods,endpointslices",
    ),
    Cause(
        id="service-old-addresses",
        means="it still sends to addresses at which no living pod is: {said}",
        gravity=Gravity.PASSES,
        signs=seen("OldAddresses"),
        next_step="kubectl -n {namespace} get endpointslices -o wide; see that k3s' controllers run",
    ),
)

VOLUMES: tuple[Cause, ...] = (
    Cause(
        id="claim-lost",
        means="its volume is gone, and what was on it with it, as far as Kubernetes knows: {said}",
        gravity=Gravity.DATA,
        signs=seen("ClaimLost"),
        next_step="make nothing anew: look for the volume's directory first, under /var/lib/rancher/k3s/storage",
    ),
    Cause(
        id="claim-pending",
        means="it has no volume yet: {said}",
        gravity=Gravity.PASSES,
        signs=seen("ClaimPending"),
        next_step=DESCRIBE,
    ),
    Cause(
        id="volume-on-other-node",
        means="its volume can be mounted on a node only that is not there any more: {said}",
        gravity=Gravity.PERSON,
        signs=seen("OtherNode"),
        next_step="give the machine its old name back (hostnamectl, or k3s --node-name) and restart k3s: "
        "kubectl get nodes,persistentvolumes",
        consequence_of=("node-former-name",),
    ),
)

WORKLOADS: tuple[Cause, ...] = (
    Cause(
        id="reference-missing",
        means="its next pods will not begin: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ReferenceMissing"),
        next_step="make what it names, or correct the workload: kubectl -n {namespace} get secrets,configmaps",
    ),
    Cause(
        id="workload-not-available",
        means="it does not serve as it should: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotAvailable"),
        next_step=DESCRIBE,
    ),
    Cause(
        id="workload-needed-at-zero",
        means="it was scaled to zero, and is needed: {said}",
        gravity=Gravity.PERSON,
        signs=seen("NeededAtZero"),
        next_step="kubectl -n {namespace} scale {kind} {name} --replicas=1; where an operator or Git scales it, there",
    ),
    # as where their Lease is held by a process that is gone, or their watch stands still
    Cause(
        id="controllers-stand-still",
        means="the cluster's controllers have not seen it, or its latest change, and do nothing for it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("Unseen"),
        next_step="kubectl -n kube-system get leases; systemctl restart k3s starts them anew (containers run on)",
        restart_helps=True,
    ),
    Cause(
        id="step-not-settled",
        means="{said}",
        gravity=Gravity.PASSES,
        signs=seen("StepNotSettled"),
        next_step="bootheal plan --verbose; bootheal run --once heals what it can",
        restart_helps=True,
    ),
    # fluxcd/pkg apis/meta: Stalled; helm-controller#289: what could not be installed during a boot is not tried again
    Cause(
        id="flux-stalled",
        means="Flux has given it up in this boot, and does not try again by itself: {said}",
        gravity=Gravity.PERSON,
        signs=seen("Stalled"),
        next_step="flux -n {namespace} reconcile {kind} {name} --with-source; of a HelmRelease that has used up its "
        "retries: flux -n {namespace} reconcile hr {name} --reset",
    ),
    # argo-cd's pkg/apis/application: a condition of an error, or an operation that has failed
    Cause(
        id="argo-application-failed",
        means="Argo CD cannot compare it with its source, or could not apply it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("ArgoFailed"),
        next_step="kubectl -n {namespace} describe application.argoproj.io {name}; kubectl -n {namespace} get pods: "
        "its repo-server and redis must serve; argocd app sync {name}",
    ),
    # cert-manager's pkg/apis/certmanager: Ready is False, and what needs its Secret does not begin
    Cause(
        id="certificate-not-ready",
        means="cert-manager has no valid certificate for it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("CertificateNotReady"),
        next_step="kubectl -n {namespace} get certificaterequests,orders,challenges; kubectl -n {namespace} describe "
        "certificate {name}",
    ),
    # k3s-io/helm-controller: a HelmChart whose Job has failed
    Cause(
        id="helm-chart-failed",
        means="k3s could not install its Helm chart: {said}",
        gravity=Gravity.PERSON,
        signs=seen("HelmChartFailed"),
        next_step="kubectl -n {namespace} logs job/helm-install-{name} --tail=50; helm list --all --all-namespaces",
    ),
    Cause(
        id="job-failed",
        means="it has failed in this boot, and is not tried again: {said}",
        gravity=Gravity.PERSON,
        signs=seen("JobFailed"),
        next_step="kubectl -n {namespace} logs job/{name} --tail=50",
    ),
    Cause(
        id="job-crashes",
        means="its Job begins container {container} again and again: {said}",
        gravity=Gravity.PASSES,
        signs=seen("JobCrashes"),
        next_step="kubectl -n {namespace} logs --previous {name} -c {container}",
    ),
    Cause(
        id="namespace-not-ending",
        means="it is being deleted and does not end: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NamespaceEnding"),
        next_step="kubectl get namespace {name} -o yaml shows what it still waits for",
    ),
)

PODS: tuple[Cause, ...] = (
    Cause(
        id="pod-not-begun",
        means="its node has not begun to start it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotBegun"),
        next_step=DESCRIBE + "; where nothing is said: systemctl restart k3s starts its kubelet anew; pods run on",
    ),
    # kubernetes#98340: a scheduler that holds its Lease, and whose watch stands still, says nothing of any pod
    Cause(
        id="pod-not-placed",
        means="no scheduler has given it a node, or said why not: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotPlaced"),
        next_step="kubectl -n kube-system get leases; systemctl restart k3s starts its scheduler anew; pods run on",
        restart_helps=True,
    ),
    Cause(
        id="pod-starts",
        means="its containers have not begun yet, and nothing says why: {said}",
        gravity=Gravity.PASSES,
        signs=seen("Starts"),
        next_step=DESCRIBE + "; kubectl -n {namespace} logs {name} --all-containers --tail=50",
        restart_helps=True,
    ),
    Cause(
        id="pod-not-ready",
        means="its containers run, but it is not ready: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotReady"),
        next_step="kubectl -n {namespace} logs {name} --all-containers --tail=50",
        restart_helps=True,
    ),
    # as of a mesh: its proxy, which an injector has put into the pod, waits for its own control plane
    Cause(
        id="container-not-ready",
        means="its container {container} runs and is not ready, which keeps the pod from being ready: {said}",
        gravity=Gravity.PASSES,
        signs=seen("PartNotReady"),
        next_step="kubectl -n {namespace} logs {name} -c {container} --tail=50; of a proxy that was put into it, see "
        "its control plane: kubectl get pods -A | grep -iE 'istiod|linkerd|consul'",
        restart_helps=True,
    ),
    Cause(
        id="server-silent",
        means="its container runs, and no server answers in it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("ServerSilent"),
        next_step="kubectl -n {namespace} logs {name} -c {container} --tail=50",
        restart_helps=True,
    ),
    Cause(
        id="pod-crashes",
        means="container {container} ends again and again, and its last words are: {said}",
        gravity=Gravity.HEALED,
        signs=seen("Crashes"),
        next_step="kubectl -n {namespace} logs --previous {name} -c {container}",
        restart_helps=True,
    ),
    Cause(
        id="pod-ends-silently",
        means="container {container} ends again and again, without a word: {said}",
        gravity=Gravity.HEALED,
        signs=seen("EndsSilently"),
        next_step="kubectl -n {namespace} describe pod {name}; dmesg | tail on its node",
        restart_helps=True,
    ),
    # kubernetes#75542, k3s#6185: kubelet/status: what its runtime has lost
    Cause(
        id="pod-lost",
        means="the reboot has ended it, and its kubelet has not begun it again: {said}",
        gravity=Gravity.HEALED,
        signs=seen("Lost"),
        next_step="kubectl -n {namespace} delete pod {name}; where its successor does not begin, either: "
        "journalctl -u k3s -e",
        restart_helps=True,
    ),
    Cause(
        id="pod-not-understood",
        means="something keeps it back that is not in the catalogue: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotUnderstood"),
        next_step=DESCRIBE,
    ),
    Cause(
        id="pod-not-ending",
        means="it is being deleted and does not end: {said}",
        gravity=Gravity.HEALED,
        signs=seen("NotEnding"),
        next_step="kubectl -n {namespace} get pod {name} -o yaml; see whether its node is there, and its finalizers",
    ),
    # kubelet/kuberuntime: a process that waits for a disk or an NFS server cannot be killed
    Cause(
        id="pod-not-killed",
        means="it is being deleted, and its kubelet cannot end it: {said}",
        gravity=Gravity.PASSES,
        signs=seen("NotKilled"),
        next_step="on its node: ps -eo pid,stat,wchan:30,args | awk '$2 ~ /^D/' shows what waits for a disk or an NFS "
        "server; see that this is back, else reboot",
    ),
    Cause(
        id="pod-completed-early",
        means="it ended with the shutdown, and its controller makes no other while it is there",
        gravity=Gravity.HEALED,
        signs=seen("CompletedEarly"),
        next_step="kubectl -n {namespace} delete pod {name}",
    ),
    Cause(
        id="init-container-skipped",
        means="it runs although its init container {container} did not run in this boot",
        gravity=Gravity.HEALED,
        signs=seen("InitSkipped"),
        next_step="kubectl -n {namespace} delete pod {name}",
        since="1.34",
    ),
)
