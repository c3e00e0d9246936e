"""The AWS secrets engine: its mount with the federation settings, and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import requests

from lab.plugins.resource import Incomplete, Input, ProviderError
from lab.plugins.values import same_document, same_set
from lab.plugins.vault.session import VaultRefusal
from lab.plugins.vault.wire import (
    FEDERATION,
    NAMESPACE,
    ROTATION,
    VaultResource,
    body,
    drop,
    moves_by_replacement,
    seconds,
    snake,
    taken,
)

if TYPE_CHECKING:
    from lab.plugins.values import Values

DEFAULT_REGION = "us-east-1"
_ENDPOINTS = ("region", "iamEndpoint", "stsEndpoint")
_STS = ("stsRegion", "stsFallbackEndpoints", "stsFallbackRegions")
_OF_THE_MOUNT = ("path", "disableRemount", "namespace")
_LEASES = ("defaultLeaseTtlSeconds", "maxLeaseTtlSeconds")


class SecretBackend(VaultResource):
    """``vault:aws/secretBackend:SecretBackend``: identifier is the path.

    What the official plugin does and a program must be right under (pulumi-vault 7):
    a change of ``usernameTemplate`` alone is never written; unset federation settings are not
    cleared in Vault; a new path moves the mount unless ``disableRemount``; a mount whose
    configuration fails stays and is replaced, created before deleted.
    """

    token = "vault:aws/secretBackend:SecretBackend"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "path": Input(default="aws", replace=moves_by_replacement),
        "description": Input(),
        "local": Input(replace=True),
        "disableRemount": Input(),
        "defaultLeaseTtlSeconds": Input(computed=True),
        "maxLeaseTtlSeconds": Input(computed=True),
        "identityTokenKey": Input(),
        "accessKey": Input(secret=True),
        "secretKey": Input(secret=True),
        "region": Input(computed=True),
        "iamEndpoint": Input(),
        "stsEndpoint": Input(),
        "stsRegion": Input(),
        "stsFallbackEndpoints": Input(),
        "stsFallbackRegions": Input(),
        "usernameTemplate": Input(computed=True),
        "maxRetries": Input(default=-1),
        "identityTokenAudience": Input(),
        "roleArn": Input(),
        "identityTokenTtl": Input(computed=True),
        "rotationSchedule": Input(),
        "rotationPeriod": Input(),
        "rotationWindow": Input(),
        "disableAutomatedRotation": Input(),
        "namespace": NAMESPACE,
    }
    outputs = ("accessor",)
    _REWRITES: ClassVar = frozenset(
        {"accessKey", "secretKey", "maxRetries", *_ENDPOINTS, *_STS, *FEDERATION, *ROTATION}
    )
    """Changes upon which the configuration is written; ``usernameTemplate`` is not among them."""

    def create(self, planned: Values) -> str:
        """Mount the engine, then write its configuration."""
        path, namespace = planned["path"], self.namespace(planned)
        config = {
            "options": None,
            "default_lease_ttl": seconds(planned.get("defaultLeaseTtlSeconds")),
            "max_lease_ttl": seconds(planned.get("maxLeaseTtlSeconds")),
            "force_no_cache": False,
        }
        if self._federates():
            config |= body(planned, ["identityTokenKey"])
        mount = {
            "type": "aws",
            "description": planned.get("description", ""),
            "config": config,
            "local": planned.get("local", False),
            "seal_wrap": False,
            "external_entropy_access": False,
            "options": {},
        }
        self.session.post(f"sys/mounts/{path}", mount, namespace)
        try:
            self.session.put(f"{path}/config/root", self._configuration(planned), namespace)
        except ProviderError as error:
            # Without the settings that were not written, so that a refresh shows them missing.
            known = {key: planned[key] for key in _OF_THE_MOUNT if key in planned}
            raise Incomplete(path, known, str(error)) from error
        return str(path)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the configuration, then the mount; what cannot be learnt is kept from the state."""
        namespace = self.namespace(state)
        outputs = state | {"path": identifier} | self._read_configuration(identifier, namespace)
        mount = self.session.mount(identifier, namespace)
        if mount is None:
            return None
        config = mount.get("config", {})
        outputs |= {
            "accessor": mount["accessor"],
            "description": mount.get("description", ""),
            "local": mount.get("local", False),
            "defaultLeaseTtlSeconds": config.get("default_lease_ttl", 0),
            "maxLeaseTtlSeconds": config.get("max_lease_ttl", 0),
        }
        if self._federates():
            outputs["identityTokenKey"] = config.get("identity_token_key", "")
        return outputs

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Move, tune, and write the configuration if one of its own settings changed."""
        path, namespace = planned["path"], self.namespace(planned)
        changed = self.changed(old, planned)
        if path != identifier and "path" in changed:
            self.session.remount(identifier, path, namespace)
        self.session.post(f"sys/mounts/{path}/tune", self._tuning(planned, changed), namespace)
        self.session.mount(path, namespace)
        if changed & self._REWRITES:
            self.session.put(f"{path}/config/root", self._configuration(planned), namespace)
        return str(path)

    def delete(self, identifier: str, state: Values) -> None:
        """Unmount, which revokes every lease of the mount first."""
        self.session.delete(f"sys/mounts/{identifier}", self.namespace(state))

    def _federates(self) -> bool:
        return self.session.supports(1, 16, enterprise=True)

    def _rotates(self) -> bool:
        return self.session.supports(1, 19, enterprise=True)

    def _tuning(self, planned: Values, changed: set[str]) -> Values:
        tuning: Values = {
            snake(key)[: -len("_seconds")]: seconds(planned.get(key)) for key in _LEASES
        }
        tuning["options"] = {}
        if "description" in changed:
            tuning["description"] = planned.get("description", "")
        if "identityTokenKey" in changed and self._federates():
            tuning["identity_token_key"] = planned.get("identityTokenKey", "")
        return tuning

    def _configuration(self, planned: Values) -> Values:
        """Return the body of config/root; an unset federation setting is not sent at all."""
        sent: Values = {
            "access_key": planned.get("accessKey", ""),
            "secret_key": planned.get("secretKey", ""),
            "max_retries": planned["maxRetries"],
        }
        sent |= body(planned, (*_ENDPOINTS, "usernameTemplate"))
        if self.session.supports(1, 19, enterprise=False):
            sent |= body(planned, _STS)
        if self._federates():
            sent |= body(planned, FEDERATION)
        if self._rotates():
            sent |= {
                "rotation_schedule": planned.get("rotationSchedule", ""),
                "rotation_period": planned.get("rotationPeriod", 0),
                "rotation_window": planned.get("rotationWindow", 0),
                "disable_automated_rotation": planned.get("disableAutomatedRotation", False),
            }
        return sent

    def _read_configuration(self, path: str, namespace: str) -> Values:
        try:
            answer = self.session.get(f"{path}/config/root", namespace)
        except VaultRefusal as refusal:
            if refusal.status != requests.codes.method_not_allowed:
                raise
            answer = None
        if answer is None:
            return {}
        known = ["accessKey", "iamEndpoint", "stsEndpoint", "usernameTemplate", "maxRetries"]
        if self.session.supports(1, 19, enterprise=False):
            known += _STS
        if self._rotates():
            known += ROTATION
        outputs = taken(answer, known)
        if self._federates():
            outputs |= {name: answer.get(snake(name)) for name in FEDERATION}
        return outputs | {"region": answer.get("region") or DEFAULT_REGION}


class SecretBackendRole(VaultResource):
    """``vault:aws/secretBackendRole:SecretBackendRole``: identifier ``<mount>/roles/<name>``.

    Only changed settings are sent, so one that an earlier failure left unwritten is not sent
    again before a refresh has shown it.
    """

    token = "vault:aws/secretBackendRole:SecretBackendRole"  # noqa: S105 - a type token
    name_input = "name"
    inputs: ClassVar = {
        "backend": Input(required=True, replace=True),
        "name": Input(required=True, replace=True),
        "credentialType": Input(required=True),
        "roleArns": Input(replace=True, same=same_set),
        "policyArns": Input(same=same_set),
        "policyDocument": Input(same=same_document),
        "iamGroups": Input(same=same_set),
        "iamTags": Input(),
        "sessionTags": Input(),
        "externalId": Input(),
        "mfaSerialNumber": Input(),
        "userPath": Input(),
        "permissionsBoundaryArn": Input(),
        "defaultStsTtl": Input(computed=True),
        "maxStsTtl": Input(computed=True),
        "namespace": NAMESPACE,
    }
    _SENT: ClassVar = (
        "roleArns",
        "policyArns",
        "policyDocument",
        "iamGroups",
        "iamTags",
        "sessionTags",
        "externalId",
        "mfaSerialNumber",
        "userPath",
        "permissionsBoundaryArn",
    )
    _ONE_OF: ClassVar = ("policyDocument", "policyArns", "roleArns", "iamGroups")
    _ONLY_FOR: ClassVar = {
        "userPath": ("iam_user",),
        "permissionsBoundaryArn": ("iam_user",),
        "defaultStsTtl": ("assumed_role", "federation_token"),
        "maxStsTtl": ("assumed_role", "federation_token"),
    }

    def create(self, planned: Values) -> str:
        """Write the role over whatever has its name."""
        path = f"{planned['backend']}/roles/{planned['name']}"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the role."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        backend, name = identifier.split("/roles/", 1)
        known = ("credentialType", "defaultStsTtl", "maxStsTtl", *self._SENT)
        # Vault says null for a list that was never written, also where the state has one.
        unwritten = [name for name in known if answer.get(snake(name), "") is None]
        kept = drop(state, unwritten)
        return kept | {"backend": backend, "name": name} | taken(answer, known)

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Write the type of credential and whatever changed."""
        self._refuse_impossible(planned)
        changed = self.changed(old, planned)
        sent: Values = {"credential_type": planned["credentialType"]}
        for name in self._SENT:
            if name in changed:
                sent[snake(name)] = planned.get(
                    name, _nothing_like(old[name]) if name in old else ""
                )
        sent |= {
            snake(name): str(planned[name])
            for name in ("defaultStsTtl", "maxStsTtl")
            if planned.get(name)
        }
        self.session.put(identifier, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the role; below a mount that is gone this is an error (404)."""
        self.session.delete(identifier, self.namespace(state))

    def _refuse_impossible(self, planned: Values) -> None:
        if not any(planned.get(name) for name in self._ONE_OF):
            names = ", ".join(map(snake, self._ONE_OF))
            raise ProviderError(f"role {planned['name']!r}: at least one of {names} must be set")
        kind = planned["credentialType"]
        for name, kinds in self._ONLY_FOR.items():
            if planned.get(name) and kind not in kinds:
                raise ProviderError(
                    f"role {planned['name']!r}: {snake(name)} is for credential_type "
                    f"{' or '.join(kinds)} only, not {kind!r}"
                )


def _nothing_like(value: object) -> object:
    """Return the empty value of the same type: how a setting is taken back."""
    return type(value)()
