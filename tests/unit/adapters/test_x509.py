"""Certificates as owners make them themselves, between two ends of TLS in memory."""

import ssl
from pathlib import Path

import pytest

from bootheal.adapters.x509 import as_others_do
from support.certificates import Authority


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Let both speak until they are agreed; SSLError where the client is not."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(to_client, to_server, server_hostname=name)
    answers = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(2):
        for end in (asks, answers):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.fixture
def strict() -> ssl.SSLContext:
    """As Python makes it from 3.13 on."""
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture
def server(tmp_path: Path, strict: ssl.SSLContext) -> ssl.SSLContext:
    """Whose certificate has no Authority Key Identifier, signed by one whom the client trusts."""
    authority = Authority("home")
    strict.load_verify_locations(cadata=authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certify("box.home", "127.0.0.1", tmp_path))
    return context


def test_a_certificate_that_says_little_is_taken(strict: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """As by curl, and by every Python before."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Missing Authority Key Identifier"):
        handshake(strict, server, "box.home")
    handshake(as_others_do(strict), server, "box.home")


def test_another_name_or_another_authority_is_refused_as_ever(
    strict: ssl.SSLContext, server: ssl.SSLContext, tmp_path: Path
) -> None:
    """Who it is, and who says so, are proven all the same."""
    client = as_others_do(strict)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(client, server, "other.home")
    server.load_cert_chain(*Authority("stranger").certify("box.home", "127.0.0.1", tmp_path))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate|self-signed"):
        handshake(client, server, "box.home")
