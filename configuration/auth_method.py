"""The shape of an aws auth method and of its Vault roles, and what they must agree on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from configuration.account import Account, account_of
from configuration.problems import Key, Problems
from configuration.roles import Surroundings
from configuration.schema import (
    LeaseSeconds,
    Section,
    accepts,
    not_below_default,
    without_repeats,
)
from federation import arns, identity, names, principals, syntax
from federation.logins import LoginRole, StsRole
from federation.names import MountNames, check_key, check_login_role

POLICIES = Path("policies", "vault")
"""Folder of the Vault policies of the stack's own, below the project's."""

_UNGRANTABLE = frozenset(("root", "default"))
"""Vault gives every token ``default`` by itself, and gives ``root`` to none of an auth method."""


def _text_of(policy: str, info: ValidationInfo) -> str:
    """Check that the policy has a file with something in it; Vault itself judges what."""
    names.check_login_policy(policy)
    if isinstance(info.context, Surroundings):
        _policy_text(info.context.root, policy)
    return policy


def _policy_text(root: Path, policy: str) -> str:
    file = POLICIES / f"{policy}.hcl"
    try:
        text = (root / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError(
            f"must have a readable file {file}; what another keeps belongs into existingPolicies"
        ) from None
    if not text.strip():
        raise ValueError(f"must have something in its file {file}")
    return text


def _kept_by_another(policy: str) -> None:
    if policy in _UNGRANTABLE:
        raise ValueError(
            "must be a policy that a login can grant: default is always there, root never"
        )
    if not policy or policy != policy.strip().lower():
        raise ValueError("must be a policy's name in lower case, as Vault keeps it")


def _principal(arn: str) -> None:
    principals.parse(arn)


PolicyFile = Annotated[str, AfterValidator(_text_of)]
ExistingPolicy = Annotated[str, accepts(_kept_by_another)]
PrincipalArn = Annotated[str, accepts(_principal)]
WithoutRepeats = AfterValidator(without_repeats)


class LoginRoleSettings(Section):
    """A Vault role of an auth method."""

    refused: ClassVar[Mapping[str, str]] = {
        "resolveAwsUniqueIds": "is refused: an exact principal is always bound by its unique id, "
        "so that one made anew under its name is not taken for it",
        "boundAccountIds": "is refused: it is for EC2 instances; name the principals",
        "boundIamPrincipalArns": "is refused: it is called boundPrincipals here",
    }

    bound_principals: Annotated[tuple[PrincipalArn, ...], WithoutRepeats]
    """ARNs of the roles and users that may log in."""
    policies: Annotated[tuple[PolicyFile, ...], WithoutRepeats] = ()
    """Vault policies of the stack's own: names of files in ``policies/vault``, without ``.hcl``."""
    existing_policies: Annotated[tuple[ExistingPolicy, ...], WithoutRepeats] = ()
    """Vault policies that somebody else keeps."""
    default_ttl_seconds: LeaseSeconds = 900
    """How long a token lives, if it is not renewed."""
    max_ttl_seconds: Annotated[LeaseSeconds, Field(validate_default=True)] = 3_600
    """How long a token lives at most: no longer than the session that it was given for."""

    @field_validator("bound_principals")
    @classmethod
    def _somebody(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not values:
            raise ValueError("must hold at least one")
        return values

    @field_validator("max_ttl_seconds")
    @classmethod
    def _max_ttl(cls, seconds: int, info: ValidationInfo) -> int:
        return not_below_default(seconds, info)

    @model_validator(mode="after")
    def _grants_something(self) -> Self:
        if not self.policies and not self.existing_policies:
            raise ValueError("must have policies or existingPolicies; its tokens may do nothing")
        return self

    def login_role(self, name: str, root: Path) -> LoginRole:
        """Return the role as the rest of the program knows it."""
        return LoginRole(
            name=name,
            principals=tuple(principals.parse(arn) for arn in self.bound_principals),
            policies={policy: _policy_text(root, policy) for policy in self.policies},
            existing_policies=self.existing_policies,
            default_ttl_seconds=self.default_ttl_seconds,
            max_ttl_seconds=self.max_ttl_seconds,
        )


def _one_role(arn: str) -> None:
    arns.require(arn, "role")


class StsRoleSettings(Section):
    """The role through which Vault looks up the principals of another account."""

    role_arn: Annotated[str, accepts(_one_role)]
    external_id: Annotated[str, accepts(syntax.external_id)] | None = None
    """What its trust asks for."""

    @property
    def account(self) -> str:
        """The account that it is in."""
        return self.role_arn.split(":")[4]


class AuthMethod(Section):
    """One mount of the aws auth method."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey"), "is refused: the method holds no AWS key"
    )

    account: str
    audience: Annotated[str, accepts(syntax.audience)]
    path: Annotated[str, accepts(syntax.auth_path)] = ""
    """Path of the mount below ``auth/``; the method's key if left out."""
    namespace: Annotated[str, accepts(syntax.namespace)] = identity.ROOT_NAMESPACE
    description: Annotated[str, Field(min_length=1)] = "Logins of IAM roles and users"
    token_ttl_seconds: Annotated[int, Field(ge=60)] = 3_600
    """How long a token that the mount shows to AWS is valid; it is exchanged at once."""
    server_id: Annotated[str, accepts(syntax.server_id)] | None = None
    """What a login must sign as ``X-Vault-AWS-IAM-Server-ID``; the host of ``vault.address``."""
    wildcard_principals: bool = False
    """Whether a principal may end with ``*``."""
    sts_roles: tuple[StsRoleSettings, ...] = ()
    """One for each other account that principals are in."""
    roles: tuple[LoginRole, ...] = ()
    """Checked one by one, so that one wrong role hides no other problem; sorted by name."""

    @property
    def other_accounts(self) -> tuple[StsRole, ...]:
        """The roles for other accounts, as the rest of the program knows them."""
        return tuple(
            StsRole(account=role.account, arn=role.role_arn, external_id=role.external_id)
            for role in sorted(self.sts_roles, key=lambda role: role.account)
        )

    def names(self, stack: str, key: str, account: Account) -> MountNames:
        """Names of the mount; raises ValueError if AWS would refuse one."""
        return MountNames(
            stack=stack,
            namespace=self.namespace,
            key=key,
            mount_class=identity.MountClass.AUTH,
            account_id=account.id,
            partition=account.partition,
        )


def read_method(
    problems: Problems,
    accounts: Mapping[str, Account | None],
    around: Surroundings,
    name: str,
    raw: object,
) -> AuthMethod | None:
    """Validate a method and each of its roles apart, so that none hides another's problems."""
    key: Key = ("authMethods", name)
    named = problems.name_is_sound(key, check_key)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    account_of(problems, accounts, key, raw)
    roles = [
        _login_role(problems, (*key, "roles", role), entry, around)
        for role, entry in problems.entries(raw.get("roles"), (*key, "roles"))
    ]
    own = {field: value for field, value in raw.items() if field != "roles"}
    method = problems.parse(AuthMethod, own, key)
    if method is None or not named:
        return None
    sound = sorted((role for role in roles if role), key=lambda role: role.name)
    return method.model_copy(update={"path": method.path or name, "roles": tuple(sound)})


def _login_role(
    problems: Problems, key: Key, raw: object, around: Surroundings
) -> LoginRole | None:
    named = problems.name_is_sound(key, check_login_role)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    role = problems.parse(LoginRoleSettings, raw, key, around)
    return role.login_role(str(key[-1]), around.root) if role and named else None


def check_principals(key: Key, method: AuthMethod, account: Account, problems: Problems) -> None:
    """Note what the principals of a method's roles are, but may not be."""
    reached = [account.id, *(role.account for role in method.sts_roles)]
    _accounts_agree(key, method, account, problems)
    for role in method.roles:
        where: Key = (*key, "roles", role.name, "boundPrincipals")
        for principal in role.principals:
            if principal.wildcard and not method.wildcard_principals:
                problems.add(
                    where,
                    "has a wildcard; name each principal, or set wildcardPrincipals of the method "
                    "(whoever can make a principal of such a name can then log in)",
                    principal.arn,
                )
            if principal.partition != account.partition:
                problems.add(where, f"must be in the partition {account.partition}", principal.arn)
            elif principal.account not in reached:
                problems.add(
                    where,
                    f"is in another account than {account.id}; add a role of {principal.account} "
                    "to the method's stsRoles, through which Vault looks it up",
                    principal.arn,
                )


def _accounts_agree(key: Key, method: AuthMethod, account: Account, problems: Problems) -> None:
    used = {principal.account for role in method.roles for principal in role.principals}
    accounts = [role.account for role in method.sts_roles]
    for index, role in enumerate(method.sts_roles):
        where: Key = (*key, "stsRoles", index, "roleArn")
        if role.account == account.id:
            problems.add(where, "is in the method's own account, which needs none", role.role_arn)
        elif accounts.index(role.account) != index:
            problems.add(where, "is a second role of its account; Vault takes one", role.role_arn)
        elif role.role_arn.split(":")[1] != account.partition:
            problems.add(where, f"must be in the partition {account.partition}", role.role_arn)
        elif role.account not in used:
            problems.add(where, "is needed by no principal; take it out", role.role_arn)
