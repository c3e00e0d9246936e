"""Namespaces: made, and looked up."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, ClassVar

from lab.plugins.resource import Input, ProviderError
from lab.plugins.vault.session import VaultRefusal, repeated
from lab.plugins.vault.wire import NAMESPACE, VaultResource

if TYPE_CHECKING:
    from lab.plugins.values import Values
    from lab.plugins.vault.session import VaultSession

TRIES = 11
PAUSE_SECONDS = 0.5
"""How often a deletion is asked for that Vault refuses, and then whether it is over."""


class Namespace(VaultResource):
    """``vault:index/namespace:Namespace``; its identifier is the whole path with a slash."""

    token = "vault:index/namespace:Namespace"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "path": Input(required=True, replace=True),
        "namespace": NAMESPACE,
        "customMetadata": Input(computed=True),
        "pathFq": Input(computed=True),
    }
    outputs: ClassVar = ("namespaceId",)

    def create(self, planned: Values) -> str:
        """Make the namespace; Vault refuses one that exists."""
        self.session.put(_path(planned), self._metadata(planned), self.namespace(planned))
        return str(self._found(planned)["path"])

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the namespace."""
        known = state or _imported(identifier)
        answer = self.session.get(_path(known), self.namespace(known))
        if answer is None:
            return None
        parts = (self.namespace(known), known["path"])
        described = {
            **known,
            "namespaceId": answer["id"],
            "pathFq": "/".join(part for part in parts if part),
        }
        if self._describes():
            described["customMetadata"] = answer["custom_metadata"]
        return state | described

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - shape of the base
        """Merge the metadata into what is there; a key that was left out therefore stays."""
        if self._describes():
            path, metadata = _path(planned), self._metadata(planned)
            self.session.patch(path, metadata, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - the path is in the state
        """Delete the namespace with all that is in it, and wait until it is gone."""
        path, within = _path(state), self.namespace(state)

        def delete() -> Values:
            self.session.delete(path, within)
            return {}

        repeated(delete, tries=TRIES, pause_seconds=PAUSE_SECONDS)
        for _ in range(TRIES):
            if not self._exists(path, within):
                return
            time.sleep(PAUSE_SECONDS)
        raise ProviderError(f"namespace {state['path']!r} still exists")

    def _exists(self, path: str, within: str) -> bool:
        try:
            return self.session.get(path, within) is not None
        except VaultRefusal:
            return False  # the official plugin takes every refusal for the end

    def _found(self, planned: Values) -> Values:
        answer = self.session.get(_path(planned), self.namespace(planned))
        if answer is None:
            raise ProviderError(f"namespace {planned['path']!r} was made, but is not there")
        return answer

    def _describes(self) -> bool:
        return self.session.supports(1, 12, enterprise=False)

    def _metadata(self, planned: Values) -> Values:
        metadata = planned.get("customMetadata")
        if isinstance(metadata, dict) and metadata and self._describes():
            return {"custom_metadata": metadata}
        return {}


def look_up(session: VaultSession, arguments: Values) -> Values:
    """Answer ``vault:index/getNamespace:getNamespace``.

    Without a path it answers from the provider's settings alone.

    Raises:
        ProviderError: there is no such namespace, or Vault does not tell.
    """
    path, within = str(arguments.get("path", "")), str(arguments.get("namespace", ""))
    if not path:
        whole = "/".join(part for part in (session.namespace, within) if part)
        described = {"id": f"{whole}/", "path": "", "pathFq": within, "namespaceId": ""}
        return {**arguments, **described, "customMetadata": {}}
    try:
        answer = session.get(_path(arguments), within)
    except VaultRefusal as refusal:
        raise ProviderError(f'error reading namespace "{path}" from Vault: {refusal}') from refusal
    if answer is None:
        raise ProviderError(f'namespace "{path}" not found')
    return {
        **arguments,
        "id": answer["path"],
        "path": path,
        "pathFq": "/".join(part for part in (within, path) if part),
        "namespaceId": answer["id"],
        "customMetadata": answer.get("custom_metadata") or {},
    }


def _imported(identifier: str) -> Values:
    """Return what an import tells; the namespace around it the official plugin is told only so."""
    around = os.environ.get("TERRAFORM_VAULT_NAMESPACE_IMPORT")
    return {"path": identifier.strip("/"), **({"namespace": around} if around else {})}


def _path(values: Values) -> str:
    return f"sys/namespaces/{values['path']}"
