"""The addresses of this node's pods, as flannel and host-local keep them: the range, and what is taken of it."""

import ipaddress
import re
from contextlib import suppress
from itertools import islice
from pathlib import Path

from bootheal.adapters.machine.texts import text
from bootheal.model.machine import Leases

RANGE, TAKEN = "run/flannel/subnet.env", "var/lib/cni/networks"
MOST_ADDRESSES = 1 << 16

_SUBNET = re.compile(r"^FLANNEL_SUBNET=(\S+)$", re.MULTILINE)

# Of a range nobody gets its own address, the bridge's, and the one for all.
_NOBODYS = 3


def leases(root: Path) -> Leases | None:
    """Count; None where flannel has no range here, or nothing is taken of it: then another plugin keeps them."""
    found = _SUBNET.search(text(root / RANGE))
    if found is None:
        return None
    try:
        network = ipaddress.ip_interface(found[1]).network
        directories = sorted(each for each in (root / TAKEN).iterdir() if each.is_dir())
    except (OSError, ValueError):
        return None
    for directory in directories:
        if taken := _taken(directory, network):
            return Leases(f"/{directory.relative_to(root)}", max(network.num_addresses - _NOBODYS, 0), taken)
    return None


def _taken(directory: Path, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> int:
    count = 0
    with suppress(OSError):
        for file in islice(directory.iterdir(), MOST_ADDRESSES):
            with suppress(ValueError):  # last_reserved_ip.0, lock
                count += ipaddress.ip_address(file.name) in network
    return count
