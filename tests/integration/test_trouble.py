"""What a user or a broken cluster can cause: a clear message, the right exit code, no traceback."""

import base64
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bootheal.demo.stack import Fault, Stack
from support.command import actions, bootheal, environment, heal, not_healed, outcome


@pytest.fixture
def trouble(healthy: Stack) -> Iterator[Stack]:
    """The module's stack; faults and configuration are put back afterwards."""
    original = yaml.safe_load(healthy.config.read_text())
    healthy.configure({"deadline": 60, "cleanup": {"namespaces": []}})
    yield healthy
    healthy.faults.clear()
    healthy._configuration = {}
    healthy.configure(original)
    healthy.wait_until("everything to serve again", lambda: all(healthy.serving().values()))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path="/readyz", status=401), "the API server says 401 Unauthorized"),
        (Fault(path="/readyz", status=403), "the API server says 403 Forbidden"),
        (Fault(path="/readyz", status=500), "/readyz says 500"),
        (Fault(path=".*", status=429, headers={"Retry-After": "60"}), "the API server says 429 Too Many Requests"),
        (Fault(path=".*", cut="reset"), "cannot reach the API server at https://127.0.0.1"),
        (Fault(path=".*", cut="eof"), "cannot reach the API server at https://127.0.0.1"),
    ],
)
def test_an_api_server_in_trouble_is_waited_for_until_the_deadline(trouble: Stack, fault: Fault, said: str) -> None:
    """The reason is told, nothing is changed, exit 1; a Retry-After does not hold us up."""
    trouble.faults.add(fault)
    not_healed(trouble, said)


def test_a_trouble_that_passes_is_forgotten(trouble: Stack) -> None:
    """Two refusals, a 500 and a reset, then all is well: exit 0."""
    trouble.faults.add(Fault(path="/readyz", status=401, times=2))
    trouble.faults.add(Fault(path="/api/v1/namespaces/shop/pods", status=500, times=2))
    trouble.faults.add(Fault(path="/api/v1/namespaces/shop/services", cut="reset", times=1))
    heal(trouble.config)


def test_an_api_server_that_never_answers_does_not_hang_us(trouble: Stack) -> None:
    """A half-open connection is given up within its deadline."""
    trouble.configure({"deadline": 2})
    trouble.faults.add(Fault(path="/readyz", cut="silence"))
    assert "NOT healed" in bootheal("run", "--once", "--config", trouble.config, expect=1).stdout


def test_nobody_listening_is_told_with_the_address(trouble: Stack, tmp_path: Path) -> None:
    """A cluster that is down."""
    kubeconfig = tmp_path / "kubeconfig"
    server = trouble.kubeconfig.read_text().split('"server": "')[1].split('"')[0]
    kubeconfig.write_text(trouble.kubeconfig.read_text().replace(server, "https://127.0.0.1:1"))
    trouble.configure({"cluster": {"kubeconfig": str(kubeconfig)}})
    not_healed(trouble, "cannot reach the API server at https://127.0.0.1:1: connection refused")
    assert "connection refused" in bootheal("check", "--config", trouble.config, expect=1).stdout


@pytest.mark.parametrize("content", [None, "", "not: [a kubeconfig", "{}", "apiVersion: v1\nkind: Config\n"])
def test_a_kubeconfig_that_cannot_be_used_is_named(trouble: Stack, tmp_path: Path, content: str | None) -> None:
    """Missing, empty, broken or without a cluster."""
    kubeconfig = tmp_path / "kubeconfig"
    if content is not None:
        kubeconfig.write_text(content)
    trouble.configure({"cluster": {"kubeconfig": str(kubeconfig)}})
    not_healed(trouble, f"cannot use the kubeconfig {kubeconfig}")


def test_a_certificate_that_is_not_yet_valid_points_to_the_clock(trouble: Stack, tmp_path: Path) -> None:
    """After a power cut without a battery the clock may be years behind."""
    certificate = certificate_of_tomorrow()
    with tls_server(certificate, tmp_path) as url:
        text = json.loads(trouble.kubeconfig.read_text())
        authority = base64.b64encode(certificate[1]).decode()
        text["clusters"][0]["cluster"] = {"server": url, "certificate-authority-data": authority}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(text))
        trouble.configure({"cluster": {"kubeconfig": str(kubeconfig)}})
        not_healed(trouble, "its certificate is not yet valid: is this machine's clock right?")


def certificate_of_tomorrow() -> tuple[bytes, bytes]:
    """Return a key and a certificate of its own authority, valid from tomorrow, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tomorrow")])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(tomorrow).not_valid_after(tomorrow + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(address, critical=False)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return private, certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextmanager
def tls_server(certificate: tuple[bytes, bytes], directory: Path) -> Iterator[str]:
    """Shake hands with whoever comes, on loopback."""
    path = directory / "certificate.pem"
    path.write_bytes(b"".join(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    with suppress(OSError):
                        context.wrap_socket(peer, server_side=True).close()
                    peer.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("changes", "step", "said", "hint"),
    [
        (
            {"databases": {"shop": {"admin": {"secret": "nope"}}}},
            "database/shop",
            "cannot find secret/shop/nope",
            "is the name in the configuration right?",
        ),
        (
            {"databases": {"shop": {"admin": {"password_key": "pass"}}}},
            "database/shop",
            "cannot find key pass in secret/shop/postgres-admin",
            "kubectl -n shop describe secret postgres-admin lists its keys",
        ),
        ({"databases": {"shop": {"service": "nope"}}}, "database/shop", "cannot find service/shop/nope", "right?"),
        (
            {"poolers": {"shop": {"credential": {"user": "nobody"}}}},
            "credential/shop",
            "role nobody does not exist in database shop",
            "create it, or correct the user in secret/shop/pooler",
        ),
        (
            {"poolers": {"shop": {"deployment": "nope"}}},
            "pooler/shop",
            "cannot find deployment/shop/nope",
            "is the name in the configuration right?",
        ),
        (
            {"workloads": {"deployment/shop/nope": {}}},
            "deployment/shop/nope",
            "cannot find deployment/shop/nope",
            "is the name in the configuration right?",
        ),
    ],
)
def test_what_does_not_exist_is_named_with_the_next_thing_to_do(
    trouble: Stack, changes: dict[str, Any], step: str, said: str, hint: str
) -> None:
    """That step fails at once, without waiting for the deadline; `check` says the same."""
    trouble.configure(changes | {"deadline": 600})
    report = heal(trouble.config, expect=1)
    found = outcome(report, step)
    assert said in found["why"]
    assert hint in found["hint"]
    if step != "credential/shop" and "console" not in str(changes):
        assert said in bootheal("check", "--config", trouble.config, expect=1).stdout


def test_a_pooler_whose_console_is_closed_to_us_is_proven_by_logins(trouble: Stack) -> None:
    """That is not a failure; that the settings could not be verified is said, with the way out."""
    trouble.configure({"poolers": {"shop": {"credential": {"secret": "app"}, "console": {"secret": "app"}}}})
    (remark,) = outcome(heal(trouble.config), "pooler/shop")["remarks"]
    assert "the declared settings cannot be verified: cannot open a session of app in database pgbouncer" in remark
    assert "add app to admin_users in pgbouncer.ini" in remark


def test_a_missing_database_needs_a_person(trouble: Stack) -> None:
    """3D000 may mean that data is gone: exit 3, and nothing is created."""
    trouble.configure({"databases": {"shop": {"dbname": "gone"}}})
    report = heal(trouble.config, expect=3)
    assert outcome(report, "database/shop")["why"].startswith(
        'PostgreSQL postgres-0: database "gone" does not exist (3D000)'
    )
    assert "backup" in outcome(report, "database/shop")["hint"]
    assert outcome(report, "deployment/shop/django")["ending"] == "skipped"


def test_a_refused_administrator_is_named(trouble: Stack) -> None:
    """A wrong password of the administrator is not worked around."""
    trouble.configure({"databases": {"shop": {"admin": {"secret": "app", "user": "postgres"}}}})
    report = heal(trouble.config, expect=1)
    assert "(28P01)" in outcome(report, "database/shop")["why"]


def test_a_superuser_behind_the_pooler_is_never_reset(trouble: Stack) -> None:
    """Not even with reset: always."""
    before = trouble.postgres.verifier("postgres")
    trouble.configure({"poolers": {"shop": {"credential": {"user": "postgres", "reset": "always"}}}})
    report = heal(trouble.config, expect=1)
    assert "is a superuser" in outcome(report, "credential/shop")["why"]
    assert trouble.postgres.verifier("postgres") == before
    assert actions(report) == []


def test_a_role_whose_password_would_not_be_reset_is_told_by_check(trouble: Stack) -> None:
    """While all is well, before it drifts: with the SQL of a role that is no more than a pooler needs."""
    trouble.configure({"poolers": {"shop": {"credential": {"secret": "postgres-admin"}}}})
    said = bootheal("check", "--config", trouble.config, expect=1).stdout
    assert "role postgres is a superuser: its password is not bootheal's to change" in said
    assert "CREATE ROLE pooler LOGIN PASSWORD '…'; GRANT CONNECT ON DATABASE … TO pooler" in said
    trouble.configure({"poolers": {"shop": {"credential": {"secret": "postgres-admin", "reset": "never"}}}})
    assert "is not bootheal's to change" not in bootheal("check", "--config", trouble.config, expect=(0, 1)).stdout


def test_missing_rights_are_found_by_check(trouble: Stack) -> None:
    """Before the reboot in which they would be missed."""
    trouble.faults.deny("delete", "pods", "shop")
    said = bootheal("check", "--config", trouble.config, expect=1).stdout
    assert "not allowed: delete pods in namespace shop" in said


def test_a_state_directory_that_cannot_be_used_is_named(trouble: Stack, tmp_path: Path) -> None:
    """And nothing is changed without a record."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    trouble.configure({"state_directory": str(blocked)})
    run = bootheal("run", "--once", "--config", trouble.config, expect=1)
    assert f"cannot use the state directory {blocked}" in run.stdout + run.stderr


def test_a_state_file_that_cannot_be_understood_is_set_aside(trouble: Stack) -> None:
    """Not overwritten; the run goes on without it."""
    directory = trouble.directory / "state"
    directory.mkdir(exist_ok=True)
    (directory / "state.json").write_text("{ broken")
    run = bootheal("run", "--once", "--config", trouble.config)
    assert "the state file was set aside" in run.stdout + run.stderr
    aside = list(directory.glob("*.aside"))
    assert [path.read_text() for path in aside] == ["{ broken"]
    aside[0].unlink()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["nonsense"], 2),
        (["run", "--json"], 2),
        (["run", "--accept-data", "shop"], 2),
        (["run", "--once", "--config", "/none"], 78),
    ],
)
def test_wrong_usage_has_its_own_exit_codes(arguments: list[str], code: int) -> None:
    """2 for arguments, 78 for the configuration."""
    bootheal(*arguments, expect=code)


@pytest.mark.parametrize("command", ["", "run", "plan", "status", "wait", "check", "demo"])
def test_every_command_explains_itself(command: str) -> None:
    """--help with an example, or the list of commands."""
    text = bootheal(*command.split(), "--help").stdout
    assert ("example" if command else "exit codes:") in text


def test_output_into_a_closed_pipe_is_no_trouble(trouble: Stack) -> None:
    """`bootheal plan | head -1` ends quietly."""
    line = f"'{sys.executable}' -m bootheal plan --config '{trouble.config}' | head -1"
    run = subprocess.run(["bash", "-c", line], env=environment(), capture_output=True, text=True, check=False)
    assert run.stderr == ""
