"""Whatever chain a host presents, it is refused, or its last certificate is the thumbprint."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from federation.certificates import (
    MOST_THUMBPRINTS,
    THUMBPRINT_OF_NOTHING,
    ChainRefused,
    Verdict,
    check_thumbprint,
    judge,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def _certificate(
    subject: str, issuer: str, *, ca: bool, begins: int = -1, ends: int = 365
) -> bytes:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=begins))
        .not_valid_after(NOW + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def _trustme() -> list[bytes]:
    """Return a chain from another maker: leaf, intermediate, root."""
    root = trustme.CA()
    leaf = root.create_child_ca().issue_cert("vault.lab.test")
    pems = [*leaf.cert_chain_pems, root.cert_pem]
    return [x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER) for pem in pems]


CHAIN = [
    _certificate("host", "low", ca=False),
    _certificate("low", "high", ca=True),
    _certificate("high", "root", ca=True),
    _certificate("root", "root", ca=True),
]
OTHERS = [
    *_trustme(),
    _certificate("low", "high", ca=True, ends=10),
    _certificate("low", "high", ca=True, begins=-20, ends=-10),
    _certificate("low", "high", ca=True, begins=10),
    _certificate("stranger", "nobody", ca=True),
]
EXPIRED_OR_EARLY = {OTHERS[-3], OTHERS[-2]}

certificates = st.sampled_from([*CHAIN, *OTHERS])


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """Return a certificate with some bytes changed, or cut off."""
    der = bytearray(draw(certificates))
    for _ in range(draw(st.integers(1, 3))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(der[: draw(st.one_of(st.none(), st.integers(0, len(der))))])


chains = st.one_of(
    st.integers(1, 4).map(lambda length: CHAIN[:length]),
    st.permutations(CHAIN),
    st.lists(certificates, max_size=4),
    st.lists(st.one_of(certificates, _damaged(), st.binary(max_size=8)), max_size=3),
)


def _judged(chain: list[bytes], ca_sha256: str | None = None) -> Verdict | None:
    try:
        return judge(chain, now=NOW, expected_ca_sha256=ca_sha256)
    except ChainRefused:
        return None


def _is_ca(der: bytes) -> bool:
    constraints = x509.load_der_x509_certificate(der).extensions
    return constraints.get_extension_for_class(x509.BasicConstraints).value.ca


@tried(max_examples=300)
@given(chain=chains)
def test_a_chain_is_refused_or_its_last_certificate_is_the_thumbprint(chain: list[bytes]) -> None:
    verdict = _judged(chain)
    if verdict is None:
        return
    assert verdict.thumbprints == (hashlib.sha1(chain[-1], usedforsecurity=False).hexdigest(),)
    assert 1 <= len(verdict.thumbprints) <= MOST_THUMBPRINTS
    assert THUMBPRINT_OF_NOTHING not in verdict.thumbprints
    for thumbprint in verdict.thumbprints:
        check_thumbprint(thumbprint)
    assert not EXPIRED_OR_EARLY & set(chain)


@tried(max_examples=300)
@given(chain=chains)
def test_no_leaf_becomes_the_thumbprint_in_silence(chain: list[bytes]) -> None:
    verdict = _judged(chain)
    if verdict is None or verdict.warnings:
        return
    assert len(chain) > 1
    assert _is_ca(chain[-1])
    read = [x509.load_der_x509_certificate(der) for der in chain]
    assert all(one.issuer == other.subject for one, other in itertools.pairwise(read))
    assert read[-1].issuer != read[-1].subject


@given(length=st.integers(2, 3))
def test_a_chain_as_it_should_be_is_taken_without_a_word(length: int) -> None:
    for chain in (CHAIN[:length], OTHERS[:2]):
        verdict = _judged(chain)
        assert verdict is not None
        assert verdict.warnings == ()


@given(chain=chains, other=certificates)
def test_only_the_expected_authority_is_taken(chain: list[bytes], other: bytes) -> None:
    assume(chain)
    expected = hashlib.sha256(other).hexdigest()
    verdict = _judged(chain, expected)
    assert (verdict is None) or chain[-1] == other
    if chain[-1] == other:
        assert verdict == _judged(chain)
