"""What a stack needs in Vault, and what is said when a token lacks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import settings
from federation import rights
from settings.rights import needed_in_vault
from tests.unit.declared import ENGINES, PEOPLE, PROJECT, changed

if TYPE_CHECKING:
    from pathlib import Path


def _needed(folder: Path, sections: dict[str, Any]) -> rights.Rights:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in sections.items()}
    pulumi.runtime.set_all_config(values, [f"{PROJECT}:humanLoginSecrets"])
    return needed_in_vault(settings.load(pulumi.Config(PROJECT), stack="dev", root=folder))


def _engines(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    engine = {"account": "main", "audience": "vault-aws-secrets", **changed}
    return {**ENGINES, "secretsEngines": {"aws": engine}}


def test_an_engine_needs_its_own_paths_and_no_more(folder: Path) -> None:
    assert set(_needed(folder, _engines())) == {
        "identity/oidc/config",
        "identity/oidc/key",
        "identity/oidc/key/dev-root-plugin-identity",
        "sys/mounts",
        "sys/auth",
        "sys/mounts/aws",
        "sys/mounts/aws/tune",
        "aws/config/root",
        "aws/static-roles/session-check",
        "aws/roles",
    }


@pytest.mark.parametrize(
    ("issuer", "held"), [("managed", {"read", "update"}), ("existing", {"read"})]
)
def test_who_only_uses_an_issuer_need_not_be_allowed_to_write_it(
    folder: Path, issuer: str, held: set[str]
) -> None:
    sections = _engines()
    sections["vault"] = {**sections["vault"], "issuer": issuer}
    assert _needed(folder, sections)["identity/oidc/config"] == held


@pytest.mark.parametrize(
    ("ownership", "held"), [("managed", {"read", "delete"}), ("existing", {"read"})]
)
def test_what_is_in_a_namespace_is_asked_for_under_its_name(
    folder: Path, ownership: str, held: set[str]
) -> None:
    sections = _engines(namespace="team/sub")
    sections["vault"] = {**sections["vault"], "namespaces": {"team/sub": ownership}}
    needed = _needed(folder, sections)
    assert needed["team/sys/namespaces/sub"] == held
    others = set(needed) - {"team/sys/namespaces/sub"}
    assert "team/sub/aws/config/root" in others
    assert all(path.startswith("team/sub/") for path in others)


def test_a_login_asks_for_the_role_that_it_has(folder: Path) -> None:
    assert "auth/people/role/people" in _needed(folder, PEOPLE)
    group = "humanLogins.people.groups.CN=Admins,DC=corp"
    with_comma = _needed(folder, changed(PEOPLE, {group: {"awsRoles": ["aws/reader"]}}))
    assert "auth/people/role/people-groups" in with_comma
    assert "auth/people/role/people" not in with_comma


def test_what_is_lacking_is_told_by_path_and_sorted() -> None:
    needed = {"b": {"read", "list"}, "a": {"update"}, "c": {"sudo"}, "d": {"read"}}
    held = {"a": ["root"], "b": ["list", "patch"], "c": ["deny"]}
    assert rights.lacking(needed, held) == ["read on b", "sudo on c", "read on d"]
