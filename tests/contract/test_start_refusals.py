"""Real PostgreSQL on data directories that are broken in each of the ways that we know: its own log names the cause."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bootheal.model import Ref
from bootheal.postgres.server_log import finding
from support.certificates import Authority
from support.postgres import ADDRESS, Garage, RealPostgres, servers

Harm = Callable[[RealPostgres], None]


@pytest.fixture(scope="module")
def garage() -> Iterator[Garage]:
    with servers() as garage:
        yield garage


@dataclass(frozen=True)
class Case:
    """What is done to the data directory, the settings that it is started with, and the cause that must be found."""

    cause: str
    harm: Harm = lambda _: None
    settings: Mapping[str, str] = field(default_factory=dict)
    root: bool = False


def write(name: str, text: bytes, mode: int = 0o600) -> Harm:
    """Replace a file of the data directory."""

    def harm(server: RealPostgres) -> None:
        path = server.data / name
        path.write_bytes(text)
        server.own(path, mode)

    return harm


def remove(*names: str) -> Harm:
    """Remove files or directories."""

    def harm(server: RealPostgres) -> None:
        for name in names:
            for path in server.data.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return harm


def zero(name: str, keep: int = 0) -> Harm:
    """Fill a file with zeros, but for its first bytes."""

    def harm(server: RealPostgres) -> None:
        for path in server.data.glob(name):
            text = path.read_bytes()
            path.write_bytes(text[:keep] + bytes(len(text) - keep))
            server.own(path)

    return harm


def damage(name: str, at: int) -> Harm:
    """Turn one byte of a file over."""

    def harm(server: RealPostgres) -> None:
        path = server.data / name
        text = bytearray(path.read_bytes())
        text[at] ^= 0xFF
        path.write_bytes(text)

    return harm


def open_to_all(server: RealPostgres) -> None:
    server.data.chmod(0o755)


def of_somebody_else(server: RealPostgres) -> None:
    os.chown(server.data, 0, 0)
    server.data.chmod(0o755)


def key_for_all(server: RealPostgres) -> None:
    """A certificate with a key that others may read."""
    files = Authority("ca").certify("db.example.org", ADDRESS, server.data)
    for name, path in zip(("server.crt", "server.key"), files, strict=True):
        write(name, path.read_bytes(), 0o644)(server)


CASES = {
    "lock file empty": Case("postgres-lock-file-empty", write("postmaster.pid", b"")),
    "lock file bogus": Case("postgres-lock-file-bogus", write("postmaster.pid", bytes(20))),
    "permissions": Case("postgres-directory-permissions", open_to_all),
    "owner": Case("postgres-directory-owner", of_somebody_else, root=True),
    "other version": Case("postgres-other-version", write("PG_VERSION", b"11\n")),
    "no version": Case("postgres-not-a-data-directory", remove("PG_VERSION")),
    "version not flushed": Case("postgres-not-a-data-directory", write("PG_VERSION", b"")),
    "empty": Case("postgres-settings-broken", remove("*")),
    "no control file": Case("postgres-not-a-data-directory", remove("global/pg_control")),
    "control file zeroed": Case("postgres-control-file-damaged", zero("global/pg_control")),
    "control file cut": Case("postgres-control-file-damaged", write("global/pg_control", b"")),
    "control file damaged": Case("postgres-control-file-damaged", damage("global/pg_control", 40)),
    "no WAL": Case("postgres-checkpoint-missing", remove("pg_wal/0*")),
    "WAL zeroed": Case("postgres-checkpoint-missing", zero("pg_wal/0*")),
    "no pg_wal": Case("postgres-not-a-data-directory", remove("pg_wal")),
    "no pg_notify": Case("postgres-not-a-data-directory", remove("pg_notify")),
    "no pg_hba.conf": Case("postgres-hba-broken", remove("pg_hba.conf")),
    "pg_hba.conf nonsense": Case("postgres-hba-broken", write("pg_hba.conf", b"let everybody in\n")),
    "pg_hba.conf of zeros": Case("postgres-hba-broken", write("pg_hba.conf", bytes(64))),
    "no postgresql.conf": Case("postgres-settings-broken", remove("postgresql.conf")),
    "a slip in postgresql.conf": Case("postgres-settings-broken", write("postgresql.conf", b"shared_bufers = 1MB\n")),
    "postgresql.auto.conf of zeros": Case("postgres-settings-broken", write("postgresql.auto.conf", bytes(64))),
    "a value": Case("postgres-settings-broken", write("postgresql.conf", b"max_connections = many\n")),
    "a setting on the command line": Case("postgres-settings-broken", settings={"shared_bufers": "1MB"}),
    "library": Case("postgres-library-missing", settings={"shared_preload_libraries": "timescaledb"}),
    "contradiction": Case("postgres-settings-contradict", settings={"wal_level": "minimal", "archive_mode": "on"}),
    "senders": Case("postgres-settings-contradict", settings={"wal_level": "minimal"}),
    "memory": Case("postgres-shared-memory", settings={"shared_buffers": "7TB", "huge_pages": "off"}),
    "key": Case("postgres-key-permissions", key_for_all, {"ssl": "on"}),
    "certificate": Case("postgres-certificate", settings={"ssl": "on", "ssl_cert_file": "none.crt"}),
    "address": Case("postgres-address-unknown", settings={"listen_addresses": "192.0.2.1"}),
    "socket directory": Case("postgres-socket-directory", settings={"unix_socket_directories": "/nonexistent"}),
    "recovery": Case("postgres-recovery-settings", write("recovery.signal", b"")),
    "old recovery": Case("postgres-recovery-settings", write("recovery.conf", b"standby_mode = on\n")),
    "backup label": Case(
        "postgres-backup-label",
        write(
            "backup_label",
            b"START WAL LOCATION: 0/9000028 (file 000000010000000000000009)\nCHECKPOINT LOCATION: 0/9000060\n"
            b"BACKUP METHOD: streamed\nBACKUP FROM: primary\nSTART TIME: 2026-11-29 12:00:00 UTC\nLABEL: x\n"
            b"START TIMELINE: 1\n",
        ),
    ),
    "backup label cut": Case("postgres-backup-label", write("backup_label", b"START")),
    "two-phase state": Case("postgres-pages-damaged", remove("pg_xact/0000")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_log_of_a_server_that_refuses_names_the_cause(
    garage: Garage, case: Case, request: pytest.FixtureRequest
) -> None:
    """Whatever version of PostgreSQL this is."""
    if case is CASES["memory"] and Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "1":
        pytest.skip("a kubelet on this machine lets everybody have all memory that they ask for")
    if case.root and os.geteuid():
        pytest.skip("only root can give files to somebody else")
    server = garage.new(request.node.callspec.id.replace(" ", "-"))
    server.fresh()
    case.harm(server)
    server.start(wait=False, **case.settings)
    try:
        assert server.ended() != 0
    finally:
        server.stop()
    found = finding(server.log, Ref("pod", "shop", "postgres-0"), "postgres")
    assert found is not None, server.log
    assert found.cause.id == case.cause, server.log


def test_a_port_that_somebody_has_is_told(garage: Garage) -> None:
    """As with hostNetwork."""
    server = garage.new("port")
    server.fresh()
    with socket.create_server((ADDRESS, server.port)):
        server.start(wait=False)
        assert server.ended() != 0
    found = finding(server.log)
    assert found is not None
    assert found.cause.id == "postgres-port-taken"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize(
    ("options", "cause"),
    [("remount,bind,ro", "postgres-disk-fails"), ("", "postgres-disk-full")],
    ids=["read-only", "full"],
)
def test_a_disk_that_cannot_be_written_is_told(garage: Garage, options: str, cause: str) -> None:
    """Remounted read-only by the kernel, or full to the last byte."""
    server = garage.new("disk-" + (options and "read-only"))
    server.data.mkdir()
    kind = ("--bind", server.data, server.data) if options else ("-t", "tmpfs", "-o", "size=48m", "tmpfs", server.data)
    if subprocess.run(["mount", *kind], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        server.fresh()
        if options:
            subprocess.run(["mount", "-o", options, server.data], check=True)
        else:
            filled = subprocess.run(
                ["dd", "if=/dev/zero", f"of={server.data}/fill", "bs=4k"], check=False, capture_output=True
            )
            assert filled.returncode, "the disk is larger than it should be"
        server.start(wait=False)
        assert server.ended() != 0
    finally:
        server.stop()
        subprocess.run(["umount", server.data], check=True)
    found = finding(server.log)
    assert found is not None, server.log
    assert found.cause.id == cause, server.log
