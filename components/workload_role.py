"""The IAM role of one mount."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from federation.names import MountNames
from federation.trust import trust_policy

SESSION_SECONDS = 3600
"""Longest session of the role. Vault asks for AWS's default hour and renews by a new token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadRoleArgs:
    """Who may assume the role and what it may then do."""

    names: MountNames
    """Name and tags; the mount's configuration holds the role's ARN before the role exists."""
    provider_arn: pulumi.Input[str]
    """Identity provider of the issuer."""
    audience: str
    """The ``aud`` claim."""
    subject: pulumi.Input[str]
    """The ``sub`` claim: this mount and no other."""
    policies: Mapping[str, Mapping[str, Any]]
    """Inline policies by physical name."""
    boundary: str | None
    """ARN of the role's permissions boundary."""


class WorkloadRole(pulumi.ComponentResource):
    """Lets one mount, and no other, act in one account, within its inline policies.

    Type ``vaultwif:aws:WorkloadRole``. Children: ``<name>-role``, ``<name>-policy/<policy>`` for
    each inline policy.
    """

    arn: pulumi.Output[str]
    """ARN of the role, known once the role and its trust policy exist."""
    unique_id: pulumi.Output[str]
    """What IAM tells this role by from one that is made again under the same name."""

    def __init__(
        self, name: str, args: WorkloadRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:aws:WorkloadRole", name, None, opts)
        # because the engine takes what another provider is given for the same thing, and changes
        # in the new account what stands in the old one.
        child = pulumi.ResourceOptions(parent=self, replacement_trigger=args.names.account_id)

        trust = pulumi.Output.all(args.provider_arn, args.subject).apply(
            lambda known: trust_policy(known[0], args.audience, known[1])
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.role_name,
            assume_role_policy=pulumi.Output.json_dumps(trust, sort_keys=True),
            max_session_duration=SESSION_SECONDS,
            permissions_boundary=args.boundary,
            tags=args.names.tags,
            # because two roles cannot have one name.
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(delete_before_replace=True)
            ),
        )
        for policy, document in args.policies.items():
            aws.iam.RolePolicy(
                f"{name}-policy/{policy}",
                name=policy,
                role=role.name,
                policy=pulumi.Output.json_dumps(document, sort_keys=True),
                opts=child,
            )
        self.arn = role.arn
        self.unique_id = role.unique_id
        self.register_outputs({"arn": self.arn})
