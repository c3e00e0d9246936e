"""The stack's settings: the only reader of Pulumi configuration.

Everything is read, checked and resolved before the first resource, and every problem is told at
once: a program that stops halfway leaves behind what it has already registered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

from configuration.account import Account, read_account
from configuration.auth_method import AuthMethod, read_method
from configuration.checks import Draft, check
from configuration.human_login import HumanLogin, read_login
from configuration.problems import Problems
from configuration.references import declared_roles
from configuration.roles import Surroundings
from configuration.schema import Ownership, VaultSettings
from configuration.secrets_engine import SecretsEngine, read_engine
from configuration.target_role import TargetRole, read_target, target_arns
from federation import identity
from federation.names import MountNames, TargetNames

__all__ = [
    "Account",
    "AuthMethod",
    "HumanLogin",
    "SecretsEngine",
    "Settings",
    "TargetRole",
    "VaultSettings",
    "load",
]

PROJECT = Path(__file__).parent
"""The program's own folder."""

SECTIONS = (
    "vault",
    "accounts",
    "targetRoles",
    "secretsEngines",
    "authMethods",
    "humanLogins",
    "humanLoginSecrets",
)
"""Keys of the configuration, as Pulumi.yaml declares them."""
_NEEDED = ("vault", "accounts")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the program is told, checked and resolved."""

    stack: str
    vault: VaultSettings
    accounts: Mapping[str, Account]
    secrets_engines: Mapping[str, SecretsEngine]
    auth_methods: Mapping[str, AuthMethod] = field(default_factory=dict)
    target_roles: Mapping[str, TargetRole] = field(default_factory=dict)
    human_logins: Mapping[str, HumanLogin] = field(default_factory=dict)
    human_login_secrets: Mapping[str, pulumi.Output[str]] = field(default_factory=dict, repr=False)
    """The identity providers' client secrets, by login; secret outputs."""

    def issuer(self, namespace: str) -> str:
        """Issuer of the plugin tokens of one namespace."""
        return identity.issuer(self.vault.public_address, namespace)

    def names(self, engine: str) -> MountNames:
        """Names of one secrets engine, by its key."""
        settings = self.secrets_engines[engine]
        return settings.names(self.stack, engine, self.accounts[settings.account])

    def target_names(self, target: str) -> TargetNames:
        """Names of one target role, by its key."""
        settings = self.target_roles[target]
        return settings.names(self.stack, target, self.accounts[settings.account])

    @property
    def login_namespaces(self) -> tuple[str, ...]:
        """Every namespace with a login for people, sorted."""
        return tuple(sorted({login.namespace for login in self.human_logins.values()}))

    def method_names(self, method: str) -> MountNames:
        """Names of one auth method, by its key."""
        settings = self.auth_methods[method]
        return settings.names(self.stack, method, self.accounts[settings.account])

    @property
    def mounts(self) -> tuple[SecretsEngine | AuthMethod, ...]:
        """Every mount that is federated."""
        return (*self.secrets_engines.values(), *self.auth_methods.values())

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace with a federated mount, sorted; each has one issuer."""
        return tuple(sorted({mount.namespace for mount in self.mounts}))

    @property
    def owned_namespaces(self) -> Mapping[str, Ownership]:
        """Every namespace but the root one that is used or listed, and whose it is.

        Sorted, which puts each after the one around it.
        """
        listed = self.vault.namespaces
        paths = sorted(
            {*listed, *self.namespaces, *self.login_namespaces} - {identity.ROOT_NAMESPACE}
        )
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


def load(config: pulumi.Config, *, stack: str, root: Path = PROJECT) -> Settings:
    """Read, check and resolve the settings of a stack.

    Args:
        config: The project's configuration.
        stack: Name of the stack; it is part of every physical name.
        root: Folder that policy files are named from.

    Raises:
        pulumi.RunError: With every problem, a line each: the full key, the value unless it is
            secret, and what is allowed.
    """
    problems = Problems(
        config.name, lambda section: pulumi.runtime.is_config_secret(config.full_key(section))
    )
    raw = {section: _read(config, section, problems) for section in SECTIONS}
    _note_unknown_sections(config, problems)
    vault = (
        None if raw["vault"] is None else problems.parse(VaultSettings, raw["vault"], ("vault",))
    )
    accounts = {
        name: read_account(problems, name, entry)
        for name, entry in problems.entries(raw["accounts"], ("accounts",))
    }
    targets = {
        name: read_target(problems, root, accounts, name, entry)
        for name, entry in problems.entries(raw["targetRoles"], ("targetRoles",))
    }
    arns = target_arns(problems, stack, accounts, targets)
    around = Surroundings(root=root, account=None, targets=arns)
    engines = {
        name: engine
        for name, entry in problems.entries(raw["secretsEngines"], ("secretsEngines",))
        if (engine := read_engine(problems, accounts, around, name, entry))
    }
    methods = {
        name: method
        for name, entry in problems.entries(raw["authMethods"], ("authMethods",))
        if (method := read_method(problems, accounts, around, name, entry))
    }
    logins = {
        name: login
        for name, entry in problems.entries(raw["humanLogins"], ("humanLogins",))
        if (login := read_login(problems, name, entry))
    }
    secrets = _client_secrets(config, problems, raw["humanLogins"], raw["humanLoginSecrets"])
    draft = Draft(
        stack=stack,
        vault=vault,
        accounts=accounts,
        engines=engines,
        methods=methods,
        targets={name: target for name, target in targets.items() if target},
        target_arns=arns,
        logins=logins,
        declared_roles=declared_roles(raw["secretsEngines"]),
    )
    check(draft, problems)
    if problems.lines or vault is None:
        raise pulumi.RunError(problems.text(stack))
    return Settings(
        stack=stack,
        vault=vault,
        accounts={name: account for name, account in accounts.items() if account},
        secrets_engines=engines,
        auth_methods=methods,
        target_roles=draft.targets,
        human_logins=logins,
        human_login_secrets=secrets,
    )


def _read(config: pulumi.Config, section: str, problems: Problems) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Read one section; what is not JSON never reaches a message, for it may hold a secret."""
    try:
        raw = config.get_object(section)
    except pulumi.ConfigTypeError:
        problems.add((section,), "must be an object; write it as YAML in the stack's file")
        return None
    if raw is None and section in _NEEDED:
        problems.add((section,), "is missing")
    return raw


def _note_unknown_sections(config: pulumi.Config, problems: Problems) -> None:
    """The engine passes undeclared keys on without a word: a misspelt one would be ignored."""
    prefix = f"{config.name}:"
    for key in sorted(CONFIG.get()):
        section = key.removeprefix(prefix)
        if key.startswith(prefix) and section not in SECTIONS:
            problems.unknown((section,), SECTIONS)


def _client_secrets(
    config: pulumi.Config, problems: Problems, logins: object, raw: object
) -> dict[str, pulumi.Output[str]]:
    """Return each login's client secret as a secret; no value of it ever reaches a message."""
    section = "humanLoginSecrets"
    set_one = f"pulumi config set --secret --path '{config.full_key(section)}.<login>'"
    wanted = set(logins) if isinstance(logins, dict) else set()
    given = dict(problems.entries(raw, (section,)))
    if given and not pulumi.runtime.is_config_secret(config.full_key(section)):
        problems.add(
            (section,),
            "must be secret, but stands in the clear: take it out, give the client a new secret "
            f"at the identity provider, and type {set_one}",
        )
    for name in sorted(wanted - set(given)):
        problems.add((section, name), f"is missing; type {set_one}")
    for name in sorted(set(given) - wanted):
        problems.add((section, name), "is for no login of humanLogins")
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            problems.add((section, name), "must be text, and not empty")
    return {
        name: pulumi.Output.secret(value)
        for name, value in given.items()
        if isinstance(value, str) and not problems.lines
    }
