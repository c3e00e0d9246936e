"""The graph of target roles and logins: whom they trust, what they grant, in which order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.committed import SECRET, committed
from tests.program.conftest import run_program

if TYPE_CHECKING:
    from tests.program.conftest import Engine, Registered

_PREFIX = "vault-aws-federation:"
_UNIQUE_ID = "AROA0123456789ABCDEFG"


def _one(engine: Engine, name: str) -> Registered:
    found = [resource for resource in engine.registered() if resource.name == name]
    assert len(found) == 1, name
    return found[0]


def _changed(section: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(json.dumps(committed()))
    config[f"{_PREFIX}{section}"][key] |= changes
    return config


def test_a_target_role_trusts_the_role_of_its_engine_and_its_present_incarnation(
    program: Engine,
) -> None:
    role = _one(program, "deploy-role")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Sid": f"Assume{_UNIQUE_ID}",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert role.inputs["name"] == "vault-target-dev-deploy"
    assert role.inputs["maxSessionDuration"] == 3_600
    assert "aws-workload" in role.depends_on
    assert role.options.deleteBeforeReplace


def test_a_target_role_has_the_boundary_and_the_provider_of_its_own_account() -> None:
    boundary = "arn:aws:iam::210987654321:policy/boundary"
    config = _changed("targetRoles", "deploy", {"account": "other"})
    config[f"{_PREFIX}accounts"]["other"] = {
        "id": "210987654321",
        "region": "eu-west-1",
        "boundary": boundary,
    }
    engine = run_program(config)
    role = _one(engine, "deploy-role")
    assert role.inputs["permissionsBoundary"] == boundary
    assert "::210987654321::" in role.provider
    issue = json.loads(_one(engine, "aws-workload/issue-deploy").inputs["policy"])
    (statement,) = issue["Statement"]
    assert statement["Resource"] == ["arn:aws:iam::210987654321:role/vault-target-dev-deploy"]


def test_managed_policies_are_attached_one_by_one() -> None:
    policies = {
        "aws/ReadOnlyAccess": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "123456789012/ReadOnlyAccess": "arn:aws:iam::123456789012:policy/ReadOnlyAccess",
        "123456789012/team/ReadOnlyAccess": "arn:aws:iam::123456789012:policy/team/ReadOnlyAccess",
    }
    values = {"managedPolicies": list(policies.values())}
    engine = run_program(_changed("targetRoles", "deploy", values))
    attached = {
        name: _one(engine, f"deploy-managed/{name}").inputs["policyArn"] for name in policies
    }
    assert attached == policies


def test_a_login_admits_its_groups_alone(program: Engine) -> None:
    role = _one(program, "people-role").inputs
    assert role["boundClaims"] == {"groups": "engineering"}
    assert role["boundClaimsType"] == "string"
    assert (role["userClaim"], role["groupsClaim"]) == ("sub", "groups")
    assert role["allowedRedirectUris"] == [
        "http://localhost:8250/oidc/callback",
        "https://vault.lab.test/ui/vault/auth/people/oidc/callback",
    ]
    assert (role["tokenTtl"], role["tokenMaxTtl"]) == (3_600, 14_400)
    assert not {"tokenPolicies", "verboseOidcLogging"} & set(role)


_DIRECTORY = ("CN=Auditors & more,OU=Groups,DC=corp", "CN=Vault Admins,OU=Groups,DC=corp")


def test_groups_with_commas_are_bound_whole() -> None:
    """The provider's own type of role parts them, so that ``DC=corp`` would be a group."""
    changes = {"groups": {group: {"awsRoles": ["aws/deploy"]} for group in _DIRECTORY}}
    engine = run_program(_changed("humanLogins", "people", changes))
    role = _one(engine, "people-role")
    assert role.type == "vault:generic/endpoint:Endpoint"
    # Another name than a role without commas has: the engine deletes that one afterwards.
    assert role.inputs["path"] == "auth/people/role/people-groups"
    assert role.options.deleteBeforeReplace
    assert role.inputs["ignoreAbsentFields"]
    assert json.loads(role.inputs["dataJson"]["value"]) == {
        "role_type": "oidc",
        "user_claim": "sub",
        "groups_claim": "groups",
        "bound_claims_type": "string",
        "bound_claims": {"groups": list(_DIRECTORY)},
        "allowed_redirect_uris": [
            "http://localhost:8250/oidc/callback",
            "https://vault.lab.test/ui/vault/auth/people/oidc/callback",
        ],
        "oidc_scopes": [],
        "token_policies": [],
        "token_ttl": 3_600,
        "token_max_ttl": 14_400,
    }
    aliases = {_one(engine, f"people-alias/{group}").inputs["name"] for group in _DIRECTORY}
    assert aliases == set(_DIRECTORY)


_OBJECT_ID = "6f1b2a3c-0000-4000-8000-000000000001"
_ENTRA = {"provider": "entra", "groups": {_OBJECT_ID: {"awsRoles": ["aws/deploy"]}}}
_GOOGLE = {
    "provider": "google",
    "googleDomain": "example.com",
    "googleAdmin": "admin@example.com",
    "googleServiceAccount": "vault@project.iam.gserviceaccount.com",
    "groups": {"engineering@example.com": {"awsRoles": ["aws/deploy"]}},
}


@pytest.mark.parametrize(
    ("login", "configuration", "bound", "scopes"),
    [
        (_ENTRA, {"provider": "azure"}, None, ["https://graph.microsoft.com/.default"]),
        (
            _GOOGLE,
            {
                "provider": "gsuite",
                "fetch_groups": True,
                "domain": "example.com",
                "gsuite_admin_impersonate": "admin@example.com",
                "impersonate_principal": "vault@project.iam.gserviceaccount.com",
            },
            {"hd": "example.com"},
            None,
        ),
    ],
    ids=["entra", "google"],
)
def test_a_login_whose_tokens_do_not_tell_groups_binds_no_claim_about_them(
    login: dict[str, Any],
    configuration: dict[str, Any],
    bound: dict[str, str] | None,
    scopes: list[str] | None,
) -> None:
    engine = run_program(_changed("humanLogins", "people", login))
    assert _one(engine, "people-client").inputs["provider_config"] == configuration
    role = _one(engine, "people-role").inputs
    assert role.get("boundClaims") == bound
    assert role.get("oidcScopes") == scopes
    assert (role["userClaim"], role["groupsClaim"]) == ("sub", "groups")
    assert "tokenPolicies" not in role


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://accounts.google.com", "google"),
        ("https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0", "entra"),
        ("https://login.microsoftonline.us/11111111-2222-4333-8444-555555555555/v2.0", "entra"),
        ("https://sts.windows.net/11111111-2222-4333-8444-555555555555", "entra"),
    ],
)
def test_a_provider_whose_tokens_do_not_tell_groups_is_recognised(
    url: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(text))
    run_program(_changed("humanLogins", "people", {"discoveryUrl": url}))
    assert said == [WARNINGS[named]]
    said.clear()
    declared = {"entra": _ENTRA, "google": _GOOGLE}[named]
    run_program(_changed("humanLogins", "people", {"discoveryUrl": url, **declared}))
    assert said == []


WARNINGS = {
    "google": (
        "humanLogins.people: Google's tokens hold no groups, so nobody gets in ('claim \"groups\" "
        "is missing'). Set humanLogins.people.provider: google, and read docs/people.md first: "
        "everybody of the domain may log in then, and may do nothing without a group"
    ),
    "entra": (
        "humanLogins.people: Entra leaves the groups out of the token of who is in more than 200, "
        "who is refused then ('claim \"groups\" is missing'). Set humanLogins.people.provider: "
        "entra, and read docs/people.md first: everybody who may use the application may log in "
        "then, and may do nothing without a group"
    ),
}


def test_a_group_holds_the_policies_of_what_it_was_granted_and_no_other(program: Engine) -> None:
    group = _one(program, "people-group/engineering").inputs
    assert group["type"] == "external"
    assert group["name"] == "dev-root-people-engineering"
    assert group["policies"] == [_one(program, "aws-access/deploy").inputs["name"]]
    alias = _one(program, "people-alias/engineering").inputs
    assert alias["name"] == "engineering"
    assert alias["mountAccessor"] == "auth_oidc_0a1b2c3d"
    assert alias["canonicalId"] == "people-group/engineering-id"


def test_people_are_locked_out_before_what_they_read_can_no_longer_be_revoked(
    program: Engine,
) -> None:
    method = _one(program, "people-method")
    assert "aws-access/deploy" in method.depends_on
    assert "aws-role/deploy" in _one(program, "aws-access/deploy").depends_on
    assert method.options.deleteBeforeReplace
    assert method.inputs["disableRemount"] is True


def test_the_client_secret_is_secret_where_it_is_given(program: Engine) -> None:
    holders = [
        entry.name
        for entry in program.registered()
        if SECRET in json.dumps(entry.inputs, default=str)
    ]
    (request,) = (entry.options for entry in program.registered() if entry.name == "people-client")
    secret = request.object["client_secret"]
    assert secret["value"] == SECRET
    assert secret["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    assert holders == ["people-client"]


@pytest.mark.parametrize("sections", [("humanLogins", "humanLoginSecrets"), ("secretsEngines",)])
def test_nothing_of_people_is_made_where_none_is_declared(sections: tuple[str, ...]) -> None:
    config = committed()
    for section in {*sections, "humanLogins", "humanLoginSecrets"}:
        config.pop(f"{_PREFIX}{section}")
    if "secretsEngines" in sections:
        config.pop(f"{_PREFIX}targetRoles")
    types = {entry.type for entry in run_program(config).registered()}
    assert "vaultwif:vault:HumanLogin" not in types
    assert ("vaultwif:aws:TargetRole" in types) == ("secretsEngines" not in sections)
