"""Every physical name and ARN of one mount; nothing else makes one up."""

import re
from dataclasses import dataclass

from federation import syntax
from federation.identity import ROOT_NAMESPACE_ID, MountClass, provider_identifier

LONGEST_IAM_NAME = 64
"""Role and user names, in characters (IAM User Guide, "IAM and AWS STS quotas")."""
LONGEST_IAM_PATH = 512
"""IAM path with its slashes, in characters (same section)."""
LONGEST_POLICY_NAME = 128
"""Inline policy name, in characters (same section)."""

DISPLAY_NAME_KEPT = 16
USERNAME_RANDOM = 8

USERNAME_TEMPLATE = (
    '{{ if (eq .Type "STS") }}{{ printf "vault-%s" (random 20) }}{{ else }}'
    f'{{{{ printf "vault-%s-%s-%s" (.DisplayName | truncate {DISPLAY_NAME_KEPT}) '
    f".PolicyName (random {USERNAME_RANDOM}) }}}}{{{{ end }}}}"
)
"""How Vault names IAM users and sessions: ``vault-<display name>-<Vault role>-<random>``.

Only the display name of the reader's Vault token is truncated, never the role, so that a user
always tells its role and policies may rely on it. 64 characters = ``vault-`` 6 + display name 16
+ ``-`` 1 + role 32 + ``-`` 1 + random 8. The branch for federation tokens stays within their 32:
``vault-`` 6 + random 20 (Vault, "AWS secrets engine (API)", ``username_template``).
"""

LONGEST_ROLE_NAME = (
    LONGEST_IAM_NAME - len("vault-") - DISPLAY_NAME_KEPT - len("--") - USERNAME_RANDOM
)
"""Longest name of a Vault role whose users' names fit into IAM's limit: 32 characters."""

SIGNING_KEY_ENDS = "-plugin-identity"
"""What the names of all signing keys end with, by which one stack recognises another's."""

_STACK = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?")
KEY = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
ROLE = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?")
LOGIN_ROLE = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
GROUP = re.compile(r"([A-Za-z0-9_.-]+/)*[A-Za-z0-9_+=,.@-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class MountNames:
    """The names of one mount; construction refuses what AWS or Vault would refuse later.

    Names carry stack, namespace and key, so that two stacks or two mounts share none. Nothing is
    hashed or cut: a person must recognise in AWS what is written in the settings. A hyphen within
    one of the three is doubled, for a single one stands between them: otherwise the mount ``b`` of
    the stack ``a-root`` and the mount ``root-b`` of the stack ``a`` would have one name.

    Args:
        stack: Name of the Pulumi stack.
        namespace: Path of the Vault namespace without outer slashes; empty for root.
        key: What people call the mount in the settings; not its path, which may change.
        mount_class: Secrets engine or auth method.
        account_id: The AWS account of the mount, 12 digits.
        partition: The AWS partition of that account, such as ``aws``.

    Raises:
        ValueError: A part has a character that cannot be in a name, or a name made of the parts
            is longer than AWS allows; says which name, its length, the limit, what to shorten.
    """

    stack: str
    namespace: str
    key: str
    mount_class: MountClass
    account_id: str
    partition: str

    def __post_init__(self) -> None:
        # In lower case, because Vault keeps the names of policies so, and IAM does not tell the
        # names of roles and users by case.
        _require(_STACK, self.stack, "stack", "lower-case letters and digits, with - _ . inside")
        check_key(self.key)
        try:
            syntax.namespace(self.namespace)
        except ValueError as error:
            raise ValueError(f"namespace {self.namespace!r} {error}") from None
        shorten = "shorten the name, the namespace or the stack"
        _fit("IAM role name", self.role_name, LONGEST_IAM_NAME, shorten)
        _fit("IAM path", self.iam_path, LONGEST_IAM_PATH, shorten)

    @property
    def role_name(self) -> str:
        """IAM role of the mount."""
        return f"vault-{self.mount_class}-{self._scope}"

    @property
    def role_arn(self) -> str:
        """ARN of the IAM role, known before the role or the mount exists."""
        return self._iam_arn(f"role/{self.role_name}")

    @property
    def iam_path(self) -> str:
        """IAM path of every user of the mount, with both outer slashes."""
        return f"/vault/{self._scope}/"

    @property
    def signing_key(self) -> str:
        """Vault key that signs the mount's tokens; shared by the stack's mounts of a namespace."""
        return signing_key(self.stack, self.namespace)

    @property
    def revoke_policy(self) -> str:
        """Inline policy with what revocation needs."""
        return "revoke"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of everything at AWS that serves this mount alone."""
        return stack_tags(self.stack) | {
            "vault-namespace": self.namespace or ROOT_NAMESPACE_ID,
            "vault-mount": self.key,
        }

    def provider_arn(self, issuer: str) -> str:
        """ARN of the identity provider of an issuer in the mount's account."""
        return provider_arn(self.partition, self.account_id, issuer)

    def issue_policy(self, role: str) -> str:
        """Inline policy with what issuing for one Vault role needs."""
        check_role(role)
        return f"issue-{role}"

    def revoke_group_policy(self, group: str) -> str:
        """Inline policy that takes users out of one group, given as ``[path/]name``."""
        name = f"revoke-group-{_group_name(group)}"
        _fit("inline policy name", name, LONGEST_POLICY_NAME, "use a group with a shorter name")
        return name

    def access_policy(self, role: str) -> str:
        """Vault policy that may read one Vault role's credentials.

        Lower case, because Vault stores policy names so.
        """
        check_role(role)
        return f"{self._scope}-creds-{role}".lower()

    def resolve_policy(self, role: str) -> str:
        """Inline policy with what looking up one Vault role's principals needs."""
        check_login_role(role)
        return f"resolve-{role}"

    def other_account_policy(self, account_id: str) -> str:
        """Inline policy with what reaching the principals of another account needs."""
        return f"account-{account_id}"

    def login_policy(self, policy: str) -> str:
        """Vault policy of the stack's own that a token of an auth method has."""
        check_login_policy(policy)
        return f"{self._scope}-login-{policy}"

    def user_arn_pattern(self, role: str) -> str:
        """ARN pattern of the users of one Vault role, as :data:`USERNAME_TEMPLATE` names them."""
        check_role(role)
        return self._iam_arn(f"user{self.iam_path}vault-*-{role}-*")

    @property
    def any_user_arn(self) -> str:
        """ARN pattern of every user of the mount."""
        return self._iam_arn(f"user{self.iam_path}vault-*")

    def user_arn(self, pattern: str) -> str:
        """ARN pattern of users, given as path and name; who does not exist has the path ``/``."""
        return self._iam_arn(f"user{pattern}")

    def group_arn(self, group: str) -> str:
        """ARN of a group of the mount's account, given as ``[path/]name``."""
        _group_name(group)
        return self._iam_arn(f"group/{group}")

    @property
    def _scope(self) -> str:
        return _joined(self.stack, _segment(self.namespace), self.key)

    def _iam_arn(self, resource: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:{resource}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetNames:
    """The names of one target role, made as :class:`MountNames` makes those of a mount.

    Args:
        stack: Name of the Pulumi stack.
        key: What people call the target role in the settings.
        account_id: The AWS account of the role, 12 digits.
        partition: The AWS partition of that account.

    Raises:
        ValueError: A part has a character that cannot be in a name, or the role's name is too long.
    """

    stack: str
    key: str
    account_id: str
    partition: str

    def __post_init__(self) -> None:
        _require(_STACK, self.stack, "stack", "lower-case letters and digits, with - _ . inside")
        check_key(self.key)
        _fit("IAM role name", self.role_name, LONGEST_IAM_NAME, "shorten the name or the stack")

    @property
    def role_name(self) -> str:
        """The IAM role."""
        return f"vault-target-{_joined(self.stack, self.key)}"

    @property
    def role_arn(self) -> str:
        """ARN of the IAM role, known before the role exists."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.role_name}"

    @property
    def session_policy(self) -> str:
        """Inline policy with what sessions of the role may do."""
        return "sessions"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the IAM role."""
        return stack_tags(self.stack) | {"vault-target": self.key}


def login_group(stack: str, namespace: str, login: str, group: str) -> str:
    """Name of Vault's own group for a group of an identity provider, as one login knows it."""
    return _joined(stack, _segment(namespace), login, group)


def provider_arn(partition: str, account_id: str, issuer: str) -> str:
    """ARN that AWS gives the identity provider of an issuer in an account."""
    return f"arn:{partition}:iam::{account_id}:oidc-provider/{provider_identifier(issuer)}"


def signing_key(stack: str, namespace: str) -> str:
    """Name of the Vault key that signs plugin tokens; one per stack and namespace."""
    return f"{_joined(stack, _segment(namespace))}{SIGNING_KEY_ENDS}"


def stack_tags(stack: str) -> dict[str, str]:
    """Tags of everything at AWS that the stack makes."""
    return {"vault-stack": stack}


def check_key(key: str) -> None:
    """Check what people call an account or a mount.

    Raises:
        ValueError: Saying what is allowed.
    """
    _require(KEY, key, "name", "lower-case letters and digits, with - inside")


def check_role(role: str) -> None:
    """Check the name of a Vault role.

    Raises:
        ValueError: Saying what is allowed.
    """
    _require(ROLE, role, "Vault role", "letters, digits and _, with - . @ inside")
    _fit("Vault role", role, LONGEST_ROLE_NAME, "the names of its users would exceed IAM's 64")


def check_login_role(role: str) -> None:
    """Check the name of a Vault role of an auth method, which Vault keeps in lower case.

    Raises:
        ValueError: Saying what is allowed.
    """
    _require(LOGIN_ROLE, role, "Vault role", "lower-case letters, digits and _, with - . inside")
    _fit("Vault role", role, LONGEST_IAM_NAME, "use a shorter one")


def check_login_policy(policy: str) -> None:
    """Check what the settings call a Vault policy of the stack's own, and its file.

    Raises:
        ValueError: Saying what is allowed.
    """
    _require(LOGIN_ROLE, policy, "policy", "lower-case letters, digits and _, with - . inside")


def check_group(group: str) -> None:
    """Check a group given as ``[path/]name``.

    Raises:
        ValueError: Saying what is allowed.
    """
    _group_name(group)


def _joined(*parts: str) -> str:
    """Join parts that neither begin nor end with a hyphen, so that they can be told apart again."""
    return "-".join(part.replace("-", "--") for part in parts)


def _segment(namespace: str) -> str:
    """One path segment per namespace; unambiguous, for no namespace has a dot and none is root."""
    return namespace.replace("/", ".") or ROOT_NAMESPACE_ID


def _group_name(group: str) -> str:
    _require(GROUP, group, "group", "[path/]name of letters, digits and + = , . @ _ -")
    return group.rpartition("/")[2]


def _require(pattern: re.Pattern[str], value: str, what: str, allowed: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"{what} {value!r} must be {allowed}")


def _fit(what: str, value: str, limit: int, remedy: str) -> None:
    if len(value) > limit:
        raise ValueError(
            f"{what} {value!r} has {len(value)} characters, allowed are {limit}; {remedy}"
        )
