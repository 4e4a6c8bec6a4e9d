"""Is a file in a pod the one that is declared? Asked inside the pod."""

import hashlib

from bootheal.errors import BoothealError
from bootheal.model import Ref
from bootheal.ports import PodAccess

EXEC_TIMEOUT_SECONDS = 5.0


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
