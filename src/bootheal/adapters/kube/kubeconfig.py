"""A kubeconfig file -> the client's configuration, without a copy of its key on any disk.

The client writes inline certificates and keys into temporary files, and a process that is killed leaves
them there. Ours live in memory, under a path that only this process has.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

from bootheal.errors import PermanentError

# What may stand in a kubeconfig inline, in base64 under "…-data", or as a path.
FILES = ("certificate-authority", "client-certificate", "client-key")


class LiveKubeconfig:
    """A kubeconfig that others renew while we run."""

    def __init__(self, path: Path, context: str) -> None:
        self._path, self._context = path, context
        self._stamp = _stamp(path)
        self.configuration = load(path, context)

    def renewed(self) -> bool:
        """Read the file again if it has changed; tell whether `configuration` is a new one.

        A file that is gone, or half-written, leaves the old one in force until it can be used again.
        """
        stamp = _stamp(self._path)
        if stamp in (self._stamp, None):
            return False
        self._stamp = stamp
        try:
            self.configuration = load(self._path, self._context)
        except PermanentError:
            return False
        return True


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load(path: Path, context: str) -> Any:
    """Return a `Configuration`; PermanentError where the file cannot be used, naming it."""
    import yaml
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import load_kube_config_from_dict

    configuration = Configuration()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for kind in ("cluster", "user"):
            for entry in content[f"{kind}s"]:
                _settle_files(entry[kind], path.parent)
        load_kube_config_from_dict(content, context or None, client_configuration=configuration, persist_config=False)
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from None
    except ConfigException as error:
        raise _unusable(path, str(error).rstrip(".")) from None
    except yaml.YAMLError:
        raise _unusable(path, "it is not YAML") from None
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise _unusable(path, "it lacks clusters or users, or they are not what they should be") from None
    return configuration


def _unusable(path: Path, why: str) -> PermanentError:
    hint = "see cluster.kubeconfig; on k3s it is /etc/rancher/k3s/k3s.yaml, readable by root"
    return PermanentError(f"cannot use the kubeconfig {path}: {why}", hint=hint)


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
