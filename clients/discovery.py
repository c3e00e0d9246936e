"""What an identity provider of people says of itself, as any client of it reads it."""

from __future__ import annotations

from typing import Any

import requests

from clients.errors import CloudError

ANSWER_SECONDS = 20.0
"""How long it may take to answer."""


class IdentityProviderError(CloudError):
    """The identity provider of people does not answer as it should; the message says how."""


def discovery_document(issuer: str) -> dict[str, Any]:
    """Return what an identity provider of people says of itself, as a client reads it.

    Args:
        issuer: Its issuer, as Vault is told it.

    Raises:
        IdentityProviderError: unreachable, refused, or not a JSON object.
    """
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        answer = requests.get(url, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        document = answer.json()
    except requests.RequestException as error:
        raise IdentityProviderError(f"{url} is not to be read from here: {error}") from error
    if not isinstance(document, dict):
        raise IdentityProviderError(f"{url} does not answer with a JSON object")
    return document
