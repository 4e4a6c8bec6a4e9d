"""Many deletes in one call that ends in time, and of which one that fails does not keep the others from being done."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError, ConflictError, DeniedError, ExhaustedError, TransientError
from bootheal.model import DELETES_AT_ONCE, PodToDelete

# No other is begun after this long. One that is under way then takes as long as a request may, some thirteen seconds.
BEGIN_SECONDS = 10.0


def delete_all(
    pods: Sequence[PodToDelete], delete: Callable[[PodToDelete], None], scope: Scope, seconds: float = BEGIN_SECONDS
) -> None:
    """Delete as many as there is time for, in this order; the rest is left to the next look. Raise the first failure.

    One that is not what was seen is left to the next look, too; where none was, that is a failure.
    """
    batch = _Batch(pods, delete, seconds)
    helpers = []
    for number in range(1, DELETES_AT_ONCE):
        with suppress(ExhaustedError):  # then there are fewer at once
            helpers += [scope.start(batch.work, f"delete pods {number}")]
    batch.work()
    for helper in helpers:
        helper.join()
    if failures := batch.failures or ([] if batch.deleted else batch.changed):
        raise failures[0]


class _Batch:
    """What is left to delete, and what has failed."""

    def __init__(self, pods: Sequence[PodToDelete], delete: Callable[[PodToDelete], None], seconds: float) -> None:
        self._left, self._delete = deque(pods), delete
        self._until = time.monotonic() + seconds
        self.failures: list[Exception] = []
        self.changed: list[Exception] = []
        self.deleted = 0

    def work(self) -> None:
        """Take one after the other, beside other threads that do the same."""
        while self._left and time.monotonic() < self._until:
            with suppress(IndexError):  # somebody else has taken the last one
                self._try(self._left.popleft())

    def _try(self, doomed: PodToDelete) -> None:
        try:
            self._delete(doomed)
            self.deleted += 1
        except ConflictError as error:
            self.changed.append(error)
        except BoothealError as error:
            self.failures.append(error)
            # Such an answer is about who asks, not about this pod.
            if isinstance(error, DeniedError) or (isinstance(error, TransientError) and error.again):
                self._left.clear()
        except Exception as error:  # noqa: BLE001 - our bug: whoever called must hear of it, not this thread alone
            self.failures.append(error)
