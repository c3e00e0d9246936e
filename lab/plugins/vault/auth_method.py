"""Auth methods: their mounts, and how the AWS one reaches AWS itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

from lab.plugins.resource import Input, ProviderError
from lab.plugins.values import same_set
from lab.plugins.vault.session import VaultRefusal
from lab.plugins.vault.wire import (
    AUTH_BACKEND,
    FEDERATION,
    NAMESPACE,
    ROTATION,
    VaultResource,
    body,
    moves_by_replacement,
    snake,
    taken,
)

if TYPE_CHECKING:
    from lab.plugins.values import Values


class AuthBackend(VaultResource):
    """``vault:index/authBackend:AuthBackend``: the mount of an auth method; identifier its path.

    ``tune`` and ``identityTokenKey`` are not read back, and a tuning that Vault refuses is not
    told, as in the official plugin.
    """

    token = "vault:index/authBackend:AuthBackend"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "type": Input(required=True, replace=True),
        "path": Input(computed=True, replace=moves_by_replacement),
        "description": Input(),
        "local": Input(replace=True),
        "identityTokenKey": Input(),
        "tune": Input(),
        "disableRemount": Input(),
        "namespace": NAMESPACE,
    }
    outputs = ("accessor",)

    def complete(self, news: Values) -> Values:
        """Mount at the type's own name unless told where."""
        return {"path": news["type"], **news}

    def create(self, planned: Values) -> str:
        """Mount the method, then tune it."""
        path, namespace = planned["path"], self.namespace(planned)
        config = {}
        if self._federates():
            config = body(planned, ["identityTokenKey"])
        mount = {
            "type": planned["type"],
            "description": planned.get("description", ""),
            "local": planned.get("local", False),
            "config": config,
        }
        self.session.post(f"sys/auth/{path}", mount, namespace)
        self._tune(path, planned, {"tune"})
        return str(path)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the mount and its tuning."""
        namespace = self.namespace(state)
        mount = self.session.mount(f"auth/{identifier}", namespace)
        if mount is None:
            return None
        self.session.mount(f"auth/{identifier}/tune", namespace)
        return state | {
            "path": identifier,
            "type": mount["type"],
            "accessor": mount["accessor"],
            "description": mount.get("description", ""),
            "local": mount.get("local", False),
        }

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Move and tune."""
        path = planned["path"]
        changed = self.changed(old, planned)
        if path != identifier and "path" in changed:
            source, target = f"auth/{identifier}", f"auth/{path}"
            self.session.remount(source, target, self.namespace(planned))
        self._tune(path, planned, changed)
        return str(path)

    def delete(self, identifier: str, state: Values) -> None:
        """Unmount."""
        self.session.delete(f"sys/auth/{identifier}", self.namespace(state))

    def _federates(self) -> bool:
        return self.session.supports(1, 17, enterprise=True)

    def _tune(self, path: str, planned: Values, changed: set[str]) -> None:
        tuning: Values = {}
        if "tune" in changed:
            tuning = {snake(key): value for key, value in planned.get("tune", {}).items()}
        if "description" in changed:
            tuning["description"] = planned.get("description", "")
        if "identityTokenKey" in changed and self._federates():
            tuning |= body(planned, ["identityTokenKey"])
        if not tuning:
            return
        # The official plugin loses this error; a program must be right without it.
        with contextlib.suppress(VaultRefusal):
            self.session.post(f"sys/mounts/auth/{path}/tune", tuning, self.namespace(planned))


class AuthBackendClient(VaultResource):
    """``vault:aws/authBackendClient:AuthBackendClient``: how the method itself reaches AWS."""

    token = "vault:aws/authBackendClient:AuthBackendClient"  # noqa: S105 - a type token
    inputs: ClassVar = {
        "backend": AUTH_BACKEND,
        "accessKey": Input(secret=True),
        "secretKey": Input(secret=True),
        "ec2Endpoint": Input(),
        "iamEndpoint": Input(),
        "stsEndpoint": Input(),
        "stsRegion": Input(),
        "useStsRegionFromClient": Input(computed=True),
        "iamServerIdHeaderValue": Input(),
        "allowedStsHeaderValues": Input(same=same_set),
        "maxRetries": Input(default=-1),
        "identityTokenAudience": Input(),
        "roleArn": Input(),
        "identityTokenTtl": Input(),
        "rotationSchedule": Input(),
        "rotationPeriod": Input(),
        "rotationWindow": Input(),
        "disableAutomatedRotation": Input(),
        "namespace": NAMESPACE,
    }

    def create(self, planned: Values) -> str:
        """Write the configuration."""
        path = f"auth/{planned['backend']}/config/client"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the configuration; what the server's edition does not have is kept."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        known = [
            "accessKey",
            "iamEndpoint",
            "stsEndpoint",
            "stsRegion",
            "iamServerIdHeaderValue",
            "maxRetries",
            "allowedStsHeaderValues",
            "useStsRegionFromClient",
        ]
        if self.session.supports(1, 17, enterprise=True):
            known += FEDERATION
        if self.session.supports(1, 19, enterprise=True):
            known += ROTATION
        backend = identifier.removeprefix("auth/").removesuffix("/config/client")
        own = {"backend": backend, "ec2Endpoint": answer.get("endpoint", "")}
        return state | own | taken(answer, known)

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Write the whole configuration; keys only when they changed."""
        if bool(planned.get("stsEndpoint")) != bool(planned.get("stsRegion")):
            raise ProviderError("both sts_endpoint and sts_region need to be set, or neither")
        sent: Values = {
            "endpoint": planned.get("ec2Endpoint", ""),
            "iam_endpoint": planned.get("iamEndpoint", ""),
            "sts_endpoint": planned.get("stsEndpoint", ""),
            "sts_region": planned.get("stsRegion", ""),
            "allowed_sts_header_values": planned.get("allowedStsHeaderValues"),
            "iam_server_id_header_value": planned.get("iamServerIdHeaderValue", ""),
            "max_retries": planned["maxRetries"],
        }
        if self.changed(old, planned) & {"accessKey", "secretKey"}:
            sent["access_key"] = planned.get("accessKey", "")
            sent |= body(planned, ["secretKey"])
        if "useStsRegionFromClient" in planned:
            sent["use_sts_region_from_client"] = planned["useStsRegionFromClient"]
        if self.session.supports(1, 17, enterprise=True):
            sent |= {
                "identity_token_audience": planned.get("identityTokenAudience", ""),
                "role_arn": planned.get("roleArn", ""),
                "identity_token_ttl": planned.get("identityTokenTtl", 0),
            }
        if self.session.supports(1, 19, enterprise=True):
            sent |= {
                "rotation_schedule": planned.get("rotationSchedule", ""),
                "rotation_period": planned.get("rotationPeriod", 0),
                "rotation_window": planned.get("rotationWindow", 0),
                "disable_automated_rotation": planned.get("disableAutomatedRotation", False),
            }
        self.session.put(identifier, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the configuration."""
        self.session.delete(identifier, self.namespace(state))


class AuthBackendStsRole(VaultResource):
    """``vault:aws/authBackendStsRole:AuthBackendStsRole``: how another account is looked into.

    A changed ``accountId`` is written to the old account's path, as by the official plugin.
    """

    token = "vault:aws/authBackendStsRole:AuthBackendStsRole"  # noqa: S105 - a type token
    inputs: ClassVar = {
        "backend": AUTH_BACKEND,
        "accountId": Input(required=True),
        "stsRole": Input(required=True),
        "externalId": Input(),
        "namespace": NAMESPACE,
    }

    def create(self, planned: Values) -> str:
        """Write the role over whatever the account has."""
        path = f"auth/{planned['backend']}/config/sts/{planned['accountId']}"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the role."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        backend, account = identifier.removeprefix("auth/").split("/config/sts/", 1)
        found = {"stsRole": answer["sts_role"], "externalId": answer.get("external_id")}
        return state | {"backend": backend, "accountId": account} | found

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Write the role; an external id only to a server that knows one."""
        sent: Values = {"sts_role": planned["stsRole"]}
        if self.session.supports(1, 17, enterprise=False):
            sent["external_id"] = planned.get("externalId", "")
        self.session.put(identifier, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the role."""
        self.session.delete(identifier, self.namespace(state))
