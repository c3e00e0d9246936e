"""What a stack says of itself to people and to other stacks: the shape of its outputs.

Each field is an output by its own name. Nothing of it is secret; all of it may change only with
the settings, so that another stack may rely on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What everything says."""

    def output(self) -> pulumi.Output[dict[str, Any]]:
        """Return all of it as one output."""
        return pulumi.Output.all(**{each.name: getattr(self, each.name) for each in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class MountSummary(Summary):
    """What every mount says, whatever it is."""

    mount: str
    """Path of the mount; of auth methods and logins, without ``auth/``."""
    namespace: str
    """Path of its namespace; empty for root."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FederatedSummary(MountSummary):
    """What a mount says that AWS trusts."""

    region: str
    """Region of the account whose endpoints the mount asks."""
    issuer: pulumi.Input[str]
    """The ``iss`` claim of its tokens."""
    audience: str
    """The ``aud`` claim."""
    subject: pulumi.Input[str]
    """The ``sub`` claim: this mount and no other."""
    role_arn: pulumi.Input[str]
    """IAM role that the mount assumes."""
    provider_arn: pulumi.Input[str]
    """Identity provider of the issuer in the account."""
    thumbprints: pulumi.Input[Sequence[str]]
    """Those of the issuer's host, or the pinned ones; with ``identityProvider: managed``, what AWS
    knows it by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSummary(FederatedSummary):
    """What a secrets engine says."""

    read_credentials: Mapping[str, str]
    """For each Vault role, the command that reads credentials; of a new IAM user they are known at
    AWS some seconds later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodSummary(FederatedSummary):
    """What an auth method says."""

    server_id: str
    """What every login must sign besides."""
    log_in: Mapping[str, str]
    """For each Vault role, the command that logs in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginSummary(MountSummary):
    """What a login for people says."""

    discovery_url: str
    """Identity provider of the people."""
    redirect_uris: Sequence[str]
    """What the people's identity provider has to know of the login."""
    log_in: Mapping[str, str]
    """For each Vault role, the command that logs in."""
    read_credentials: Mapping[str, Mapping[str, str]]
    """For each group and what it may read, the command that reads credentials."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetSummary(Summary):
    """What a target role says."""

    role_arn: pulumi.Input[str]
    """The target role itself."""
    trusted_role_arns: Sequence[pulumi.Input[str]]
    """IAM roles of the engines that may assume it."""


SECTIONS: Mapping[str, type[Summary]] = {
    "secrets_engines": EngineSummary,
    "auth_methods": MethodSummary,
    "target_roles": TargetSummary,
    "human_logins": LoginSummary,
}
"""What stands in each output of the stack, by the key that the settings give it."""
