"""The stacks of a fleet: what their settings are, and the files that hold them."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from examples.fleet.table import BASE, anchor
from federation.identity import MountClass

if TYPE_CHECKING:
    from pathlib import Path

    from examples.fleet.table import Fleet, Row

PROJECT = "vault-aws-federation"
HEAD = (
    "# Made from the table of a fleet by examples/fleet/make.py: change the table, not this file.\n"
)
_FOR_EDITORS = "# yaml-language-server: $schema=schemas/stack.schema.json\n"
_SECTIONS = {MountClass.SECRET: "secretsEngines", MountClass.AUTH: "authMethods"}
_LAST_OF_AUDIENCE = {MountClass.SECRET: "secrets", MountClass.AUTH: "logins"}
_OF_THE_CLI = ("secretsprovider", "encryptionsalt", "encryptedkey")
"""What the CLI itself writes into a stack's file, and needs there to read its secrets."""

Settings = dict[str, Any]
"""Sections of the program's settings, by their names."""


def stacks(fleet: Fleet) -> dict[str, Settings]:
    """Return the settings of every stack by its name, the base stack first."""
    return {BASE: base(fleet)} | {row.stack: of_row(fleet, row) for row in fleet.teams}


def base(fleet: Fleet) -> Settings:
    """Return the settings of the stack that owns what the others share.

    The program makes an issuer where there is a mount, and an identity provider in the mount's
    account. So the base has one secrets engine for each account and namespace, without a role: it
    can issue nothing, and its check proves that the account believes the issuer before any team's
    stack builds on that.
    """
    namespaces = {row.namespace: "managed" for row in fleet.teams if row.namespace}
    vault = fleet.vault | {"namespaces": namespaces | fleet.vault.get("namespaces", {})}
    engines = {
        anchor(account, namespace): {
            "account": account,
            "audience": f"{BASE}/{anchor(account, namespace)}",
            "path": f"{BASE}/{anchor(account, namespace)}",
            "description": f"proves that the account {account} believes this issuer; has no role",
        }
        | ({"namespace": namespace} if namespace else {})
        for account, namespace in fleet.trusts
    }
    used = {account for account, _ in fleet.trusts}
    accounts = {name: account for name, account in fleet.accounts.items() if name in used}
    return {"vault": vault, "accounts": accounts, "secretsEngines": engines}


def of_row(fleet: Fleet, row: Row) -> Settings:
    """Return the settings of one team in one account."""
    vault = {key: value for key, value in fleet.vault.items() if key != "namespaces"}
    account = fleet.accounts[row.account]
    mounts = {
        _SECTIONS[kind]: {
            application: {
                "account": row.account,
                "audience": f"{row.stack}/{application}/{_LAST_OF_AUDIENCE[kind]}",
                "path": f"{row.stack}/{application}",
            }
            | ({"namespace": row.namespace} if row.namespace else {})
            | _filled(
                template,
                {
                    "team": row.team,
                    "account": row.account,
                    "accountId": str(account["id"]),
                    "application": application,
                },
            )
            for application in row.applications
        }
        for kind, template in fleet.templates.items()
    }
    return {
        "vault": vault | {"issuer": "existing"},
        "accounts": {row.account: account | {"identityProvider": "existing"}},
        **mounts,
    }


def write(fleet: Fleet, folder: Path) -> None:
    """Write ``Pulumi.<stack>.yaml`` of every stack into the project's folder.

    What the CLI wrote there to encrypt secrets with is kept.
    """
    for stack, settings in stacks(fleet).items():
        file = folder / f"Pulumi.{stack}.yaml"
        config = {f"{PROJECT}:{section}": value for section, value in settings.items()}
        before = yaml.safe_load(file.read_text("utf-8")) if file.exists() else None
        kept = {key: value for key, value in (before or {}).items() if key in _OF_THE_CLI}
        file.write_text(HEAD + _FOR_EDITORS + text({"config": config, **kept}), "utf-8")


def text(document: object) -> str:
    """Return a document as YAML that says everything where it stands, without anchors."""
    return str(yaml.dump(document, Dumper=_Plain, sort_keys=False, width=100))


class _Plain(yaml.SafeDumper):  # type: ignore[misc] # the library publishes no types
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is the library's
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar(
            "tag:yaml.org,2002:str", data, style="|" if "\n" in data else None
        )


_Plain.add_representer(str, _Plain.represent_text)


def _filled(template: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - YAML has no narrower type
    """Put an application's own values into every text of a template."""
    if isinstance(template, dict):
        return {_filled(key, values): _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(entry, values) for entry in template]
    return Template(template).substitute(values) if isinstance(template, str) else template
