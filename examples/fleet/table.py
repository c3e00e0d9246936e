"""The table that a fleet is made from: teams, their accounts, and what each application gets.

Everything wrong with a table is told at once, before any file is written.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from federation.identity import MountClass
from federation.names import MountNames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BASE = "base"
"""The stack that owns what the others share. No row's stack has this name: those have a hyphen."""

MOST_AUDIENCES = 100
"""Audiences an identity provider of an account knows at most (IAM User Guide, "IAM and AWS STS
quotas", client IDs per provider; it cannot be raised)."""

LONGEST_STACK = 42
"""Characters of a stack's name, which also names an object of the operator. Its pods are those of
a StatefulSet ``<name>-workspace``, whose own name may have 52: Kubernetes makes a label of it and
eleven characters more, and a label has 63 at most."""

Word = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
"""What is part of names in Vault, at AWS and in Kubernetes alike."""

Template = dict[str, Any]
"""Settings of the program for one mount, with ``${...}`` where applications differ."""


class TableError(ValueError):
    """The table cannot be used; a line of the message for everything that is wrong with it."""


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


class Row(_Section):
    """One team in one account: one stack."""

    team: Word
    account: Word
    namespace: Word | None = None
    """Vault namespace of all its mounts; the root one if left out."""
    applications: Annotated[list[Word], Field(min_length=1)]

    @property
    def stack(self) -> str:
        """Name of its stack."""
        return f"{self.team}-{self.account}"

    @property
    def trust(self) -> tuple[str, str]:
        """Which identity provider it uses: there is one for each account and namespace."""
        return self.account, self.namespace or ""


class Kubernetes(_Section):
    """Where Pulumi's Kubernetes operator finds the program and its secrets."""

    repository: str
    branch: str
    namespace: str
    service_account: str
    secret: str
    """Name of the Secret with ``VAULT_TOKEN`` and, if need be, ``PULUMI_CONFIG_PASSPHRASE``."""
    organization: str = "organization"
    """First part of a stack's full name; on backends of one's own it is always this word."""


class Fleet(_Section):
    """A whole table."""

    vault: dict[str, Any]
    accounts: dict[Word, dict[str, Any]]
    secrets_engine: Template | None = None
    auth_method: Template | None = None
    teams: Annotated[list[Row], Field(min_length=1)]
    backend: str | None = None
    """URL of the backend for the operator and the CI; a shell's run uses the shell's own."""
    secrets_provider: str | None = None
    """What encrypts the stacks' secrets; without it a passphrase does."""
    kubernetes: Kubernetes | None = None

    @property
    def trusts(self) -> tuple[tuple[str, str], ...]:
        """Every account with every namespace whose issuer it must believe, sorted."""
        return tuple(sorted({row.trust for row in self.teams}))

    @property
    def templates(self) -> dict[MountClass, Template]:
        """What each application gets, by the class of the mount."""
        given = {MountClass.SECRET: self.secrets_engine, MountClass.AUTH: self.auth_method}
        return {kind: template for kind, template in given.items() if template is not None}


def read(file: Path) -> Fleet:
    """Read and check a table.

    Raises:
        TableError: With every problem, a line each.
    """
    try:
        fleet = Fleet.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise TableError(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        lines = (
            f"{'.'.join(map(str, problem['loc'])) or 'the table'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise TableError("\n".join([f"{file} is wrong:", *lines])) from error
    check(fleet)
    return fleet


def check(fleet: Fleet) -> None:
    """Refuse a table whose stacks could not stand side by side.

    Raises:
        TableError: With every problem, a line each.
    """
    if problems := list(_problems(fleet)):
        raise TableError("\n".join(["the table is wrong:", *problems]))


def anchor(account: str, namespace: str) -> str:
    """Name of the base stack's own mount for one account and namespace."""
    return f"{account}--{namespace}" if namespace else account


def _problems(fleet: Fleet) -> Iterator[str]:
    if not fleet.templates:
        yield "secretsEngine, authMethod: one of them must be there, or applications get nothing"
    for stack, times in Counter(row.stack for row in fleet.teams).items():
        if times > 1:
            yield f"teams: {times} rows make the stack {stack}: make them one row"
    for row in fleet.teams:
        if row.account not in fleet.accounts:
            known = ", ".join(sorted(fleet.accounts))
            yield f"teams: {row.stack} is in no account of the table; known are {known}"
            continue
        if len(row.stack) > LONGEST_STACK:
            yield (
                f"teams: the stack {row.stack} has {len(row.stack)} characters, and at most "
                f"{LONGEST_STACK} fit; shorten the team or the account"
            )
        for application, times in Counter(row.applications).items():
            if times > 1:
                yield f"teams: {row.stack} lists the application {application} {times} times"
        yield from _too_long(fleet, row)
    yield from _too_many(fleet)


def _too_long(fleet: Fleet, row: Row) -> Iterator[str]:
    for kind in fleet.templates:
        for application in row.applications:
            try:
                MountNames(
                    stack=row.stack,
                    namespace=row.namespace or "",
                    key=application,
                    mount_class=kind,
                    account_id=str(fleet.accounts[row.account].get("id")),
                    partition="aws",
                )
            except ValueError as error:
                yield f"teams: {row.stack}, {application}: {error}"


def _too_many(fleet: Fleet) -> Iterator[str]:
    """An identity provider has no room for more; another namespace has another one."""
    needed = Counter(dict.fromkeys(fleet.trusts, 1))
    for row in fleet.teams:
        needed[row.trust] += len(row.applications) * len(fleet.templates)
    for (account, namespace), audiences in needed.items():
        if audiences > MOST_AUDIENCES:
            yield (
                f"teams: {audiences} audiences in the account {account} and the "
                f"{namespace or 'root'} namespace, the base stack's own included; an identity "
                f"provider knows {MOST_AUDIENCES}: give some rows another namespace or account"
            )
