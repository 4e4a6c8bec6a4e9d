"""What was foreseen last, as it is kept on the disk."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A forecast of time `at`, in boot `boot` of the machine and under the configuration with this digest.

    `keys` name what was found, `told` says in a few words how much that is, "" for nothing that breaks or may.
    """

    at: float
    boot: str = ""
    configuration: str = ""
    breaks: int = 0
    may_break: int = 0
    changes: int = 0
    told: str = ""
    keys: tuple[str, ...] = ()

    def due(self, now: float, every: float, *, boot: str, configuration: str) -> bool:
        """Tell whether it is time to look again: in another boot, under another configuration, after so many seconds.

        A clock that was set back makes it no younger.
        """
        same = (self.boot, self.configuration) == (boot, configuration)
        return not same or not 0 <= now - self.at < every


def summary(breaks: int, may_break: int) -> str:
    """Say how much there is in a few words, for a line of `status`; "" where there is nothing to say."""
    parts = [
        f"{count} thing{'s' * (count != 1)} {words} the next boot"
        for words, count in (("would break", breaks), ("may break", may_break))
        if count
    ]
    return ", ".join(parts)
