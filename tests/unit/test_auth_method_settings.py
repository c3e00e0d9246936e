"""The section authMethods: what is taken for granted; what is refused is in tests/unit/refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.declared import APP, LEFT_OUT, METHODS, changed
from tests.unit.declared import load as load_sections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import settings

LOOK_UP = "arn:aws:iam::210987654321:role/look-up"
STRANGER = "arn:aws:iam::210987654321:role/app"
METHOD = "authMethods.aws"
ROLE = f"{METHOD}.roles.app"


def load(changes: Mapping[str, object], folder: Path) -> settings.Settings:
    return load_sections(changed(METHODS, changes), folder)


def test_everything_has_a_default_that_can_have_one(folder: Path) -> None:
    found = load({}, folder)
    method = found.auth_methods["aws"]
    (role,) = method.roles
    assert (method.path, method.namespace, method.server_id) == ("aws", "", None)
    assert (method.wildcard_principals, method.other_accounts) == (False, ())
    assert (role.default_ttl_seconds, role.max_ttl_seconds) == (900, 3_600)
    assert role.policies == {"app": 'path "a" { capabilities = ["read"] }'}
    assert found.mount_names(method).role_arn.endswith(":role/vault-auth-dev-root-aws")


def test_a_method_shares_issuer_and_identity_provider_with_the_engines(folder: Path) -> None:
    found = load({f"{METHOD}.namespace": "team"}, folder)
    assert found.namespaces == ("", "team")
    assert found.federations == {("main", ""): ("secrets",), ("main", "team"): ("logins",)}
    assert load({}, folder).federations == {("main", ""): ("logins", "secrets")}


def test_methods_may_stand_without_engines(folder: Path) -> None:
    assert load({"secretsEngines": LEFT_OUT}, folder).federations == {("main", ""): ("logins",)}


def test_a_method_may_have_the_path_of_an_engine(folder: Path) -> None:
    assert load({}, folder).secrets_engines["aws"].path == load({}, folder).auth_methods["aws"].path


def test_principals_of_another_account_have_its_role(folder: Path) -> None:
    found = load(
        {
            f"{ROLE}.boundPrincipals": [APP, STRANGER],
            f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP, "externalId": "partner"}],
        },
        folder,
    )
    (other,) = found.auth_methods["aws"].other_accounts
    assert (other.account, other.arn, other.external_id) == ("210987654321", LOOK_UP, "partner")


def test_wildcards_are_taken_where_the_stack_says_so(folder: Path) -> None:
    found = load(
        {f"{METHOD}.wildcardPrincipals": True, f"{ROLE}.boundPrincipals": [f"{APP}-*"]}, folder
    )
    assert [bound.arn for bound in found.auth_methods["aws"].roles[0].principals] == [f"{APP}-*"]
