"""Why a controller makes no pod: condition ReplicaFailure of a Deployment, Event FailedCreate of the others.

Texts: apiserver's admission plugins (plugin/pkg/admission, pkg/admission of apiserver) as the controllers pass them on.
"""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE
from bootheal.causes.signs import condition, event

REPLICASETS = "kubectl -n {namespace} describe replicaset"


# In the words of before 1.14, too.
_CALLED = "failed calling (?:admission )?webhook.*"


def _refused(*texts: str) -> tuple[Sign, ...]:
    """What a controller says of a pod that it could not make; the reason word is the same for all of it."""
    return (*condition("FailedCreate", *texts), *event("FailedCreate", *texts))


CONTROLLERS: tuple[Cause, ...] = (
    # plugin/pkg/admission/resourcequota
    Cause(
        id="quota-used-up",
        means="its pods cannot be created: the quota of namespace {namespace} is used up: {said}",
        gravity=Gravity.PERSON,
        signs=_refused("exceeded quota", "[Ii]nsufficient quota"),
        next_step="kubectl -n {namespace} describe resourcequota; " + REPLICASETS,
    ),
    Cause(
        id="quota-wants-limits",
        means="its pods cannot be created: a quota wants requests and limits that they do not name: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(r"failed quota: \S+ must specify", "must specify (?:limits|requests|cpu|memory)"),
        next_step="set resources in the workload, or a LimitRange: " + REPLICASETS,
    ),
    Cause(
        id="quota-not-counted-yet",
        means="its pods cannot be created yet: a quota has not been counted, as while the controllers start",
        gravity=Gravity.PASSES,
        signs=_refused("status unknown for quota"),
        next_step="kubectl -n {namespace} describe resourcequota",
    ),
    # plugin/pkg/admission/namespace/lifecycle
    Cause(
        id="namespace-going-away",
        means="its pods cannot be created: namespace {namespace} is being deleted",
        gravity=Gravity.PERSON,
        signs=_refused("because it is being terminated", "NamespaceTerminating"),
        next_step="kubectl get namespace {namespace} -o yaml shows what it still waits for",
    ),
    Cause(
        id="namespace-missing",
        means="its pods cannot be created: there is no namespace {namespace}",
        gravity=Gravity.PERSON,
        signs=_refused(r'namespaces? \\?"\S+?\\?" not found'),
        next_step="kubectl get namespaces",
    ),
    # plugin/pkg/admission/serviceaccount
    Cause(
        id="service-account-missing",
        means="its pods cannot be created: their ServiceAccount is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(
            r"error looking up service account",
            r'serviceaccounts? \\?"\S+?\\?" (?:not found|is forbidden)',
        ),
        next_step="kubectl -n {namespace} get serviceaccounts; " + DESCRIBE,
    ),
    # apiserver pkg/admission/plugin/webhook/errors: a webhook that says no, against one that says nothing
    Cause(
        id="webhook-denies",
        means="its pods cannot be created: a webhook refuses them: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(r'admission webhook \\?"\S+?\\?" denied the request'),
        next_step="correct the workload by what it says, or the webhook's policy: " + REPLICASETS,
    ),
    # crypto/x509; k8tz#1, helm-charts#6666: its pods serve another certificate than its configuration has
    Cause(
        id="webhook-certificate",
        means="its pods cannot be created: the certificate of a webhook that must be asked is not accepted: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(
            _CALLED + r"x509: certificate (?:signed by unknown|is valid for|is not valid|relies on)",
            _CALLED + r"x509: certificate has expired or is not yet valid: current time \S+ is after",
        ),
        next_step="restart the webhook's own pods, so that they serve the certificate of its caBundle; where that does "
        "not help, renew both: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    # apiserver's service resolver: what was removed without its chart has left it behind; kyverno#1780
    Cause(
        id="webhook-left-over",
        means="its pods cannot be created: a webhook must be asked that nobody serves any more: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(
            _CALLED + r'service \\?"\S+?\\?" not found',
            r"^webhook \S+ of .*: service/\S+ is not there$",
        ),
        next_step="where what it belongs to was removed: kubectl get validatingwebhookconfigurations,"
        "mutatingwebhookconfigurations, and kubectl delete the one that is left; else install that again",
        consequence_of=("webhook-orphaned",),
    ),
    Cause(
        id="webhook-silent",
        means="its pods cannot be created: a webhook that must be asked does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=_refused(
            "failed calling (?:admission )?webhook", "failed to call webhook", r"^webhook \S+ (?:of|does not answer)"
        ),
        next_step="see the pods of the webhook's own Service; kubectl get validatingwebhookconfigurations,"
        "mutatingwebhookconfigurations",
        consequence_of=("webhook-unanswered", "webhook-blocks-itself"),
    ),
    Cause(
        id="policy-denies",
        means="its pods cannot be created: a policy refuses them: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(
            r"violates PodSecurity",
            "ValidatingAdmissionPolicy .*denied request",
            "PodSecurityPolicy: unable to admit",
            "unable to validate against any (?:security context constraint|pod security policy)",
            "denied the request",
        ),
        next_step="correct the workload by what it says: " + REPLICASETS,
    ),
    # plugin/pkg/admission/limitranger
    Cause(
        id="limit-range-refuses",
        means="its pods cannot be created: a LimitRange refuses what they ask: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(r"(?:maximum|minimum) \S+ usage per (?:Container|Pod)", "max limit to request ratio"),
        next_step="kubectl -n {namespace} describe limitrange",
    ),
    Cause(
        id="priority-class-missing",
        means="its pods cannot be created: their PriorityClass or RuntimeClass is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(
            "no PriorityClass with name", r"RuntimeClass \\?\"\S+\\?\" not found", "pod rejected: RuntimeClass"
        ),
        next_step="kubectl get priorityclasses,runtimeclasses",
    ),
    Cause(
        id="pod-template-invalid",
        means="its pods cannot be created: the template is not valid: {said}",
        gravity=Gravity.PERSON,
        signs=_refused(r'(?:Pod|pods) \\?"\S+\\?" is invalid', "is invalid: spec"),
        next_step="correct the workload: " + DESCRIBE,
    ),
    # pkg/controller/statefulset: its predecessor of the same name is still leaving
    Cause(
        id="predecessor-leaves",
        means="its next pod waits for the one of the same name to go",
        gravity=Gravity.PASSES,
        signs=_refused("object is being deleted:.*already exists"),
        next_step="kubectl -n {namespace} get pods",
    ),
    # apiserver: what passes while it starts, or while its datastore is slow. The words of 409, 429, 500, 503 and 504
    # stand in apimachinery pkg/api/errors; kubernetes#54789, #67662, rancher#18658
    Cause(
        id="api-server-busy",
        means="its pods cannot be created yet: the API server is busy: {said}",
        gravity=Gravity.PASSES,
        signs=_refused(
            "etcdserver: ",
            "database is locked",
            "unable to return a response in the time allotted",
            "context deadline exceeded",
            "Too many requests",
            "connection refused",
            "timed out",
            "cannot create resource",
            "Timeout: ",
            "Internal error occurred",
            "could not be completed at this time",
            "Operation cannot be fulfilled on",
            "too many requests and has asked us to try again",
            "currently unable to handle the request",
            "not yet ready to handle request",
            "caches not synchronized",
            "retry after the token is automatically created",
            "(?:apiserver|API server) is shutting down",
            "code = Unavailable",
            "i/o timeout|TLS handshake timeout|connection reset by peer|client connection lost|EOF$|context canceled",
        ),
        next_step="kubectl get --raw '/readyz?verbose'",
    ),
    # pkg/controller/cronjob until 1.20, kubernetes#42649: a machine that was off for a hundred of its times
    Cause(
        id="cronjob-given-up",
        means="its controller begins none of its Jobs any more, as after a long time without power: {said}",
        gravity=Gravity.PERSON,
        signs=event("FailedNeedsStart"),
        next_step="kubectl -n {namespace} edit cronjob {name}: startingDeadlineSeconds: 200",
    ),
    # pkg/controller/cronjob/cronjob_controllerv2.go
    Cause(
        id="cronjob-schedule-invalid",
        means="its schedule is none that its controller understands: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *event("InvalidSchedule"),
            *event("UnparseableSchedule"),
            *event("UnParseableCronJobSchedule"),
            *event("UnknownTimeZone"),
        ),
        next_step="kubectl -n {namespace} edit cronjob {name}",
    ),
    Cause(
        id="pods-refused",
        means="its pods cannot be created: {said}",
        gravity=Gravity.PERSON,
        signs=_refused("[Ff]orbidden", "is invalid", "denied"),
        next_step=DESCRIBE + "; " + REPLICASETS,
    ),
    # Whatever else is said is no refusal that we know: it may pass.
    Cause(
        id="pods-not-made",
        means="its pods cannot be created yet: {said}",
        gravity=Gravity.PASSES,
        signs=_refused(""),
        next_step=DESCRIBE + "; " + REPLICASETS,
    ),
    # apps controllers: a DaemonSet's pod that failed is replaced; seen in a reboot for each
    Cause(
        id="failed-daemon-pod",
        means="a pod of it had failed and was deleted by its controller",
        gravity=Gravity.PASSES,
        signs=event("FailedDaemonPod"),
        next_step=DESCRIBE,
    ),
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(Sign(Source.EVENT, reason="SuccessfulCreate"), "it made a pod"),
    Harmless(Sign(Source.EVENT, reason="ScalingReplicaSet"), "it goes on"),
    Harmless(
        Sign(Source.EVENT, reason="RecreatingFailedPod"), "a StatefulSet does so with each pod that a reboot failed"
    ),
)
