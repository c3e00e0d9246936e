"""AWS knows the issuer's host by a certificate that outlives the host's own."""

from __future__ import annotations

import hashlib
import re
import ssl
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from policies.guardrails.rules.rule import IDENTITY_PROVIDER, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policies.guardrails.rules.rule import Resource, Settings

_SHA1: Final = re.compile(r"[0-9a-fA-F]{40}")
_TIMEOUT_SECONDS: Final = 5


def presented(host: str) -> str | None:
    """Return the SHA-1 thumbprint of the certificate that a host shows; None if it is not reached.

    Whoever is asked is not trusted, only looked at.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    proxy = None if proxy_bypass(host) else urlsplit(getproxies().get("https", "")).netloc
    connection = HTTPSConnection(proxy or host, timeout=_TIMEOUT_SECONDS, context=context)
    if proxy:
        connection.set_tunnel(host, 443)
    try:
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return hashlib.sha1(certificate, usedforsecurity=False).hexdigest() if certificate else None


def judge(
    resource: Resource, settings: Settings, look: Callable[[str], str | None] = presented
) -> Iterator[str]:
    """Tell what is wrong with the thumbprints of an identity provider.

    Args:
        resource: Any resource.
        settings: ``lookAtHost``: whether the host is asked for its own certificate.
        look: Returns the thumbprint of a host's own certificate.
    """
    if resource.type != IDENTITY_PROVIDER:
        return
    prints = [str(each) for each in resource.list("thumbprintLists")]
    if not prints:
        yield "has no thumbprint, so AWS takes what it finds when it is made"
    for each in prints:
        if not _SHA1.fullmatch(each):
            yield f"has the thumbprint {each!r}, which is no SHA-1 in hexadecimal"
        elif set(each) == {"0"}:
            yield "has a thumbprint of zeros, which no certificate has"
    if prints and settings["lookAtHost"]:
        leaf = look(urlsplit(resource.props["url"]).hostname or "")
        if leaf and leaf in [each.lower() for each in prints]:
            yield f"has the thumbprint {leaf} of the host's own certificate, which its renewal ends"


RULE: Final = Rule(
    name="lasting-thumbprint",
    promise="An identity provider has the thumbprint of an authority, not of the host.",
    remedy="Let the host send its intermediate certificates, or pin the thumbprint of its "
    "authority (vault.thumbprints)",
    judge=judge,
    settings={
        "lookAtHost": {
            "type": "boolean",
            "default": True,
            "description": "Whether to ask the issuer's host for its own certificate.",
        },
    },
)
