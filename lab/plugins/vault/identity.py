"""Issuer and signing keys of plugin identity tokens, and access policies."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from lab.plugins.resource import Input
from lab.plugins.values import same_set
from lab.plugins.vault.wire import NAMESPACE, VaultResource, body, taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.plugins.values import Values

ISSUER_PATH = "identity/oidc/config"


class Oidc(VaultResource):
    """``vault:identity/oidc:Oidc``: one issuer a namespace; its identifier is Vault's address.

    Deleting it writes an empty issuer, which every other user of the namespace feels.
    """

    token = "vault:identity/oidc:Oidc"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {"issuer": Input(), "namespace": NAMESPACE}

    def create(self, planned: Values) -> str:
        """Write the issuer over whatever stands there."""
        return self.update(self.session.address, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:  # noqa: ARG002 - one a namespace
        """Read the issuer; an empty one counts as none."""
        answer = self.session.get(ISSUER_PATH, self.namespace(state)) or {}
        return state | {"issuer": answer["issuer"]} if answer.get("issuer") else None

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - same
        """Write the issuer."""
        issuer = {"issuer": planned.get("issuer", "")}
        self.session.put(ISSUER_PATH, issuer, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - same
        """Write an empty issuer; Vault has no other way to remove one."""
        self.session.put(ISSUER_PATH, {"issuer": ""}, self.namespace(state))


class OidcKey(VaultResource):
    """``vault:identity/oidcKey:OidcKey``: a named signing key."""

    token = "vault:identity/oidcKey:OidcKey"  # noqa: S105 - a type token, not a secret
    name_input = "name"
    inputs: ClassVar = {
        "name": Input(required=True, replace=True),
        "algorithm": Input(default="RS256"),
        "rotationPeriod": Input(default=86400),
        "verificationTtl": Input(default=86400),
        "allowedClientIds": Input(computed=True, same=same_set),
        "namespace": NAMESPACE,
    }
    _SENT: ClassVar = ("algorithm", "rotationPeriod", "verificationTtl", "allowedClientIds")

    def create(self, planned: Values) -> str:
        """Write the key over whatever has its name."""
        name = planned["name"]
        return self.update(name, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the key."""
        answer = self.session.get(f"identity/oidc/key/{identifier}", self.namespace(state))
        if answer is None:
            return None
        return state | {"name": identifier} | taken(answer, self._SENT)

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Write the key; audiences that others added to it are not written over."""
        path = f"identity/oidc/key/{identifier}"
        sent = body(planned, self._SENT)
        if "allowedClientIds" not in self.changed(old, planned):
            sent.pop("allowed_client_ids", None)
        self.session.put(path, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the key; Vault refuses while a mount signs with it."""
        self.session.delete(f"identity/oidc/key/{identifier}", self.namespace(state))


class OidcKeyAllowedClientID(VaultResource):
    """``vault:identity/oidcKeyAllowedClientID``: one audience a key may sign for."""

    token = "vault:identity/oidcKeyAllowedClientID:OidcKeyAllowedClientID"  # noqa: S105 - a type
    inputs: ClassVar = {
        "keyName": Input(required=True, replace=True),
        "allowedClientId": Input(required=True, replace=True),
        "namespace": NAMESPACE,
    }
    _writing: ClassVar = threading.Lock()
    """Two audiences of one key are added one after the other: each writes the whole list."""

    def create(self, planned: Values) -> str:
        """Add the audience to the key's list."""
        audience = planned["allowedClientId"]
        self._change(planned, lambda audiences: sorted({*audiences, audience}))
        return f"{planned['keyName']}/{audience}"

    def read(self, identifier: str, state: Values) -> Values | None:  # noqa: ARG002 - in the state
        """Look the audience up in the key's list."""
        return state if state["allowedClientId"] in (self._audiences(state) or ()) else None

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - same
        """Change nothing: every input replaces."""
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - in the state
        """Take the audience off the key's list; a key that is gone has none."""
        self._change(
            state, lambda audiences: [a for a in audiences if a != state["allowedClientId"]]
        )

    def _path(self, values: Values) -> str:
        return f"identity/oidc/key/{values['keyName']}"

    def _audiences(self, values: Values) -> list[str] | None:
        answer = self.session.get(self._path(values), self.namespace(values))
        return None if answer is None else answer.get("allowed_client_ids") or []

    def _change(self, values: Values, change: Callable[[list[str]], list[str]]) -> None:
        with self._writing:
            audiences = self._audiences(values)
            if audiences is not None:
                allowed = {"allowed_client_ids": change(audiences)}
                self.session.put(self._path(values), allowed, self.namespace(values))


class Policy(VaultResource):
    """``vault:index/policy:Policy``: an access policy, written over one of the same name."""

    token = "vault:index/policy:Policy"  # noqa: S105 - a type token, not a secret
    name_input = "name"
    inputs: ClassVar = {
        "name": Input(required=True, replace=True),
        "policy": Input(required=True),
        "namespace": NAMESPACE,
    }

    def create(self, planned: Values) -> str:
        """Look, as the official plugin does, and write in either case."""
        name = planned["name"]
        self.session.get(f"sys/policies/acl/{name}", self.namespace(planned))
        return self.update(name, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the policy; a missing one stays in the state with an empty text."""
        answer = self.session.get(f"sys/policies/acl/{identifier}", self.namespace(state)) or {}
        return state | {"name": identifier, "policy": answer.get("policy", "")}

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Write the policy."""
        text = {"policy": planned.get("policy", "")}
        self.session.put(f"sys/policies/acl/{identifier}", text, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the policy."""
        self.session.delete(f"sys/policies/acl/{identifier}", self.namespace(state))
