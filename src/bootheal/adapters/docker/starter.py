"""`k3d cluster start`, which waits for the servers: run beside us, asked after from look to look."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from bootheal.adapters import log_signatures
from bootheal.adapters.redaction import Redaction
from bootheal.errors import UnreachableError, scarce
from bootheal.model.quoted import quoted

# By what name containers know the machine that they run on.
THIS_MACHINE = "host.k3d.internal"

# k3d 5 runs a container of its tools image at each start; this is how it says that it could not.
_TOOLS = "failed to gather info"

# It waits for its servers without end, and the load balancer for it. On slow disks a server takes two minutes.
LONGEST_SECONDS = 300.0


class Starter:
    """Starts one cluster by the program `command`, in the Docker at `address`. `failed`: why, "" while it has not."""

    def __init__(self, command: str, cluster: str, address: str, *, longest: float = LONGEST_SECONDS) -> None:
        self._command, self._cluster, self._address, self._longest = command, cluster, address, longest
        self._began = 0.0
        self._followed_by: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self.failed = ""

    @property
    def can(self) -> bool:
        """Whether it can be begun: it is installed, not under way, and has not failed."""
        return not self.busy() and not self.failed and shutil.which(self._command) is not None

    def begin(self) -> None:
        """Begin to start the cluster. UnreachableError where its program cannot be run: then it has `failed`."""
        if self.busy():
            return
        try:
            self._begin(shutil.which(self._command) or self._command)
        except OSError as error:
            self.failed = f"`k3d cluster start` cannot be run: {(error.strerror or type(error).__name__).lower()}"
            raise UnreachableError(f"cannot start k3d cluster {self._cluster}: {self.failed}") from None

    def _begin(self, program: str) -> None:
        with scarce(f"start k3d cluster {self._cluster}"), ExitStack() as opened:
            output = opened.enter_context(os.fdopen(os.memfd_create("k3d"), "w+b"))  # a disk may be full, or read-only
            self._process = subprocess.Popen(  # noqa: S603 - the name of the cluster is checked by the schema
                [program, "cluster", "start", self._cluster],
                env=os.environ | {"DOCKER_HOST": self._address},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                # Ctrl-C is for us, not for it: half a start is worse than none; see also k3d.conf
                start_new_session=True,
            )
            self._output, self._began = output, time.monotonic()
            opened.pop_all()  # it is closed when it has been read

    def seen(self, started: float | None, *, aware: bool) -> None:
        """Take note of when the running servers were started, None where none is.

        What runs by another start than the one that the failure left behind, and is `aware` of this machine, somebody
        has started by k3d: the failure is mended.
        """
        if not self.failed or started is None:
            return
        if self._followed_by is None:
            self._followed_by = started
        elif started != self._followed_by and aware:
            self.failed, self._followed_by = "", None

    def remarks(self, *, aware: bool) -> Iterator[str]:
        """Tell of its failure, and what that costs: the rest of the pass gets on without it."""
        if self.failed and not self.busy() and aware:
            yield f"{self.failed}; what it had not started was started without it"
        elif self.failed and not self.busy():
            first = "docker pull its tools image, then " if _TOOLS in self.failed else "mend that, then "
            yield (
                f"{self.failed}; so the containers were started one by one, and do not know {THIS_MACHINE}: "
                f"{first}k3d cluster stop {self._cluster} && k3d cluster start {self._cluster}"
            )

    def busy(self) -> bool:
        """Whether it is under way."""
        if self._process is None or self._output is None:
            return False
        code, took = self._process.poll(), time.monotonic() - self._began
        if code is None and took < self._longest:
            return True
        if code is None:
            self._process.kill()
            self._process.wait()
        with self._output as output:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if code != 0:
            how = f"had not ended after {took:.0f} s" if code is None else _how_it_ended(code)
            self.failed = f"`k3d cluster start` {how}: {_last_words(said)}"
        self._process = self._output = None
        return False


def _how_it_ended(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with {code}"


def _last_words(said: str) -> str:
    """Return what a command of k3d's ended with, else its last line; it is somebody else's."""
    lines = said.splitlines()
    return log_signatures.fatal_words(lines) or quoted(Redaction()(lines[-1] if lines else "it said nothing"))
