"""Roles of IAM and their inline policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from lab.plugins.aws import session as aws
from lab.plugins.aws.iam import TAGS, IamResource, as_tags
from lab.plugins.resource import Input
from lab.plugins.values import same_document

if TYPE_CHECKING:
    from lab.plugins.values import Values


class Role(IamResource):
    """``aws:iam/role:Role``: identifier is the name."""

    token = "aws:iam/role:Role"  # noqa: S105 - a type token, not a secret
    name_input = "name"
    inputs: ClassVar = {
        "name": Input(required=True, replace=True),
        "path": Input(default="/", replace=True),
        "assumeRolePolicy": Input(required=True, same=same_document),
        "maxSessionDuration": Input(default=3600),
        "permissionsBoundary": Input(),
        "description": Input(),
        "forceDetachPolicies": Input(),
        **TAGS,
    }
    outputs = ("arn", "uniqueId", "createDate")

    def create(self, planned: Values) -> str:
        """Make the role; a principal that IAM does not know yet is waited for."""
        name = planned["name"]
        aws.settled(
            lambda: self.session.iam(
                f"creating the IAM role {name}",
                "create_role",
                RoleName=name,
                Path=planned["path"],
                AssumeRolePolicyDocument=planned["assumeRolePolicy"],
                Description=planned.get("description"),
                MaxSessionDuration=planned["maxSessionDuration"],
                PermissionsBoundary=planned.get("permissionsBoundary"),
                Tags=as_tags(planned["tagsAll"]) or None,
            ),
            unsettled=_unknown_principal,
        )
        return str(name)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the role and, as the official plugin does, the policies of others on it."""
        doing, name = f"reading the IAM role {identifier}", {"RoleName": identifier}
        answer = self.session.found(doing, "get_role", **name)
        if answer is None:
            return None
        for policy in self.session.iam_all(doing, "list_role_policies", "PolicyNames", **name):
            self.session.found(doing, "get_role_policy", **name, PolicyName=policy)
        self.session.iam_all(doing, "list_attached_role_policies", "AttachedPolicies", **name)
        role = answer["Role"]
        return state | {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "path": role["Path"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": _as_text(role["AssumeRolePolicyDocument"]),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "description": role.get("Description", ""),
            **self.tags(role.get("Tags", []), state),
        }

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Change what changed, each with its own call."""
        changed = self.changed(old, planned)
        name = {"RoleName": identifier}
        doing = f"updating the IAM role {identifier}"
        if "assumeRolePolicy" in changed:
            policy = planned["assumeRolePolicy"]
            aws.settled(
                lambda: self.session.iam(
                    doing, "update_assume_role_policy", **name, PolicyDocument=policy
                ),
                unsettled=_unknown_principal,
            )
        if "maxSessionDuration" in changed:
            # With the description, because not every IAM keeps one that is left out.
            self.session.iam(
                doing,
                "update_role",
                **name,
                MaxSessionDuration=planned["maxSessionDuration"],
                Description=planned.get("description"),
            )
        if "description" in changed:
            text = planned.get("description", "")
            self.session.iam(doing, "update_role_description", **name, Description=text)
        if "permissionsBoundary" in changed:
            boundary = planned.get("permissionsBoundary")
            verb = "put" if boundary else "delete"
            self.session.iam(
                doing, f"{verb}_role_permissions_boundary", **name, PermissionsBoundary=boundary
            )
        self.retag("role", name, old, planned)
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Take the role out of instance profiles, detach policies if forced, delete it."""
        doing, name = f"deleting the IAM role {identifier}", {"RoleName": identifier}
        try:
            profiles = self.session.iam_all(
                doing, "list_instance_profiles_for_role", "InstanceProfiles", **name
            )
        except aws.AwsRefusal as refusal:
            if refusal.code == "NoSuchEntity":
                return
            raise
        for profile in profiles:
            self.session.gone(
                doing,
                "remove_role_from_instance_profile",
                **name,
                InstanceProfileName=profile["InstanceProfileName"],
            )
        if state.get("forceDetachPolicies"):
            self._strip(doing, name)
        aws.settled(
            lambda: self.session.gone(doing, "delete_role", **name),
            unsettled=lambda refusal: refusal.code == "DeleteConflict",
        )

    def _strip(self, doing: str, name: dict[str, str]) -> None:
        for policy in self.session.iam_all(
            doing, "list_attached_role_policies", "AttachedPolicies", **name
        ):
            arn = policy["PolicyArn"]
            self.session.gone(doing, "detach_role_policy", **name, PolicyArn=arn)
        for policy in self.session.iam_all(doing, "list_role_policies", "PolicyNames", **name):
            self.session.gone(doing, "delete_role_policy", **name, PolicyName=policy)


class RolePolicy(IamResource):
    """``aws:iam/rolePolicy:RolePolicy``: an inline policy; identifier ``<role>:<name>``."""

    token = "aws:iam/rolePolicy:RolePolicy"  # noqa: S105 - a type token, not a secret
    name_input = "name"
    inputs: ClassVar = {
        "name": Input(required=True, replace=True),
        "role": Input(required=True, replace=True),
        "policy": Input(required=True, same=same_document),
    }

    def create(self, planned: Values) -> str:
        """Write the policy over whatever has its name."""
        identifier = f"{planned['role']}:{planned['name']}"
        self._put(planned)
        return identifier

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the policy."""
        role, name = identifier.split(":", 1)
        doing = f"reading the IAM role policy {identifier}"
        answer = self.session.found(doing, "get_role_policy", RoleName=role, PolicyName=name)
        if answer is None:
            return None
        policy = _as_text(answer["PolicyDocument"])
        return state | {"role": role, "name": name, "policy": policy}

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Write the policy."""
        self._put(planned)
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - interface
        """Delete the policy."""
        role, name = identifier.split(":", 1)
        doing = f"deleting the IAM role policy {identifier}"
        self.session.gone(doing, "delete_role_policy", RoleName=role, PolicyName=name)

    def _put(self, planned: Values) -> None:
        self.session.iam(
            f"writing the IAM role policy {planned['role']}:{planned['name']}",
            "put_role_policy",
            RoleName=planned["role"],
            PolicyName=planned["name"],
            PolicyDocument=planned["policy"],
        )


def _as_text(document: object) -> str:
    """boto3 has decoded the document already."""
    return json.dumps(document, separators=(",", ":"))


def _unknown_principal(refusal: aws.AwsRefusal) -> bool:
    return (
        refusal.code == "MalformedPolicyDocument"
        and "Invalid principal in policy" in refusal.reason
    )
