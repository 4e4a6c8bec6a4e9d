"""Short ways to write down signs, for the tables of this room. Pure."""

from bootheal.causes.cause import Sign, Source

# Where the kubelet puts why a container does not start: its status, and an Event that outlives it.
_STARTS = (Source.WAITING, Source.TERMINATED, Source.EVENT)

# What the C library calls an error: glibc, and musl in the images that are made from Alpine.
EIO = r"(?:Input/output|I/O) error"
ENOMEM = r"(?:Cannot allocate memory|Out of memory)"
ENOTCONN = r"(?:Transport endpoint is|Socket) not connected"
EADDRNOTAVAIL = r"(?:Cannot assign requested address|Address not available)"
EADDRINUSE = r"Address (?:already )?in use"
# ... and what its resolver says, which has numbers of its own: getaddrinfo(3).
NO_NAME = r"(?:Name or service not known|Name does not resolve)"
NO_RESOLVER = r"[Tt]emporary failure in name resolution"
EMFILE = r"(?:Too many open files|No file descriptors available)"
# A program that goes on without something, or tells of what may come, says so, too: with a level, or by these words.
IN_EARNEST = (
    r"^(?!.*(?:level\"?[=:] ?\"?(?:info|warn|debug)|\b(?:INFO|WARN(?:ING)?|DEBUG|NOTICE)\b"
    r"|optional|retrying|skipping|ignor|without))"
)
FULL = r"(?:No space left on device|Disk quota exceeded|Quota exceeded)"


def starting(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of messages about a container that does not start, wherever the kubelet puts them."""
    return tuple(Sign(source, text) for text in texts for source in _STARTS)


def waiting(reason: str, *texts: str) -> tuple[Sign, ...]:
    """Return the signs of a waiting container: a reason, and what its message says ("" where nothing is given)."""
    return tuple(Sign(Source.WAITING, text, reason) for text in texts or ("",))


def ended(reason: str, *texts: str) -> tuple[Sign, ...]:
    """Return the signs of a container that has ended."""
    return tuple(Sign(Source.TERMINATED, text, reason) for text in texts or ("",))


def event(reason: str, *texts: str) -> tuple[Sign, ...]:
    """Return the signs of an Event."""
    return tuple(Sign(Source.EVENT, text, reason) for text in texts or ("",))


def condition(reason: str, *texts: str) -> tuple[Sign, ...]:
    """Return the signs of a condition."""
    return tuple(Sign(Source.CONDITION, text, reason) for text in texts or ("",))


def unit(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of lines in a unit's journal, or in the log of a node that is a container."""
    return tuple(Sign(Source.UNIT, text) for text in texts)


def log(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of lines in a container's log."""
    return tuple(Sign(Source.LOG, text) for text in texts)


def seen(reason: str) -> tuple[Sign, ...]:
    """Return the sign of what is seen by comparing objects; the word is ours."""
    return (Sign(Source.OBJECT, reason=reason),)
