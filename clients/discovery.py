"""What an identity provider of people says of itself, as any client of it reads it."""

from __future__ import annotations

from typing import Any

import requests

from clients.errors import CloudError
from federation import identity

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
    url, document = _read(issuer)
    if not isinstance(document, dict):
        raise IdentityProviderError(f"{url} does not answer with a JSON object")
    return document


def named_issuer(issuer: str) -> str:
    """Return whom an identity provider of people names as issuer; empty if nobody.

    Args:
        issuer: Its issuer, as Vault is told it.

    Raises:
        IdentityProviderError: unreachable or refused, or no JSON.
    """
    _, document = _read(issuer)
    return str(document.get("issuer", "")) if isinstance(document, dict) else ""


def _read(issuer: str) -> tuple[str, Any]:
    # As Vault's OIDC library does it (go-oidc, ``NewProvider``); authorities beside the public ones
    # are those of ``REQUESTS_CA_BUNDLE``.
    url = identity.discovery_url(issuer.removesuffix("/"))
    try:
        answer = requests.get(url, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        return url, answer.json()
    except requests.RequestException as error:  # what is no JSON among them
        raise IdentityProviderError(f"{url} is not to be read from here: {error}") from error
