"""Managed policies attached to roles of IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.plugins.aws.iam import IamResource
from lab.plugins.resource import Input

if TYPE_CHECKING:
    from lab.plugins.values import Values


class RolePolicyAttachment(IamResource):
    """``aws:iam/rolePolicyAttachment:RolePolicyAttachment``: identifier ``<role>/<policy ARN>``.

    The official plugin's identifier ends in a random suffix; nothing may rely on either.
    """

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"  # noqa: S105 - a type token
    inputs: ClassVar = {
        "role": Input(required=True, replace=True),
        "policyArn": Input(required=True, replace=True),
    }

    def create(self, planned: Values) -> str:
        """Attach the policy; one that is attached already stays so."""
        role, policy = planned["role"], planned["policyArn"]
        doing = f"attaching {policy} to the IAM role {role}"
        self.session.iam(doing, "attach_role_policy", RoleName=role, PolicyArn=policy)
        return f"{role}/{policy}"

    def read(self, identifier: str, state: Values) -> Values | None:  # noqa: ARG002 - in the state
        """Look the policy up among those attached; a role that is gone has none."""
        role = state["role"]
        doing = f"reading the policies attached to the IAM role {role}"
        if self.session.found(doing, "get_role", RoleName=role) is None:
            return None
        attached = self.session.iam_all(
            doing, "list_attached_role_policies", "AttachedPolicies", RoleName=role
        )
        held = any(policy["PolicyArn"] == state["policyArn"] for policy in attached)
        return state if held else None

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - same
        """Change nothing: every input replaces."""
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - in the state
        """Detach the policy."""
        role, policy = state["role"], state["policyArn"]
        doing = f"detaching {policy} from the IAM role {role}"
        self.session.gone(doing, "detach_role_policy", RoleName=role, PolicyArn=policy)
