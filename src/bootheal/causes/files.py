"""What k3s, the kubelet and containerd say of files of their own that they cannot use. Texts: lines of the journal."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import unit

FILES: tuple[Cause, ...] = (
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
    # crypto/tls, crypto/x509, encoding/json and go-toml of Go: what was written just before a cut of power is empty
    Cause(
        id="k3s-file-damaged",
        means="a file that it needs is empty or damaged, as after a cut of power: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "data does not contain any valid RSA or ECDSA certificates",
            "failed to find any PEM data in (?:certificate|key) input",
            r"x509: malformed |asn1: (?:structure|syntax) error",
            r"(?:level=fatal|command failed|failed to run Kubelet).*"
            r"(?:unexpected end of JSON input|invalid kubeconfig: |invalid configuration: kind is empty)",
            "failed to load TOML: /var/lib/rancher/",
            "tls: private key does not match public key",
            r"encryption provider configuration file \S+ is empty|error decoding encryption provider configuration",
            r"parsing \S+/(?:passwd|ipsec\.psk): record on line \d+",
        ),
        next_step="find /var/lib/rancher /etc/rancher /var/lib/kubelet -xdev -type f -size 0 shows which; k3s makes "
        "those beneath agent/ anew that are moved away, and dynamic-cert.json; tls/ and cred/ come from a backup",
    ),
    # SELinux without its policy, a file system that is mounted noexec, rights: k3s#1156, k3s#4911
    Cause(
        id="k3s-file-not-permitted",
        means="it may not read, write or run a file of its own: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"(?:level=fatal|command failed).*/(?:var/lib/rancher|etc/rancher|run/k3s)\S*: permission denied"),
        next_step="findmnt -T /var/lib/rancher shows whether it is mounted noexec; ausearch -m avc -ts "
        "boot, and restorecon -R /var/lib/rancher; ls -ld",
    ),
)
