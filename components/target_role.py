"""An IAM role whose sessions Vault hands out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.summary import TargetSummary
from federation.names import TargetNames
from federation.target_trust import Principal, target_trust

if TYPE_CHECKING:
    from settings import TargetRoleSettings

SESSION_SECONDS = 3600
"""Longest session. A longer one would help nobody: Vault assumes the role with a session of its
own, and AWS ends such a chained session after an hour (IAM User Guide, "Methods to assume a
role")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetRoleArgs:
    """What sessions of the role may do, and who may ask for one."""

    target: "TargetRoleSettings"
    """The role as declared."""
    names: TargetNames
    """Every physical name of it."""
    trusted: Mapping[str, aws.iam.Role]
    """IAM roles of the engines that may assume it, by engine."""
    boundary: str | None
    """ARN of the role's permissions boundary."""


class TargetRole(pulumi.ComponentResource):
    """What Vault's session becomes when it reads credentials of type assumed_role.

    Type ``vaultwif:aws:TargetRole``. Children: ``<name>-role``, ``<name>-policy``. Each managed
    policy is one more, ``<name>-managed/<policy>``.

    It trusts exact IAM roles, which therefore exist first. If one of them is deleted and made
    again, at once or by somebody else, IAM no longer trusts it: the trust policy then names the
    unique id of the role that is gone. An update writes it anew (see
    :func:`federation.target_trust.target_trust`); until then reading credentials fails with
    AccessDenied. A trust policy written elsewhere, for ``roleArns``, is not mended by this stack.
    """

    summary: pulumi.Output[dict[str, Any]]
    """What others need to know of it, a :class:`TargetSummary`."""

    def __init__(
        self, name: str, args: TargetRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:aws:TargetRole", name, None, opts)
        # As for every role of the program (:class:`Federated`): another account, another role.
        child = pulumi.ResourceOptions(parent=self, replacement_trigger=args.names.account_id)

        engines = [role for _, role in sorted(args.trusted.items())]
        principals = pulumi.Output.all(
            *(pulumi.Output.all(role.arn, role.unique_id) for role in engines)
        )
        external_id, tags = args.target.external_id, dict(args.target.session_tags)
        trust = principals.apply(
            lambda known: target_trust(
                [Principal(*principal) for principal in known],
                external_id=external_id,
                session_tags=tags,
            )
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
        if args.target.policy is not None:
            aws.iam.RolePolicy(
                f"{name}-policy",
                name=args.names.session_policy,
                role=role.name,
                policy=args.target.policy,
                opts=child,
            )
        for arn in args.target.managed_policies:
            # AWS's own policy and an account's may have one name.
            owner, _, policy = arn.split(":", 4)[4].partition(":policy/")
            aws.iam.RolePolicyAttachment(
                f"{name}-managed/{owner}/{policy}",
                role=role.name,
                policy_arn=arn,
                opts=child,
            )
        self.summary = TargetSummary(
            role_arn=role.arn, trusted_role_arns=[engine.arn for engine in engines]
        ).output()
        self.register_outputs({"summary": self.summary})
