"""A semaphore whose holders are known: so many restarts may be under way at once."""


class Places:
    """`count` places, each of which has an owner or is free.

    An owner takes its place when its action begins, and keeps it while its restart is waited for. It gives it back
    when it has ended, and whenever its patience stands still: whoever has a place must be bound to end. So no graph
    and no number of places can make steps wait for each other for ever.
    """

    def __init__(self, count: int) -> None:
        self._count, self._owners = count, set[str]()

    @property
    def free(self) -> int:
        """How many nobody has."""
        return max(0, self._count - len(self._owners))

    def acquire(self, owner: str) -> bool:
        """Take a place, or keep the one that `owner` has; False where none is free."""
        if self.free:
            self._owners.add(owner)
        return owner in self._owners

    def release(self, owner: str) -> None:
        """Give its place back, if it has one."""
        self._owners.discard(owner)

    def clear(self) -> None:
        """Give all of them back: the pass is over."""
        self._owners.clear()
