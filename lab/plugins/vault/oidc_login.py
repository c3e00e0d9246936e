"""Logging in by OpenID Connect: the mount with its configuration, and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lab.plugins.resource import Incomplete, Input, ProviderError
from lab.plugins.values import same_set
from lab.plugins.vault.wire import (
    NAMESPACE,
    TOKEN,
    TOKEN_SETS,
    VaultResource,
    body,
    moves_by_replacement,
    snake,
    taken,
)

if TYPE_CHECKING:
    from lab.plugins.values import Values

_OF_THE_MOUNT: tuple[str, ...] = ("type", "path", "namespace")
_SETS = ("jwtSupportedAlgs", "oidcResponseTypes")
_READ_BACK = (
    "oidcDiscoveryUrl",
    "oidcDiscoveryCaPem",
    "oidcClientId",
    "oidcResponseMode",
    "boundIssuer",
    "defaultRole",
    "namespaceInState",
    *_SETS,
)


class JwtAuthBackend(VaultResource):
    """``vault:jwt/authBackend:AuthBackend``: identifier is the path.

    Vault fetches the discovery document when the configuration is written, and never shows the
    client's secret again: what a refresh finds of it is what the state holds.
    """

    token = "vault:jwt/authBackend:AuthBackend"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "type": Input(default="jwt", replace=True),
        "path": Input(default="jwt", replace=moves_by_replacement),
        "description": Input(replace=True),
        "local": Input(replace=True),
        "disableRemount": Input(),
        **dict.fromkeys(_READ_BACK, Input()),
        "oidcClientSecret": Input(secret=True),
        "namespace": NAMESPACE,
    }
    outputs = ("accessor",)

    def create(self, planned: Values) -> str:
        """Mount the method, then configure it."""
        path, namespace = str(planned["path"]), self.namespace(planned)
        mount = {
            "type": planned["type"],
            "description": planned.get("description", ""),
            "local": planned.get("local", False),
        }
        self.session.post(f"sys/auth/{path}", mount, namespace)
        try:
            self._configure(path, {}, planned)
        except ProviderError as error:
            known = {key: planned[key] for key in _OF_THE_MOUNT if key in planned}
            raise Incomplete(path, known, str(error)) from error
        return path

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the mount, its configuration and its tuning."""
        namespace = self.namespace(state)
        mount = self.session.mount(f"auth/{identifier}", namespace)
        if mount is None:
            return None
        answer = self.session.get(f"auth/{identifier}/config", namespace)
        if answer is None:
            return None
        self.session.mount(f"auth/{identifier}/tune", namespace)
        found = {
            "path": identifier,
            "type": mount["type"],
            "accessor": mount["accessor"],
            "description": mount.get("description", ""),
            "local": mount.get("local", False),
        }
        return state | found | taken(answer, _READ_BACK)

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Move, then write the whole configuration."""
        path = str(planned["path"])
        if path != identifier:
            source, target = f"auth/{identifier}", f"auth/{path}"
            self.session.remount(source, target, self.namespace(planned))
        self._configure(path, old, planned)
        return path

    def delete(self, identifier: str, state: Values) -> None:
        """Unmount, which revokes every token of the method and what was read with it."""
        self.session.delete(f"sys/auth/{identifier}", self.namespace(state))

    def _configure(self, path: str, old: Values, planned: Values) -> None:
        """Send what is set, and nothing for what no longer is: Vault overwrites everything."""
        names = (*_READ_BACK, "oidcClientSecret")
        sent = {snake(name): planned[name] for name in names if name in planned}
        sent |= {
            snake(name): type(old[name])()
            for name in self.changed(old, planned).intersection(names)
            if name not in planned
        }
        self.session.put(f"auth/{path}/config", sent, self.namespace(planned))


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
