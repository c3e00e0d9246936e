"""What components ask of the settings: shapes only, so that they need not import them."""

from collections.abc import Mapping
from typing import Literal, Protocol

from federation.account import AccountAccess
from federation.logins import LoginRole, StsRole
from federation.roles import VaultRole

Ownership = Literal["managed", "existing"]
"""``managed``: this stack makes, changes and deletes it. ``existing``: it only refers to it."""


class DeclaredVault(Protocol):
    """The Vault cluster of the stack."""

    @property
    def address(self) -> str:
        """Address under which this program reaches Vault: ``https://host[:port]``."""

    @property
    def public_address(self) -> str:
        """Address under which AWS reaches Vault: ``https://host``."""

    @property
    def issuer(self) -> Ownership:
        """Whether this stack sets the issuer of each namespace."""

    @property
    def thumbprints(self) -> tuple[str, ...]:
        """Pinned thumbprints; if empty, those of the presented chain are taken."""

    @property
    def ca_sha256(self) -> str | None:
        """SHA-256 that the last presented certificate must have."""

    @property
    def protect(self) -> bool:
        """Whether mounts, whose accessors AWS trusts, refuse to be deleted."""

    @property
    def key_rotation_seconds(self) -> int:
        """How long a key signs before the next one does."""

    @property
    def key_verification_seconds(self) -> int:
        """How long a key stays published after that."""


class DeclaredAccount(Protocol):
    """One AWS account."""

    @property
    def access(self) -> AccountAccess: ...

    @property
    def id(self) -> str:
        """Twelve digits."""

    @property
    def region(self) -> str:
        """Region whose endpoints are asked."""

    @property
    def partition(self) -> str:
        """Partition of the account, such as ``aws``."""

    @property
    def profile(self) -> str | None:
        """Profile of the AWS configuration; the environment decides if there is none."""

    @property
    def deploy_role_arn(self) -> str | None:
        """Role that this program deploys as."""

    @property
    def external_id(self) -> str | None:
        """What the trust of that role asks for."""

    @property
    def identity_provider(self) -> Ownership:
        """Whether this stack owns the account's identity providers."""

    @property
    def boundary(self) -> str | None:
        """Permissions boundary of the roles this program makes in the account."""


class DeclaredEngine(Protocol):
    """One secrets engine."""

    @property
    def path(self) -> str:
        """Path of the mount."""

    @property
    def description(self) -> str:
        """What ``vault secrets list`` says about it."""

    @property
    def audience(self) -> str:
        """The ``aud`` claim of its tokens."""

    @property
    def roles(self) -> tuple[VaultRole, ...]:
        """What it hands out."""

    @property
    def default_ttl_seconds(self) -> int:
        """Lifetime of a lease whose reader asks for none."""

    @property
    def max_ttl_seconds(self) -> int:
        """Longest lifetime of a lease, renewals included."""

    @property
    def token_ttl_seconds(self) -> int:
        """Lifetime of a plugin token, which is exchanged at once."""


class DeclaredTarget(Protocol):
    """One target role."""

    @property
    def policy(self) -> str | None:
        """Its inline policy, as JSON text."""

    @property
    def managed_policies(self) -> tuple[str, ...]:
        """ARNs of the managed policies attached to it."""

    @property
    def external_id(self) -> str | None:
        """What its trust asks for."""

    @property
    def session_tags(self) -> Mapping[str, str]:
        """What its sessions must be tagged with."""


class DeclaredGroup(Protocol):
    """One group of an identity provider."""

    @property
    def aws_roles(self) -> tuple[str, ...]:
        """What its people may read, as ``<engine>/<role>``."""


class DeclaredLogin(Protocol):
    """One login for people."""

    @property
    def path(self) -> str:
        """Path of the mount."""

    @property
    def namespace(self) -> str:
        """Path of the Vault namespace; empty for root."""

    @property
    def discovery_url(self) -> str:
        """Issuer of the identity provider."""

    @property
    def client_id(self) -> str:
        """Name of the client there."""

    @property
    def groups_claim(self) -> str:
        """Claim that lists a person's groups."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What to ask the identity provider for beyond ``openid``."""

    @property
    def token_ttl_seconds(self) -> int:
        """Lifetime of a token that is not renewed."""

    @property
    def token_max_ttl_seconds(self) -> int:
        """Longest lifetime of a token, renewals included."""

    @property
    def groups(self) -> Mapping[str, DeclaredGroup]:
        """Who may log in."""

    @property
    def aws_roles(self) -> tuple[str, ...]:
        """Everything that some group may read."""


class DeclaredMount(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def audience(self) -> str: ...

    @property
    def token_ttl_seconds(self) -> int: ...


class DeclaredMethod(Protocol):
    """One aws auth method."""

    @property
    def path(self) -> str:
        """Path of the mount, below ``auth/``."""

    @property
    def description(self) -> str:
        """What ``vault auth list`` says about it."""

    @property
    def audience(self) -> str:
        """The ``aud`` claim of its tokens."""

    @property
    def roles(self) -> tuple[LoginRole, ...]:
        """Whom it lets in."""

    @property
    def other_accounts(self) -> tuple[StsRole, ...]:
        """The roles that look up the principals of other accounts there."""

    @property
    def server_id(self) -> str | None:
        """What a login must sign; the host of Vault's address if there is none."""

    @property
    def token_ttl_seconds(self) -> int:
        """Lifetime of a plugin token, which is exchanged at once."""
