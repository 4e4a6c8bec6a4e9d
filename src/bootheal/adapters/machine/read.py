"""All of it together: what this machine would boot with."""

import time
from dataclasses import replace
from pathlib import Path
from stat import S_IMODE, S_ISDIR

from bootheal.adapters.disks import PLACES
from bootheal.adapters.kube.access import K3S_KUBECONFIG
from bootheal.adapters.machine import addresses, certificates, k3s, kernel, mounts
from bootheal.adapters.machine.datastore import datastore
from bootheal.adapters.systemctl import Commands
from bootheal.adapters.systemd_credentials import given
from bootheal.model.machine import Certificate, MachineFacts

ROOT = Path("/")

# Where systemd says which kind of container this is.
CONTAINED = "run/systemd/container"


def machine_facts(
    unit: str = "",
    *,
    kubeconfig: Path | None = None,
    context: str = "",
    root: Path = ROOT,
    commands: Commands | None = None,
    program: str = "k3s",
) -> MachineFacts:
    """Read it. `unit` is k3s' own, "" where k3s is not this machine's; `kubeconfig` is the one that we use, if any."""
    gaps: list[str] = []
    shown = credential(kubeconfig, context, gaps) if kubeconfig else ()
    facts = MachineFacts(at=time.time(), certificates=shown)
    if not (root / CONTAINED).exists():
        facts = _with_hardware(facts, root, commands or Commands(), gaps)
    if unit:
        facts = _with_k3s(facts, root, unit, program, gaps)
    return replace(facts, gaps=tuple(dict.fromkeys(gaps)))


def _with_hardware(facts: MachineFacts, root: Path, commands: Commands, gaps: list[str]) -> MachineFacts:
    """Add what a container's host decides on, where this is no container."""
    return replace(
        facts,
        mounts=tuple(mounts.mounts(root)),
        lines=tuple(mounts.missing(root)),
        swaps=tuple(mounts.swaps(root)),
        programs=kernel.upgrade(root),
        battery=kernel.battery(root),
        complaints=kernel.complaints(kernel.log(commands, gaps), mounts.devices(root, PLACES)),
    )


def _with_k3s(facts: MachineFacts, root: Path, unit: str, program: str, gaps: list[str]) -> MachineFacts:
    """Add what k3s has on this machine."""
    told = k3s.told(root, unit, gaps)
    kubelet = k3s.kubelet(told, gaps)
    resolver, nameservers = k3s.resolver(told, kubelet.settings)
    return replace(
        facts,
        certificates=(*certificates.of_k3s(root, gaps), *facts.certificates),
        datastore=datastore(root, k3s.snapshots(told), gaps),
        leases=addresses.leases(root),
        kubelet=kubelet,
        kubernetes=k3s.version(program),
        old_cgroups=kernel.old_cgroups(root),
        node_name=k3s.node_name(told),
        resolver=resolver,
        nameservers=nameservers,
    )


def credential(path: Path, context: str, gaps: list[str]) -> tuple[Certificate, ...]:
    """Return when what a kubeconfig shows ends, where it does; why that cannot be known is added to `gaps`."""
    renewed = path == K3S_KUBECONFIG or path == given("kubeconfig")
    try:
        found = certificates.of_kubeconfig(path, renewed=renewed, context=context)
    except FileNotFoundError:
        return ()  # whoever needs it says so
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        gaps.append(f"when what {path} shows ends: {why}")
        return ()
    return (found,) if found else ()


def mode(path: str) -> int | None:
    """Return the permissions of a directory, None of what is none, or where we may not look."""
    try:
        found = Path(path).stat() if path else None
    except (OSError, ValueError):
        return None
    return S_IMODE(found.st_mode) if found and S_ISDIR(found.st_mode) else None
