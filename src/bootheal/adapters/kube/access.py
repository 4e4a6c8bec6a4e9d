"""The text of a kubeconfig -> how the API server is reached, without a copy of its key on any disk or in any open file.

The client writes inline certificates and keys into temporary files, and a process that is killed leaves
them there. Ours are in files in memory while they are read, and then in the TLS context alone.
"""

import base64
import errno
import os
import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import read_file
from bootheal.adapters.x509 import as_others_do
from bootheal.errors import MISFITS, MissingError, PermanentError, scarce
from bootheal.model.quoted import quoted

# What may stand in a kubeconfig inline, in base64 under "…-data", or as a path.
FILES = ("certificate-authority", "client-certificate", "client-key")

K3S_KUBECONFIG = Path("/etc/rancher/k3s/k3s.yaml")
HINT = (
    f"see cluster.kubeconfig; on k3s it is root's {K3S_KUBECONFIG}, of which the service gets a copy "
    "by `scripts/install --k3s`"
)


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


def stamp(path: Path) -> Stamp:
    """Return by what a file can be told from a later one, None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load(path: Path, context: str) -> Access:
    """Return what the file says; PermanentError where it cannot be used, naming it."""
    found = stamp(path)
    try:
        with scarce(f"read the kubeconfig {path}"):
            text = read_file(path, bounded_yaml.LONGEST_BYTES).decode()
    except FileNotFoundError:
        raise missing(path) from None
    except UnicodeDecodeError:
        raise _unusable(str(path), "it is not text") from None
    except (OSError, ValueError) as error:
        raise _unusable(str(path), (isinstance(error, OSError) and error.strerror) or str(error)) from None
    access = parse(text, str(path), path.parent, context)
    return replace(access, read={path: found, **access.read})


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
    except MISFITS:
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
    context = as_others_do(create_urllib3_context(cert_reqs=required))
    context.check_hostname = bool(configuration.verify_ssl)
    if configuration.ssl_ca_cert:
        context.load_verify_locations(configuration.ssl_ca_cert)
    elif configuration.verify_ssl:
        context.load_default_certs()
    if configuration.cert_file:  # with a password that is none, OpenSSL asks nobody for one
        context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    return context


def missing(path: Path | None) -> MissingError:
    """Say that the file is not there."""
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
            entry[name], read[path] = str(path), stamp(path)
    return read


def _in_memory(name: str, content: bytes, memory: ExitStack) -> str:
    """Return the path of an anonymous file. It lives as long as `memory` is open, and children don't inherit it."""
    descriptor = os.memfd_create(name)
    memory.callback(os.close, descriptor)
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"
