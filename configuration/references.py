"""What target roles and logins refer to: engines and Vault roles of the same stack."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from federation import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from configuration.auth_method import AuthMethod
    from configuration.checks import Draft
    from configuration.human_login import HumanLogin
    from configuration.problems import Key, Problems
    from configuration.target_role import TargetRole
    from federation.roles import VaultRole


def declared_roles(raw: object) -> Mapping[str, frozenset[str]]:
    """Return what is written of engines and their roles, right or wrong."""
    engines = raw if isinstance(raw, dict) else {}
    return {
        name: frozenset(roles if isinstance(roles, dict) else ())
        for name, engine in engines.items()
        for roles in [engine.get("roles") if isinstance(engine, dict) else None]
    }


def check_targets(draft: Draft, problems: Problems) -> None:
    """Note whom a target role trusts in vain, and which Vault role it would not admit."""
    for name, declared in draft.targets.items():
        _trusted(draft, ("targetRoles", name), declared, problems)
    names = {arn: name for name, arn in draft.target_arns.items() if arn}
    for engine, settings in draft.engines.items():
        for role in settings.roles:
            for arn in role.role_arns:
                if target := draft.targets.get(names.get(arn, "")):
                    key: Key = ("secretsEngines", engine, "roles", role.name)
                    _admits(key, role, names[arn], target, problems)


def check_logins(draft: Draft, problems: Problems) -> None:
    """Note what a login grants that is not there, and what it cannot grant."""
    for name, login in draft.logins.items():
        key: Key = ("humanLogins", name)
        for group, granted in login.groups.items():
            for role in granted.aws_roles:
                where: Key = (*key, "groups", group, "awsRoles")
                _granted(draft, where, login.namespace, role, problems)
        for one, other in combinations(login.groups, 2):
            if one.lower() == other.lower():
                problems.add(
                    (*key, "groups", other),
                    f"must differ from {one} by more than case: Vault does not tell names by case",
                )
    # Both are mounted below auth/.
    mounts: list[tuple[str, AuthMethod | HumanLogin]] = [
        *((f"authMethods.{name}", method) for name, method in draft.methods.items()),
        *draft.logins.items(),
    ]
    for (one, first), (other, second) in combinations(mounts, 2):
        paths = f"{first.path}/", f"{second.path}/"
        overlap = paths[0].startswith(paths[1]) or paths[1].startswith(paths[0])
        if overlap and first.namespace == second.namespace and other in draft.logins:
            problems.add(
                ("humanLogins", other, "path"),
                f"is the path of {one}, or within it, or around it, in the same namespace",
                second.path,
            )


def _trusted(draft: Draft, key: Key, target: TargetRole, problems: Problems) -> None:
    arns = {}
    for engine in target.trusted_by:
        if engine not in draft.declared_roles:
            known = ", ".join(draft.declared_roles) or "none"
            problems.add(
                (*key, "trustedBy"),
                f"is no secrets engine of this stack; known are {known}",
                engine,
            )
        settings = draft.engines.get(engine)
        account = draft.accounts.get(settings.account) if settings else None
        if settings is None or account is None:
            continue
        try:
            arns[engine] = settings.names(draft.stack, engine, account).role_arn
        except ValueError:
            continue  # told of the engine itself
    size = target.trust_size(arns)
    if size > documents.TRUST_POLICY:
        problems.add(
            (*key, "trustedBy"),
            f"makes the trust policy {size} non-blank characters long; "
            f"AWS allows {documents.TRUST_POLICY}",
        )


def _admits(key: Key, role: VaultRole, name: str, target: TargetRole, problems: Problems) -> None:
    """The trust of a target role asks for exactly what its own section says."""
    if key[1] not in target.trusted_by:
        problems.add(
            (*key, "targetRoles"),
            f"does not trust this engine; add {key[1]} to targetRoles.{name}.trustedBy",
            name,
        )
    if role.external_id != target.external_id:
        problems.add((*key, "externalId"), f"must be that of targetRoles.{name}")
    if dict(role.session_tags) != dict(target.session_tags):
        problems.add((*key, "sessionTags"), f"must be those of targetRoles.{name}")


def _granted(draft: Draft, key: Key, namespace: str, granted: str, problems: Problems) -> None:
    engine, _, role = granted.partition("/")
    if engine not in draft.declared_roles:
        known = ", ".join(draft.declared_roles) or "none"
        problems.add(key, f"is of no secrets engine of this stack; known are {known}", granted)
    elif role not in draft.declared_roles[engine]:
        known = ", ".join(sorted(draft.declared_roles[engine])) or "none"
        problems.add(key, f"is no role of the engine {engine}; its roles are {known}", granted)
    elif engine in draft.engines and draft.engines[engine].namespace != namespace:
        problems.add(
            key,
            f"is in the namespace {draft.engines[engine].namespace or 'root'}, the login in "
            f"{namespace or 'root'}; Vault's policies stay in theirs, so put a login there",
            granted,
        )
