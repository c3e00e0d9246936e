"""What the sections of the settings say about each other, and what only whole names tell.

Each check works with whatever could be read: a part that is wrong itself is missing here, and
what depends on it is judged once it is right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from configuration.account import Account
from configuration.auth_method import AuthMethod, check_principals
from configuration.human_login import HumanLogin
from configuration.problems import Key, Problems
from configuration.references import check_logins, check_targets
from configuration.schema import VaultSettings
from configuration.secrets_engine import SecretsEngine
from configuration.target_role import TargetRole
from federation import documents, identity, permissions, syntax, trust
from federation.names import MountNames

_ACCESSOR = "auth_aws_00000000"
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
    methods: Mapping[str, AuthMethod] = field(default_factory=dict)

    @property
    def mounts(self) -> Iterator[tuple[Key, SecretsEngine | AuthMethod]]:
        """Every mount that is federated, with the key it stands under."""
        yield from ((("secretsEngines", name), engine) for name, engine in self.engines.items())
        yield from ((("authMethods", name), method) for name, method in self.methods.items())


def check(draft: Draft, problems: Problems) -> None:
    """Note every contradiction."""
    _accounts_differ(draft, problems)
    _one_partition(draft, problems)
    for name, engine in draft.engines.items():
        key: Key = ("secretsEngines", name)
        _times(key, engine, problems)
        _role_names_differ(key, engine, problems)
    for key, mount in draft.mounts:
        _token_times(draft, key, mount, problems)
        account = draft.accounts.get(mount.account)
        if account and isinstance(mount, AuthMethod):
            check_principals(key, mount, account, problems)
        if account:
            _fits_into_aws(draft, key, mount, account, problems)
    _mounts_differ(draft, problems)
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


def _one_partition(draft: Draft, problems: Problems) -> None:
    """A Vault server exchanges its tokens in one partition (its library awsutil, web identity)."""
    sound = [(name, account) for name, account in draft.accounts.items() if account]
    for name, account in sound[1:]:
        first, other = sound[0]
        if account.partition != other.partition:
            problems.add(
                ("accounts", name, "region"),
                f"must be in the partition {other.partition} of the account {first}: Vault "
                "exchanges every token at the STS of one partition, that of AWS_REGION in its own "
                "environment; serve another partition from another Vault",
                account.region,
            )


def _token_times(
    draft: Draft, key: Key, mount: SecretsEngine | AuthMethod, problems: Problems
) -> None:
    if draft.vault and mount.token_ttl_seconds > draft.vault.key_verification_seconds:
        published = draft.vault.key_verification_seconds
        problems.add(
            (*key, "tokenTtlSeconds"),
            f"must be at most {published}, vault.keyVerificationSeconds: AWS could not verify a "
            "token that outlives its key",
            mount.token_ttl_seconds,
        )


def _times(key: Key, engine: SecretsEngine, problems: Problems) -> None:
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
    draft: Draft,
    key: Key,
    mount: SecretsEngine | AuthMethod,
    account: Account,
    problems: Problems,
) -> None:
    """Build what AWS limits, for the length of a name shows only when it is whole."""
    names = _names(draft, key, mount, account, problems)
    if names is None:
        return
    try:
        if isinstance(mount, AuthMethod):
            inline = permissions.login_policies(names, mount.roles, mount.other_accounts)
        else:
            inline = permissions.inline_policies(names, mount.roles)
    except ValueError as error:
        problems.add((*key, "roles"), str(error))
        return
    total = sum(map(documents.size, inline.values()))
    _limit(problems, (*key, "roles"), "inline policies", total, documents.INLINE_POLICIES_OF_ROLE)
    if draft.vault is None:
        return
    issuer = identity.issuer(draft.vault.public_address, mount.namespace)
    if len(issuer) > syntax.LONGEST_ISSUER:
        problems.add(
            (*key, "namespace") if mount.namespace else ("vault", "address"),
            f"makes the issuer {len(issuer)} characters long; AWS allows {syntax.LONGEST_ISSUER}",
        )
    namespace_id = _NAMESPACE_ID if mount.namespace else identity.ROOT_NAMESPACE_ID
    subject = identity.subject(namespace_id, names.mount_class, _ACCESSOR)
    document = trust.trust_policy(names.provider_arn(issuer), mount.audience, subject)
    size = documents.size(document)
    _limit(problems, (*key, "audience"), "trust policy", size, documents.TRUST_POLICY)


def _names(
    draft: Draft,
    key: Key,
    mount: SecretsEngine | AuthMethod,
    account: Account,
    problems: Problems,
) -> MountNames | None:
    try:
        return mount.names(draft.stack, str(key[1]), account)
    except ValueError as error:
        problems.add(key, str(error))
    return None


def _limit(problems: Problems, key: Key, what: str, size: int, limit: int) -> None:
    if size > limit:
        problems.add(key, f"makes the {what} {size} non-blank characters long; AWS allows {limit}")


def _mounts_differ(draft: Draft, problems: Problems) -> None:
    for (one, first), (other, second) in combinations(draft.mounts, 2):
        # Auth methods are mounted in a tree of their own, below auth/.
        beside = (one[0], first.namespace) == (other[0], second.namespace)
        if beside and _overlap(first.path, second.path):
            problems.add(
                (*other, "path"),
                f"is the path of {one[1]}, or within it, or around it, in the same namespace",
                second.path,
            )
        same_provider = (first.account, first.namespace) == (second.account, second.namespace)
        if same_provider and first.audience == second.audience:
            owner = str(one[1]) if one[0] == other[0] else ".".join(map(str, one))
            problems.add(
                (*other, "audience"),
                f"is already the audience of {owner}; each mount needs its own",
                second.audience,
            )


def _namespaces_agree(draft: Draft, problems: Problems) -> None:
    """What is in a namespace that this stack makes is made by it too."""
    if draft.vault is None:
        return
    listed = draft.vault.namespaces
    used = {mount.namespace for _, mount in draft.mounts}
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
