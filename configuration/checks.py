"""What the sections of the settings say about each other, and what only whole names tell.

Each check works with whatever could be read: a part that is wrong itself is missing here, and
what depends on it is judged once it is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from configuration.human_login import HumanLogin
from configuration.problems import Key, Problems
from configuration.references import check_logins, check_targets
from configuration.schema import Account, SecretsEngine, VaultSettings
from configuration.target_role import TargetRole
from federation import documents, identity, permissions, syntax, trust
from federation.names import MountNames

_ACCESSOR = "aws_00000000"
_NAMESPACE_ID = "00000"
"""As long as Vault makes them: a trust policy is measured before its mount exists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The settings as far as they could be read."""

    stack: str
    vault: VaultSettings | None
    accounts: Mapping[str, Account | None]
    engines: Mapping[str, SecretsEngine]
    targets: Mapping[str, TargetRole] = field(default_factory=dict)
    target_arns: Mapping[str, str | None] = field(default_factory=dict)
    logins: Mapping[str, HumanLogin] = field(default_factory=dict)
    declared_roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Names of engines and of their roles as written, also of those that are wrong."""


def check(draft: Draft, problems: Problems) -> None:
    """Note every contradiction."""
    _accounts_differ(draft, problems)
    for name, engine in draft.engines.items():
        key: Key = ("secretsEngines", name)
        _times(draft, key, engine, problems)
        _role_names_differ(key, engine, problems)
        account = draft.accounts.get(engine.account)
        if account:
            _fits_into_aws(draft, key, engine, account, problems)
    _engines_differ(draft, problems)
    _namespaces_agree(draft, problems)
    _groups_agree(draft, problems)
    check_targets(draft, problems)
    check_logins(draft, problems)


def _accounts_differ(draft: Draft, problems: Problems) -> None:
    sound = [(name, account) for name, account in draft.accounts.items() if account]
    for (one, first), (other, second) in combinations(sound, 2):
        if first.id == second.id:
            problems.add(
                ("accounts", other, "id"), f"is already the id of the account {one}", second.id
            )


def _times(draft: Draft, key: Key, engine: SecretsEngine, problems: Problems) -> None:
    if draft.vault and engine.token_ttl_seconds > draft.vault.key_verification_seconds:
        published = draft.vault.key_verification_seconds
        problems.add(
            (*key, "tokenTtlSeconds"),
            f"must be at most {published}, vault.keyVerificationSeconds: AWS could not verify a "
            "token that outlives its key",
            engine.token_ttl_seconds,
        )
    for role in engine.roles:
        if role.max_ttl_seconds and role.max_ttl_seconds > engine.max_ttl_seconds:
            problems.add(
                (*key, "roles", role.name, "maxTtlSeconds"),
                f"must be at most {engine.max_ttl_seconds}, the engine's maxTtlSeconds",
                role.max_ttl_seconds,
            )


def _role_names_differ(key: Key, engine: SecretsEngine, problems: Problems) -> None:
    for one, other in combinations((role.name for role in engine.roles), 2):
        if one.lower() == other.lower():
            problems.add(
                (*key, "roles", other),
                f"must differ from {one} by more than case: Vault stores both policies as one",
            )


def _fits_into_aws(
    draft: Draft, key: Key, engine: SecretsEngine, account: Account, problems: Problems
) -> None:
    """Build what AWS limits, for the length of a name shows only when it is whole."""
    names = _names(draft, key, engine, account, problems)
    if names is None:
        return
    try:
        inline = permissions.inline_policies(names, engine.roles)
    except ValueError as error:
        problems.add((*key, "roles"), str(error))
        return
    total = sum(map(documents.size, inline.values()))
    _limit(problems, (*key, "roles"), "inline policies", total, documents.INLINE_POLICIES_OF_ROLE)
    if draft.vault is None:
        return
    issuer = identity.issuer(draft.vault.public_address, engine.namespace)
    if len(issuer) > syntax.LONGEST_ISSUER:
        problems.add(
            (*key, "namespace") if engine.namespace else ("vault", "address"),
            f"makes the issuer {len(issuer)} characters long; AWS allows {syntax.LONGEST_ISSUER}",
        )
    namespace_id = _NAMESPACE_ID if engine.namespace else identity.ROOT_NAMESPACE_ID
    subject = identity.subject(namespace_id, names.mount_class, _ACCESSOR)
    document = trust.trust_policy(names.provider_arn(issuer), engine.audience, subject)
    size = documents.size(document)
    _limit(problems, (*key, "audience"), "trust policy", size, documents.TRUST_POLICY)


def _names(
    draft: Draft, key: Key, engine: SecretsEngine, account: Account, problems: Problems
) -> MountNames | None:
    try:
        return engine.names(draft.stack, str(key[1]), account)
    except ValueError as error:
        problems.add(key, str(error))
    return None


def _limit(problems: Problems, key: Key, what: str, size: int, limit: int) -> None:
    if size > limit:
        problems.add(key, f"makes the {what} {size} non-blank characters long; AWS allows {limit}")


def _engines_differ(draft: Draft, problems: Problems) -> None:
    for (one, first), (other, second) in combinations(draft.engines.items(), 2):
        key: Key = ("secretsEngines", other)
        if first.namespace == second.namespace and _overlap(first.path, second.path):
            problems.add(
                (*key, "path"),
                f"is the path of {one}, or within it, or around it, in the same namespace",
                second.path,
            )
        same_provider = (first.account, first.namespace) == (second.account, second.namespace)
        if same_provider and first.audience == second.audience:
            problems.add(
                (*key, "audience"),
                f"is already the audience of {one}; each mount needs its own",
                second.audience,
            )


def _namespaces_agree(draft: Draft, problems: Problems) -> None:
    """What is in a namespace that this stack makes is made by it too."""
    if draft.vault is None:
        return
    listed = draft.vault.namespaces
    used = {engine.namespace for engine in draft.engines.values()}
    used |= {login.namespace for login in draft.logins.values()}
    for path in sorted({*listed, *used}):
        if listed.get(path) == "managed":
            continue
        made = [around for around in _around(path) if listed.get(around) == "managed"]
        if made:
            problems.add(
                ("vault", "namespaces", path),
                f"must be managed, as {made[0]} is: what is in a namespace that this stack makes "
                "cannot be there before",
                *([listed[path]] if path in listed else []),
            )


def _around(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _groups_agree(draft: Draft, problems: Problems) -> None:
    """An account has one group of a name, whatever its path and case (IAM API, CreateGroup)."""
    first: dict[tuple[str, str], str] = {}
    for name, engine in draft.engines.items():
        for role in engine.roles:
            for group in role.groups:
                known = engine.account, group.rpartition("/")[2].lower()
                other = first.setdefault(known, group)
                if other != group:
                    problems.add(
                        ("secretsEngines", name, "roles", role.name, "groups"),
                        f"is the same group as {other}: IAM tells names by neither path nor case",
                        group,
                    )


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
