"""TLS of signalling from PEM files: what we show, and whom we believe (RFC 3261 §26.3).

Not here: sockets (gateway.sip.transport_stream).
"""

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)

from gateway.sip.settings import SipSettings
from risk.domain.errors import ConfigError


def server_options(settings: SipSettings) -> CertificateOptions:
    """Return what peers that connect to us meet: TLS 1.2 or newer and our certificate.

    With `tls_client_ca_file` they must show a certificate of that authority. Raises ConfigError.
    """
    key, own, chain = _identity(settings)
    trust = None
    if settings.tls_client_ca_file:
        trust = _authority("sip.tls_client_ca_file", settings.tls_client_ca_file)
    return CertificateOptions(
        privateKey=key,
        certificate=own,
        extraCertChain=chain,
        trustRoot=trust,
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )


def client_options(settings: SipSettings, host: str) -> Any:
    """Return how we connect to `host`: its certificate must name it and come from whom we trust.

    That is `tls_ca_file`, else the platform's authorities. Raises ConfigError.
    """
    trust: Any = platformTrust()
    if settings.tls_ca_file:
        trust = _authority("sip.tls_ca_file", settings.tls_ca_file)
    extra: dict[str, Any] = {"raiseMinimumTo": TLSVersion.TLSv1_2}
    if settings.tls_certificate_file:
        key, own, chain = _identity(settings)
        extra |= {"privateKey": key, "certificate": own, "extraCertChain": chain}
    return optionsForClientTLS(host, trustRoot=trust, extraCertificateOptions=extra)


def _identity(settings: SipSettings) -> tuple[Any, Any, list[Any]]:
    pem = _read("sip.tls_certificate_file", settings.tls_certificate_file)
    key = _read("sip.tls_key_file", settings.tls_key_file or settings.tls_certificate_file)
    try:
        own, *chain = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise _unusable("sip.tls_certificate_file", error) from error
    try:
        # pyOpenSSL takes the objects of cryptography, which Twisted's annotations do not know.
        return serialization.load_pem_private_key(key, None), own, chain
    except (ValueError, TypeError) as error:
        raise _unusable("sip.tls_key_file", error) from error


def _authority(setting: str, file: str) -> Any:
    try:
        found = x509.load_pem_x509_certificates(_read(setting, file))
    except ValueError as error:
        raise _unusable(setting, error) from error
    return trustRootFromCertificates(
        [Certificate.loadPEM(one.public_bytes(serialization.Encoding.PEM)) for one in found]
    )


def _unusable(setting: str, error: Exception) -> ConfigError:
    return ConfigError(setting, f"is no PEM file of use ({error}): name another")


def _read(setting: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(
            setting, f"cannot read {file} ({error.strerror}): name another"
        ) from error
