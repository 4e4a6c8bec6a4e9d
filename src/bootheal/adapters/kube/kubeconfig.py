"""A kubeconfig that others renew while we run: in a file, given by systemd at our start, fetched, or a pod's own."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import read_file, stamp
from bootheal.adapters.kube.access import Access, Stamp, load, missing, parse
from bootheal.errors import BoothealError, DeniedError, MissingError, PermanentError, UnreachableError

# What the kubelet puts into each pod: who its ServiceAccount is, and who has signed the API server's certificate.
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Kubeconfig(Protocol):
    """A kubeconfig that others renew while we run. Not for two threads at once."""

    def current(self) -> Access:
        """Return what it says, read again if it may have changed: the same object until it has."""

    def doubt(self) -> None:
        """What it says did not get us to the API server, or not in."""


class LiveKubeconfig:
    """A kubeconfig in a file, or in several (see `access.load`); a change is seen at once, also of files they name.

    Where it is `awaited`, whoever writes it may not have done so yet: UnreachableError when it is needed.
    """

    def __init__(self, *paths: Path, context: str = "", awaited: bool = False) -> None:
        self._paths, self._context, self._awaited = paths, context, awaited
        self._read: Mapping[Path, Stamp] = dict.fromkeys(paths)
        self._access: Access | None = None
        if not awaited:
            self.current()

    def current(self) -> Access:
        """Read the files again if one has changed.

        A file that is gone, or half-written, leaves the old ones in force until it can be used again.
        """
        found = {file: stamp(file) for file in self._read}
        if self._access and all(now in (self._read[file], None) for file, now in found.items()):
            return self._access
        try:
            self._access = load(self._paths, self._context)
        except PermanentError as error:
            self._read = found
            if self._access:
                return self._access
            if self._awaited and isinstance(error, MissingError):
                raise UnreachableError(f"{error} yet") from None
            raise
        self._read = self._access.read
        return self._access

    def doubt(self) -> None:
        """Do nothing: we see for ourselves."""


class GivenKubeconfig:
    """The copy of a kubeconfig that systemd gave us at our start (LoadCredential=): a newer one takes a restart.

    DeniedError where it is no good, which ends in one. Where the `original` is known, none is called for before that
    is there, and at once when it was written since.
    """

    def __init__(self, path: Path, context: str = "", *, original: Path | None = None) -> None:
        self._path, self._context, self._original = path, context, original
        self._access: Access | None = None

    def current(self) -> Access:
        """Read it once."""
        if self._access is None:
            try:
                self._access = load((self._path,), self._context)
            except PermanentError:
                raise self._no_good() from None
        return self._access

    def _no_good(self) -> BoothealError:
        try:
            written = self._original.stat().st_mtime if self._original else 0.0
        except FileNotFoundError:
            return UnreachableError(f"{missing(self._original)} yet")
        except OSError:
            written = 0.0
        why = "the kubeconfig was missing or not usable when this service was started"
        hint = "`systemctl cat bootheal` shows which it is (LoadCredential=); every start of the service copies it"
        final = written > self._path.stat().st_mtime
        return DeniedError(f"cannot log in to the cluster: {why}", status=401, hint=hint, final=final)

    def doubt(self) -> None:
        """Do nothing: it never changes."""


class FetchedKubeconfig:
    """A kubeconfig that is not in a file: `fetch` returns its text, when it is first needed and when in doubt.

    `believed` is for how many seconds it is not in doubt by itself.
    """

    def __init__(
        self, name: str, fetch: Callable[[], str], context: str = "", *, believed: float = float("inf")
    ) -> None:
        self._name, self._fetch, self._context, self._believed = name, fetch, context, believed
        self._doubted, self._digest, self._fetched = True, b"", 0.0
        self._access: Access | None = None

    def current(self) -> Access:
        """Fetch it in doubt. What cannot be fetched leaves the old one in force, where there is one."""
        if self._access and not self._doubted and time.monotonic() - self._fetched < self._believed:
            return self._access
        try:
            text = self._fetch()
        except BoothealError:
            if self._access:
                return self._access
            raise
        self._doubted, self._fetched = False, time.monotonic()
        digest = hashlib.sha256(text.encode()).digest()
        if self._access is None or digest != self._digest:
            self._access = parse(text, self._name, Path("/"), self._context)
            self._digest = digest
        return self._access

    def doubt(self) -> None:
        """Fetch it again next time."""
        self._doubted = True


def in_pod(environment: Mapping[str, str], directory: Path = SERVICE_ACCOUNT) -> Callable[[], str] | None:
    """Return what makes the kubeconfig of the pod that we run in, None where we run in none.

    By the Service's address, not its name: DNS may be one of the things that are to be healed. The token in it is
    renewed by the kubelet.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (directory / "token").exists():
        return None

    def fetch() -> str:
        try:
            token = read_file(directory / "token", bounded_yaml.LONGEST_BYTES).decode().strip()
        except (OSError, ValueError):
            raise UnreachableError(f"cannot read the pod's token in {directory}") from None
        server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        content = {
            "clusters": [
                {"name": "pod", "cluster": {"server": server, "certificate-authority": str(directory / "ca.crt")}}
            ],
            "users": [{"name": "pod", "user": {"token": token}}],
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
            "current-context": "pod",
        }
        return json.dumps(content)

    return fetch
