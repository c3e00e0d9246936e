"""The section authMethods, with its Vault roles and what they must agree on."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo

from federation import arns, names, permissions, principals, syntax
from federation.identity import MountClass
from federation.logins import LoginRole, StsRole
from federation.names import MountNames
from federation.statements import Document
from settings.account import of_arn
from settings.fields import (
    AuthPath,
    ExternalId,
    LeaseSeconds,
    LongestLeaseSeconds,
    Shaped,
    Text,
    WithoutRepeats,
    accepts,
    at_least_one,
    needs,
    text,
)
from settings.mount import MountSettings
from settings.policy_files import read_vault_policy
from settings.problems import Key, Problems
from settings.section import Entry, Place, Section

_UNGRANTABLE = frozenset(("root", "default"))
"""Vault gives every token ``default`` by itself, and gives ``root`` to none of an auth method."""


_NOT_GRANTABLE = f"(?!(?:{'|'.join(sorted(_UNGRANTABLE))})$)"


def _with_a_file(policy: str, info: ValidationInfo[Place]) -> str:
    names.check_login_policy(policy)
    read_vault_policy(info.context.reading.root, policy)
    return policy


def _kept_by_another(policy: str) -> None:
    if policy in _UNGRANTABLE:
        raise ValueError(
            "must be a policy that a login can grant: default is always there, root never"
        )
    if not policy or policy != policy.strip().lower():
        raise ValueError("must be a policy's name in lower case, as Vault keeps it")


def _principal(arn: str) -> None:
    principals.parse(arn)


def _one_role(arn: str) -> None:
    arns.require(arn, "role")


PolicyFile = Annotated[str, Shaped(_with_a_file, text(names.LOGIN_ROLE, names.check_login_policy))]
ExistingPolicy = Annotated[
    str, accepts(_kept_by_another, text(_NOT_GRANTABLE + "[^A-Z]+", _kept_by_another))
]
PrincipalArn = Annotated[str, accepts(_principal, text(principals.ARN, _principal))]
RoleArn = Annotated[str, accepts(_one_role, of_arn("role"))]


class LoginRoleSettings(Entry):
    """A Vault role of an auth method."""

    refused: ClassVar[Mapping[str, str]] = {
        "resolveAwsUniqueIds": "is refused: an exact principal is always bound by its unique id, "
        "so that one made anew under its name is not taken for it",
        "boundAccountIds": "is refused: it is for EC2 instances; name the principals",
        "boundIamPrincipalArns": "is refused: it is called boundPrincipals here",
    }

    check_name = names.check_login_role
    name_shape = text(names.LOGIN_ROLE, names.check_login_role, names.LONGEST_IAM_NAME)
    model_config = ConfigDict(json_schema_extra=needs("policies", "existingPolicies"))

    bound_principals: Annotated[tuple[PrincipalArn, ...], WithoutRepeats, at_least_one("")]
    """ARNs, path included, of the IAM roles and users that may log in."""
    policies: Annotated[tuple[PolicyFile, ...], WithoutRepeats] = ()
    """Vault policies of this stack: names of files in ``policies/vault``, without ``.hcl``."""
    existing_policies: Annotated[tuple[ExistingPolicy, ...], WithoutRepeats] = ()
    """Names of Vault policies that somebody else keeps."""
    default_ttl_seconds: LeaseSeconds = 900
    """How long a token lives if it is not renewed."""
    max_ttl_seconds: LongestLeaseSeconds = 3_600
    """How long a token lives at most: no longer than the session that it was given for."""

    _texts: dict[str, str] = PrivateAttr()

    def model_post_init(self, context: Place | None) -> None:
        """Keep what the files of the policies say."""
        super().model_post_init(context)
        if not context:
            return
        root = context.reading.root
        self._texts = {policy: read_vault_policy(root, policy) for policy in self.policies}

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:
        """Note a role that grants nothing, whatever else is wrong with it."""
        if not any(problems.written((*key, name)) for name in ("policies", "existingPolicies")):
            problems.add(key, "must have policies or existingPolicies; its tokens may do nothing")
        return cls

    @property
    def login_role(self) -> LoginRole:
        """The role as the rest of the program knows it."""
        self.require_whole()
        return LoginRole(
            name=self.name,
            principals=tuple(principals.parse(arn) for arn in self.bound_principals),
            policies=self._texts,
            existing_policies=self.existing_policies,
            default_ttl_seconds=self.default_ttl_seconds,
            max_ttl_seconds=self.max_ttl_seconds,
        )


class StsRoleSettings(Section):
    """The role through which Vault looks up the principals of another account."""

    role_arn: RoleArn
    """Role that Vault looks principals up with: it trusts ``vault-auth-<stack>-…`` and may
    ``iam:GetRole`` and ``iam:GetUser`` on them."""
    external_id: ExternalId | None = None
    """What its trust asks for."""

    @property
    def account(self) -> str:
        """The account that it is in."""
        return self.role_arn.split(":")[4]


class AuthMethodSettings(MountSettings):
    """One mount of the aws auth method."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey"), "is refused: the method holds no AWS key"
    )
    mount_class = MountClass.AUTH

    own_path: AuthPath | None = Field(default=None, alias="path")
    """Path of the mount below ``auth/``; the name if left out."""
    description: Text = "Logins of IAM roles and users"
    """What ``vault auth list`` says of it."""
    server_id: (
        Annotated[str, accepts(syntax.server_id, text(syntax.SERVER_ID, syntax.server_id))] | None
    ) = None
    """What a login must sign as ``X-Vault-AWS-IAM-Server-ID``; if left out, the host of
    ``vault.address``."""
    wildcard_principals: bool = False
    """Whether a bound principal may end with ``*``."""
    sts_roles: tuple[StsRoleSettings, ...] = ()
    """For principals of other accounts, one role of each such account."""
    own_roles: Mapping[str, LoginRoleSettings] = Field(default_factory=dict, alias="roles")
    """Vault roles by name."""

    @property
    def roles(self) -> tuple[LoginRole, ...]:
        """The Vault roles as the rest of the program knows them, sorted by name."""
        return tuple(role.login_role for role in self.own_roles.values())

    @property
    def other_accounts(self) -> tuple[StsRole, ...]:
        """The roles for other accounts, as the rest of the program knows them."""
        return tuple(
            StsRole(account=role.account, arn=role.role_arn, external_id=role.external_id)
            for role in sorted(self.sts_roles, key=lambda role: role.account)
        )

    def inline_policies(self, names: MountNames) -> dict[str, Document]:
        """Inline policies of its IAM role; raises ValueError if AWS would refuse a name."""
        return permissions.login_policies(names, self.roles, self.other_accounts)
