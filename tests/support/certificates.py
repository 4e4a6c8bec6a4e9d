"""Certificates that tests make and sign themselves."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Signs certificates; `certificate` is its own, as PEM."""

    def __init__(self, name: str) -> None:
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _called(name)
        extension = x509.BasicConstraints(ca=True, path_length=0)
        built = self._builder(self._name, self._key).add_extension(extension, critical=True)
        self.certificate = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def certify(
        self,
        name: str,
        address: str,
        directory: Path,
        *,
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
        named: bool = True,
        between: int = 0,
    ) -> tuple[Path, Path]:
        """Write a certificate and its key; return where they are.

        It is valid from `begins` to `ends`, as of now, and for no name unless `named`; with so many authorities
        `between`, each signed by the one before.
        """
        key, signer, chain = ec.generate_private_key(ec.SECP256R1()), self, b""
        for number in range(between):
            signer, shown = signer._another(f"between {number}")
            chain = shown + chain
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(address))]
        built = signer._builder(_called(name), key, begins, ends)
        if named:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate, private = directory / "server.crt", directory / "server.key"
        shown = built.sign(signer._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        certificate.write_bytes(shown + chain)
        form = serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return certificate, private

    def _another(self, name: str) -> tuple["Authority", bytes]:
        """Make an authority that this one has signed; return it with its certificate."""
        other = Authority(name)
        built = self._builder(other._name, other._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return other, built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return builder.not_valid_before(now + begins).not_valid_after(now + ends)


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
