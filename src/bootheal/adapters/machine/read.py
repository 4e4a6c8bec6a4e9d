"""All of it together: what this machine would boot with."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bootheal.adapters.disks import PLACES
from bootheal.adapters.machine import addresses, certificates, k3s, kernel, mounts
from bootheal.adapters.machine.datastore import datastore
from bootheal.adapters.systemctl import Commands
from bootheal.adapters.systemd_credentials import given
from bootheal.model.machine import Certificate, MachineFacts

ROOT = Path("/")


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
    return MachineFacts(
        at=time.time(),
        certificates=(*(certificates.of_k3s(root, gaps) if unit else ()), *shown),
        mounts=tuple(mounts.mounts(root)),
        lines=tuple(mounts.missing(root)),
        swaps=tuple(mounts.swaps(root)),
        programs=kernel.upgrade(root),
        old_cgroups=kernel.old_cgroups(root),
        battery=kernel.battery(root),
        complaints=kernel.complaints(kernel.log(commands or Commands(), gaps), _disks(root, PLACES)),
        datastore=datastore(root, gaps) if unit else None,
        leases=addresses.leases(root) if unit else None,
        kubelet=k3s.kubelet(root, unit, gaps) if unit else None,
        kubernetes=k3s.version(program) if unit else "",
        node_name=k3s.node_name(root, unit, gaps) if unit else "",
        gaps=tuple(dict.fromkeys(gaps)),
    )


def credential(path: Path, context: str = "", gaps: list[str] | None = None) -> tuple[Certificate, ...]:
    """Return when what a kubeconfig shows ends, where it does; why that cannot be known is added to `gaps`."""
    renewed = path == certificates.K3S_KUBECONFIG or path == given("kubeconfig")
    try:
        found = certificates.of_kubeconfig(path, renewed=renewed, context=context)
    except FileNotFoundError:
        return ()  # whoever needs it says so
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        (gaps if gaps is not None else []).append(f"when what {path} shows ends: {why}")
        return ()
    return (found,) if found else ()


def _disks(root: Path, places: Iterable[str]) -> frozenset[str]:
    """Return the names of the devices that the cluster's directories are on."""
    numbers = []
    for place in places:
        with suppress(OSError):
            device = (root / place.lstrip("/")).stat().st_dev
            numbers.append((os.major(device), os.minor(device)))
    return kernel.disks_under(root, numbers)
