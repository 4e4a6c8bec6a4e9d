"""What a container said before it ended: its own log where it has just ended, else that of its previous life.

And what one says that runs.
"""

from bootheal.cluster.log_excerpt import salient_lines
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Container, Pod, State
from bootheal.ports import PodAccess

LOG_LINES = 60


def last_words(access: PodAccess, pod: Pod, container: Container) -> tuple[str, ...]:
    """Return the lines that matter, oldest first; none where they can't be had."""
    return _salient(access, pod, container, previous=container.state is not State.TERMINATED)


def present_words(access: PodAccess, pod: Pod, container: Container) -> tuple[str, ...]:
    """Return the lines that matter of what a container says that runs, oldest first; none where they can't be had."""
    return _salient(access, pod, container, previous=False)


def _salient(access: PodAccess, pod: Pod, container: Container, *, previous: bool) -> tuple[str, ...]:
    try:
        return salient_lines(access.log_tail(pod.ref, container.name, LOG_LINES, previous=previous))
    except (TransientError, PermanentError):
        return ()
