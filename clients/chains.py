"""The certificate chain of a host, looked at until it can be told whether it has only one."""

from __future__ import annotations

import datetime as dt

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from clients import tls
from federation import certificates

LOOKS = 4
"""How often a host is looked at that presents something else than the state remembers: with two
machines that answer by chance, the other one is missed once in eight times."""


def presented(
    host: str, ca_sha256: str | None, kept: tuple[str, ...]
) -> dict[tuple[str, ...], certificates.Verdict]:
    """Return what the host presents, by thumbprints; one look if that is what was kept.

    Else it may be that of another machine behind a load balancer, so the host is looked at again.

    Args:
        host: The host.
        ca_sha256: SHA-256 of the only certificate that the chain may end in, if one is declared.
        kept: Thumbprints that the state remembers.

    Raises:
        TlsError: The host cannot be reached.
        ChainRefused: A chain must not be trusted.
    """
    seen: dict[tuple[str, ...], certificates.Verdict] = {}
    for _ in range(LOOKS):
        try:
            chain = tls.presented_chain(host)
        except tls.TlsError:
            if not seen:
                raise
            break
        now = dt.datetime.now(dt.UTC)
        verdict = certificates.judge(chain, now=now, expected_ca_sha256=ca_sha256)
        seen.setdefault(verdict.thumbprints, verdict)
        if verdict.thumbprints == kept:
            break
    return seen


def is_public(host: str) -> bool:
    """Tell whether whoever knows public authorities alone trusts a host's certificate.

    Those of Mozilla, as ``requests`` brings them; what ``SSL_CERT_FILE`` and the like add on this
    machine does not count.

    Raises:
        TlsError: The host cannot be reached.
    """
    try:
        requests.head(f"https://{host}/", verify=DEFAULT_CA_BUNDLE_PATH, timeout=10)
    except requests.exceptions.SSLError:
        return False
    except requests.RequestException as error:
        raise tls.TlsError(f"{host} does not answer over HTTPS ({type(error).__name__})") from error
    return True
