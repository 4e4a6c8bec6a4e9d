"""A machine of the tests' own: Debian with a real systemd as process 1, in systemd-nspawn.

Its root is made by mmdebstrap once and kept in `.cache`; each machine is a copy of it. It shares the network
with this host, so that it reaches a stack that the test runs. What is missing for it skips the tests.
"""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cache import CACHE, ROOT, ensure
from packages import UnpackError, mirror, unpack, would_install

# Debian's release that has the Python which the wheels are for.
RELEASES = {(3, 11): "bookworm", (3, 13): "trixie"}
INCLUDED = "systemd,systemd-sysv,dbus,libpam-systemd,polkitd,python3-venv,sudo,man-db,bash-completion"
TOOLS = ("systemd-container", "mmdebstrap")
BUILDERS = ("hatchling", "pip", "pipx>=1.7,<2", "setuptools", "wheel")
SOURCES = ("sdnotify",)  # what an index has no wheel of
C_LIBRARY = ("libc6", "libc-bin")  # must match the running system's loader
# What the machine never reads takes as long to unpack as all the rest; and nobody cuts the power while it is made.
UNREAD = ("doc", "info", "lintian", "locale", "man")
DPKG = ("force-unsafe-io", *(f"path-exclude=/usr/share/{name}/*" for name in UNREAD))
LONGEST_COMMAND = 300.0  # an installation, on a machine that is not ours alone
LONGEST_BOOT = LONGEST_WAIT = 90.0  # likewise


@dataclass
class Machine:
    """One machine: `root` is its file system, `binds` are directories of the host that it can read."""

    root: Path
    environment: Mapping[str, str]
    binds: Mapping[Path, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    leader: int = 0

    def boot(self) -> None:
        """Power on, and wait until it is up as its users see it."""
        binds = [f"--bind-ro={source}:{target}" for source, target in self.binds.items()]
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--machine=bootheal-test"]
        with (self.root.parent / "console").open("ab") as console:
            self.process = subprocess.Popen(
                [*command, f"--directory={self.root}", *binds],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self.leader = self._leader()
        self.wait_until("booted", "systemctl", "is-active", "multi-user.target", timeout=LONGEST_BOOT)

    def _leader(self) -> int:
        """Return the number of the machine's process 1, seen from here."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        until = time.monotonic() + LONGEST_BOOT
        while time.monotonic() < until:
            if self.process.poll() is not None:
                pytest.skip(f"cannot boot a machine here: {self.console[-200:]!r}")
            if pids := children.read_text().split():
                with suppress(OSError):
                    if Path(f"/proc/{pids[0]}/comm").read_text() == "systemd\n":
                        return int(pids[0])
            time.sleep(0.05)
        raise AssertionError(f"no systemd in the machine:\n{self.console}")

    @property
    def console(self) -> str:
        """What it has printed."""
        return (self.root.parent / "console").read_text(errors="replace")

    def run(self, *command: str, codes: tuple[int, ...] | None = (0,), **variables: str) -> str:
        """Run a command in it as root, and return what it prints, errors included."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--all", *command],
            env=environment | {"HOME": "/root", "SYSTEMD_PAGER": ""} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST_COMMAND,
            check=False,
        )
        assert codes is None or done.returncode in codes, f"{command} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def wait_until(
        self, what: str, *command: str, timeout: float = LONGEST_WAIT, codes: tuple[int, ...] = (0,)
    ) -> None:
        """Run a command again and again, ever more seldom, until it ends with one of the codes."""
        began = time.monotonic()
        while True:
            try:
                self.run(*command, codes=codes)
            except (AssertionError, subprocess.TimeoutExpired) as failure:
                if (waited := time.monotonic() - began) > timeout:
                    raise AssertionError(f"not {what} within {timeout} s: {failure}\n{self.last_words()}") from None
                time.sleep(min(0.1 + waited / 20, 1.0))  # each look is some processes more
            else:
                return

    def last_words(self) -> str:
        """Return the end of its journal, or of what it printed where it has none yet."""
        return self.run("journalctl", "--boot", "--no-pager", "--lines=40", codes=None) or self.console[-3000:]

    def file(self, path: str) -> Path:
        """Return a file of the machine's as a path of this host."""
        return self.root / path.lstrip("/")

    def power_off(self) -> None:
        """Shut it down in order; pull the plug where that takes too long."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # nspawn passes it on as a request to power off
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.cut_power()

    def cut_power(self) -> None:
        """SIGKILL to everything in it at once."""
        assert self.process
        with suppress(ProcessLookupError):
            os.kill(self.leader, signal.SIGKILL)
        self.process.wait(timeout=30)


@dataclass(frozen=True)
class Workshop:
    """What machines are made with: variables with which the tools are found, and the root that is copied."""

    environment: Mapping[str, str]
    root: Path


def workshop() -> Workshop:
    """Return what `.cache` has, made where needed; what cannot be had skips the tests."""
    if os.geteuid() != 0:
        pytest.skip("booting a machine takes root")
    try:
        tools = ensure(CACHE / "nspawn", f"{TOOLS} {platform.freedesktop_os_release()}", _unpack_tools)
        base = ensure(CACHE / "debian", f"{release()} {INCLUDED}\n{DPKG}", lambda tree: _bootstrap(tools, tree))
    except (UnpackError, OSError) as error:
        pytest.skip(f"cannot make a machine: {error}")
    return Workshop(_environment(tools), base / "root")


@contextmanager
def machine(made_with: Workshop, directory: Path, binds: Mapping[Path, str]) -> Iterator[Machine]:
    """Lend a machine that is not booted yet."""
    root = directory / "root"
    subprocess.run(["cp", "--archive", "--reflink=auto", made_with.root, root], check=True)
    lent = Machine(root, made_with.environment, binds)
    try:
        yield lent
    finally:
        if lent.process and lent.process.poll() is None:
            lent.cut_power()
        shutil.rmtree(root, ignore_errors=True)


def release() -> str:
    """Return the Debian release to boot; there is one for each Python that Debian has."""
    if (python := sys.version_info[:2]) not in RELEASES:
        pytest.skip(f"no Debian release has Python {python[0]}.{python[1]}, which the wheels are for")
    return RELEASES[python]


def _unpack_tools(tree: Path) -> None:
    """Unpack what this host lacks of the tools and of what they need; nothing is installed on it."""
    if missing := [package for package in would_install(TOOLS) if package not in C_LIBRARY]:
        unpack(missing, tree)


def _environment(tools: Path) -> dict[str, str]:
    """Return variables with which unpacked tools are found, and their libraries."""
    libraries = [str(path) for path in (*tools.glob("usr/lib/*-linux-gnu*"), *tools.glob("usr/lib/*/systemd"))]
    perl = [tools / "usr/share/perl5", *tools.glob("usr/share/perl/5*"), *tools.glob("usr/lib/*-linux-gnu*/perl/5*")]
    return (
        os.environ
        | {"PATH": f"{tools}/usr/bin:{tools}/usr/sbin:{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"}
        | ({"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {})
        | {"PERL5LIB": ":".join(map(str, perl))}
    )


def _bootstrap(tools: Path, tree: Path) -> None:
    """Make a minimal Debian that boots; UnpackError says why that cannot be."""
    root = tree / "root"
    options = [f"--include={INCLUDED}", *(f"--dpkgopt={option}" for option in DPKG)]
    hooks = [place / "usr/share/mmdebstrap/hooks/maybe-merged-usr" for place in (tools, Path("/"))]
    options += [f"--hook-dir={hook}" for hook in hooks if hook.is_dir()][:1]  # or else a Perl program merges them
    alone = ["unshare", "--mount"]  # what it mounts goes with it, also where it is killed
    source = f"deb {mirror()} {release()} main"
    command = [*alone, "mmdebstrap", "--mode=root", "--variant=minbase", *options, release(), str(root), source]
    done = subprocess.run(command, env=_environment(tools), capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnpackError(f"mmdebstrap says: {(done.stdout + done.stderr).strip()[-300:]}")
    (root / "etc/hostname").write_text("box\n")
    (root / "var/log/journal").mkdir(exist_ok=True)  # so that the journal outlives a reboot
    (root / "etc/machine-id").write_text("b00710ea1b00710ea1b00710ea1b0071\n")


def wheels() -> Path:
    """Return a directory with what an index has: bootheal as it is now, all that it needs, and what builds it."""
    constraints = ROOT / "scripts/constraints.txt"
    recipe = f"{sys.version}\n{BUILDERS}\n{SOURCES}\n{constraints.read_text()}\n{(ROOT / 'pyproject.toml').read_text()}"
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]

    def collect(directory: Path) -> None:
        pinned = f"--constraint={constraints}"
        _python(*pip, "wheel", f"--wheel-dir={directory}", pinned, ".[completion,k3d]", *BUILDERS)
        _python(*pip, "download", f"--dest={directory}", pinned, "--no-deps", "--no-binary=:all:", *SOURCES)
        for wheel in (wheel for source in SOURCES for wheel in directory.glob(f"{source}-*.whl")):
            wheel.unlink()

    directory = ensure(CACHE / "wheels", recipe, collect)
    builder = os.pathsep.join(str(wheel) for wheel in directory.glob("*-none-any.whl"))  # they run from where they lie
    _python("-m", "hatchling", "build", "--target=wheel", f"--directory={directory}", PYTHONPATH=builder)
    return directory


def _python(*arguments: str, **variables: str) -> None:
    environment = os.environ | variables
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"cannot make wheels: {done.stderr.strip()[-300:]}")


if __name__ == "__main__":  # scripts/test begins it long before a test needs it
    workshop()
    wheels()
