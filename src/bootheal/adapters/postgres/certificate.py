"""What binds a SCRAM login to the server's TLS certificate: its hash, "tls-server-end-point" (RFC 5929, 4.1)."""

import hashlib

from bootheal.adapters.x509 import element

# Signature algorithms by their object identifiers in DER, and the hash of each; of MD5 and SHA-1 SHA-256 stands in.
_RSA = bytes.fromhex("2a864886f70d0101")
_ECDSA = bytes.fromhex("2a8648ce3d04")
_HASHES = {
    _RSA + b"\x04": "sha256",
    _RSA + b"\x05": "sha256",
    _RSA + b"\x0b": "sha256",
    _RSA + b"\x0c": "sha384",
    _RSA + b"\x0d": "sha512",
    _RSA + b"\x0e": "sha224",
    _ECDSA + b"\x01": "sha256",
    _ECDSA + b"\x03\x01": "sha224",
    _ECDSA + b"\x03\x02": "sha256",
    _ECDSA + b"\x03\x03": "sha384",
    _ECDSA + b"\x03\x04": "sha512",
}


def end_point(certificate: bytes | None) -> bytes:
    """Return the hash of a certificate in DER; empty where its signature has no hash of its own, as Ed25519 has not."""
    if not certificate:
        return b""
    try:
        algorithm = _hash_of(certificate)
    except ValueError:
        return b""
    return hashlib.new(algorithm, certificate).digest() if algorithm else b""


def _hash_of(certificate: bytes) -> str:
    """Read Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, … }, … }."""
    _, whole, _ = element(memoryview(certificate))
    _, _, rest = element(whole)
    _, algorithm, _ = element(rest)
    _, identifier, _ = element(algorithm)
    return _HASHES.get(bytes(identifier), "")
