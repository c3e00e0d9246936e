"""The identity provider of people, as Vault reads it before it takes it."""

from __future__ import annotations

import requests

from clients.errors import CloudError
from federation import identity


def named_issuer(discovery_url: str) -> str:
    """Return whom the discovery document of an identity provider names as issuer.

    Authorities beside the public ones are those of ``REQUESTS_CA_BUNDLE``.

    Args:
        discovery_url: The issuer as it is declared.

    Raises:
        CloudError: unreachable from here, or no such document.
    """
    # As Vault's OIDC library does it (go-oidc, ``NewProvider``).
    url = identity.discovery_url(discovery_url.removesuffix("/"))
    try:
        answer = requests.get(url, timeout=10)
        answer.raise_for_status()
        document = answer.json()
    except requests.RequestException as error:  # what is no JSON among them
        raise CloudError(f"{url} is not read ({type(error).__name__})") from error
    return str(document.get("issuer", "")) if isinstance(document, dict) else ""
