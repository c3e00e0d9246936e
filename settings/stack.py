"""Everything that the settings say: what the checks look at, and what the program is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from federation import arns, identity, principals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pulumi

    from federation.names import MountNames, TargetNames
    from settings.account import AccountSettings
    from settings.auth_method import AuthMethodSettings
    from settings.cluster import VaultSettings
    from settings.fields import Ownership
    from settings.human_login import HumanLoginSettings
    from settings.mount import MountSettings
    from settings.problems import Key
    from settings.secrets_engine import SecretsEngineSettings
    from settings.target_role import TargetRoleSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one stack.

    What the program is given is whole. The checks before that see what could be read: an entry
    that is wrong itself is missing.
    """

    stack: str
    sound_vault: VaultSettings | None
    """The Vault cluster; None if its section is wrong."""
    accounts: Mapping[str, AccountSettings]
    target_roles: Mapping[str, TargetRoleSettings]
    secrets_engines: Mapping[str, SecretsEngineSettings]
    auth_methods: Mapping[str, AuthMethodSettings]
    human_logins: Mapping[str, HumanLoginSettings]
    human_login_secrets: Mapping[str, pulumi.Output[str]] = field(repr=False)
    """The identity providers' client secrets, by login; secret outputs."""

    @property
    def vault(self) -> VaultSettings:
        """The Vault cluster, of which the program can be sure and a check cannot."""
        return cast("VaultSettings", self.sound_vault)

    def issuer(self, namespace: str) -> str:
        """Issuer of the plugin tokens of one namespace."""
        return identity.issuer(self.vault.public_address, namespace)

    def mount_names(self, mount: MountSettings) -> MountNames:
        """Names of one mount; raises ValueError if AWS would refuse one."""
        return mount.names(self.stack, self.accounts[mount.account])

    def target_names(self, target: str) -> TargetNames:
        """Names of one target role, by its key; raises ValueError if AWS would refuse one."""
        settings = self.target_roles[target]
        return settings.names(self.stack, self.accounts[settings.account])

    def is_used(self, account: str) -> bool:
        """Whether anything of the stack is in an account."""
        return account in {held.account for held in (*self.mounts, *self.target_roles.values())}

    def named(self, account: str) -> Mapping[str, str]:
        """What must be in one account before an update, by ARN, with the key that names it.

        Not the roles behind ``roleArns`` and ``stsRoles``: their trust names roles that this stack
        makes, so they come afterwards. Nor what an ``iam_user`` role needs at each lease alone.
        """
        own = self.accounts[account].id
        made = {self.target_names(name).role_arn for name in self.target_roles}
        made |= {self.mount_names(mount).role_arn for mount in self.mounts}
        found: dict[str, str] = {}
        for arn, asking, key in self._named():
            _, owner = arns.owner(arn)
            if arn not in made and (owner == own or (owner == arns.OF_AWS and asking == account)):
                found.setdefault(arn, ".".join(map(str, key)))
        return found

    def _named(self) -> Iterator[tuple[str, str, Key]]:
        """Every such ARN, with the account that its section is in, and its key."""
        for name, account in self.accounts.items():
            if account.boundary:
                yield account.boundary, name, (*account.key, "boundary")
        for target in self.target_roles.values():
            for arn in target.managed_policies:
                yield arn, target.account, (*target.key, "managedPolicies")
        for method in self.auth_methods.values():
            for role in method.own_roles.values():
                for arn in role.bound_principals:
                    if not principals.parse(arn).wildcard:
                        yield arn, method.account, (*role.key, "boundPrincipals")

    @property
    def mounts(self) -> tuple[MountSettings, ...]:
        """Every mount that is federated."""
        return (*self.secrets_engines.values(), *self.auth_methods.values())

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace with a federated mount, sorted; each has one issuer."""
        return tuple(sorted({mount.namespace for mount in self.mounts}))

    @property
    def used_namespaces(self) -> frozenset[str]:
        """Every namespace with a federated mount or a login for people."""
        return frozenset(
            {*self.namespaces, *(login.namespace for login in self.human_logins.values())}
        )

    @property
    def owned_namespaces(self) -> Mapping[str, Ownership]:
        """Every namespace but the root one that is used or listed, and whose it is.

        Sorted, which puts each after the one around it.
        """
        listed = self.vault.namespaces
        paths = sorted({*listed, *self.used_namespaces} - {identity.ROOT_NAMESPACE})
        return {path: listed.get(path, "existing") for path in paths}

    @property
    def federations(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Every account with every namespace it trusts, and the audiences of the mounts there.

        Sorted; each has one identity provider.
        """
        audiences: dict[tuple[str, str], list[str]] = {}
        for mount in self.mounts:
            audiences.setdefault((mount.account, mount.namespace), []).append(mount.audience)
        return {where: tuple(sorted(found)) for where, found in sorted(audiences.items())}
