"""Everything that is looked at before an update, side by side as far as it is independent."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from operations.doctor import aws, clocks, issuer, machine, patient, vault
from operations.doctor.rows import State, gathered, unknown, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operations.doctor.patient import Patient
    from operations.doctor.rows import Look, Row


def diagnose(stack: str, folder: Path) -> list[Row]:
    """Look at everything that an update of a stack needs, and write nothing.

    Args:
        stack: Name of the stack.
        folder: The project's folder.

    Returns:
        A row for each thing, the worst first.
    """
    found, rows = patient.read(stack, folder)
    looks = list(_of_the_machine())
    if found:
        reached = list(gathered([("Vault, connection", partial(vault.connection, found.settings))]))
        rows += reached
        if all(row.state in (State.OK, State.WARN) for row in reached):
            looks += _of_vault(found)
        else:
            told = "rights, release, namespaces, issuers and its clock were not looked at"
            rows.append(unknown("Vault, everything else", told, "Mend the connection first"))
        looks += _of_the_rest(found)
    return worst_first([*rows, *gathered(looks)])


def _of_the_machine() -> Iterator[tuple[str, Look]]:
    held = dict(os.environ)
    yield "this shell, variables", partial(machine.environment, held)
    yield "this machine, Pulumi", machine.versions
    yield "this machine, plugins", partial(machine.plugins, held)


def _of_vault(found: Patient) -> Iterator[tuple[str, Look]]:
    settings = found.settings
    yield "Vault, edition and release", partial(vault.release, settings)
    yield "Vault, rights of the token", partial(vault.rights, settings)
    for path in sorted({*settings.owned_namespaces, *settings.namespaces}):
        yield f"namespace {path or 'root'}", partial(vault.namespace, found, path)
    if settings.accounts:
        yield "clocks", partial(clocks.clocks, settings)


def _of_the_rest(found: Patient) -> Iterator[tuple[str, Look]]:
    settings = found.settings
    yield "this shell, address", partial(machine.address, settings, dict(os.environ))
    if settings.mounts:
        yield "issuer's host, certificate chain", partial(issuer.chain, found)
    for login in settings.human_logins.values():
        yield f"login {login.name}, discovery document", partial(issuer.people, login)
    for name in settings.accounts:
        if settings.is_used(name):
            yield f"account {name}, identity", partial(aws.account, found, name)
