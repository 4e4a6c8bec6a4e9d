"""A kubeconfig file -> how the API server is reached, without a copy of its key on any disk or in any open file.

The client writes inline certificates and keys into temporary files, and a process that is killed leaves
them there. Ours are in files in memory while they are read, and then in the TLS context alone.
"""

import base64
import binascii
import errno
import hashlib
import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import read_file
from bootheal.errors import BoothealError, DeniedError, MissingError, PermanentError, UnreachableError, scarce
from bootheal.model.quoted import quoted

# What may stand in a kubeconfig inline, in base64 under "…-data", or as a path.
FILES = ("certificate-authority", "client-certificate", "client-key")

HINT = (
    "see cluster.kubeconfig; on k3s it is root's /etc/rancher/k3s/k3s.yaml, of which the service gets a copy "
    "by `scripts/install --k3s`"
)


# What the kubelet puts into each pod: who its ServiceAccount is, and who has signed the API server's certificate.
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Stamp = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Access:
    """What a kubeconfig says: the client's configuration, but for its certificates and key, which are in `tls`.

    `read` holds the files that this comes from, and by what each can be told from a later one; `authority` is who
    has signed the server's certificate, as PEM, "" where the system says whom it trusts.
    """

    configuration: Any
    tls: ssl.SSLContext
    read: Mapping[Path, Stamp]
    authority: str = ""


class Kubeconfig(Protocol):
    """A kubeconfig that others renew while we run. Not for two threads at once."""

    def current(self) -> Access:
        """Return what it says, read again if it may have changed: the same object until it has."""

    def doubt(self) -> None:
        """What it says did not get us to the API server, or not in."""


class LiveKubeconfig:
    """A kubeconfig in a file, where a change is seen at once, and one in the files that it names, too.

    Where it is `awaited`, whoever writes it may not have done so yet: UnreachableError when it is needed.
    """

    def __init__(self, path: Path, context: str = "", *, awaited: bool = False) -> None:
        self._path, self._context, self._awaited = path, context, awaited
        self._read: Mapping[Path, Stamp] = {path: None}
        self._access: Access | None = None
        if not awaited:
            self.current()

    def current(self) -> Access:
        """Read the files again if one has changed.

        A file that is gone, or half-written, leaves the old ones in force until it can be used again.
        """
        found = {file: _stamp(file) for file in self._read}
        if self._access and all(stamp in (self._read[file], None) for file, stamp in found.items()):
            return self._access
        try:
            self._access = load(self._path, self._context)
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
                self._access = load(self._path, self._context)
            except PermanentError:
                raise self._no_good() from None
        return self._access

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


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load(path: Path, context: str) -> Access:
    """Return what the file says; PermanentError where it cannot be used, naming it."""
    stamp = _stamp(path)
    try:
        with scarce(f"read the kubeconfig {path}"):
            text = read_file(path, bounded_yaml.LONGEST_BYTES).decode()
    except FileNotFoundError:
        raise _missing(path) from None
    except UnicodeDecodeError:
        raise _unusable(str(path), "it is not text") from None
    except (OSError, ValueError) as error:
        raise _unusable(str(path), (isinstance(error, OSError) and error.strerror) or str(error)) from None
    access = parse(text, str(path), path.parent, context)
    return replace(access, read={path: stamp, **access.read})


def parse(text: str, name: str, directory: Path, context: str) -> Access:
    """Return what `text` says; `name` says where it is from, its paths are relative to `directory`."""
    from kubernetes.config.config_exception import ConfigException

    try:
        with scarce(f"use the kubeconfig {name}"):
            content = bounded_yaml.load(text)
    except ValueError as error:
        raise _unusable(name, str(error)) from None
    try:
        with scarce(f"use the kubeconfig {name}"):
            return _access(content, directory, context)
    except ssl.SSLError:
        raise _unusable(name, "a certificate or a key that it holds or names cannot be read") from None
    except OSError as error:
        raise _unusable(name, error.strerror or "a file that it names cannot be read") from None
    except ConfigException as error:
        raise _unusable(name, quoted(str(error).rstrip("."))) from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError, binascii.Error):
        raise _unusable(name, "it lacks clusters or users, or they are not what they should be") from None


def _access(content: Any, directory: Path, context: str) -> Access:
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.kube_config import load_kube_config_from_dict

    configuration, read = Configuration(), dict[Path, Stamp]()
    with ExitStack() as memory:
        for kind in ("cluster", "user"):
            for entry in content[f"{kind}s"]:
                read |= _settle_files(entry[kind], directory, memory)
        load_kube_config_from_dict(content, context or None, client_configuration=configuration, persist_config=False)
        tls = _tls(configuration)
        authority = Path(configuration.ssl_ca_cert).read_text(encoding="utf-8") if configuration.ssl_ca_cert else ""
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    return Access(configuration, tls, read, authority)


def _tls(configuration: Any) -> ssl.SSLContext:
    """Return how to speak TLS with the server, made as urllib3 makes it, which is how the client would."""
    from urllib3.util.ssl_ import create_urllib3_context

    required = ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE
    context = create_urllib3_context(cert_reqs=required)
    context.check_hostname = bool(configuration.verify_ssl)
    if configuration.ssl_ca_cert:
        context.load_verify_locations(configuration.ssl_ca_cert)
    elif configuration.verify_ssl:
        context.load_default_certs()
    if configuration.cert_file:  # with a password that is none, OpenSSL asks nobody for one
        context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    return context


def _missing(path: Path | None) -> MissingError:
    return MissingError(f"cannot use the kubeconfig {path}: it is not there", hint=HINT)


def _unusable(name: str, why: str) -> PermanentError:
    return PermanentError(f"cannot use the kubeconfig {name}: {why}", hint=HINT)


def _settle_files(entry: dict[str, Any], directory: Path, memory: ExitStack) -> dict[Path, Stamp]:
    """Make each file of an entry an absolute path; inline data goes into memory first. Return the others' stamps."""
    read = {}
    for name in FILES:
        if inline := entry.pop(f"{name}-data", None):
            entry[name] = _in_memory(name, base64.b64decode(inline, validate=True), memory)
        elif name in entry:
            path = directory / entry[name]
            if path.exists() and not path.is_file():
                raise OSError(errno.EINVAL, f"{path} is no file")  # a FIFO would make us wait for its writer
            entry[name], read[path] = str(path), _stamp(path)
    return read


def _in_memory(name: str, content: bytes, memory: ExitStack) -> str:
    """Return the path of an anonymous file. It lives as long as `memory` is open, and children don't inherit it."""
    descriptor = os.memfd_create(name)
    memory.callback(os.close, descriptor)
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"
