"""Checks of what target roles and logins refer to: engines and Vault roles of the same stack."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from typing import TYPE_CHECKING

from federation import documents

if TYPE_CHECKING:
    from settings.human_login import HumanLoginSettings, PeopleGroupSettings
    from settings.problems import Key, Problems
    from settings.stack import Settings


def trusted_engines_are_there(settings: Settings, problems: Problems) -> None:
    """A target role trusts engines of the stack, and has room for all of them."""
    known = problems.names("secretsEngines")
    for target in settings.target_roles.values():
        where: Key = (*target.key, "trustedBy")
        arns = {}
        for engine in target.trusted_by:
            if engine not in known:
                told = f"is no secrets engine of this stack; known are {', '.join(known) or 'none'}"
                problems.add(where, told, engine)
            with suppress(KeyError, ValueError):  # told of the engine itself
                arns[engine] = settings.mount_names(settings.secrets_engines[engine]).role_arn
        size = target.trust_size(arns)
        if size > documents.TRUST_POLICY:
            problems.add(
                where,
                f"makes the trust policy {size} non-blank characters long; "
                f"AWS allows {documents.TRUST_POLICY}",
            )


def target_roles_admit(settings: Settings, problems: Problems) -> None:
    """The trust of a target role asks for exactly what its own section says."""
    targets = {}
    for name, target in settings.target_roles.items():
        with suppress(KeyError, ValueError):  # told of the target role itself
            targets[settings.target_names(name).role_arn] = target
    for engine in settings.secrets_engines.values():
        for role in engine.roles:
            key: Key = (*engine.key, "roles", role.name)
            for target in (targets[arn] for arn in role.role_arns if arn in targets):
                named = f"targetRoles.{target.name}"
                if engine.name not in target.trusted_by:
                    problems.add(
                        (*key, "targetRoles"),
                        f"does not trust this engine; add {engine.name} to {named}.trustedBy",
                        target.name,
                    )
                if role.external_id != target.external_id:
                    problems.add((*key, "externalId"), f"must be that of {named}")
                if dict(role.session_tags) != dict(target.session_tags):
                    problems.add((*key, "sessionTags"), f"must be those of {named}")


def grants_are_there(settings: Settings, problems: Problems) -> None:
    """A login grants Vault roles of the stack, in its own namespace."""
    for login in settings.human_logins.values():
        for group in login.groups.values():
            for granted in group.aws_roles:
                _grant_is_there(settings, login, group, granted, problems)


def _grant_is_there(
    settings: Settings,
    login: HumanLoginSettings,
    group: PeopleGroupSettings,
    granted: str,
    problems: Problems,
) -> None:
    name, _, role = granted.partition("/")
    engines = problems.names("secretsEngines")
    roles = sorted(problems.names("secretsEngines", name, "roles"))
    engine = settings.secrets_engines.get(name)
    where: Key = (*group.key, "awsRoles")
    if name not in engines:
        known = ", ".join(engines) or "none"
        problems.add(where, f"is of no secrets engine of this stack; known are {known}", granted)
    elif role not in roles:
        known = ", ".join(roles) or "none"
        problems.add(where, f"is no role of the engine {name}; its roles are {known}", granted)
    elif engine and engine.namespace != login.namespace:
        problems.add(
            where,
            f"is in the namespace {engine.namespace or 'root'}, the login in "
            f"{login.namespace or 'root'}; Vault's policies stay in theirs, so put a login there",
            granted,
        )


def groups_differ_by_name(settings: Settings, problems: Problems) -> None:
    """Vault has a group of its own for each group of a login."""
    for login in settings.human_logins.values():
        for one, other in combinations(login.groups.values(), 2):
            if one.name.lower() == other.name.lower():
                told = f"must differ from {one.name} by more than case: Vault does not tell names "
                problems.add(other.key, f"{told}by case")
