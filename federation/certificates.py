"""Judges the certificate chain that the issuer's host presents."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

MOST_THUMBPRINTS = 5
"""Thumbprints of one identity provider (IAM API Reference, CreateOpenIDConnectProvider)."""

EXPIRES_SOON = timedelta(days=30)

THUMBPRINT_OF_NOTHING = hashlib.sha1(b"", usedforsecurity=False).hexdigest()
"""What a failed fetch piped into a hash yields: well formed, and trusts nobody."""

THUMBPRINT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class ChainRefused(ValueError):  # noqa: N818 - a verdict about a chain, named as one
    """The chain must not become a thumbprint; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A chain that may be used, and what a person should know about it."""

    thumbprints: tuple[str, ...]
    """Lower-case SHA-1, for :class:`IdentityProvider`'s list."""
    warnings: tuple[str, ...] = ()
    authority: str
    """Name of who issued the last certificate."""
    ends: datetime
    """When the first of the certificates ends."""


def judge(
    chain: Sequence[bytes], *, now: datetime, expected_ca_sha256: str | None = None
) -> Verdict:
    """Judge a presented chain and take its thumbprint.

    The thumbprint is the SHA-1 of the *last* certificate the server sends, the top intermediate
    (IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider").

    Args:
        chain: Certificates in DER, in the order presented, the host's own first.
        now: Current time, with time zone.
        expected_ca_sha256: Hexadecimal SHA-256 the last certificate must have; tells an
            intercepting proxy, which presents a chain of its own, from the real host.

    Raises:
        ChainRefused: The chain must not be trusted.
    """
    if not chain or not chain[-1]:
        raise ChainRefused(
            "the host presented no certificate, so its thumbprint would be the SHA-1 of nothing "
            f"({THUMBPRINT_OF_NOTHING}); check that TLS is served there"
        )
    presented = hashlib.sha256(chain[-1]).hexdigest()
    if expected_ca_sha256 is not None and presented != expected_ca_sha256:
        raise ChainRefused(
            f"the last certificate has SHA-256 {presented}, expected is {expected_ca_sha256}; "
            "a proxy may be intercepting TLS, or the certificate authority has changed"
        )
    certificates = [_parse(der, number) for number, der in enumerate(chain, start=1)]
    _refuse(certificates, now)
    return Verdict(
        thumbprints=(hashlib.sha1(chain[-1], usedforsecurity=False).hexdigest(),),
        warnings=tuple(_warnings(certificates, now)),
        authority=certificates[-1].issuer.rfc4514_string(),
        ends=min(certificate.ends for certificate in certificates),
    )


def alternates(host: str, seen: Iterable[tuple[str, ...]]) -> str:
    """Say what to do about a host that presents several chains, given their thumbprints."""
    presented = ", ".join(sorted({thumbprint for each in seen for thumbprint in each}))
    return (
        f"{host} presents more than one certificate chain, one after the other, as several "
        "machines behind a load balancer do. AWS has to know all of them: set vault.thumbprints: "
        f"[{presented}], and look whether there are more"
    )


def check_thumbprint(thumbprint: str) -> None:
    """Check a thumbprint that a person has pinned.

    Raises:
        ValueError: Saying what is allowed.
    """
    if not THUMBPRINT.fullmatch(thumbprint):
        raise ValueError("must be 40 lower-case hexadecimal digits, without colons")
    if thumbprint == "0" * 40:
        raise ValueError("must be the thumbprint of a certificate, not zeros")
    if thumbprint == THUMBPRINT_OF_NOTHING:
        raise ValueError("must be the thumbprint of a certificate; this is the SHA-1 of nothing")


def check_sha256(digest: str) -> None:
    """Check the SHA-256 a person expects of the last certificate.

    Raises:
        ValueError: Saying what is allowed.
    """
    if not SHA256.fullmatch(digest):
        raise ValueError("must be 64 lower-case hexadecimal digits, without colons")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Certificate:
    """What matters of a certificate, read at once: the library reads each part when asked."""

    name: str
    subject: x509.Name
    issuer: x509.Name
    begins: datetime
    ends: datetime
    is_ca: bool


def _parse(der: bytes, number: int) -> _Certificate:
    from cryptography import x509  # noqa: PLC0415 - every command imports this module

    try:
        certificate = x509.load_der_x509_certificate(der)
        return _Certificate(
            name=certificate.subject.rfc4514_string(),
            subject=certificate.subject,
            issuer=certificate.issuer,
            begins=certificate.not_valid_before_utc,
            ends=certificate.not_valid_after_utc,
            is_ca=_is_ca(certificate),
        )
    except Exception as error:  # What the library raises for bad data is not documented.
        raise ChainRefused(f"certificate {number} cannot be read: {error}") from error


def _is_ca(certificate: x509.Certificate) -> bool:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _refuse(certificates: Sequence[_Certificate], now: datetime) -> None:
    for certificate in certificates:
        if certificate.ends < now:
            raise ChainRefused(
                f"the certificate {certificate.name} expired at {certificate.ends:%Y-%m-%d}; "
                "renew it at the host"
            )
        if certificate.begins > now:
            raise ChainRefused(
                f"the certificate {certificate.name} is valid only from "
                f"{certificate.begins:%Y-%m-%d}; check the clocks"
            )
    last = certificates[-1]
    if len(certificates) > 1 and not last.is_ca:
        raise ChainRefused(
            f"the last certificate {last.name} is not a certificate "
            "authority's; the host must send its own certificate first, then the intermediates"
        )


def _warnings(certificates: Sequence[_Certificate], now: datetime) -> Iterator[str]:
    last = certificates[-1]
    if len(certificates) == 1:
        yield (
            "the host presents a single certificate, so its thumbprint changes with every "
            "renewal; let it send its intermediate too"
        )
    elif last.issuer == last.subject:
        yield (
            "the host sends its self-signed root, so the thumbprint is the root's; "
            "a host should send its own certificate and the intermediates only"
        )
    if any(one.issuer != other.subject for one, other in pairwise(certificates)):
        yield (
            "the host presents certificates that do not each follow from the next, so AWS may take "
            "the thumbprint of another one than the last; let it send its own certificate first, "
            "then each issuer's"
        )
    if last.ends - now < EXPIRES_SOON:
        yield (
            f"the certificate {last.name} expires at {last.ends:%Y-%m-%d}; "
            "its thumbprint changes with its renewal"
        )
