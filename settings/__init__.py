"""The stack's settings, in the only room that reads Pulumi's configuration: :func:`load` does.

Everything is read, checked and resolved before the first resource, and every problem is told at
once: a program that stops halfway leaves behind what it has already registered.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic.alias_generators import to_snake

from settings.account import AccountSettings
from settings.auth_method import AuthMethodSettings
from settings.checks import CHECKS
from settings.cluster import VaultSettings
from settings.fields import Ownership
from settings.human_login import HumanLoginSettings
from settings.problems import Problems
from settings.secrets_engine import SecretsEngineSettings
from settings.section import Reading, Section
from settings.stack import Settings
from settings.target_role import TargetRoleSettings

__all__ = [
    "AccountSettings",
    "AuthMethodSettings",
    "HumanLoginSettings",
    "Ownership",
    "SecretsEngineSettings",
    "Settings",
    "TargetRoleSettings",
    "VaultSettings",
    "declared",
    "load",
    "load_or_end",
]

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
NEEDED = ("vault", "accounts")
"""Those of them that no stack can do without."""

TOLD = 32
"""Exit code of a program that has told its user what to do, after which Pulumi says no more.

Source: ``PYTHON_PROCESS_EXITED_AFTER_SHOWING_USER_ACTIONABLE_MESSAGE_CODE`` in
``pulumi-language-python-exec``, for which the language host answers the engine ``Bail``."""


def load_or_end(config: pulumi.Config, *, stack: str, root: Path) -> Settings:
    """Read, check and resolve the settings of a stack, or tell what is wrong and end the program.

    :class:`pulumi.RunError` says the same, but the language host then adds that an unhandled error
    occurred and the program exited with code 1. It leaves that away for one exit code.

    Args: see :func:`load`.
    """
    try:
        return load(config, stack=stack, root=root)
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        sys.exit(TOLD)


def load(config: pulumi.Config, *, stack: str, root: Path) -> Settings:
    """Read, check and resolve the settings of a stack.

    Args:
        config: The project's configuration.
        stack: Name of the stack; it is part of every physical name.
        root: Folder that policy files are named from.

    What is taken and hardly meant is only warned of.

    Raises:
        pulumi.RunError: With every problem, a line each: the full key, the value unless it is
            secret, and what is allowed.
    """
    settings, problems = _judged(config, stack=stack, root=root)
    for line in problems.advice:
        pulumi.log.warn(f"{line}: it has no effect")
    if problems.lines:
        raise pulumi.RunError(problems.text(stack))
    return settings


def declared(
    entries: Mapping[str, Mapping[str, Any]], project: str, *, stack: str, root: Path
) -> tuple[Settings, Problems]:
    """Read, check and resolve the settings of a stack where no engine runs.

    Args:
        entries: What ``pulumi config --json --show-secrets`` prints.
        project: Name of the project.
        stack: Name of the stack.
        root: Folder that policy files are named from.

    Returns:
        What could be read, and every problem; only without one it is whole.
    """
    pulumi.runtime.set_all_config(
        {key: entry.get("value", "") for key, entry in entries.items()},
        [key for key, entry in entries.items() if entry.get("secret")],
    )
    with asyncio.Runner() as runner:
        runner.get_loop()  # to which Pulumi's outputs belong from the moment they are made
        return _judged(pulumi.Config(project), stack=stack, root=root)


def _judged(config: pulumi.Config, *, stack: str, root: Path) -> tuple[Settings, Problems]:
    written: dict[str, Any] = {}

    def is_secret(section: str) -> bool:
        return bool(pulumi.runtime.is_config_secret(config.full_key(section)))

    problems = Problems(config.name, is_secret, written)
    written.update((section, _read(config, section, problems)) for section in SECTIONS)
    _note_unknown_sections(config, problems)
    reading = Reading(problems, stack=stack, root=root)
    # In this order: what is read may ask for what was read before.
    vault = None if written["vault"] is None else reading.section(VaultSettings, "vault")
    settings = Settings(
        stack=stack,
        sound_vault=vault,
        accounts=reading.entries(AccountSettings, "accounts"),
        target_roles=reading.entries(TargetRoleSettings, "targetRoles"),
        secrets_engines=reading.entries(SecretsEngineSettings, "secretsEngines"),
        auth_methods=reading.entries(AuthMethodSettings, "authMethods"),
        human_logins=reading.entries(HumanLoginSettings, "humanLogins"),
        human_login_secrets=_client_secrets(config, problems),
    )
    for check in CHECKS:
        check(settings, problems)
        for partial in _with_each_partial(settings, reading):
            with suppress(AttributeError):  # it is about a field that is wrong itself
                check(partial, problems)
    return settings, problems


def _with_each_partial(settings: Settings, reading: Reading) -> Iterator[Settings]:
    """Add, one at a time, the entries of which only some fields are right.

    So the first message also tells what those fields say about other sections.
    """
    for key, partial in reading.partial.items():
        section, *rest = map(str, key)
        if not rest:
            yield replace(settings, sound_vault=cast("VaultSettings", partial))
            continue
        name, *held = rest
        attribute = to_snake(section)
        entries: dict[str, Section] = dict(getattr(settings, attribute))
        whole = partial
        if held:
            around = entries.get(name) or reading.partial.get((section, name))
            if around is None:
                continue
            (field,) = [field for field, alias, _ in around.held() if alias == held[0]]
            inner = {**getattr(around, field, {}), held[1]: partial}
            whole = around.model_copy(update={field: inner})
        entries[name] = whole
        changes: dict[str, Any] = {attribute: dict(sorted(entries.items()))}
        yield replace(settings, **changes)


def _read(config: pulumi.Config, section: str, problems: Problems) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Read one section; what is not JSON never reaches a message, for it may hold a secret."""
    try:
        raw = config.get_object(section)
    except pulumi.ConfigTypeError:
        problems.add((section,), "must be an object; write it as YAML in the stack's file")
        return None
    if raw is None and section in NEEDED:
        problems.add((section,), "is missing")
    return raw


def _note_unknown_sections(config: pulumi.Config, problems: Problems) -> None:
    """The engine passes undeclared keys on without a word: a misspelt one would be ignored."""
    prefix = f"{config.name}:"
    for key in sorted(CONFIG.get()):
        section = key.removeprefix(prefix)
        if key.startswith(prefix) and section not in SECTIONS:
            problems.unknown((section,), SECTIONS, {})


def _client_secrets(config: pulumi.Config, problems: Problems) -> dict[str, pulumi.Output[str]]:
    """Return each login's client secret as a secret; no value of it ever reaches a message."""
    section = "humanLoginSecrets"
    set_one = f"pulumi config set --secret --path '{config.full_key(section)}.<login>'"
    wanted = set(problems.names("humanLogins"))
    given = problems.entries(section)
    if not isinstance(problems.written((section,)), dict | None):
        return {}
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
