"""Of what the next boot would bring to light: the machine under the cluster. Pure."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import seen

FILES: tuple[Cause, ...] = (
    Cause(
        id="certificate-authority-ends",
        means="k3s signs all certificates with it and does not make it anew by itself: {said}",
        gravity=Gravity.PERSON,
        signs=seen("AuthorityEnds"),
        next_step="k3s certificate rotate-ca, as docs.k3s.io/cli/certificate has it, at a time that you choose",
    ),
    Cause(
        id="certificate-made-anew",
        means="it ends soon, and k3s makes another as it starts; copies of its kubeconfig keep the old one: {said}",
        gravity=Gravity.PASSES,
        signs=seen("CertificateMadeAnew"),
        next_step="after the boot copy /etc/rancher/k3s/k3s.yaml again to whoever has a copy",
    ),
    Cause(
        id="kubeconfig-ends",
        means="by it bootheal reaches the cluster, and it is valid for a while only: {said}",
        gravity=Gravity.PERSON,
        signs=seen("KubeconfigEnds"),
        next_step="copy the kubeconfig anew from its server, or have a new token made",
    ),
    Cause(
        id="datastore-snapshot-old",
        means="there is no recent snapshot of the cluster's objects to go back to: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SnapshotOld"),
        next_step="k3s etcd-snapshot save --name before-the-reboot",
    ),
    Cause(
        id="mount-not-kept",
        means="nothing mounts it at the next boot, and what is on it would be missing: {said}",
        gravity=Gravity.PERSON,
        signs=seen("MountNotKept"),
        next_step="write a line for it into /etc/fstab, then: systemctl daemon-reload; findmnt --verify",
    ),
    Cause(
        id="fstab-device-gone",
        means="the boot waits for a device that is not there, and ends in a rescue shell: {said}",
        gravity=Gravity.PERSON,
        signs=seen("DeviceGone"),
        next_step="take its line out of /etc/fstab, or add nofail to it; then: findmnt --verify",
    ),
    Cause(
        id="kernel-complains-of-disk",
        means="the kernel complains of a disk that the cluster is on, and it may not be read again: {said}",
        gravity=Gravity.DATA,
        signs=seen("DiskComplains"),
        next_step="save what can be read before anything else; smartctl -a /dev/{name}; dmesg",
    ),
)

KUBELET: tuple[Cause, ...] = (
    Cause(
        id="kubelet-refuses-old-cgroups",
        means="Kubernetes 1.35 and later do not start on this machine's control groups, version 1: {said}",
        gravity=Gravity.PERSON,
        signs=seen("OldCgroups"),
        next_step="boot with systemd.unified_cgroup_hierarchy=1; for a while, kubelet-arg: fail-cgroupv1=false",
    ),
    Cause(
        id="kubelet-refuses-swap",
        means="k3s is told to refuse to start where there is swap, and there would be: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SwapRefused"),
        next_step="take it out of /etc/fstab, or fail-swap-on=true out of k3s' configuration",
    ),
    Cause(
        id="swap-changes",
        means="there would be another amount of swap than there is now: {said}",
        gravity=Gravity.PERSON,
        signs=seen("SwapChanges"),
        next_step="swapon --show; make /etc/fstab say what you mean",
    ),
    Cause(
        id="clock-without-battery",
        means="nothing keeps the time while the machine is off, so that it boots in the past: {said}",
        gravity=Gravity.PASSES,
        signs=seen("ClockWithoutBattery"),
        next_step="a module with a real-time clock; or the package fake-hwclock, and a time server nearby",
    ),
    Cause(
        id="pod-addresses-short",
        means="leases of pods that are gone are kept after a hard cut, and pods would get no address: {said}",
        gravity=Gravity.PERSON,
        signs=seen("AddressesShort"),
        next_step="with k3s stopped and k3s-killall.sh run, delete what is in {name}; then start k3s",
    ),
    Cause(
        id="node-name-differs",
        means="k3s would register this machine under another name, and what is bound to the old one stays away: {said}",
        gravity=Gravity.PERSON,
        signs=seen("NodeNameDiffers"),
        next_step="hostnamectl set-hostname {name}; or node-name: {name} in /etc/rancher/k3s/config.yaml",
    ),
    Cause(
        id="shutdown-not-graceful",
        means="a planned reboot ends databases in the middle of their work, and they recover longer: {said}",
        gravity=Gravity.PERSON,
        signs=seen("ShutdownNotGraceful"),
        next_step="write that file, then at a time that you choose: systemctl restart k3s",
    ),
    Cause(
        id="crash-back-off-long",
        means="what fails while it waits for others is tried again after up to five minutes only: {said}",
        gravity=Gravity.PERSON,
        signs=seen("CrashBackOffLong"),
        next_step="write that file, then at a time that you choose: systemctl restart k3s",
    ),
)

MACHINE: tuple[Cause, ...] = (*FILES, *KUBELET)
