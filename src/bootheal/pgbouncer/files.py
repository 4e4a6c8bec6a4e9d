"""Is a file in a pod the one that is declared, and whom does it know? Asked inside the pod."""

import hashlib

from bootheal.errors import BoothealError
from bootheal.model import Ref
from bootheal.ports import PodAccess

EXEC_TIMEOUT_SECONDS = 5.0
_LONGEST_COUNT = 10


def same_file(access: PodAccess, pod: Ref, path: str, declared: str) -> bool | None:
    """Compare digests: a file with passwords does not leave its pod. None where that can't be done."""
    try:
        answer = access.exec(pod, "", ["sha256sum", path], EXEC_TIMEOUT_SECONDS)
    except BoothealError:
        return None
    if not answer.ok or not answer.value.split():
        return None
    found = answer.value.split()[0].lstrip("\\")  # sha256sum marks names with odd characters so
    return found == hashlib.sha256(declared.encode()).hexdigest()


# A file that cannot be read prints no number.
_COUNT = 'grep -c -F -e "$0" "$1"; exit 0'


def knows(access: PodAccess, pod: Ref, path: str, user: str) -> bool | None:
    """Tell whether an auth_file has a line for this role, at least; None where that can't be asked."""
    entry = '"' + user.replace('"', '""') + '"'
    try:
        answer = access.exec(pod, "", ["sh", "-c", _COUNT, entry, path], EXEC_TIMEOUT_SECONDS)
    except BoothealError:
        return None
    count = answer.value.strip()
    return int(count) > 0 if answer.ok and count.isdecimal() and len(count) < _LONGEST_COUNT else None
