import hashlib
from datetime import timedelta

import pytest

from federation.certificates import (
    THUMBPRINT_OF_NOTHING,
    ChainRefused,
    check_sha256,
    check_thumbprint,
    judge,
)
from tests.unit.chains import NOW, certificate, sha1

LEAF = certificate("host", "intermediate", ca=False)
INTERMEDIATE = certificate("intermediate", "root")
ROOT = certificate("root", "root")


def test_the_thumbprint_is_that_of_the_last_certificate() -> None:
    verdict = judge([LEAF, INTERMEDIATE], now=NOW)
    assert verdict.thumbprints == (sha1(INTERMEDIATE),)
    assert verdict.warnings == ()


def test_an_expected_authority_lets_its_own_chain_pass() -> None:
    expected = hashlib.sha256(INTERMEDIATE).hexdigest()
    verdict = judge([LEAF, INTERMEDIATE], now=NOW, expected_ca_sha256=expected)
    assert verdict.thumbprints == (sha1(INTERMEDIATE),)


def test_a_single_certificate_is_taken_with_a_warning() -> None:
    verdict = judge([LEAF], now=NOW)
    assert verdict.thumbprints == (sha1(LEAF),)
    assert verdict.warnings == (
        (
            "the host presents a single certificate, so its thumbprint changes with every renewal; "
            "let it send its intermediate too"
        ),
    )


def test_a_root_that_is_sent_is_taken_with_a_warning() -> None:
    verdict = judge([LEAF, INTERMEDIATE, ROOT], now=NOW)
    assert verdict.thumbprints == (sha1(ROOT),)
    assert verdict.warnings == (
        (
            "the host sends its self-signed root, so the thumbprint is the root's; a host should "
            "send its own certificate and the intermediates only"
        ),
    )


def test_an_authority_that_expires_soon_is_taken_with_a_warning() -> None:
    soon = certificate("intermediate", "root", ends=timedelta(days=29))
    assert judge([LEAF, soon], now=NOW).warnings == (
        (
            "the certificate CN=intermediate expires at 2030-01-30; its thumbprint changes with "
            "its renewal"
        ),
    )


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (
            [],
            (
                "the host presented no certificate, so its thumbprint would be the SHA-1 of "
                f"nothing ({THUMBPRINT_OF_NOTHING}); check that TLS is served there"
            ),
        ),
        (
            [LEAF, b""],
            (
                "the host presented no certificate, so its thumbprint would be the SHA-1 of "
                f"nothing ({THUMBPRINT_OF_NOTHING}); check that TLS is served there"
            ),
        ),
        (
            [LEAF, certificate("intermediate", "root", ends=timedelta(seconds=-1))],
            "the certificate CN=intermediate expired at 2029-12-31; renew it at the host",
        ),
        (
            [certificate("host", "x", ends=timedelta(seconds=-1)), INTERMEDIATE],
            "the certificate CN=host expired at 2029-12-31; renew it at the host",
        ),
        (
            [LEAF, certificate("intermediate", "root", begins=timedelta(days=1))],
            "the certificate CN=intermediate is valid only from 2030-01-02; check the clocks",
        ),
        (
            [INTERMEDIATE, LEAF],
            (
                "the last certificate CN=host is not a certificate authority's; the host must send "
                "its own certificate first, then the intermediates"
            ),
        ),
        (
            [LEAF, certificate("old", "root", ca=None)],
            (
                "the last certificate CN=old is not a certificate authority's; the host must send "
                "its own certificate first, then the intermediates"
            ),
        ),
    ],
)
def test_a_chain_that_must_not_be_trusted_is_refused(chain: list[bytes], reason: str) -> None:
    with pytest.raises(ChainRefused) as refusal:
        judge(chain, now=NOW)
    assert str(refusal.value) == reason


def test_a_chain_of_another_authority_is_taken_for_an_interception() -> None:
    expected = hashlib.sha256(INTERMEDIATE).hexdigest()
    with pytest.raises(ChainRefused) as refusal:
        judge([LEAF, ROOT], now=NOW, expected_ca_sha256=expected)
    assert str(refusal.value) == (
        f"the last certificate has SHA-256 {hashlib.sha256(ROOT).hexdigest()}, expected is "
        f"{expected}; a proxy may be intercepting TLS, or the certificate authority has changed"
    )


def test_what_is_no_certificate_is_refused_by_its_place() -> None:
    with pytest.raises(ChainRefused, match=r"^certificate 2 cannot be read: "):
        judge([LEAF, b"not a certificate"], now=NOW)


def test_the_thumbprint_of_nothing_is_known() -> None:
    assert THUMBPRINT_OF_NOTHING == "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@pytest.mark.parametrize(
    "wrong", ["", "a" * 39, "A" * 40, ":".join(["aa"] * 20), "0" * 40, THUMBPRINT_OF_NOTHING]
)
def test_a_pinned_thumbprint_is_that_of_a_certificate(wrong: str) -> None:
    check_thumbprint(sha1(ROOT))
    with pytest.raises(ValueError, match=r"^must be "):
        check_thumbprint(wrong)


def test_an_expected_authority_is_a_sha256() -> None:
    check_sha256("a" * 64)
    with pytest.raises(ValueError, match="must be 64 lower-case hexadecimal digits"):
        check_sha256("a" * 40)
