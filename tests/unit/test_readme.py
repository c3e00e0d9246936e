"""The README's tables against the program, so that neither can change alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from settings import (
    AccountSettings,
    AuthMethodSettings,
    HumanLoginSettings,
    SecretsEngineSettings,
    TargetRoleSettings,
    VaultSettings,
)
from settings.auth_method import LoginRoleSettings, StsRoleSettings
from settings.vault_role import AssumedRoleSettings, IamUserSettings

if TYPE_CHECKING:
    from settings.section import Section

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def _table_after(line: str) -> list[list[str]]:
    rest = README.partition(line)[2]
    rows = re.match(r"[^|#]*\n((?:\|.*\n)+)", rest)
    assert rows, f"no table follows {line!r}"
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()[2:]
    ]


@pytest.mark.parametrize(
    ("line", "section"),
    [
        ("`vault-aws-federation:vault`", VaultSettings),
        ("`vault-aws-federation:accounts`, by name", AccountSettings),
        ("`vault-aws-federation:secretsEngines`, by name", SecretsEngineSettings),
        ("`vault-aws-federation:targetRoles`, by name", TargetRoleSettings),
        ("`vault-aws-federation:authMethods`, by name", AuthMethodSettings),
        ("A Vault role of an auth method", LoginRoleSettings),
        ("An entry of `stsRoles`", StsRoleSettings),
        ("`vault-aws-federation:humanLogins`, by name", HumanLoginSettings),
        ("A role with `credentialType: iam_user`", IamUserSettings),
        ("A role with `credentialType: assumed_role`", AssumedRoleSettings),
    ],
)
def test_every_setting_has_a_row_with_its_default(line: str, section: type[Section]) -> None:
    documented = {row[0].strip("`"): row[2].strip("`") for row in _table_after(line)}
    fields = {
        str(field.alias): field
        for name, field in section.model_fields.items()
        if name != "credential_type"
    }
    assert set(documented) == set(fields)
    for key, field in fields.items():
        if isinstance(field.default, int):
            assert documented[key] == str(field.default).lower(), key
        if field.is_required():
            assert documented[key] == "", key


def test_every_make_command_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"(?:^|`|\()make (?:-s )?([a-z-]+)", README, re.MULTILINE))
    assert named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_relative_link_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_every_direct_dependency_has_its_reason() -> None:
    reasons = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = {
        re.split(r"[=<>\[ ]", line)[0]
        for file in (ROOT / "requirements").glob("*.in")
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }
    assert {name for name in named if name not in reasons} == set()
