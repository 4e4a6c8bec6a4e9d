"""The text of a kubeconfig -> how the API server is reached, without a copy of its key on any disk or in any open file.

The client writes inline certificates and keys into temporary files, and a process that is killed leaves
them there. Ours are in files in memory while they are read, and then in the TLS context alone.
"""

import base64
import errno
import os
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import Identity, read_file, stamp
from bootheal.adapters.kube import exec_plugin
from bootheal.adapters.loading import loading
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


Stamp = Identity | None


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


def named_by(variable: str) -> tuple[Path, ...]:
    """Return the files that a $KUBECONFIG names, each once and in its order; an empty name is none."""
    return tuple(dict.fromkeys(Path(name) for name in variable.split(os.pathsep) if name)) or (Path(variable),)


def kubectls() -> tuple[Path, ...]:
    """Return the files that kubectl reads where nobody names one."""
    if variable := os.environ.get("KUBECONFIG"):
        return named_by(variable)
    return (Path(os.path.expanduser("~/.kube/config")),)  # noqa: PTH111 - where there is no home, it stays as it is


def load(paths: Sequence[Path], context: str) -> Access:
    """Return what the files say together; PermanentError where one cannot be used, naming it.

    As kubectl merges them: what two of them name is as the first one has it, and so is the current context. Those that
    are not there are left out, as long as one is.
    """
    found = {path: stamp(path) for path in paths}
    texts = [(text, str(path), path.parent) for path in paths if (text := _text(path)) is not None]
    if not texts:
        raise missing(_together(map(str, paths)))
    access = _used(texts, context)
    return replace(access, read={**found, **access.read})


def _text(path: Path) -> str | None:
    try:
        with scarce(f"read the kubeconfig {path}"):
            return read_file(path, bounded_yaml.LONGEST_BYTES).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise _unusable(str(path), "it is not text") from None
    except (OSError, ValueError) as error:
        raise _unusable(str(path), (isinstance(error, OSError) and error.strerror) or str(error)) from None


def parse(text: str, name: str, directory: Path, context: str) -> Access:
    """Return what `text` says; `name` says where it is from, its paths are relative to `directory`."""
    return _used([(text, name, directory)], context)


def _used(texts: Sequence[tuple[str, str, Path]], context: str) -> Access:
    """Return what several say together, each with its name and directory."""
    contents, read = list[Any](), dict[Path, Stamp]()
    with ExitStack() as memory:
        for text, name, directory in texts:
            contents.append(_content(text, name))
            with _of(name):
                read |= _settle(contents[-1], directory, memory)
        with _of(_together(name for _, name, _ in texts)):
            return replace(_access(merged(contents), context), read=read)


def _together(names: Iterable[str]) -> str:
    return os.pathsep.join(names)


def _content(text: str, name: str) -> Any:
    try:
        with scarce(f"use the kubeconfig {name}"):
            return bounded_yaml.load(text) or {}  # an empty one is one of several, perhaps
    except ValueError as error:
        raise _unusable(name, str(error)) from None


@contextmanager
def _of(name: str) -> Iterator[None]:
    """Name the kubeconfig that something is wrong with."""
    with loading:
        from kubernetes.config.config_exception import ConfigException

    try:
        with scarce(f"use the kubeconfig {name}"):
            yield
    except ssl.SSLError:
        raise _unusable(name, "a certificate or a key that it holds or names cannot be read") from None
    except OSError as error:
        raise _unusable(name, error.strerror or "a file that it names cannot be read") from None
    except ConfigException as error:
        raise _unusable(name, quoted(str(error).rstrip("."))) from None
    except MISFITS:
        raise _unusable(name, "it lacks clusters or users, or they are not what they should be") from None


def merged(contents: Sequence[Any]) -> Any:
    """Return several contents as one: of each name, and of the current context, the first is taken."""
    if len(contents) == 1:
        return contents[0]
    whole: dict[str, Any] = {}
    for kind in ("clusters", "users", "contexts"):
        named: dict[str, Any] = {}
        for entry in (entry for content in contents for entry in content.get(kind) or ()):
            named.setdefault(entry["name"], entry)
        whole[kind] = list(named.values())
    current = (content.get("current-context") for content in contents)
    return whole | {"current-context": next(filter(None, current), "")}


def alone(paths: Sequence[Path], context: str) -> tuple[Path, str] | None:
    """Return the one file of several that a context, its cluster and its user are all in, and the context's name.

    `context`: "" is the current one. None where they are in no single file, or where that cannot be told.
    """
    try:
        contents = {path: _content(text, str(path)) for path in paths if (text := _text(path)) is not None}
        whole = merged([{}, *contents.values()])
        name = context or whole["current-context"]
        meant = next(each["context"] for each in whole["contexts"] if each["name"] == name)
        homes = {
            next(path for path, each in contents.items() if named in [entry["name"] for entry in each.get(kind) or ()])
            for kind, named in (("contexts", name), ("clusters", meant["cluster"]), ("users", meant["user"]))
        }
    except (PermanentError, StopIteration, *MISFITS):
        return None
    return (homes.pop(), str(name)) if len(homes) == 1 else None


def _settle(content: Any, directory: Path, memory: ExitStack) -> dict[Path, Stamp]:
    """Make what a content names independent of where it lies, and of any file. Return the stamps of the others."""
    read: dict[Path, Stamp] = {}
    for kind in ("cluster", "user"):
        for entry in content.get(f"{kind}s") or ():
            read |= _settle_files(entry[kind], directory, memory)
    return read


def _access(content: Any, context: str) -> Access:
    with loading:
        from kubernetes.client.configuration import Configuration
        from kubernetes.config.kube_config import load_kube_config_from_dict

    configuration = Configuration()
    if not (content["clusters"] and content["users"]):
        raise ValueError("it lacks them")
    plugin = exec_plugin.bounded(_meant(content, context, "user"))
    load_kube_config_from_dict(content, context or None, client_configuration=configuration, persist_config=False)
    if plugin and not (configuration.api_key or configuration.cert_file):  # the client logs why, and goes on without
        raise exec_plugin.silent(plugin)
    if _is_here(configuration.host) and "proxy-url" not in _meant(content, context, "cluster"):
        configuration.proxy = None
    tls = _tls(configuration)
    authority = Path(configuration.ssl_ca_cert).read_text(encoding="utf-8") if configuration.ssl_ca_cert else ""
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    return Access(configuration, tls, {}, authority)


def _meant(content: Any, context: str, kind: str) -> Any:
    """Return the "user" or "cluster" of a context, {} where that names none: the client says what is wrong."""
    with suppress(*MISFITS):
        name = context or content["current-context"]
        meant: Any = next((each["context"] for each in content["contexts"] if each["name"] == name), {})
        return next((each[kind] for each in content[f"{kind}s"] if each["name"] == meant[kind]), None) or {}
    return {}


def _is_here(url: str) -> bool:
    """Tell whether a URL leads to this machine: what the environment says of proxies is for others, as for kubectl."""
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
        return host == "localhost" or (address := ip_address(host)).is_loopback or address.is_unspecified
    return False


def _tls(configuration: Any) -> ssl.SSLContext:
    """Return how to speak TLS with the server, made as urllib3 makes it, which is how the client would."""
    with loading:
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


def missing(name: Path | str | None) -> MissingError:
    """Say that the file is not there."""
    return MissingError(f"cannot use the kubeconfig {name}: it is not there", hint=HINT)


def _unusable(name: str, why: str) -> PermanentError:
    return PermanentError(f"cannot use the kubeconfig {name}: {why}", hint=HINT)


def _settle_files(entry: dict[str, Any], directory: Path, memory: ExitStack) -> dict[Path, Stamp]:
    """Make each file of an entry an absolute path; inline data goes into memory first. Return the others' stamps."""
    read = {}
    for name in FILES:
        if inline := entry.pop(f"{name}-data", None):
            entry[name] = _in_memory(name, base64.b64decode(inline, validate=True), memory)
        elif name in entry:
            path = _file(directory / entry[name])
            entry[name], read[path] = str(path), stamp(path)
    if name := entry.pop("tokenFile", None):  # it prevails over a token that stands there
        path = _file(directory / name)
        entry["token"], read[path] = _token(path), stamp(path)
    return read


def _file(path: Path) -> Path:
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, f"{path} is no file")  # a FIFO would make us wait for its writer
    return path


def _token(path: Path) -> str:
    try:
        return read_file(path, bounded_yaml.LONGEST_BYTES).decode().strip()
    except OSError as error:
        raise OSError(error.errno, f"{path}: {error.strerror}") from None


def _in_memory(name: str, content: bytes, memory: ExitStack) -> str:
    """Return the path of an anonymous file. It lives as long as `memory` is open, and children don't inherit it."""
    descriptor = os.memfd_create(name)
    memory.callback(os.close, descriptor)
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"
