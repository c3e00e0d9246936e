"""Settings of target roles and logins: what reaches the program, what is refused and how."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import CONFIG

from tests.unit.test_settings import LEFT_OUT, load, problems

DOCUMENT = (
    '{"Version": "2012-10-17", "Statement": '
    '{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}'
)
TARGET_ARN = "arn:aws:iam::210987654321:role/vault-target-dev-deploy"
FOREIGN_ARN = "arn:aws:iam::210987654321:role/theirs"
SET_IT = "pulumi config set --secret --path 'vault-aws-federation:humanLoginSecrets.<login>'"

SOUND: dict[str, Any] = {
    "vault": {"address": "https://vault.example.com"},
    "accounts": {
        "main": {"id": "123456789012", "region": "us-east-1"},
        "other": {"id": "210987654321", "region": "eu-west-1"},
    },
    "targetRoles": {
        "deploy": {
            "account": "other",
            "policy": "sound.json",
            "trustedBy": ["aws"],
            "externalId": "partner",
            "sessionTags": {"Team": "a"},
        }
    },
    "secretsEngines": {
        "aws": {
            "account": "main",
            "audience": "vault-aws-secrets",
            "roles": {
                "deploy": {
                    "credentialType": "assumed_role",
                    "targetRoles": ["deploy"],
                    "roleArns": [FOREIGN_ARN],
                    "externalId": "partner",
                    "sessionTags": {"Team": "a"},
                },
                "reader": {"credentialType": "iam_user", "policy": "sound.json"},
            },
        },
        "spare": {"account": "main", "audience": "vault-aws-spare", "namespace": "team"},
    },
    "humanLogins": {
        "people": {
            "discoveryUrl": "https://people.example.com/realms/main",
            "clientId": "vault",
            "groups": {"engineering": {"awsRoles": ["aws/deploy", "aws/reader"]}},
        }
    },
    "humanLoginSecrets": {"people": "hidden"},
}

TARGET = "targetRoles.deploy"
LOGIN = "humanLogins.people"
GROUP = f"{LOGIN}.groups.engineering"
ROLE = "secretsEngines.aws.roles.deploy"


@pytest.fixture(autouse=True)
def _restore_configuration() -> Iterator[None]:
    before = CONFIG.get()
    yield
    pulumi.runtime.set_all_config(before, [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sound.json").write_text(DOCUMENT)
    return tmp_path


def changed(changes: dict[str, object]) -> dict[str, Any]:
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
    return sections


def told(changes: dict[str, object], folder: Path) -> list[str]:
    return problems(changed(changes), folder, secret="humanLoginSecrets")


def test_sound_settings_reach_the_program(folder: Path) -> None:
    found = load(SOUND, folder, secret="humanLoginSecrets")
    (deploy, _) = found.secrets_engines["aws"].roles
    assert deploy.role_arns == (TARGET_ARN, FOREIGN_ARN)
    assert found.target_names("deploy").role_arn == TARGET_ARN
    assert found.target_names("deploy").tags == {"vault-stack": "dev", "vault-target": "deploy"}
    login = found.human_logins["people"]
    assert (login.path, login.namespace, login.groups_claim) == ("people", "", "groups")
    assert (login.token_ttl_seconds, login.token_max_ttl_seconds) == (3_600, 14_400)
    assert login.aws_roles == ("aws/deploy", "aws/reader")
    assert found.login_namespaces == ("",)


def test_the_client_secret_is_in_no_representation_of_the_settings(folder: Path) -> None:
    found = load(SOUND, folder, secret="humanLoginSecrets")
    assert set(found.human_login_secrets) == {"people"}
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {f"{TARGET}.account": "nobody"},
            f'{TARGET}.account: "nobody" is no account of this stack; known are main, other',
        ),
        (
            {f"{TARGET}.policy": LEFT_OUT},
            f"{TARGET}.managedPolicies: must hold at least one, unless there is a policy",
        ),
        (
            {f"{TARGET}.policy": "none.json"},
            (
                f'{TARGET}.policy: "none.json" must be a file inside the project\'s folder; '
                "there is none"
            ),
        ),
        (
            {f"{TARGET}.managedPolicies": ["arn:aws:iam::123456789012:policy/x"]},
            (
                f'{TARGET}.managedPolicies[0]: "arn:aws:iam::123456789012:policy/x" must be in '
                "account 210987654321 or aws"
            ),
        ),
        ({f"{TARGET}.trustedBy": LEFT_OUT}, f"{TARGET}.trustedBy: is missing"),
        (
            {f"{TARGET}.trustedBy": ["aws", "asw"]},
            f'{TARGET}.trustedBy: "asw" is no secrets engine of this stack; known are aws, spare',
        ),
        (
            {f"{TARGET}.trustedBy": ["spare"]},
            (
                f'{ROLE}.targetRoles: "deploy" does not trust this engine; '
                "add aws to targetRoles.deploy.trustedBy"
            ),
        ),
        (
            {f"{TARGET}.externalId": "another"},
            f"{ROLE}.externalId: must be that of targetRoles.deploy",
        ),
        (
            {f"{TARGET}.externalId": "a b"},
            (
                f"{TARGET}.externalId: (secret) must be 2 to 1224 letters"
                ", digits and + = , . @ : / _ -"
            ),
        ),
        (
            {f"{TARGET}.sessionTags": {"Team": "b"}},
            f"{ROLE}.sessionTags: must be those of targetRoles.deploy",
        ),
        (
            {f"{ROLE}.targetRoles": ["deplyo"]},
            f'{ROLE}.targetRoles[0]: "deplyo" is no target role of this stack; known are deploy',
        ),
        (
            {f"{ROLE}.targetRoles": [], f"{ROLE}.roleArns": []},
            f"{ROLE}.targetRoles: must hold at least one, unless roleArns does",
        ),
        (
            {f"{ROLE}.maxTtlSeconds": 3_601},
            (
                f"{ROLE}.maxTtlSeconds: 3601 must be at most 3600: Vault's own session assumes the "
                "target role, and AWS ends such a chained session after an hour"
            ),
        ),
        (
            {f"{ROLE}.defaultTtlSeconds": 899},
            f"{ROLE}.defaultTtlSeconds: 899 must be at least 900",
        ),
        ({TARGET: "x"}, f"{TARGET}: must be an object"),
        (
            {f"{TARGET}.roleArn": "x"},
            (
                f"{TARGET}.roleArn: is unknown; known are account, policy, "
                "managedPolicies, trustedBy, externalId, sessionTags"
            ),
        ),
        (
            {f"{LOGIN}.clientSecret": "hidden"},
            (
                f"{LOGIN}.clientSecret: is refused: it would stand in the clear; "
                "it belongs into the secret humanLoginSecrets"
            ),
        ),
        (
            {f"{LOGIN}.discoveryUrl": "http://people.example.com"},
            (
                f'{LOGIN}.discoveryUrl: "http://people.example.com" must be '
                "https://host[:port][/path], without user, query and fragment"
            ),
        ),
        (
            {f"{LOGIN}.discoveryUrl": "https://p.example.com/.well-known/openid-configuration"},
            (
                f'{LOGIN}.discoveryUrl: "https://p.example.com/.well-known/openid-configuration" '
                "must be the issuer itself, without /.well-known/openid-configuration"
            ),
        ),
        ({f"{LOGIN}.tokenTtlSeconds": 59}, f"{LOGIN}.tokenTtlSeconds: 59 must be at least 60"),
        (
            {f"{LOGIN}.tokenMaxTtlSeconds": 43_201},
            f"{LOGIN}.tokenMaxTtlSeconds: 43201 must be at most 43200",
        ),
        (
            {f"{LOGIN}.tokenMaxTtlSeconds": 600},
            f"{LOGIN}.tokenMaxTtlSeconds: 600 must be at least tokenTtlSeconds, 3600",
        ),
        (
            {f"{LOGIN}.path": "token/x"},
            f'{LOGIN}.path: "token/x" must not begin with token, where Vault\'s own tokens are',
        ),
        (
            {f"{LOGIN}.groups": {}},
            f"{LOGIN}.groups: must hold at least one; else nobody may log in",
        ),
        (
            {f"{LOGIN}.groups.a,b": {"awsRoles": ["aws/deploy"]}},
            (
                f"{LOGIN}.groups.a,b: group 'a,b' must be what the groups claim says, "
                "without commas, outer blanks and control characters"
            ),
        ),
        (
            {f"{LOGIN}.groups.Engineering": {"awsRoles": ["aws/deploy"]}},
            (
                f"{LOGIN}.groups.engineering: must differ from Engineering by more than case: "
                "Vault tells them by no other"
            ),
        ),
        (
            {f"{GROUP}.awsRoles": []},
            f"{GROUP}.awsRoles: must hold at least one; who may read nothing need not log in",
        ),
        (
            {f"{GROUP}.awsRoles": ["deploy"]},
            f'{GROUP}.awsRoles[0]: "deploy" must be <secrets engine>/<Vault role>, both by name',
        ),
        (
            {f"{GROUP}.awsRoles": ["asw/deploy"]},
            (
                f'{GROUP}.awsRoles: "asw/deploy" is of no secrets engine of this stack; '
                "known are aws, spare"
            ),
        ),
        (
            {f"{GROUP}.awsRoles": ["aws/admin"]},
            (
                f'{GROUP}.awsRoles: "aws/admin" is no role of the engine aws; '
                "its roles are deploy, reader"
            ),
        ),
        (
            {f"{LOGIN}.namespace": "team", f"{GROUP}.awsRoles": ["aws/deploy"]},
            (
                f'{GROUP}.awsRoles: "aws/deploy" is in the namespace root, the login in team; '
                "Vault's policies stay in theirs, so put a login there"
            ),
        ),
        (
            {
                "humanLogins.guests": {**SOUND["humanLogins"]["people"], "path": "people/guests"},
                "humanLoginSecrets.guests": "hidden",
            },
            (
                'humanLogins.guests.path: "people/guests" is the path of people, or within it, or '
                "around it, in the same namespace"
            ),
        ),
        (
            {
                "authMethods.iam": {
                    "account": "main",
                    "audience": "vault-aws-auth",
                    "path": "people",
                    "serverId": "vault.example.com",
                }
            },
            (
                'humanLogins.people.path: "people" is the path of authMethods.iam, or within it, '
                "or around it, in the same namespace"
            ),
        ),
        (
            {"humanLoginSecrets": LEFT_OUT},
            f"humanLoginSecrets.people: is missing; type {SET_IT}",
        ),
        (
            {"humanLoginSecrets.guests": "hidden"},
            "humanLoginSecrets.guests: is for no login of humanLogins",
        ),
        (
            {"humanLoginSecrets.people": ""},
            "humanLoginSecrets.people: must be text, and not empty",
        ),
        ({LOGIN: "x"}, f"{LOGIN}: must be an object"),
        ({"humanLogins": "x", "humanLoginSecrets": {}}, "humanLogins: must be an object"),
    ],
)
def test_what_is_wrong_is_refused_by_key_and_what_is_allowed(
    changes: dict[str, object], message: str, folder: Path
) -> None:
    assert told(changes, folder) == [message]


def test_a_client_secret_in_the_clear_is_refused_and_not_quoted(folder: Path) -> None:
    (line,) = problems(SOUND, folder)
    assert line == (
        "humanLoginSecrets: must be secret, but stands in the clear: take it out, give the client "
        f"a new secret at the identity provider, and type {SET_IT}"
    )


def test_a_trust_policy_that_grows_too_long_is_refused(folder: Path) -> None:
    engines = {
        f"engine-{number}": {"account": "main", "audience": f"audience-{number}"}
        for number in range(12)
    }
    sections = changed({f"{TARGET}.trustedBy": ["aws", *engines]})
    sections["secretsEngines"] |= engines
    (line,) = problems(sections, folder, secret="humanLoginSecrets")
    assert line.startswith(f"{TARGET}.trustedBy: makes the trust policy ")
    assert line.endswith(" non-blank characters long; AWS allows 2048")


def test_what_is_wrong_in_one_place_hides_nothing_elsewhere(folder: Path) -> None:
    """And what refers to something wrong is judged once that is right."""
    lines = told(
        {
            f"{TARGET}.externalId": "a b",
            f"{ROLE}.maxTtlSeconds": 3_601,
            f"{LOGIN}.clientId": "",
            f"{LOGIN}.groups.x,y": {"awsRoles": []},
            "humanLoginSecrets.guests": "hidden",
        },
        folder,
    )
    assert [line.partition(": ")[0] for line in lines] == [
        f"{TARGET}.externalId",
        f"{ROLE}.maxTtlSeconds",
        f"{LOGIN}.groups.x,y",
        f"{LOGIN}.groups.x,y.awsRoles",
        f"{LOGIN}.clientId",
        "humanLoginSecrets.guests",
    ]


def test_a_name_too_long_for_aws_is_refused(folder: Path) -> None:
    name = "d" * 60
    sections = changed({f"targetRoles.{name}": SOUND["targetRoles"]["deploy"]})
    (line,) = problems(sections, folder, secret="humanLoginSecrets")
    assert line == (
        f"targetRoles.{name}: IAM role name 'vault-target-dev-{name}' has 77 characters, "
        "allowed are 64; shorten the name or the stack"
    )
