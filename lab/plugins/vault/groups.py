"""Groups of Vault's identity store, and what an auth method calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.plugins.resource import Input, ProviderError
from lab.plugins.values import same_set
from lab.plugins.vault.wire import NAMESPACE, VaultResource, body, snake, taken

if TYPE_CHECKING:
    from lab.plugins.values import Values


class Group(VaultResource):
    """``vault:identity/group:Group``: identifier is the one Vault gives.

    Vault writes over a group of the same name without saying which it is, which the official plugin
    tells as "already exists". Members of an external group are Vault's own affair.
    """

    token = "vault:identity/group:Group"  # noqa: S105 - a type token, not a secret
    name_input = "name"
    inputs: ClassVar = {
        "name": Input(required=True),
        "type": Input(default="internal", replace=True),
        "policies": Input(same=same_set),
        "metadata": Input(),
        "namespace": NAMESPACE,
    }

    def create(self, planned: Values) -> str:
        """Make the group."""
        sent = {"type": planned["type"], **self._body(planned)}
        made = self.session.put("identity/group", sent, self.namespace(planned))
        if "id" not in made:
            raise ProviderError(f"the identity group {planned['name']} already exists")
        return str(made["id"])

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the group."""
        answer = self.session.get(f"identity/group/id/{identifier}", self.namespace(state))
        if answer is None:
            return None
        return state | taken(answer, ("name", "type", "policies", "metadata"))

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Write the group."""
        path = f"identity/group/id/{identifier}"
        self.session.put(path, self._body(planned), self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the group, and with it its alias."""
        self.session.delete(f"identity/group/id/{identifier}", self.namespace(state))

    @staticmethod
    def _body(planned: Values) -> Values:
        named = body(planned, ("name", "metadata"))
        return {**named, "policies": planned.get("policies", [])}


class GroupAlias(VaultResource):
    """``vault:identity/groupAlias:GroupAlias``: identifier is the one Vault gives."""

    token = "vault:identity/groupAlias:GroupAlias"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "name": Input(required=True),
        "mountAccessor": Input(required=True),
        "canonicalId": Input(required=True),
        "namespace": NAMESPACE,
    }
    _NAMES: ClassVar = ("name", "mountAccessor", "canonicalId")

    def create(self, planned: Values) -> str:
        """Make the alias."""
        answer = self.session.put(
            "identity/group-alias", self._body(planned), self.namespace(planned)
        )
        return str(answer["id"])

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the alias."""
        answer = self.session.get(f"identity/group-alias/id/{identifier}", self.namespace(state))
        return None if answer is None else state | taken(answer, self._NAMES)

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Read the alias, as the official plugin does, and write it."""
        path, namespace = f"identity/group-alias/id/{identifier}", self.namespace(planned)
        self.session.get(path, namespace)
        self.session.put(path, self._body(planned), namespace)
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the alias."""
        self.session.delete(f"identity/group-alias/id/{identifier}", self.namespace(state))

    def _body(self, planned: Values) -> Values:
        return {snake(name): planned[name] for name in self._NAMES}
