"""Destroys a stack whose Vault is gone for good.

What the stack made at AWS is deleted, what it made in Vault forgotten. The IAM users that Vault
made, and that nobody is left to delete, are listed.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clients.aws import Account
from clients.errors import AwsError, VaultError, VaultUnreachableError, VaultUntrustedError
from clients.vault import public_document
from federation.account import AccountAccess
from operations import OperationError, log
from operations.engine import pulumi
from operations.recovery import unrecorded
from operations.recovery.replaced import freed, is_deleted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Resource = dict[str, Any]

_OWN = "pulumi-python:dynamic/vaultwif:"

GONE_WITH_VAULT = (
    "vault:",
    "pulumi:providers:vault",
    # The lease guards, which ask Vault to revoke.
    "command:",
    "pulumi:providers:command",
    # Whatever the program has of its own asks Vault, or waits for what only Vault could do ...
    _OWN,
)
"""Beginnings of the types of what cannot be deleted without Vault."""

STAYS = tuple(
    f"{_OWN}{noun}" for noun in ("AccountCheck", "Audience", "IdentityProvider", "Thumbprint")
)
"""... but this, which is deleted at AWS, or nowhere."""

FEDERATION = f"{_OWN}Federation"


class AbandonError(OperationError):
    """The stack was not abandoned; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Orphans:
    """IAM users that nobody is left to delete."""

    account_id: str
    iam_path: str
    names: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """What AWS does not delete them with, each with the command that takes it away."""


def abandon(stack: str) -> None:
    """Forget Vault, destroy the rest, list what Vault leaves behind.

    Repeated after an interruption, it goes on where it was; what it had listed it cannot again.

    Raises:
        AbandonError: Vault answers, AWS refuses or holds what the state does not know of, or the
            engine fails.
    """
    exported = json.loads(pulumi("stack", "export", stack=stack))
    resources = exported["deployment"].get("resources", [])
    _require_silence(vault_addresses(resources))
    try:
        _require_record(exported["deployment"], stack)
        left = [found for found in map(_orphans, user_paths(resources)) if found.names]
    except AwsError as error:
        raise AbandonError(f"{error}\nNothing was changed.") from error
    log.info(describe(left))

    exported["deployment"]["resources"] = without_vault(resources)
    # Of what was under way when the engine was killed, only Vault's part is not recorded by now.
    exported["deployment"].pop("pending_operations", None)
    pulumi("stack", "import", stack=stack, given=json.dumps(exported))
    _destroy(stack)
    if left:
        log.info(last_words(left, stack))


def needs_vault(kind: str) -> bool:
    """Tell whether a resource of this type cannot be deleted without Vault."""
    return kind.startswith(GONE_WITH_VAULT) and not kind.startswith(STAYS)


def vault_addresses(resources: Iterable[Resource]) -> list[str]:
    """Return the addresses of every Vault that the stack's providers know."""
    providers = [each for each in resources if each["type"] == "pulumi:providers:vault"]
    return sorted({each["inputs"]["address"] for each in providers})


def user_paths(resources: Iterable[Resource]) -> list[Mapping[str, Any]]:
    """Return where the stack's engines make users: account, way to reach it, IAM path."""
    federations = [each["outputs"] for each in resources if each["type"] == FEDERATION]
    return [each for each in federations if "iam_path" in each]


def without_vault(resources: Sequence[Resource]) -> list[Resource]:
    """Return the resources that can be deleted without Vault, depending on each other alone."""
    gone = {each["urn"] for each in resources if needs_vault(each["type"])}
    return [freed(each, gone) for each in resources if each["urn"] not in gone]


def describe(left: Sequence[Orphans]) -> str:
    """Return what a person must know of the users that are left."""
    if not left:
        return "Vault leaves no IAM user behind."
    lines = ["Vault leaves these IAM users behind, with their access keys:"]
    for group in left:
        lines.append(f"  account {group.account_id}, path {group.iam_path}")
        lines += [f"    {name}" for name in group.names]
        lines += [f"    {line}" for line in group.kept]
    lines.append("Nothing ends them any more.")
    return "\n".join(lines)


def last_words(left: Sequence[Orphans], stack: str) -> str:
    """Return what to type for the users that are left, once the state knows no account any more."""
    return "\n".join(
        (
            "The IAM users are still there, and their access keys still work. Delete them now:",
            *(
                f"  vaultaws sweep --stack {stack} --without-vault --account {group.account_id} "
                f"--path {group.iam_path} --older-than 0s --delete"
                for group in left
            ),
            "each signed in to its account (AWS_PROFILE).",
        )
    )


def _require_silence(addresses: Iterable[str]) -> None:
    for address in addresses:
        try:
            public_document(f"{address}/v1/sys/seal-status", timeout=5)
        except VaultUntrustedError:
            pass  # Somebody is there.
        except VaultUnreachableError:
            continue
        except VaultError:
            pass  # It refuses, so it is there.
        raise AbandonError(
            f"Vault at {address} answers, so it is not gone for good: nothing was changed. Unseal "
            "or mend it if need be and run `pulumi destroy`, which lets it delete the IAM users it "
            "made; abandoned, they would stay"
        )


def _require_record(deployment: Mapping[str, Any], stack: str) -> None:
    """Refuse to forget what a killed engine made at AWS without recording it."""
    if not deployment.get("pending_operations"):
        return
    recorded = {each["urn"] for each in deployment["resources"] if not is_deleted(each)}
    planned = [
        each
        for each in unrecorded.pending_creates(deployment)
        if each.urn not in recorded and not needs_vault(each.type)
    ]
    if found := unrecorded.find(planned):
        raise AbandonError(
            f"{', '.join(each.what for each in found)}: made by an engine that was killed before "
            "it could record it. Nothing was changed. Import it, then repeat:\n"
            + "\n".join(f"  {each.command(stack)}" for each in found)
        )


def _orphans(federation: Mapping[str, Any]) -> Orphans:
    access, path = AccountAccess.among(federation), federation["iam_path"]
    account = Account(access)
    names = tuple(sorted(account.users_under(path)))
    kept = tuple(account.what_keeps(names))
    return Orphans(account_id=access.account_id, iam_path=path, names=names, kept=kept)


def _destroy(stack: str) -> None:
    flags = ("--yes", "--skip-preview", "--stack", stack)
    answer = subprocess.run(["pulumi", "destroy", *flags], check=False)
    if answer.returncode != 0:
        raise AbandonError(
            "Vault is dropped from the state, but not everything at AWS is deleted: see above, "
            "mend it and repeat"
        )
