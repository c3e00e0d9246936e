"""The section authMethods: what is taken for granted, and every refusal in full."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime.config import CONFIG

import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROJECT = "vault-aws-federation"
APP = "arn:aws:iam::123456789012:role/app"
STRANGER = "arn:aws:iam::210987654321:role/app"
LOOK_UP = "arn:aws:iam::210987654321:role/look-up"
METHOD = "authMethods.aws"
ROLE = f"{METHOD}.roles.app"
LEFT_OUT = object()

SOUND: dict[str, Any] = {
    "vault": {"address": "https://vault.example.com"},
    "accounts": {"main": {"id": "123456789012", "region": "us-east-1"}},
    "secretsEngines": {"aws": {"account": "main", "audience": "secrets"}},
    "authMethods": {
        "aws": {
            "account": "main",
            "audience": "logins",
            "roles": {"app": {"boundPrincipals": [APP], "policies": ["app"]}},
        },
    },
}


@pytest.fixture(autouse=True)
def _restore_configuration() -> Iterator[None]:
    before = CONFIG.get()
    yield
    pulumi.runtime.set_all_config(before, [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    policies = tmp_path / "policies" / "vault"
    policies.mkdir(parents=True)
    (policies / "app.hcl").write_text('path "a" { capabilities = ["read"] }')
    (policies / "blank.hcl").write_text("\n")
    (policies / "binary.hcl").write_bytes(b"\xff")
    return tmp_path


def load(changes: Mapping[str, object], folder: Path) -> settings.Settings:
    sections = copy.deepcopy(SOUND)
    for key, value in changes.items():
        *path, last = key.split(".")
        place = sections
        for part in path:
            place = place.setdefault(part, {})
        if value is LEFT_OUT:
            del place[last]
        else:
            place[last] = value
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in sections.items()}
    pulumi.runtime.set_all_config(values, [f"{PROJECT}:humanLoginSecrets"])
    return settings.load(pulumi.Config(PROJECT), stack="dev", root=folder)


def problems(changes: Mapping[str, object], folder: Path) -> list[str]:
    with pytest.raises(pulumi.RunError) as error:
        load(changes, folder)
    return [line.removeprefix(f"  {PROJECT}:") for line in str(error.value).splitlines()[1:]]


def test_everything_has_a_default_that_can_have_one(folder: Path) -> None:
    found = load({}, folder)
    method = found.auth_methods["aws"]
    (role,) = method.roles
    assert (method.path, method.namespace, method.server_id) == ("aws", "", None)
    assert (method.wildcard_principals, method.other_accounts) == (False, ())
    assert (role.default_ttl_seconds, role.max_ttl_seconds) == (900, 3_600)
    assert role.policies == {"app": 'path "a" { capabilities = ["read"] }'}
    assert found.method_names("aws").role_arn.endswith(":role/vault-auth-dev-root-aws")


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


_SECOND = {"account": "main", "audience": "other"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{METHOD}.account": LEFT_OUT}, f"{METHOD}.account: is missing"),
        (
            {f"{METHOD}.account": "nobody"},
            f'{METHOD}.account: "nobody" is no account of this stack; known are main',
        ),
        ({f"{METHOD}.audience": LEFT_OUT}, f"{METHOD}.audience: is missing"),
        (
            {f"{METHOD}.audience": "secrets"},
            (
                f'{METHOD}.audience: "secrets" is already the audience of secretsEngines.aws; each '
                "mount needs its own"
            ),
        ),
        (
            {"authMethods.spare": {"account": "main", "audience": "logins"}},
            (
                'authMethods.spare.audience: "logins" is already the audience of aws; each mount '
                "needs "
                "its own"
            ),
        ),
        (
            {"authMethods.spare": {**_SECOND, "path": "aws/two"}},
            (
                'authMethods.spare.path: "aws/two" is the path of aws, or within it, or around it, '
                "in "
                "the same namespace"
            ),
        ),
        (
            {"authMethods.spare": {**_SECOND, "path": "token/aws"}},
            (
                'authMethods.spare.path: "token/aws" must not begin with token, where '
                "Vault's own tokens are"
            ),
        ),
        (
            {"authMethods.Spare": _SECOND},
            "authMethods.Spare: name 'Spare' must be lower-case letters and digits, with - inside",
        ),
        (
            {
                "humanLogins.people": {
                    "discoveryUrl": "https://people.example.com",
                    "clientId": "vault",
                    "path": "aws",
                    "groups": {"devs": {"awsRoles": ["aws/reader"]}},
                },
                "humanLoginSecrets.people": "false-secret",
                "secretsEngines.aws.roles": {
                    "reader": {
                        "credentialType": "iam_user",
                        "managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                    }
                },
            },
            (
                'humanLogins.people.path: "aws" is the path of authMethods.aws, or within it, or '
                "around it, in the same namespace"
            ),
        ),
        ({"authMethods": []}, "authMethods: must be an object"),
        ({METHOD: None}, f"{METHOD}: must be an object"),
        ({ROLE: "x"}, f"{ROLE}: must be an object"),
        (
            {f"{METHOD}.accessKey": "x"},
            f"{METHOD}.accessKey: is refused: the method holds no AWS key",
        ),
        (
            {f"{METHOD}.serverId": "two words"},
            f'{METHOD}.serverId: "two words" must be 1 to 255 letters, digits and . _ : / -',
        ),
        (
            {f"{METHOD}.tokenTtlSeconds": 90_000},
            (
                f"{METHOD}.tokenTtlSeconds: 90000 must be at most 86400, "
                "vault.keyVerificationSeconds: AWS could not verify a token that outlives its key"
            ),
        ),
        (
            {f"{METHOD}.roles.App": {"boundPrincipals": [APP], "policies": ["app"]}},
            (
                f"{METHOD}.roles.App: Vault role 'App' must be lower-case letters, digits and _, "
                "with "
                "- . inside"
            ),
        ),
        ({f"{ROLE}.boundPrincipals": LEFT_OUT}, f"{ROLE}.boundPrincipals: is missing"),
        ({f"{ROLE}.boundPrincipals": []}, f"{ROLE}.boundPrincipals: must hold at least one"),
        (
            {f"{ROLE}.boundPrincipals": [APP, APP]},
            f"{ROLE}.boundPrincipals: must not hold an entry twice",
        ),
        (
            {f"{ROLE}.boundPrincipals": ["*"]},
            (
                f'{ROLE}.boundPrincipals[0]: "*" must be the ARN of a role or a user: '
                "arn:aws:iam::<account>:role/<name>, with * at its end or nowhere"
            ),
        ),
        (
            {f"{ROLE}.boundPrincipals": [f"{APP}-*"]},
            (
                f'{ROLE}.boundPrincipals: "{APP}-*" has a wildcard; name each principal, or set '
                "wildcardPrincipals of the method (whoever can make a principal of such a name can "
                "then log in)"
            ),
        ),
        (
            {
                f"{METHOD}.wildcardPrincipals": True,
                f"{ROLE}.boundPrincipals": ["arn:aws:iam::123456789012:user/*"],
            },
            (
                f'{ROLE}.boundPrincipals[0]: "arn:aws:iam::123456789012:user/*" must not take in '
                "user/vault/, the users that Vault itself makes: their credentials would log in to "
                "Vault again"
            ),
        ),
        (
            {f"{ROLE}.boundPrincipals": ["arn:aws-cn:iam::123456789012:role/app"]},
            (
                f'{ROLE}.boundPrincipals: "arn:aws-cn:iam::123456789012:role/app" must be in the '
                "partition aws"
            ),
        ),
        (
            {f"{ROLE}.boundPrincipals": [STRANGER]},
            (
                f'{ROLE}.boundPrincipals: "{STRANGER}" is in another account than 123456789012; '
                "add a "
                "role of 210987654321 to the method's stsRoles, through which Vault looks it up"
            ),
        ),
        (
            {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP}]},
            f'{METHOD}.stsRoles[0].roleArn: "{LOOK_UP}" is needed by no principal; take it out',
        ),
        (
            {
                f"{ROLE}.boundPrincipals": [STRANGER],
                f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP}, {"roleArn": f"{LOOK_UP}-2"}],
            },
            (
                f'{METHOD}.stsRoles[1].roleArn: "{LOOK_UP}-2" is a second role of its account; '
                "Vault "
                "takes one"
            ),
        ),
        (
            {f"{METHOD}.stsRoles": [{"roleArn": f"{APP}-2"}]},
            (
                f'{METHOD}.stsRoles[0].roleArn: "{APP}-2" is in the method\'s own account, which '
                "needs "
                "none"
            ),
        ),
        (
            {f"{METHOD}.stsRoles": [{"roleArn": f"{LOOK_UP}*"}]},
            (
                f'{METHOD}.stsRoles[0].roleArn: "{LOOK_UP}*" must be the ARN of one role, without '
                "wildcards"
            ),
        ),
        (
            {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP, "externalId": "x"}]},
            (
                f"{METHOD}.stsRoles[0].externalId: (secret) must be 2 to 1224 letters, digits and "
                "+ = , . @ : / _ -"
            ),
        ),
        (
            {f"{ROLE}.policies": LEFT_OUT},
            f"{ROLE}: must have policies or existingPolicies; its tokens may do nothing",
        ),
        (
            {f"{ROLE}.policies": ["absent"]},
            (
                f'{ROLE}.policies[0]: "absent" must have a readable file '
                "policies/vault/absent.hcl; "
                "what another keeps belongs into existingPolicies"
            ),
        ),
        (
            {f"{ROLE}.policies": ["binary"]},
            (
                f'{ROLE}.policies[0]: "binary" must have a readable file '
                "policies/vault/binary.hcl; "
                "what another keeps belongs into existingPolicies"
            ),
        ),
        (
            {f"{ROLE}.policies": ["blank"]},
            f'{ROLE}.policies[0]: "blank" must have something in its file policies/vault/blank.hcl',
        ),
        (
            {f"{ROLE}.policies": ["../app"]},
            (
                f"{ROLE}.policies[0]: \"../app\" policy '../app' must be lower-case letters, "
                "digits "
                "and _, with - . inside"
            ),
        ),
        (
            {f"{ROLE}.existingPolicies": ["root"]},
            (
                f'{ROLE}.existingPolicies[0]: "root" must be a policy that a login can grant: '
                "default "
                "is always there, root never"
            ),
        ),
        (
            {f"{ROLE}.existingPolicies": ["Reader"]},
            (
                f'{ROLE}.existingPolicies[0]: "Reader" must be a policy\'s name in lower case, as '
                "Vault keeps it"
            ),
        ),
        (
            {f"{ROLE}.defaultTtlSeconds": 7_200},
            f"{ROLE}.maxTtlSeconds: 3600 must be at least defaultTtlSeconds, 7200",
        ),
        (
            {f"{ROLE}.resolveAwsUniqueIds": False},
            (
                f"{ROLE}.resolveAwsUniqueIds: is refused: an exact principal is always bound by "
                "its "
                "unique id, so that one made anew under its name is not taken for it"
            ),
        ),
        (
            {f"{ROLE}.boundPrincipals": [f"{APP}-{number:050}" for number in range(140)]},
            (
                f"{METHOD}.roles: makes the inline policies 12435 non-blank characters long; AWS "
                "allows 10240"
            ),
        ),
    ],
)
def test_what_is_refused_names_key_value_and_what_is_allowed(
    changes: dict[str, object], message: str, folder: Path
) -> None:
    assert problems(changes, folder) == [message]
