"""How identity providers of people tell their groups, and what follows for who may log in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GRAPH_SCOPE: Final = "https://graph.microsoft.com/.default"
"""What makes Entra's access token one for Microsoft Graph (Vault, "OIDC provider configuration",
Azure Active Directory)."""

_ENTRA_HOSTS: Final = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "sts.windows.net",
)
_GOOGLE_HOST: Final = "accounts.google.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProvider:
    """Whom Vault asks for groups, beyond what a token says.

    Vault asks only to know groups, and judges bound claims by the token alone
    (hashicorp/vault-plugin-auth-jwt, issue 138): who is not told of in the token would be refused
    by a bound claim about groups. Rights then come from groups alone.
    """

    kind: Literal["entra", "google"] | None = None
    domain: str | None = None
    """Domain of the Google Workspace."""
    admin: str | None = None
    """Administrator in whose name Google's directory is asked."""
    service_account: str | None = None
    """Service account that acts in the administrator's name."""

    @property
    def configuration(self) -> dict[str, str | bool] | None:
        """Vault's ``provider_config`` (Vault, "JWT/OIDC auth method (API)", Configure)."""
        if self.kind == "entra":
            return {"provider": "azure"}
        if self.kind == "google":
            given: dict[str, str | bool] = {"provider": "gsuite", "fetch_groups": True}
            if self.domain:
                given["domain"] = self.domain
            # Never `gsuite_service_account`, a key that lives until somebody deletes it.
            if self.admin and self.service_account:
                given["gsuite_admin_impersonate"] = self.admin
                given["impersonate_principal"] = self.service_account
            return given
        return None

    def bound_claims(self, groups_claim: str, groups: Iterable[str]) -> Mapping[str, str] | None:
        """Return what a token must say for a login; of several values one, parted by commas."""
        if self.kind is None:
            return {groups_claim: ",".join(groups)}
        # Google's own claim for the Workspace of a person (Google, "OpenID Connect", ``hd``).
        return {"hd": self.domain} if self.domain else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """What must be asked for beyond ``openid``."""
        return (GRAPH_SCOPE,) if self.kind == "entra" else ()


def warning(discovery_url: str, provider: IdentityProvider, setting: str) -> str:
    """Say whom a login leaves out that relies on the token of a provider which tells no groups.

    Args:
        discovery_url: Issuer of the identity provider.
        provider: What the settings say of it.
        setting: Full key of the login's settings.

    Returns:
        The warning; empty if there is none.
    """
    host = urlsplit(discovery_url).hostname
    if provider.kind is not None:
        return ""
    if host == _GOOGLE_HOST:
        return (
            f"{setting}: Google's tokens hold no groups, so nobody gets in ('claim \"groups\" is "
            f"missing'). Set {setting}.provider: google, and read docs/people.md first: everybody "
            "of the domain may log in then, and may do nothing without a group"
        )
    if host in _ENTRA_HOSTS:
        return (
            f"{setting}: Entra leaves the groups out of the token of who is in more than 200, who "
            f"is refused then ('claim \"groups\" is missing'). Set {setting}.provider: entra, and "
            "read docs/people.md first: everybody who may use the application may log in then, and "
            "may do nothing without a group"
        )
    return ""
