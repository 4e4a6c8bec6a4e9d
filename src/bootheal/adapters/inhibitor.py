"""A planned reboot is refused while we say so, as systemd offers it: an inhibitor lock, which a person can override.

systemd-inhibit(1) holds it for as long as its command runs; that is a `cat` which we hold the other end of. So the lock
goes with us, however we end, and a reboot that nobody plans asks for none.
"""

import subprocess
from contextlib import suppress

from bootheal.errors import PermanentError
from bootheal.model.quoted import quoted

PROGRAM = "systemd-inhibit"

# A lock that is not granted is refused in this time; one that is, is held from then on.
GRANTED_SECONDS = 1.0
ENDS_SECONDS = 5.0


class Inhibitor:
    """At most one lock. Not for two threads at once."""

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = program
        self._holder: subprocess.Popen[bytes] | None = None
        self._why = ""

    @property
    def held(self) -> bool:
        """Whether a planned reboot is refused just now."""
        return self._holder is not None and self._holder.poll() is None

    def hold(self, why: str) -> None:
        """Refuse planned reboots, and let whoever asks be told why. PermanentError where we may not, or cannot."""
        if self.held and why == self._why:
            return
        before, self._holder, self._why = self._holder, self._begin(why), why
        _end(before)

    def _begin(self, why: str) -> subprocess.Popen[bytes]:
        options = ["--what=shutdown", "--mode=block", "--who=bootheal", f"--why={why}", "cat"]
        try:
            holder = subprocess.Popen(  # noqa: S603 - no shell; the reason is one word of it
                [self._program, *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise PermanentError(
                f"cannot refuse a planned reboot: {self._program}: {error.strerror}", hint="is systemd installed?"
            ) from None
        with suppress(subprocess.TimeoutExpired):
            holder.wait(GRANTED_SECONDS)
            said = holder.stderr.read().decode(errors="replace") if holder.stderr else ""
            _end(holder)
            raise PermanentError(
                f"cannot refuse a planned reboot: {quoted(said.strip()) or 'systemd-inhibit has ended'}",
                hint="it takes root, and systemd-logind: systemctl status systemd-logind",
            )
        return holder

    def release(self) -> None:
        """Let it reboot."""
        before, self._holder, self._why = self._holder, None, ""
        _end(before)


def _end(holder: subprocess.Popen[bytes] | None) -> None:
    if holder is None:
        return
    for stream in (holder.stdin, holder.stderr):
        if stream:
            with suppress(OSError):
                stream.close()
    try:
        holder.wait(ENDS_SECONDS)
    except subprocess.TimeoutExpired:
        holder.kill()
        holder.wait()
