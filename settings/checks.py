"""What sections say about each other, and what only whole names tell: one function a contradiction.

Each works with whatever could be read: an entry that is wrong itself is missing, and what depends
on it is judged once it is right. To add one, write it and list it in :data:`CHECKS`.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from federation import documents, identity, principals, syntax, trust
from settings.references import (
    grants_are_there,
    groups_differ_by_name,
    target_roles_admit,
    trusted_engines_are_there,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.names import MountNames
    from settings.human_login import HumanLoginSettings
    from settings.mount import MountSettings
    from settings.problems import Key, Problems
    from settings.stack import Settings
    from settings.target_role import TargetRoleSettings

_ACCESSOR = "auth_aws_00000000"
_NAMESPACE_ID = "00000"
"""As long as Vault makes them: a trust policy is measured before its mount exists."""


def accounts_differ(settings: Settings, problems: Problems) -> None:
    """An account stands there once."""
    for first, second in combinations(settings.accounts.values(), 2):
        if first.id == second.id:
            told = f"is already the id of the account {first.name}"
            problems.add((*second.key, "id"), told, second.id)


def one_partition(settings: Settings, problems: Problems) -> None:
    """A Vault server exchanges its tokens in one partition (its library awsutil, web identity)."""
    accounts = list(settings.accounts.values())
    for account in accounts[1:]:
        first = accounts[0]
        if account.partition != first.partition:
            problems.add(
                (*account.key, "region"),
                f"must be in the partition {first.partition} of the account {first.name}: Vault "
                "exchanges every token at the STS of one partition, that of AWS_REGION in its own "
                "environment; serve another partition from another Vault",
                account.region,
            )


def tokens_die_before_keys(settings: Settings, problems: Problems) -> None:
    """AWS verifies a token by the key that Vault publishes."""
    if settings.sound_vault is None:
        return
    published = settings.vault.key_verification_seconds
    for mount in settings.mounts:
        if mount.token_ttl_seconds > published:
            problems.add(
                (*mount.key, "tokenTtlSeconds"),
                f"must be at most {published}, vault.keyVerificationSeconds: AWS could not verify "
                "a token that outlives its key",
                mount.token_ttl_seconds,
            )


def sessions_fit_their_engine(settings: Settings, problems: Problems) -> None:
    """A lease lives no longer than its mount allows."""
    for engine in settings.secrets_engines.values():
        for role in engine.own_roles.values():
            longest = getattr(role, "max_ttl_seconds", None)  # only sessions have one of their own
            if longest and longest > engine.max_ttl_seconds:
                problems.add(
                    (*engine.key, "roles", role.name, "maxTtlSeconds"),
                    f"must be at most {engine.max_ttl_seconds}, the engine's maxTtlSeconds",
                    longest,
                )


def role_names_differ(settings: Settings, problems: Problems) -> None:
    """The names of access policies are in lower case."""
    for engine in settings.secrets_engines.values():
        for one, other in combinations(engine.own_roles.values(), 2):
            if one.name.lower() == other.name.lower():
                told = f"must differ from {one.name} by more than case: Vault stores both policies "
                problems.add(other.key, f"{told}as one")


def principals_are_reached(settings: Settings, problems: Problems) -> None:
    """Vault looks up the principals of an auth method's roles, in its own account or another."""
    for method in settings.auth_methods.values():
        account = settings.accounts.get(method.account)
        if account is None:
            continue
        reached = [account.id, *(role.account for role in method.sts_roles)]
        for role in method.own_roles.values():
            where: Key = (*method.key, "roles", role.name, "boundPrincipals")
            for principal in map(principals.parse, role.bound_principals):
                if principal.wildcard and not method.wildcard_principals:
                    problems.add(
                        where,
                        "has a wildcard; name each principal, or set wildcardPrincipals of the "
                        "method (whoever can make a principal of such a name can then log in)",
                        principal.arn,
                    )
                if principal.partition != account.partition:
                    told = f"must be in the partition {account.partition}"
                    problems.add(where, told, principal.arn)
                elif principal.account not in reached:
                    problems.add(
                        where,
                        f"is in another account than {account.id}; add a role of "
                        f"{principal.account} to the method's stsRoles, through which Vault looks "
                        "it up",
                        principal.arn,
                    )


def sts_roles_are_needed(settings: Settings, problems: Problems) -> None:
    """An auth method has one role for each other account of its principals."""
    for method in settings.auth_methods.values():
        account = settings.accounts.get(method.account)
        if account is None:
            continue
        if len(method.own_roles) < len(problems.names(*map(str, method.key), "roles")):
            continue  # who else is bound, shows once every role is right
        used = {principal.account for role in method.roles for principal in role.principals}
        accounts = [role.account for role in method.sts_roles]
        for index, role in enumerate(method.sts_roles):
            where: Key = (*method.key, "stsRoles", index, "roleArn")
            if role.account == account.id:
                told = "is in the method's own account, which needs none"
                problems.add(where, told, role.role_arn)
            elif accounts.index(role.account) != index:
                told = "is a second role of its account; Vault takes one"
                problems.add(where, told, role.role_arn)
            elif role.role_arn.split(":")[1] != account.partition:
                problems.add(where, f"must be in the partition {account.partition}", role.role_arn)
            elif role.account not in used:
                problems.add(where, "is needed by no principal; take it out", role.role_arn)


def names_fit(settings: Settings, problems: Problems) -> None:
    """The length of a name shows only when it is whole."""
    named: list[TargetRoleSettings | MountSettings]
    named = [*settings.target_roles.values(), *settings.mounts]
    for section in named:
        account = settings.accounts.get(section.account)
        try:
            if account:
                section.names(settings.stack, account)
        except ValueError as error:
            problems.add(section.key, str(error))


def inline_policies_fit(settings: Settings, problems: Problems) -> None:
    """The IAM role of a mount has room for what its Vault roles need."""
    for mount, names in _named(settings):
        try:
            total = sum(map(documents.size, mount.inline_policies(names).values()))
        except ValueError as error:
            problems.add((*mount.key, "roles"), str(error))
            continue
        where: Key = (*mount.key, "roles")
        _limit(problems, where, "inline policies", total, documents.INLINE_POLICIES_OF_ROLE)


def trust_policies_fit(settings: Settings, problems: Problems) -> None:
    """The IAM role of a mount has room for its trust in the issuer."""
    for mount, names in _named(settings):
        if settings.sound_vault is None:
            return
        issuer = settings.issuer(mount.namespace)
        if len(issuer) > syntax.LONGEST_ISSUER:
            problems.add(
                (*mount.key, "namespace") if mount.namespace else ("vault", "address"),
                f"makes the issuer {len(issuer)} characters long; AWS allows "
                f"{syntax.LONGEST_ISSUER}",
            )
        namespace_id = _NAMESPACE_ID if mount.namespace else identity.ROOT_NAMESPACE_ID
        subject = identity.subject(namespace_id, names.mount_class, _ACCESSOR)
        document = trust.trust_policy(names.provider_arn(issuer), mount.audience, subject)
        size = documents.size(document)
        where: Key = (*mount.key, "audience")
        _limit(problems, where, "trust policy", size, documents.TRUST_POLICY)


def _named(settings: Settings) -> Iterator[tuple[MountSettings, MountNames]]:
    """Go through the mounts whose names AWS takes; :func:`names_fit` tells of the others."""
    for mount in settings.mounts:
        try:
            names = settings.mount_names(mount)
        except (KeyError, ValueError):
            continue
        yield mount, names


def _limit(problems: Problems, key: Key, what: str, size: int, limit: int) -> None:
    if size > limit:
        problems.add(key, f"makes the {what} {size} non-blank characters long; AWS allows {limit}")


def paths_differ(settings: Settings, problems: Problems) -> None:
    """No mount is within another; auth methods and logins are in a tree of their own, ``auth/``."""
    mounts: list[tuple[str, MountSettings | HumanLoginSettings]] = [
        *(("", engine) for engine in settings.secrets_engines.values()),
        *(("auth/", method) for method in settings.auth_methods.values()),
        *(("auth/", login) for login in settings.human_logins.values()),
    ]
    for (tree, first), (other, second) in combinations(mounts, 2):
        paths = f"{first.path}/", f"{second.path}/"
        overlap = paths[0].startswith(paths[1]) or paths[1].startswith(paths[0])
        if overlap and (tree, first.namespace) == (other, second.namespace):
            problems.add(
                (*second.key, "path"),
                f"is the path of {_called(first.key, second.key)}, or within it, or around it, in "
                "the same namespace",
                second.path,
            )


def audiences_differ(settings: Settings, problems: Problems) -> None:
    """An identity provider tells mounts by their audience."""
    for first, second in combinations(settings.mounts, 2):
        same_provider = (first.account, first.namespace) == (second.account, second.namespace)
        if same_provider and first.audience == second.audience:
            problems.add(
                (*second.key, "audience"),
                f"is already the audience of {_called(first.key, second.key)}; each mount needs "
                "its own",
                second.audience,
            )


def _called(key: Key, beside: Key) -> str:
    """Call something by its name in its own section, by its key in another."""
    return str(key[-1]) if key[0] == beside[0] else ".".join(map(str, key))


def namespaces_agree(settings: Settings, problems: Problems) -> None:
    """What is in a namespace that this stack makes is made by it too."""
    if settings.sound_vault is None:
        return
    listed = settings.vault.namespaces
    for path in sorted({*listed, *settings.used_namespaces}):
        parts = path.split("/")
        around = ["/".join(parts[:end]) for end in range(1, len(parts))]
        made = [path for path in around if listed.get(path) == "managed"]
        if made and listed.get(path) != "managed":
            problems.add(
                ("vault", "namespaces", path),
                f"must be managed, as {made[0]} is: what is in a namespace that this stack makes "
                "cannot be there before",
                *([listed[path]] if path in listed else []),
            )


def groups_agree(settings: Settings, problems: Problems) -> None:
    """An account has one group of a name, whatever its path and case (IAM API, CreateGroup)."""
    first: dict[tuple[str, str], str] = {}
    for engine in settings.secrets_engines.values():
        for role in engine.own_roles.values():
            for group in getattr(role, "groups", ()):  # sessions have none
                known = engine.account, group.rpartition("/")[2].lower()
                other = first.setdefault(known, group)
                if other != group:
                    problems.add(
                        (*engine.key, "roles", role.name, "groups"),
                        f"is the same group as {other}: IAM tells names by neither path nor case",
                        group,
                    )


CHECKS = (
    accounts_differ,
    one_partition,
    sessions_fit_their_engine,
    role_names_differ,
    tokens_die_before_keys,
    sts_roles_are_needed,
    principals_are_reached,
    names_fit,
    inline_policies_fit,
    trust_policies_fit,
    paths_differ,
    audiences_differ,
    namespaces_agree,
    groups_agree,
    trusted_engines_are_there,
    target_roles_admit,
    grants_are_there,
    groups_differ_by_name,
)
"""All of them, in the order in which they tell."""
