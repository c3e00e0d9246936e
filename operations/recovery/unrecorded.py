"""Resources that exist although the stack's state does not know them.

An engine that is killed between a create and its record leaves one, and so does an answer that gets
lost on its way. Most are written again without harm by the next update: Vault's roles, policies,
keys and issuer, IAM's inline policies and audiences. Some kinds are not, for their names are taken
then: a namespace, a mount, an auth method, a group and its alias, an IAM role, an identity
provider.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clients.aws import Account
from clients.logins import Logins
from clients.vault import Vault
from federation.account import AccountAccess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMESPACE = "vault:index/namespace:Namespace"
MOUNT = "vault:aws/secretBackend:SecretBackend"
AUTH_METHOD = "vault:index/authBackend:AuthBackend"
GROUP = "vault:identity/group:Group"
GROUP_ALIAS = "vault:identity/groupAlias:GroupAlias"
ROLE = "aws:iam/role:Role"
IDENTITY_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"

_DEPENDENCIES = ("dependencies", "propertyDependencies")
"""How the state calls what a resource depends on."""

IMPORT_NAMESPACE = "TERRAFORM_VAULT_NAMESPACE_IMPORT"
"""Variable that tells the Vault provider in which namespace, below its own, lies what it imports
(Terraform's Vault provider, "Importing namespaced resources")."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource that the next update would create, under a name that can be taken."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    settings: Mapping[str, Any]
    """Inputs of its provider."""
    needs: Mapping[str, Any] = field(default_factory=dict)
    """What it depends on, as the state says it; an import says nothing of it."""

    @classmethod
    def of(cls, state: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]) -> Planned:
        """Return what a state or a preview tells of a resource, given all inputs by URN."""
        provider = state["provider"].rpartition("::")[0]
        return cls(
            urn=state["urn"],
            type=state["type"],
            inputs=state["inputs"],
            parent=state["parent"],
            provider=provider,
            settings=inputs[provider],
            needs={key: state[key] for key in _DEPENDENCIES if state.get(key)},
        )

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A planned resource that exists already."""

    planned: Planned
    identifier: str
    """What the provider imports it by."""
    what: str
    """How a person calls it."""
    doubt: str
    """Why it may be somebody else's; empty if it is the stack's own beyond doubt."""
    namespace: str = ""
    """In which namespace, below its provider's, it lies; only for what names one itself."""

    def command(self, stack: str) -> str:
        """Return the command line that imports it."""
        planned = self.planned
        within = f"{IMPORT_NAMESPACE}={shlex.quote(self.namespace)} " if self.namespace else ""
        return within + shlex.join(
            [
                *("pulumi", "import", planned.type, planned.name, self.identifier),
                *("--parent", f"parent={planned.parent}"),
                *("--provider", f"provider={planned.provider}"),
                *("--protect=false", "--generate-code=false", "--stack", stack),
            ]
        )


def pending_creates(deployment: Mapping[str, Any]) -> list[Planned]:
    """Return what a killed engine was about to create, by its state (``pulumi stack export``)."""
    pending = deployment.get("pending_operations") or []
    creating = [each["resource"] for each in pending if each["type"] == "creating"]
    return _planned(creating, deployment["resources"])


def planned_creates(preview: Mapping[str, Any]) -> list[Planned]:
    """Return what the next update would create, by its preview (``pulumi preview --json``)."""
    steps = [step for step in preview.get("steps", []) if step.get("newState")]
    creating = [step["newState"] for step in steps if step["op"] == "create"]
    return _planned(creating, [step["newState"] for step in steps])


def _planned(creating: Sequence[Mapping[str, Any]], known: Sequence[Any]) -> list[Planned]:
    """Leave out whatever can be written again without harm."""
    inputs = {state["urn"]: state.get("inputs", {}) for state in known}
    return [Planned.of(state, inputs) for state in creating if state["type"] in _LOOK]


def find(planned: Sequence[Planned]) -> list[Found]:
    """Return those of the planned resources that exist, judged.

    Raises:
        VaultError: Vault cannot be asked.
        AwsError: AWS cannot be asked.
    """
    return [found for each in planned if (found := _LOOK[each.type](each))]


def import_file(found: Sequence[Found]) -> dict[str, Any]:
    """Return what ``pulumi import --file`` reads to import all of them, each in its place."""
    names = {urn: f"n{index}" for index, urn in enumerate(_referred(found))}
    return {
        "nameTable": {name: urn for urn, name in names.items()},
        "resources": [
            {
                "type": each.planned.type,
                "name": each.planned.name,
                "id": each.identifier,
                "parent": names[each.planned.parent],
                "provider": names[each.planned.provider],
            }
            for each in found
        ],
    }


def _referred(found: Sequence[Found]) -> list[str]:
    return list(dict.fromkeys(urn for f in found for urn in (f.planned.parent, f.planned.provider)))


def _namespace(planned: Planned) -> Found | None:
    path, around = planned.inputs["path"], planned.inputs.get("namespace") or ""
    address = planned.settings["address"]
    own = _joined(planned.settings.get("namespace"), around)
    with Vault(address, own) as vault:
        if not vault.has_namespace(path):
            return None
    with Vault(address, _joined(own, path)) as vault:
        doubts = {
            "it has mounts": vault.mounted(),
            "it has namespaces": vault.namespaces(),
            "it has signing keys": set(vault.signing_keys()) - {"default"},
        }
    return Found(
        planned=planned,
        identifier=path,
        what=f"the namespace {_joined(own, path)} in Vault",
        doubt=_all(doubts),
        namespace=around,
    )


def _joined(*parts: str | None) -> str:
    return "/".join(part for part in parts if part)


def _mount(planned: Planned) -> Found | None:
    path = planned.inputs["path"]
    with _vault(planned) as vault:
        held = vault.mount(path)
    if held is None:
        return None
    doubts = {
        f"its type is {held.kind}": held.kind != "aws",
        "it has Vault roles": held.vault_roles,
        "it holds an AWS key": held.access_key,
        f"it is for the role {held.role_arn}": held.role_arn
        not in ("", planned.inputs.get("roleArn")),
    }
    return Found(
        planned=planned, identifier=path, what=f"the mount {path}/ in Vault", doubt=_all(doubts)
    )


def _auth_method(planned: Planned) -> Found | None:
    path, kind = planned.inputs["path"], planned.inputs["type"]
    with _vault(planned) as vault:
        held = Logins(vault).method(path)
    if held is None:
        return None
    doubts = {f"its type is {held.kind}": held.kind != kind, "it has roles": held.roles}
    return Found(
        planned=planned,
        identifier=path,
        what=f"the auth method {path}/ in Vault",
        doubt=_all(doubts),
    )


def _group(planned: Planned) -> Found | None:
    name = planned.inputs["name"]
    with _vault(planned) as vault:
        held = Logins(vault).group(name)
    if held is None:
        return None
    doubts = {"it is no external group": held.kind != "external", "it has an alias": held.alias}
    return Found(
        planned=planned,
        identifier=held.id,
        what=f"the group {name} in Vault",
        doubt=_all(doubts),
    )


def _group_alias(planned: Planned) -> Found | None:
    name = planned.inputs["name"]
    with _vault(planned) as vault:
        held = Logins(vault).group_called(name, planned.inputs["mountAccessor"])
    if held is None:
        return None
    doubts = {"it is of another group": held.id != planned.inputs["canonicalId"]}
    return Found(
        planned=planned,
        identifier=held.alias,
        what=f"the group alias {name} in Vault",
        doubt=_all(doubts),
    )


def _vault(planned: Planned) -> Vault:
    return Vault(planned.settings["address"], planned.settings.get("namespace", ""))


def _role(planned: Planned) -> Found | None:
    name = planned.inputs["name"]
    held = Account(_access(planned.settings)).role(name)
    if held is None:
        return None
    trust = _decoded_if_known(planned.inputs["assumeRolePolicy"])
    doubts = {
        "it does not carry this stack's tags": not _tags(planned).items() <= held.tags.items(),
        "it does not trust exactly this stack's mount": held.trust != trust,
    }
    return Found(planned=planned, identifier=name, what=f"the IAM role {name}", doubt=_all(doubts))


def _identity_provider(planned: Planned) -> Found | None:
    url = planned.inputs["url"]
    held = Account(_access(planned.settings)).identity_provider(url)
    if held is None:
        return None
    doubts = {
        "it does not carry this stack's tags": not _tags(planned).items() <= held.tags.items()
    }
    return Found(
        planned=planned,
        identifier=held.arn,
        what=f"the identity provider {held.arn}",
        doubt=_all(doubts),
    )


_LOOK = {
    NAMESPACE: _namespace,
    MOUNT: _mount,
    AUTH_METHOD: _auth_method,
    GROUP: _group,
    GROUP_ALIAS: _group_alias,
    ROLE: _role,
    IDENTITY_PROVIDER: _identity_provider,
}


def _all(doubts: Mapping[str, object]) -> str:
    return ", ".join(doubt for doubt, holds in doubts.items() if holds)


def _tags(planned: Planned) -> dict[str, str]:
    """Return all tags the resource would get: its own and its provider's."""
    everywhere = _decoded(planned.settings.get("defaultTags"), {}).get("tags", {})
    return {**everywhere, **planned.inputs.get("tags", {})}


def _access(settings: Mapping[str, Any]) -> AccountAccess:
    """Return how the provider with these settings reaches its account."""
    roles = _decoded(settings.get("assumeRoles"), [])
    assumed = roles[0] if roles else {}
    return AccountAccess(
        account_id=_decoded(settings["allowedAccountIds"], [])[0],
        region=settings["region"],
        profile=settings.get("profile"),
        deploy_role_arn=assumed.get("roleArn"),
        external_id=assumed.get("externalId"),
    )


def _decoded_if_known(document: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return a document; a preview has something else for one that depends on what is to come."""
    try:
        return json.loads(document)
    except ValueError:
        return None


def _decoded(value: Any, default: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return a provider setting; the engine keeps all but strings as JSON text."""
    if value is None:
        return default
    return json.loads(value) if isinstance(value, str) else value
