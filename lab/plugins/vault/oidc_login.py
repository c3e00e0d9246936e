"""Roles of the OIDC auth method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lab.plugins.resource import Input
from lab.plugins.values import same_set
from lab.plugins.vault.wire import (
    NAMESPACE,
    TOKEN,
    TOKEN_SETS,
    VaultResource,
    body,
    snake,
    taken,
)

if TYPE_CHECKING:
    from lab.plugins.values import Values


class JwtAuthBackendRole(VaultResource):
    """``vault:jwt/authBackendRole:AuthBackendRole``: identifier ``auth/<mount>/role/<role>``.

    A bound claim is text with commas, which Vault gets as a list and gives back as one.
    """

    token = "vault:jwt/authBackendRole:AuthBackendRole"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "backend": Input(default="jwt", replace=True),
        "roleName": Input(required=True, replace=True),
        "roleType": Input(computed=True, replace=True),
        "userClaim": Input(required=True),
        "groupsClaim": Input(),
        "boundClaims": Input(),
        "boundClaimsType": Input(computed=True),
        "boundAudiences": Input(same=same_set),
        "allowedRedirectUris": Input(same=same_set),
        "oidcScopes": Input(same=same_set),
        "maxAge": Input(),
        "verboseOidcLogging": Input(),
        **dict.fromkeys(TOKEN, Input()),
        **dict.fromkeys(TOKEN_SETS, Input(same=same_set)),
        "tokenType": Input(computed=True),
        "namespace": NAMESPACE,
    }
    _SENT: ClassVar = (
        "roleType",
        "groupsClaim",
        "boundClaimsType",
        "allowedRedirectUris",
        "oidcScopes",
        "maxAge",
    )
    """Sent if they are something: one that is taken away stays in Vault."""

    def create(self, planned: Values) -> str:
        """Write the role over whatever has its name."""
        path = f"auth/{planned['backend']}/role/{planned['roleName']}"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the role."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        backend, role = identifier.removeprefix("auth/").split("/role/", 1)
        claims = {name: _joined(value) for name, value in (answer["bound_claims"] or {}).items()}
        known = (*self._SENT, "userClaim", "boundAudiences", "verboseOidcLogging", *TOKEN)
        own = {"backend": backend, "roleName": role, "boundClaims": claims}
        return state | own | taken(answer, known)

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Write bounds always, settings of the token only when they changed."""
        changed = self.changed(old, planned)
        sent: Values = {
            "user_claim": planned["userClaim"],
            "bound_audiences": planned.get("boundAudiences", []),
            "bound_claims": {
                name: [part.strip() for part in value.split(",")]
                for name, value in planned.get("boundClaims", {}).items()
            },
            "verbose_oidc_logging": planned.get("verboseOidcLogging", False),
        }
        sent |= body(planned, self._SENT)
        for name in TOKEN:
            if name in changed:
                sent[snake(name)] = planned.get(name, type(old.get(name, ""))())
        self.session.put(identifier, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the role."""
        self.session.delete(identifier, self.namespace(state))


def _joined(value: Any) -> str:  # noqa: ANN401 - text, or a list of it
    return value if isinstance(value, str) else ",".join(map(str, value))
