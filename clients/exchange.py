"""What AWS holds of an exchange of tokens, next to what the issuer's host presents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation import identity, trust
from federation.obstacles import Exchange, Seen

if TYPE_CHECKING:
    from clients.aws import Account


def look(account: Account, exchange: Exchange, presented: str | None) -> Seen:
    """Ask AWS for everything that it judges a token of the mount by.

    Args:
        account: The account of role and identity provider.
        exchange: Which token, for which role.
        presented: Thumbprint of the issuer's host now; ``None``: not to be had from here.

    Raises:
        AwsError: unreachable or refused.
    """
    arn = exchange.provider_arn
    role = account.role(exchange.role_arn.rpartition("/")[2])
    return Seen(
        host=identity.host(exchange.issuer),
        presented=presented,
        provider_arn=arn,
        listed=account.thumbprints(arn),
        audience=exchange.audience,
        registered=account.audiences(arn),
        role_arn=exchange.role_arn,
        untrusted=(
            trust.explain(role.trust, exchange.issuer, exchange.claims)
            if role
            else ["there is none"]
        ),
    )
