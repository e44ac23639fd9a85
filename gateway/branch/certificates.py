"""Development certificates: an authority, one for the door, one per branch.

A branch is known by its certificate: the subject's common name is the branch code. A firm uses its
own authority instead and gives `branch.ca_file`, `certificate_file`, `key_file`.
Not here: TLS itself (server, client).
"""

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from risk.domain.ids import BRANCH_CODE

DAYS_VALID: Final = 825
ORGANISATION: Final = "hotline development"
SERVER_NAME: Final = "localhost"


class Issuer(NamedTuple):
    """An authority that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificates(folder: Path, branch_codes: Iterable[str]) -> None:
    """Make what is missing: branch_ca, branch_server, branch_<code>, each .pem and .key.

    Files that exist are kept, so that running it again adds new branches only. Keys are readable
    by the owner alone. Raises ValueError for a branch code that is none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuer = _authority(folder)
    if not (folder / "branch_server.pem").exists():
        alternatives = x509.SubjectAlternativeName(
            [x509.DNSName(SERVER_NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        _issue(
            folder,
            "branch_server",
            SERVER_NAME,
            issuer,
            ExtendedKeyUsageOID.SERVER_AUTH,
            alternatives,
        )
    for code in branch_codes:
        if not BRANCH_CODE.fullmatch(code):
            raise ValueError(f"a branch code must be five digits, was {code[:16]!r}")
        if not (folder / f"branch_{code}.pem").exists():
            _issue(folder, f"branch_{code}", code, issuer, ExtendedKeyUsageOID.CLIENT_AUTH, None)


def _authority(folder: Path) -> Issuer:
    pem, key_file = folder / "branch_ca.pem", folder / "branch_ca.key"
    if pem.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return Issuer(x509.load_pem_x509_certificate(pem.read_bytes()), key)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("hotline branch authority")
    certificate = (
        _unsigned(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder, "branch_ca", certificate, key)
    return Issuer(certificate, key)


def _issue(
    folder: Path,
    file_name: str,
    common_name: str,
    issuer: Issuer,
    usage: x509.ObjectIdentifier,
    alternatives: x509.SubjectAlternativeName | None,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _unsigned(_name(common_name), issuer.certificate.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    _write(folder, file_name, builder.sign(issuer.key, hashes.SHA256()), key)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS_VALID))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _write(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    """Write key, then certificate: the certificate is the sign that both are there."""
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fd = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as out:
        out.write(private)
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
