"""Images that cannot be pulled or cannot be run. Texts: of containerd's resolver, as the kubelet passes them on.

ErrImagePull and ImagePullBackOff are one state that alternates. Since Kubernetes 1.31 the message of the back-off has
that of the error in it (pkg/kubelet/images/image_manager.go); before, only the Event "Failed" has.
"""

from collections.abc import Iterable

from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import starting, unit, waiting

PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")


def _pull(*texts: str) -> tuple[Sign, ...]:
    """What is said of a pull, in the status or in the Event "Failed"."""
    found = [Sign(Source.WAITING, text, reason) for text in texts for reason in PULLING]
    return (*found, *(Sign(Source.EVENT, f"(?s)[Ff]ailed to pull image.*(?:{text})", "Failed") for text in texts))


def _with(signs: Iterable[Sign], *more: Sign) -> tuple[Sign, ...]:
    return (*signs, *more)


IMAGES: tuple[Cause, ...] = (
    # kubelet images/image_manager.go: "Container image %q is not present with pull policy of Never"
    Cause(
        id="image-never-pulled",
        means="image {image} is not on this node, and imagePullPolicy: Never keeps it from being pulled",
        gravity=Gravity.PERSON,
        signs=(*waiting("ErrImageNeverPull"), Sign(Source.EVENT, "", "ErrImageNeverPull")),
        next_step="bring the image back onto the node: k3s ctr images import FILE.tar (k3d image import {image}); "
        "image collection may have removed it",
    ),
    # kubelet images/image_manager.go: "Failed to apply default image tag %q: couldn't parse image name %q"
    Cause(
        id="image-name-invalid",
        means="{image} is no name of an image",
        gravity=Gravity.PERSON,
        signs=(*waiting("InvalidImageName"), Sign(Source.EVENT, "couldn't parse image (?:name|reference)")),
        next_step="correct the name in the workload: " + DESCRIBE_POD,
    ),
    # containers/image pkg/shortnames, by CRI-O
    Cause(
        id="image-name-short",
        means="image {image} is named without its registry, and this node's CRI-O searches none",
        gravity=Gravity.PERSON,
        signs=_pull("short-name .* did not resolve to an alias", "short name mode is enforcing"),
        next_step="name it in full (REGISTRY/NAME:TAG) in the workload, or set unqualified-search-registries "
        "in /etc/containers/registries.conf: " + DESCRIBE_POD,
    ),
    # kubelet images/types.go: SignatureValidationFailed, since 1.28
    Cause(
        id="image-signature-refused",
        means="the signature of image {image} was not accepted",
        gravity=Gravity.PERSON,
        signs=waiting("SignatureValidationFailed"),
        next_step=DESCRIBE_POD,
        since="1.28",
    ),
    # kubelet images/image_manager.go: "Failed to inspect image %q: %w"; containerd's socket is away while k3s restarts
    Cause(
        id="image-not-inspected",
        means="the container runtime does not say whether it has image {image}",
        gravity=Gravity.PASSES,
        signs=waiting("ImageInspectError"),
        next_step=DESCRIBE_POD,
    ),
    # containerd: the disk is full while a layer is written
    Cause(
        id="image-disk-full",
        means="the node's disk has no room for image {image}",
        gravity=Gravity.PERSON,
        signs=_pull("no space left on device", "disk quota exceeded"),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune, if a registry has them)",
        consequence_of=("disk-full",),
    ),
    Cause(
        id="image-disk-fails",
        means="a disk of the node cannot be written while image {image} is pulled: {said}",
        gravity=Gravity.DATA,
        signs=_pull("read-only file system", "input/output error", "structure needs cleaning"),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # containerd#5854, #9115, #3671, siutsin/otaru#2798: what was not on the disk at a cut of power
    Cause(
        id="image-damaged",
        means="what this node has of image {image} is damaged, as after a cut of power: parts of it are missing",
        gravity=Gravity.PERSON,
        signs=_with(
            starting(
                r"missing parent \S+ bucket: not found",
                r"content digest sha256:\w+: not found",
                r"blob sha256:\w+ expected at /\S+: blob not found",
                ": layer not known",  # CRI-O: cri-o#4285
                "unexpected commit digest",
                "failed size validation",
                # not where the disk is full, or the runtime busy
                r"failed to (?:prepare|create) (?:extraction )?snapshot\b.*(?:not (?:found|exist)|file exists|no such)",
                r"snapshot \S+ does not exist",
                "failed to get reader from content store",
                "rename .*/snapshots/.*: file exists",
                r"failed to stat parent: stat /\S+/snapshots/",
                "error creating read-write layer with ID .*(?:[Nn]o such file|layer not known)",  # CRI-O: cri-o#3768
            ),
            *unit(r"missing parent \S+ bucket: not found"),
        ),
        next_step="remove the image and let it be pulled anew: k3s crictl rmi {image}, then kubectl -n {namespace} "
        "delete pod {name}",
    ),
    # containerd 2.1 core/remotes/docker/schema1: what was on the disk until now ran
    Cause(
        id="image-format-old",
        means="image {image} is of a format that this node's containerd does not read any more: {said}",
        gravity=Gravity.PERSON,
        signs=_pull(
            "manifest.v1.* is no longer supported since", "[Ss]chema 1 image manifests are no longer supported"
        ),
        next_step="build the image anew, or push it again by a present docker, and name that: " + DESCRIBE_POD,
        since="1.33",
    ),
    # containerd#7400, nerdctl#3264, cri-tools#1137
    Cause(
        id="registry-answers-otherwise",
        means="what the node was given for image {image} is no image, as by a proxy's web page or a mirror that is "
        "gone: {said}",
        gravity=Gravity.PASSES,
        signs=_pull("unexpected media type "),
        next_step="on the node: curl -sI https://REGISTRY/v2/ shows who answers; where a mirror does: "
        "/etc/rancher/k3s/registries.yaml",
    ),
    # containerd core/remotes/docker/resolver.go, net/http of Go
    Cause(
        id="registry-http-not-https",
        means="the registry of image {image} speaks HTTP, and the node asks it by HTTPS",
        gravity=Gravity.PERSON,
        signs=_pull("server gave HTTP response to HTTPS client"),
        next_step="give the registry an http:// endpoint in /etc/rancher/k3s/registries.yaml, and restart k3s",
    ),
    Cause(
        id="registry-https-not-http",
        means="the registry of image {image} speaks HTTPS, and the node asks it by HTTP",
        gravity=Gravity.PERSON,
        signs=_pull("Client sent an HTTP request to an HTTPS server", "malformed HTTP response"),
        next_step="give the registry an https:// endpoint in /etc/rancher/k3s/registries.yaml, and restart k3s",
    ),
    # crypto/x509 of Go: Expired and NotYetValid are one error with two messages
    Cause(
        id="registry-certificate-not-yet-valid",
        means="the certificate of the registry is not valid yet by this node's clock",
        gravity=Gravity.PASSES,
        signs=_pull(r"x509: certificate has expired or is not yet valid: current time \S+ is before"),
        next_step="timedatectl shows whether the clock is right",
    ),
    Cause(
        id="registry-certificate-expired",
        means="the certificate of the registry has expired",
        gravity=Gravity.PERSON,
        signs=_pull("x509: certificate has expired"),
        next_step="renew the registry's certificate; timedatectl shows whether the clock is right",
    ),
    Cause(
        id="registry-certificate-unknown",
        means="the node does not trust the certificate of the registry of image {image}",
        gravity=Gravity.PERSON,
        signs=_pull("x509: ", "tls: failed to verify certificate"),
        next_step="name its ca_file in /etc/rancher/k3s/registries.yaml, and restart k3s",
    ),
    # Docker Hub's words, "toomanyrequests: You have reached your unauthenticated pull rate limit"
    Cause(
        id="registry-rate-limit",
        means="the registry of image {image} has been asked too often and wants a pause",
        gravity=Gravity.PASSES,
        signs=_pull("toomanyrequests", "429 Too Many Requests", "pull rate limit"),
        next_step="wait, log in at the registry, or keep the image on the node (imagePullPolicy: IfNotPresent)",
    ),
    # containerd core/remotes/docker: "pull access denied, repository does not exist or may require authorization"
    Cause(
        id="image-access-denied",
        means="the registry does not give image {image} to this node: no such repository, or another login",
        gravity=Gravity.PERSON,
        signs=_pull(
            "401 Unauthorized",
            "403 Forbidden",
            "pull access denied",
            "insufficient_scope",
            "authentication required",
            "unauthorized: access to the requested resource",
            "failed to authorize: .*: denied",
            "requested access to the resource is denied",
            "no basic auth credentials",
            "(?:invalid_token|server message): authorization failed|: authorization failed$",
            "failed to authorize: failed to fetch (?:anonymous|oauth) token: unexpected status.* 40[13]",
        ),
        next_step="check imagePullSecrets and the image's name: " + DESCRIBE_POD,
    ),
    # net of Go
    Cause(
        id="registry-name-unknown",
        means="the node cannot resolve the name of the registry of image {image}",
        gravity=Gravity.PASSES,
        signs=_pull(
            "no such host",
            "server misbehaving",
            r"lookup \S+(?: on \S+)?: (?:Try again|.*(?:timeout|refused|unreachable|busy))",
            "[Tt]emporary failure in name resolution",
        ),
        next_step="on the node: getent hosts REGISTRY; for k3d: docker network inspect",
    ),
    Cause(
        id="registry-refuses",
        means="nobody answers at the registry of image {image}",
        gravity=Gravity.PASSES,
        signs=_pull(
            "connect: connection refused",
            "connect: no route to host",
            "connect: network is unreachable",
            "connect: host is down",
            "connection timed out",
            "i/o timeout",
            "TLS handshake timeout",
            "connection reset by peer",
            "registry is unavailable",
            "Client.Timeout exceeded",
            "unexpected status.*: 50[0-9]",
            "unexpected EOF",
            ": EOF",
            "context (?:deadline exceeded|canceled)",
        ),
        next_step="start the registry (docker start REGISTRY); the pods then come by themselves",
    ),
    # containerd core/images/image.go: platforms
    Cause(
        id="image-other-platform",
        means="image {image} has no variant for this node's processor",
        gravity=Gravity.PERSON,
        signs=_pull(
            "no match for platform in manifest",
            "no matching manifest for",
            "no image found in (?:image index|manifest list) for arch",
        ),
        next_step="build the image for this platform: " + DESCRIBE_POD,
    ),
    Cause(
        id="image-not-found",
        means="the registry has no image {image}",
        gravity=Gravity.PERSON,
        signs=_pull("not found$", ": not found", "manifest unknown", "name unknown", "NotFound", "does not exist"),
        next_step="push the image, or correct its name and tag: " + DESCRIBE_POD,
    ),
    # The last of them: what nobody has put into words yet. `{said}` quotes it.
    Cause(
        id="image-not-pulled",
        means="image {image} cannot be pulled: {said}",
        gravity=Gravity.PASSES,
        signs=tuple(sign for reason in PULLING for sign in waiting(reason)),
        next_step=DESCRIBE_POD,
    ),
)
