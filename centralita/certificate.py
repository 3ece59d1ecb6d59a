"""The certificate of web and websocket: an own one made at the start and renewed, or what the files hold.

Owns: <data_dir>/tls: an authority of this installation and the certificate that it signs. Must not: serve anything
(gunicorn and the engine read the files anew), or touch certificates that are not ours.

An authority and not a certificate signed by itself: what is installed on the agents' computers once stays when the
certificate is renewed.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from centralita.asterisk_conf import outward_address
from models.settings import Settings

AUTHORITY: Final = "authority.pem"
AUTHORITY_KEY: Final = "authority.key"
AUTHORITY_LIFE: Final = timedelta(days=3650)
LIFE: Final = timedelta(days=397)
"""Browsers refuse longer ones, of any authority (Apple: 825 days since 2019, 398 for public ones)."""
RENEW: Final = timedelta(days=30)
_YESTERDAY: Final = timedelta(days=1)
"""Clocks differ."""

Name = x509.DNSName | x509.IPAddress


class CertificateUnusable(Exception):
    """The files can't be served with; the text says why."""


@dataclass(frozen=True)
class Certificate:
    """`until`: its last moment. `authority`: what is to be installed on the agents' computers; None: none of ours."""

    until: datetime
    made: bool = False
    authority: Path | None = None


def ensure(settings: Settings, now: datetime | None = None) -> Certificate | None:
    """Looks at the certificate, and makes or renews the own one. None: no TLS. Raises CertificateUnusable, OSError."""
    files = settings.certificate_files
    if files is None:
        return None
    at = now or datetime.now(UTC)
    made = settings.tls == "own" and _make_if_due(settings, *files, at)
    found = look(*files)
    return Certificate(found.until, made, files[0].parent / AUTHORITY if settings.tls == "own" else None)


def look(certificate: Path, key: Path) -> Certificate:
    """What the files hold. Raises CertificateUnusable, also when the key is another certificate's."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
        return Certificate(x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise CertificateUnusable(f"{certificate}, {key}: {error}") from error


def names(settings: Settings) -> list[Name]:
    """Whom the own certificate is for: this machine by every name and address that it is known to have."""
    given = ["localhost", socket.gethostname(), *settings.tls_names]
    addresses = ["127.0.0.1", "::1", outward_address(), settings.public_address]
    if not ipaddress.ip_address(settings.host).is_unspecified:
        addresses.append(settings.host)
    found: list[Name] = []
    for text in [*given, *addresses]:
        try:
            one: Name = x509.IPAddress(ipaddress.ip_address(text))
        except ValueError:
            if not text or not text.isascii():
                continue
            one = x509.DNSName(text.lower())
        if one not in found:
            found.append(one)
    return found


def _make_if_due(settings: Settings, certificate: Path, key: Path, at: datetime) -> bool:
    folder = certificate.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = names(settings)
    if _is_good(certificate, key, folder / AUTHORITY, wanted, at):
        return False
    authority, authority_key = _authority(folder, at)
    fresh = ec.generate_private_key(ec.SECP256R1())
    signed = (
        _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Centralita")]), fresh, at, LIFE)
        .issuer_name(authority.subject)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    # The key first: whoever reads between the two keeps the pair that was loaded before.
    _write(key, _pem_of(fresh), 0o600)
    _write(certificate, _pem(signed) + _pem(authority), 0o644)
    return True


def _is_good(certificate: Path, key: Path, authority: Path, wanted: list[Name], at: datetime) -> bool:
    """It is ours, of the authority that lies beside it, for every name, and for a while yet."""
    try:
        look(certificate, key)
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        held.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
        known = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (CertificateUnusable, OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return set(wanted) <= set(known) and held.not_valid_after_utc - at > RENEW


def _authority(folder: Path, at: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The one that is there, or a new one when it is none or ends before a certificate would."""
    certificate, key = folder / AUTHORITY, folder / AUTHORITY_KEY
    try:
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
        if (
            isinstance(secret, ec.EllipticCurvePrivateKey)
            and secret.public_key() == held.public_key()
            and held.not_valid_after_utc > at + LIFE
        ):
            return held, secret
    except (OSError, ValueError):
        pass
    fresh = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Centralita"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Centralita {socket.gethostname()}"[:64]),
        ]
    )
    signed = (
        _begun(subject, fresh, at, AUTHORITY_LIFE)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        ), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(fresh.public_key()), critical=False)
        .sign(fresh, hashes.SHA256())
    )  # fmt: skip
    _write(key, _pem_of(fresh), 0o600)
    _write(certificate, _pem(signed), 0o644)
    return signed, fresh


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _YESTERDAY)
        .not_valid_after(at + life)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replaces a file whole."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as handle:
        os.fchmod(handle.fileno(), mode)
        handle.write(content)
    fresh.replace(path)
