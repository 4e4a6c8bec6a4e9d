"""Connections to an API server: cut when their scope is left, and made with certificates that are in no open file."""

import base64
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Stack
from bootheal.errors import PermanentError, UnreachableError
from support.usage import usage


@contextmanager
def silent_server(says: bytes = b"") -> Iterator[int]:
    """Accept connections, say something when somebody has spoken, and never a word more."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as peers:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer = peers.enter_context(server.accept()[0])
                    if says:
                        peer.recv(4096)
                        peer.sendall(says)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()


def kubeconfig(directory: Path, server: str, **user: str) -> Path:
    cluster = {"server": server, "insecure-skip-tls-verify": True} if server.startswith("https") else {"server": server}
    content = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = directory / "kubeconfig"
    file.write_text(json.dumps(content))
    return file


def readyz(api: Api) -> Any:
    return api.text("/readyz", about="/readyz")


def watch(api: Api) -> Any:
    return list(api.stream("/api/v1/pods", [("watch", "true")], quiet=60.0, about="pods", answered=lambda: None))


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("scheme", "says", "ask"),
    [
        ("https", b"", readyz),  # silent in the handshake
        ("http", b"", readyz),  # silent after the request
        ("http", STREAM, watch),  # silent in a watch
    ],
)
def test_a_request_that_hangs_ends_with_its_scope(
    scheme: str, says: bytes, ask: Callable[[Api], Any], tmp_path: Path
) -> None:
    """At once, with an error that a look knows."""
    ended: list[BaseException] = []
    with silent_server(says) as port:
        with Scope(pytest.fail) as scope:
            api = Api(LiveKubeconfig(kubeconfig(tmp_path, f"{scheme}://127.0.0.1:{port}")), scope)

            def request() -> None:
                try:
                    ask(api)
                except UnreachableError as error:
                    ended.append(error)

            scope.start(request, "one who asks")
            time.sleep(0.5)
            assert ended == []
            began = time.monotonic()
        assert time.monotonic() - began < 5  # of the ten that a request may take
    assert len(ended) == 1
    with pytest.raises(UnreachableError, match="bootheal has closed its connections"):
        readyz(api)


def client_certificate(stack: Stack) -> tuple[bytes, bytes, dict[str, Any]]:
    """Certificate, key, and the kubeconfig that they are from."""
    content = json.loads(stack.certified_kubeconfig.read_text())
    user = content["users"][0]["user"]
    certificate, key = (base64.b64decode(user.pop(f"client-{name}-data")) for name in ("certificate", "key"))
    return certificate, key, content


def test_certificates_in_files_are_read_again_when_they_were_renewed(
    stack: Stack, tmp_path: Path, scope: Scope
) -> None:
    """As where the kubelet renews its own: the kubeconfig that names them stays the same."""
    certificate, key, content = client_certificate(stack)
    old, old_key, _ = client_certificate(stack)
    content["users"][0]["user"] = {"client-certificate": "tls.crt", "client-key": str(tmp_path / "tls.key")}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(content))
    with pytest.raises(PermanentError, match="File does not exist|No such file"):
        LiveKubeconfig(file)
    (tmp_path / "tls.crt").write_bytes(old)
    (tmp_path / "tls.key").write_bytes(old_key)
    kept = LiveKubeconfig(file)
    api, before = Api(kept, scope), kept.current()
    assert readyz(api)[0] == 200
    assert kept.current() is before
    (tmp_path / "new.crt").write_bytes(certificate + b"\n")
    (tmp_path / "new.crt").replace(tmp_path / "tls.crt")
    assert kept.current() is not before
    assert readyz(api)[0] == 200
    (tmp_path / "tls.key").write_bytes(key[:100])  # half-written
    assert readyz(api)[0] == 200


def test_a_key_that_cannot_be_read_is_said(stack: Stack, tmp_path: Path) -> None:
    """And nobody is asked for a password on the terminal."""
    certificate, _, content = client_certificate(stack)
    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBXBgkqhkiG9w0B\n-----END ENCRYPTED PRIVATE KEY-----\n"
    content["users"][0]["user"] = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(encrypted).decode(),
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(content))
    with pytest.raises(PermanentError, match="a certificate or a key that it holds or names cannot be read"):
        LiveKubeconfig(file)


def test_no_open_file_holds_the_key(stack: Stack, scope: Scope) -> None:
    """Nor does one, or a connection, stay open for each time that the kubeconfig was renewed."""
    api = Api(LiveKubeconfig(stack.certified_kubeconfig), scope)
    before = usage(os.getpid())
    for second in range(50):
        os.utime(stack.certified_kubeconfig, (second, second))
        assert readyz(api)[0] == 200
    after = usage(os.getpid())
    assert after.memory_files == 0
    assert after.descriptors <= before.descriptors + 20, "the server, whose ends of them are in this process, is slower"
