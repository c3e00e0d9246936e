"""Certificate chains as a host may present them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime(2030, 1, 1, tzinfo=UTC)
"""When chains are judged."""
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(
    subject: str,
    issuer: str,
    *,
    ca: bool | None = True,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=365),
) -> bytes:
    """Make a certificate, valid at :data:`NOW` unless told otherwise."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + ends)
    )
    if ca is not None:
        constraints = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def sha1(der: bytes) -> str:
    """Return the thumbprint of a certificate."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest()
