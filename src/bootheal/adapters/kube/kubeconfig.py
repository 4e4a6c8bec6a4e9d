"""A kubeconfig file -> the client's configuration, without a copy of its key on any disk.

The client writes inline certificates and keys into temporary files, and a process that is killed leaves
them there. Ours live in memory, under a path that only this process has.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bootheal.errors import BoothealError, DeniedError, MissingError, PermanentError, UnreachableError

# What may stand in a kubeconfig inline, in base64 under "…-data", or as a path.
FILES = ("certificate-authority", "client-certificate", "client-key")

HINT = (
    "see cluster.kubeconfig; on k3s it is root's /etc/rancher/k3s/k3s.yaml, of which the service gets a copy "
    "by `scripts/install --k3s`"
)


class Kubeconfig(Protocol):
    """A kubeconfig that others renew while we run."""

    configuration: Any

    def renewed(self) -> bool:
        """Read it again if it may have changed; tell whether `configuration` is a new one."""

    def doubt(self) -> None:
        """What is in `configuration` did not get us to the API server, or not in."""


class LiveKubeconfig:
    """A kubeconfig in a file, where a change is seen at once.

    Where it is `awaited`, whoever writes it may not have done so yet: UnreachableError when it is needed.
    """

    def __init__(self, path: Path, context: str = "", *, awaited: bool = False) -> None:
        self._path, self._context, self._awaited = path, context, awaited
        self._stamp: tuple[int, ...] | None = None
        self.configuration: Any = None
        if not awaited:
            self.renewed()

    def renewed(self) -> bool:
        """Read the file again if it has changed; tell whether `configuration` is a new one.

        A file that is gone, or half-written, leaves the old one in force until it can be used again.
        """
        stamp = _stamp(self._path)
        if self.configuration is not None and stamp in (self._stamp, None):
            return False
        self._stamp = stamp
        try:
            self.configuration = load(self._path, self._context)
        except PermanentError as error:
            if self.configuration is not None:
                return False
            if self._awaited and isinstance(error, MissingError):
                raise UnreachableError(f"{error} yet") from None
            raise
        return True

    def doubt(self) -> None:
        """Do nothing: we see for ourselves."""


class GivenKubeconfig:
    """The copy of a kubeconfig that systemd gave us at our start (LoadCredential=): a newer one takes a restart.

    DeniedError where it is no good, which ends in one. Where the `original` is known, none is called for before that
    is there, and at once when it was written since.
    """

    def __init__(self, path: Path, context: str = "", *, original: Path | None = None) -> None:
        self._path, self._context, self._original = path, context, original
        self.configuration: Any = None

    def renewed(self) -> bool:
        """Read it once."""
        if self.configuration is not None:
            return False
        try:
            self.configuration = load(self._path, self._context)
        except PermanentError:
            raise self._no_good() from None
        return True

    def _no_good(self) -> BoothealError:
        try:
            written = self._original.stat().st_mtime if self._original else 0.0
        except FileNotFoundError:
            return UnreachableError(f"{_missing(self._original)} yet")
        except OSError:
            written = 0.0
        why = "the kubeconfig was missing or not usable when this service was started"
        hint = "`systemctl cat bootheal` shows which it is (LoadCredential=); every start of the service copies it"
        final = written > self._path.stat().st_mtime
        return DeniedError(f"cannot log in to the cluster: {why}", status=401, hint=hint, final=final)

    def doubt(self) -> None:
        """Do nothing: it never changes."""


class FetchedKubeconfig:
    """A kubeconfig that is not in a file: `fetch` returns its text, when it is first needed and when in doubt."""

    def __init__(self, name: str, fetch: Callable[[], str], context: str = "") -> None:
        self._name, self._fetch, self._context = name, fetch, context
        self._doubted, self._digest = True, b""
        self.configuration: Any = None

    def renewed(self) -> bool:
        """Fetch it in doubt. What cannot be fetched leaves the old one in force, where there is one."""
        if not self._doubted:
            return False
        try:
            text = self._fetch()
        except BoothealError:
            if self.configuration is None:
                raise
            return False
        self._doubted = False
        digest = hashlib.sha256(text.encode()).digest()
        if digest == self._digest:
            return False
        self.configuration = parse(text, self._name, Path("/"), self._context)
        self._digest = digest
        return True

    def doubt(self) -> None:
        """Fetch it again next time."""
        self._doubted = True


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load(path: Path, context: str) -> Any:
    """Return a `Configuration`; PermanentError where the file cannot be used, naming it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(str(path), (isinstance(error, OSError) and error.strerror) or "it is not text") from None
    return parse(text, str(path), path.parent, context)


def parse(text: str, name: str, directory: Path, context: str) -> Any:
    """Return a `Configuration`; `name` says where the text is from, its paths are relative to `directory`."""
    import yaml
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import load_kube_config_from_dict

    configuration = Configuration()
    try:
        content = yaml.safe_load(text)
        for kind in ("cluster", "user"):
            for entry in content[f"{kind}s"]:
                _settle_files(entry[kind], directory)
        load_kube_config_from_dict(content, context or None, client_configuration=configuration, persist_config=False)
    except OSError as error:
        raise _unusable(name, error.strerror or "a file that it names cannot be read") from None
    except ConfigException as error:
        raise _unusable(name, str(error).rstrip(".")) from None
    except yaml.YAMLError:
        raise _unusable(name, "it is not YAML") from None
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise _unusable(name, "it lacks clusters or users, or they are not what they should be") from None
    return configuration


def _missing(path: Path | None) -> MissingError:
    return MissingError(f"cannot use the kubeconfig {path}: it is not there", hint=HINT)


def _unusable(name: str, why: str) -> PermanentError:
    return PermanentError(f"cannot use the kubeconfig {name}: {why}", hint=HINT)


def _settle_files(entry: dict[str, Any], directory: Path) -> None:
    """Make each file of an entry an absolute path; inline data goes into memory first."""
    for name in FILES:
        if inline := entry.pop(f"{name}-data", None):
            entry[name] = _in_memory(name, base64.b64decode(inline, validate=True))
        elif name in entry:
            entry[name] = str(directory / entry[name])


def _in_memory(name: str, content: bytes) -> str:
    """Return the path of an anonymous file. It lives as long as this process, and children don't inherit it."""
    descriptor = os.memfd_create(name)
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"
