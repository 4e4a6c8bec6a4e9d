"""`bootheal run` as it stays, for as long as a test lasts."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.command import LONGEST, Process, start, start_anew


class Daemon:
    """`bootheal run` under way, and what it has said so far; `notified` is what systemd would have heard."""

    def __init__(self, config: Path, notify: Path | None = None, loaded: Mapping[str, str] | None = None) -> None:
        extra = {"NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "3000000"} if notify else {}
        began = start_anew if loaded else start
        self.process: Process = began("run", "--config", config, **extra, **(loaded or {}))
        self.said: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)

    @property
    def text(self) -> str:
        return "".join(self.said)

    def verdicts(self) -> int:
        """How many passes have been reported."""
        return sum(" steps, " in line for line in self.said)

    def wait_until(self, what: str, come_true: Callable[[], bool], timeout: float = LONGEST) -> None:
        """Wait for something, where there is no stack to ask for it."""
        until = time.monotonic() + timeout
        while not come_true():
            assert time.monotonic() < until, f"never: {what}; it said:\n{self.text}"
            time.sleep(0.05)

    def end(self) -> str:
        """Make sure that it is gone; return what it said on standard error."""
        self.process.kill()
        assert self.process.stderr is not None
        err = self.process.stderr.read()
        self._ear.join()
        with self.process:  # closes the pipes
            return err

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=LONGEST)


@contextmanager
def living(config: Path, notify: Path | None = None, loaded: Mapping[str, str] | None = None) -> Iterator[Daemon]:
    """Run the daemon; whatever happens, it does not outlive the test. `loaded`: variables that its start obeys."""
    daemon = Daemon(config, notify, loaded)
    try:
        yield daemon
    finally:
        err = daemon.end()
        assert "Traceback" not in err + daemon.text, err + daemon.text
