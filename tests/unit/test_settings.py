import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.config import CONFIG

import settings
from settings import Settings
from tests.committed import committed

ROOT = Path(__file__).parents[2]
PROJECT = "vault-aws-federation"
LEFT_OUT = object()

POLICY = "arn:aws:iam::123456789012:policy/vault-users"
TARGET = "arn:aws:iam::210987654321:role/deploy"
STATEMENT = '{"Effect": "Allow", "Action": %s, "Resource": "*"}'
DOCUMENT = f'{{"Version": "2012-10-17", "Statement": {STATEMENT}}}'

SOUND: dict[str, Any] = {
    "vault": {"address": "https://vault.example.com"},
    "accounts": {
        "main": {"id": "123456789012", "region": "us-east-1"},
        "other": {"id": "210987654321", "region": "eu-west-1"},
    },
    "secretsEngines": {
        "aws": {
            "account": "main",
            "audience": "vault-aws-secrets",
            "roles": {
                "reader": {"credentialType": "iam_user", "policy": "sound.json"},
                "deploy": {"credentialType": "assumed_role", "roleArns": [TARGET]},
            },
        },
        "spare": {"account": "other", "audience": "vault-aws-spare"},
    },
}

VAULT = "vault"
MAIN = "accounts.main"
ENGINE = "secretsEngines.aws"
READER = f"{ENGINE}.roles.reader"
DEPLOY = f"{ENGINE}.roles.deploy"


@pytest.fixture(autouse=True)
def _restore_configuration() -> Iterator[None]:
    before = CONFIG.get()
    yield
    pulumi.runtime.set_all_config(before, [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "sound.json").write_text(DOCUMENT % '"iam:GetUser"')
    (project / "wrong.json").write_text(DOCUMENT % '"GetUser"')
    (project / "text.json").write_text("{")
    (project / "binary.json").write_bytes(b"\xff")
    users = [f"arn:aws:iam::*:user/vault/{number:04}" for number in range(70)]
    large = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": users}
    (project / "large.json").write_text(policy(large))
    typed = {"Effect": "Allow", "Action": "iam:GetUsr", "Resource": "*"}
    (project / "typed.json").write_text(
        policy(
            {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:usr/*"},
            typed | {"Condition": {"StringEquals": {"iam:ResourceTags/team": "a"}}},
        )
    )
    blanks = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}
    condition = {"StringEquals": {"aws:PrincipalTag/team": "a b " * 500}}
    (project / "blanks.json").write_text(policy(blanks | {"Condition": condition}))
    (tmp_path / "outside.json").write_text(DOCUMENT % '"iam:GetUser"')
    return project


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def load(
    sections: Mapping[str, Any], folder: Path, *, stack: str = "dev", secret: str = ""
) -> Settings:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in sections.items()}
    pulumi.runtime.set_all_config(values, [f"{PROJECT}:{secret}"])
    return settings.load(pulumi.Config(PROJECT), stack=stack, root=folder)


def problems(
    sections: Mapping[str, Any], folder: Path, *, stack: str = "dev", secret: str = ""
) -> list[str]:
    with pytest.raises(pulumi.RunError) as error:
        load(sections, folder, stack=stack, secret=secret)
    heading, *lines = str(error.value).splitlines()
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert heading == f"the settings of stack {stack} have {count}:"
    return [line.removeprefix(f"  {PROJECT}:") for line in lines]


def changed(changes: Mapping[str, object]) -> dict[str, Any]:
    """Return the sound settings with some dotted keys changed, added or left out."""
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


def test_the_committed_stack_is_sound() -> None:
    sections = {key.removeprefix(f"{PROJECT}:"): value for key, value in committed().items()}
    found = load(sections, ROOT, secret="humanLoginSecrets")
    assert found.issuer("") == "https://vault.lab.test/v1/identity/oidc/plugins"
    assert found.names("aws").role_arn == "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    assert [role.name for role in found.secrets_engines["aws"].roles] == ["deploy", "my-role"]


def test_pulumi_declares_exactly_the_sections_that_are_read() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    declared = {key: value for key, value in project["config"].items() if ":" not in key}
    assert project["name"] == PROJECT
    assert tuple(declared) == settings.SECTIONS
    assert all(value["type"] == "object" and value["description"] for value in declared.values())
    without_default = {key for key, value in declared.items() if "default" not in value}
    assert without_default == {"vault", "accounts"}


def test_everything_has_a_default_that_can_have_one(folder: Path) -> None:
    found = load(SOUND, folder)
    vault, engine = found.vault, found.secrets_engines["aws"]
    assert (vault.issuer, vault.protect, vault.thumbprints) == ("managed", False, ())
    assert (vault.key_rotation_seconds, vault.key_verification_seconds) == (86_400, 86_400)
    assert found.accounts["main"].identity_provider == "managed"
    assert (engine.path, engine.namespace) == ("aws", "")
    assert (engine.default_ttl_seconds, engine.max_ttl_seconds) == (3_600, 86_400)
    assert engine.token_ttl_seconds == 3_600
    assert found.secrets_engines["spare"].roles == ()


def test_roles_are_resolved_and_sorted(folder: Path) -> None:
    deploy, reader = load(SOUND, folder).secrets_engines["aws"].roles
    assert (deploy.name, deploy.credential_type) == ("deploy", "assumed_role")
    assert deploy.role_arns == (TARGET,)
    assert (deploy.default_ttl_seconds, deploy.max_ttl_seconds) == (3_600, 3_600)
    assert (reader.name, reader.credential_type) == ("reader", "iam_user")
    assert reader.policy == (DOCUMENT % '"iam:GetUser"').replace(" ", "")
    assert reader.default_ttl_seconds is None


def test_every_setting_reaches_its_place(folder: Path) -> None:
    found = load(
        changed(
            {
                f"{VAULT}.address": "https://vault.internal:8200",
                f"{VAULT}.issuerAddress": "https://vault.example.com",
                f"{VAULT}.issuer": "existing",
                f"{VAULT}.caSha256": "a" * 64,
                f"{VAULT}.protect": True,
                f"{MAIN}.profile": "admin",
                f"{MAIN}.deployRoleArn": "arn:aws:iam::123456789012:role/ci/deploy",
                f"{MAIN}.externalId": "partner",
                f"{MAIN}.identityProvider": "existing",
                f"{MAIN}.boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
                f"{ENGINE}.namespace": "team/app",
                f"{ENGINE}.path": "clouds/aws",
                f"{READER}.managedPolicies": [POLICY, "arn:aws:iam::aws:policy/ReadOnlyAccess"],
                f"{READER}.groups": ["people/devs"],
                f"{READER}.tags": {"team": "a b"},
                f"{READER}.boundary": POLICY,
                f"{DEPLOY}.policy": "sound.json",
                f"{DEPLOY}.managedPolicies": [
                    "arn:aws:iam::210987654321:policy/x",
                    "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ],
                f"{DEPLOY}.externalId": "partner",
                f"{DEPLOY}.sessionTags": {"team": "a"},
                f"{DEPLOY}.defaultTtlSeconds": 900,
                f"{DEPLOY}.maxTtlSeconds": 1_800,
            }
        ),
        folder,
    )
    assert found.issuer("team/app") == (
        "https://vault.example.com/v1/team/app/identity/oidc/plugins"
    )
    assert found.vault.address == "https://vault.internal:8200"
    assert found.namespaces == ("", "team/app")
    assert found.federations == {
        ("main", "team/app"): ("vault-aws-secrets",),
        ("other", ""): ("vault-aws-spare",),
    }
    account = found.accounts["main"]
    assert (account.profile, account.external_id) == ("admin", "partner")
    assert found.secrets_engines["aws"].path == "clouds/aws"
    deploy, reader = found.secrets_engines["aws"].roles
    assert reader.group_names == ("devs",)
    assert (reader.boundary, reader.tags) == (POLICY, {"team": "a b"})
    assert deploy.policy == reader.policy
    assert len(deploy.managed_policies) == 2
    assert (deploy.external_id, deploy.session_tags) == ("partner", {"team": "a"})
    assert (deploy.default_ttl_seconds, deploy.max_ttl_seconds) == (900, 1_800)


def test_the_account_of_an_engine_decides_the_partition_of_its_names(folder: Path) -> None:
    gov = dict.fromkeys((f"{MAIN}.region", "accounts.other.region"), "us-gov-west-1")
    sections = changed({**gov, f"{ENGINE}.roles": {}})
    assert load(sections, folder).names("aws").role_arn.startswith("arn:aws-us-gov:iam::")


NO_PORT = (
    "must have no port, for AWS takes no issuer with one; if AWS reaches Vault under an address "
    "without port, set issuerAddress"
)
IMPOSSIBLE = (
    "must be iam_user or assumed_role: Vault holds a session and no key, and AWS lets no session "
    "call"
)
CHAINED = (
    "must be at most 3600: Vault's own session assumes the target role, and AWS ends such a "
    "chained session after an hour"
)
VAULT_KEYS = (
    "issuerAddress, address, issuer, thumbprints, namespaces, caSha256, protect, "
    "keyRotationSeconds, "
    "keyVerificationSeconds"
)
AUDIENCE = "must be 1 to 255 letters, digits and . _ : / @ + = , -"
TAGS = (
    "must be letters, digits, blanks and . : / = + @ _ - only, and no key may begin with aws:; "
    "look at"
)

VAULT_REFUSALS: list[tuple[str, object, str]] = [
    ("address", LEFT_OUT, ": is missing"),
    ("address", "http://v.example.com", ': "http://v.example.com" must begin with https://'),
    ("address", "v.example.com", ': "v.example.com" must begin with https://'),
    ("address", "https://v.example.com/", ': "https://v.example.com/" must not end with a slash'),
    (
        "address",
        "https://v.example.com/ui",
        ': "https://v.example.com/ui" must have no path, query or fragment',
    ),
    (
        "address",
        "https://v.example.com?x",
        ': "https://v.example.com?x" must have no path, query or fragment',
    ),
    ("address", "https://v.example.com:8200", f': "https://v.example.com:8200" {NO_PORT}'),
    ("address", "https://V.com", ': "https://V.com" must have a host name in lower case'),
    (
        "address",
        "https://bob:pw@v.example.com",
        ': "https://(secret)@v.example.com" must carry no user or password',
    ),
    (
        "issuerAddress",
        "https://v.example.com:443",
        (': "https://v.example.com:443" must have no port, for AWS takes no issuer with one'),
    ),
    ("issuer", "mine", ": \"mine\" must be 'managed' or 'existing'"),
    ("protect", "yes", ': "yes" must be true or false'),
    ("protct", True, f": is unknown; did you mean protect? known are {VAULT_KEYS}"),
    ("token", "hvs.x", ": is refused: Vault's token is read from VAULT_TOKEN and stored nowhere"),
    (
        "thumbprints",
        ["0" * 40],
        f'[0]: "{"0" * 40}" must be the thumbprint of a certificate, not zeros',
    ),
    (
        "thumbprints",
        ["b" * 40, "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
        (
            '[1]: "da39a3ee5e6b4b0d3255bfef95601890afd80709" must be the thumbprint of a '
            "certificate; this is the SHA-1 of nothing"
        ),
    ),
    (
        "thumbprints",
        ["AA"],
        '[0]: "AA" must be 40 lower-case hexadecimal digits, without colons',
    ),
    ("thumbprints", [f"{digit}" * 40 for digit in range(1, 7)], ": must hold at most 5"),
    ("thumbprints", ["a" * 40] * 2, ": must not hold an entry twice"),
    ("thumbprints", "a" * 40, f': "{"a" * 40}" must be a list'),
    ("caSha256", "a", ': "a" must be 64 lower-case hexadecimal digits, without colons'),
    ("keyRotationSeconds", 59, ": 59 must be at least 60"),
    ("keyRotationSeconds", "day", ': "day" must be a whole number, without quotes'),
    ("keyRotationSeconds", 60.5, ": 60.5 must be a whole number, without quotes"),
]

ACCOUNT_REFUSALS: list[tuple[str, object, str]] = [
    ("id", 123456789012, ": 123456789012 must be text, in quotes"),
    ("id", "12345678901", ': "12345678901" must be 12 digits'),
    (
        "region",
        "mars-1",
        ': "mars-1" must be an AWS region such as us-east-1, us-gov-west-1 or cn-north-1',
    ),
    ("profile", "", ': "" must not be empty'),
    (
        "accessKey",
        "AKIA",
        ": is refused: no key is stored; profile, deployRoleArn or the environment say who deploys",
    ),
    (
        "externalId",
        "partner",
        ": (secret) must be left out without deployRoleArn, whose trust asks for it",
    ),
    (
        "deployRoleArn",
        "arn:aws:iam::210987654321:role/x",
        ': "arn:aws:iam::210987654321:role/x" must be in account 123456789012',
    ),
    (
        "deployRoleArn",
        POLICY,
        f': "{POLICY}" must be the ARN of a role: arn:aws:iam::<account>:role/...',
    ),
    (
        "boundary",
        "arn:aws-cn:iam::aws:policy/X",
        ': "arn:aws-cn:iam::aws:policy/X" must be in the partition aws of the account\'s region',
    ),
]

ENGINE_REFUSALS: list[tuple[str, object, str]] = [
    ("account", "mian", ': "mian" is no account of this stack; known are main, other'),
    ("account", LEFT_OUT, ": is missing"),
    ("audience", "", f': "" {AUDIENCE}'),
    ("audience", "a b", f': "a b" {AUDIENCE}'),
    ("audience", "${aws:x}", f': "${{aws:x}}" {AUDIENCE}'),
    ("audience", "a" * 256, f': "{"a" * 79}... {AUDIENCE}'),
    (
        "path",
        "/aws",
        ': "/aws" must be letters, digits, - _ and . between single slashes, none outside',
    ),
    (
        "path",
        "sys/aws",
        (
            ': "sys/aws" must not begin with one of Vault\'s own audit, auth, cubbyhole, '
            "identity, sys"
        ),
    ),
    (
        "namespace",
        "root",
        (
            ': "root" must not use Vault\'s own audit, auth, cubbyhole, identity, root, sys; '
            "leave it out for the root"
        ),
    ),
    (
        "namespace",
        "a//b",
        (
            ': "a//b" must be letters, digits and _, with - inside, between single slashes, '
            "none outside"
        ),
    ),
    ("description", "", ': "" must not be empty'),
    ("maxTtlSeconds", 3_599, ": 3599 must be at least defaultTtlSeconds, 3600"),
    ("defaultTtlSeconds", 1, ": 1 must be at least 60"),
    (
        "tokenTtlSeconds",
        86_401,
        (
            ": 86401 must be at most 86400, vault.keyVerificationSeconds: AWS could not verify a "
            "token that outlives its key"
        ),
    ),
    ("secretKey", "x", ": is refused: the engine holds no AWS key"),
]

READER_REFUSALS: list[tuple[str, object, str]] = [
    ("credentialType", LEFT_OUT, ": is missing; must be iam_user or assumed_role"),
    ("credentialType", "user", ': "user" must be iam_user or assumed_role'),
    (
        "credentialType",
        "federation_token",
        f': "federation_token" {IMPOSSIBLE} GetFederationToken',
    ),
    ("credentialType", "session_token", f': "session_token" {IMPOSSIBLE} GetSessionToken'),
    (
        "policy",
        "none.json",
        ': "none.json" must be a file inside the project\'s folder; there is none',
    ),
    (
        "policy",
        "../outside.json",
        ': "../outside.json" must be a file inside the project\'s folder; there is none',
    ),
    (
        "policy",
        "text.json",
        (
            ': "text.json" must hold an IAM policy: not JSON: Expecting property name enclosed in '
            "double quotes in line 1"
        ),
    ),
    (
        "policy",
        "wrong.json",
        (
            ': "wrong.json" must hold an IAM policy: statement 1: Action must be such as '
            'iam:GetUser, or a list of such, not "GetUser"'
        ),
    ),
    (
        "policy",
        "typed.json",
        (
            ': "typed.json" must hold an IAM policy: statement 1: iam:GetUser acts on none of the '
            "resources here; it must be of the form "
            "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}; statement 2: iam has no "
            "action 'GetUsr'; did you mean GetUser or GetUserPolicy or DeleteUser?; statement 2: "
            "iam has no condition key 'iam:ResourceTags/team'; did you mean "
            "iam:ResourceTag/${TagKey} or aws:ResourceTag/${TagKey}?"
        ),
    ),
    (
        "policy",
        "large.json",
        (
            ': "large.json" must have at most 2048 non-blank characters, for AWS grants a user no '
            "more, not 2403; use managedPolicies"
        ),
    ),
    (
        "managedPolicies",
        ["arn:aws:iam::210987654321:policy/x"],
        '[0]: "arn:aws:iam::210987654321:policy/x" must be in account 123456789012 or aws',
    ),
    ("managedPolicies", [POLICY] * 2, ": must not hold an entry twice"),
    (
        "groups",
        ["devs*"],
        ("[0]: \"devs*\" group 'devs*' must be [path/]name of letters, digits and + = , . @ _ -"),
    ),
    ("tags", {"aws:x": "y"}, f": {TAGS} 'aws:x'"),
    ("tags", {"x": "y*"}, f": {TAGS} 'x'"),
    ("tags", {"x": "y\n"}, f": {TAGS} 'x'"),
    (
        "tags",
        {"team": "a", "Team": "b"},
        (
            ": must have keys that differ by more than case, for IAM sees no other; look at "
            "'team' and 'Team'"
        ),
    ),
    (
        "tags",
        {"": "y"},
        ": must have keys of 1 to 128 and values of up to 256 characters; look at ''",
    ),
    ("tags", {f"k{number}": "v" for number in range(51)}, ": must be at most 50 tags"),
    (
        "boundary",
        TARGET,
        f': "{TARGET}" must be the ARN of a policy: arn:aws:iam::<account>:policy/...',
    ),
    (
        "maxTtlSeconds",
        900,
        ": is refused: Vault has no lease time per iam_user role; set it on the engine",
    ),
    ("roleArns", [TARGET], ": is refused: only assumed_role knows it"),
    (
        "userPath",
        "/x/",
        (
            ": is refused: users are always on the mount's own IAM path, by which the policies of "
            "its IAM role know them"
        ),
    ),
]

DEPLOY_REFUSALS: list[tuple[str, object, str]] = [
    (
        "roleArns",
        [f"{TARGET}*"],
        f'[0]: "{TARGET}*" must be the ARN of one role, without wildcards',
    ),
    (
        "roleArns",
        [TARGET.replace("aws", "aws-cn")],
        (
            f'[0]: "{TARGET.replace("aws", "aws-cn")}" must be in the partition aws of the '
            "account's region"
        ),
    ),
    ("externalId", "x", ": (secret) must be 2 to 1224 letters, digits and + = , . @ : / _ -"),
    ("maxTtlSeconds", 3_601, f": 3601 {CHAINED}"),
    ("maxTtlSeconds", 899, ": 899 must be at least 900"),
    ("maxTtlSeconds", 1_800, ": 1800 must be at least defaultTtlSeconds, 3600"),
    (
        "policy",
        "blanks.json",
        (
            ': "blanks.json" must have at most 2048 characters, for AWS grants a session no more, '
            "not 2153; use managedPolicies"
        ),
    ),
    (
        "managedPolicies",
        [POLICY],
        (
            f'[0]: "{POLICY}" must be in account 210987654321 or aws: STS looks for a session '
            "policy in the account of the target role"
        ),
    ),
    (
        "managedPolicies",
        [f"arn:aws:iam::aws:policy/P{number}" for number in range(11)],
        ": must hold at most 10",
    ),
    (
        "groups",
        ["devs"],
        (
            ": is refused: Vault would read the groups' policies at every request and hand them on "
            "as a session policy; write that as policy or managedPolicies"
        ),
    ),
    ("tags", {"team": "a"}, ": is refused: the tags of a session are its sessionTags"),
    (
        "boundary",
        POLICY,
        ": is refused: a session has the permissions boundary of its target role",
    ),
]

REFUSALS = [
    (f"{section}.{field}", value, message)
    for section, refusals in {
        VAULT: VAULT_REFUSALS,
        MAIN: ACCOUNT_REFUSALS,
        ENGINE: ENGINE_REFUSALS,
        READER: READER_REFUSALS,
        DEPLOY: DEPLOY_REFUSALS,
    }.items()
    for field, value, message in refusals
]


@pytest.mark.parametrize(("key", "value", "message"), REFUSALS)
def test_a_wrong_setting_is_refused_by_key_value_and_what_is_allowed(
    key: str, value: object, message: str, folder: Path
) -> None:
    assert problems(changed({key: value}), folder) == [f"{key}{message}"]


def test_every_problem_is_told_at_once(folder: Path) -> None:
    wrong = changed(
        {
            f"{VAULT}.address": "http://V",
            f"{MAIN}.id": "1",
            f"{ENGINE}.audience": " ",
            f"{READER}.policy": "none.json",
            f"{DEPLOY}.roleArns": ["*"],
            "secretsEngines.spare.account": "nobody",
            "secretsEngines.Spare": {"account": "main", "audience": "x"},
            "authMethod": {},
        }
    )
    assert sorted(line.partition(": ")[0] for line in problems(wrong, folder)) == [
        f"{MAIN}.id",
        "authMethod",
        "secretsEngines.Spare",
        f"{ENGINE}.audience",
        f"{DEPLOY}.roleArns[0]",
        f"{READER}.policy",
        "secretsEngines.spare.account",
        f"{VAULT}.address",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"accounts.other.id": "123456789012"},
            'accounts.other.id: "123456789012" is already the id of the account main',
        ),
        (
            {"accounts.other.region": "us-gov-west-1"},
            (
                'accounts.other.region: "us-gov-west-1" must be in the partition aws of the '
                "account main: Vault exchanges every token at the STS of one partition, that of "
                "AWS_REGION in its own environment; serve another partition from another Vault"
            ),
        ),
        (
            {f"{VAULT}.thumbprints": ["a" * 40], f"{VAULT}.caSha256": "a" * 64},
            (
                f'vault.caSha256: "{"a" * 64}" must be left out with thumbprints: then no chain '
                "is fetched"
            ),
        ),
        (
            {f"{VAULT}.keyRotationSeconds": 3_600},
            (
                "vault.keyVerificationSeconds: 86400 must be at most 36000, ten times "
                "keyRotationSeconds"
            ),
        ),
        (
            {f"{ENGINE}.defaultTtlSeconds": 90_000},
            "secretsEngines.aws.maxTtlSeconds: 86400 must be at least defaultTtlSeconds, 90000",
        ),
        (
            {f"{ENGINE}.defaultTtlSeconds": 900, f"{ENGINE}.maxTtlSeconds": 1_800},
            (
                "secretsEngines.aws.roles.deploy.maxTtlSeconds: 3600 must be at most 1800, the "
                "engine's maxTtlSeconds"
            ),
        ),
        (
            {f"{READER}.policy": LEFT_OUT},
            (
                "secretsEngines.aws.roles.reader: must have policy, managedPolicies or groups; "
                "its users may do nothing"
            ),
        ),
        (
            {"secretsEngines.spare.path": "aws/inner"},
            (
                'secretsEngines.spare.path: "aws/inner" is the path of aws, or within it, or '
                "around it, in the same namespace"
            ),
        ),
        (
            {"secretsEngines.spare.path": "aws"},
            (
                'secretsEngines.spare.path: "aws" is the path of aws, or within it, or around it, '
                "in the same namespace"
            ),
        ),
        (
            {
                "secretsEngines.spare.account": "main",
                "secretsEngines.spare.audience": "vault-aws-secrets",
            },
            (
                'secretsEngines.spare.audience: "vault-aws-secrets" is already the audience of '
                "aws; each mount needs its own"
            ),
        ),
        (
            {f"{VAULT}.namespaces": {"team": "managed"}, f"{ENGINE}.namespace": "team/sub"},
            (
                "vault.namespaces.team/sub: must be managed, as team is: what is in a namespace "
                "that this stack makes cannot be there before"
            ),
        ),
        (
            {f"{VAULT}.namespaces": {"team": "managed", "team/a/b": "existing"}},
            (
                'vault.namespaces.team/a/b: "existing" must be managed, as team is: what is in a '
                "namespace that this stack makes cannot be there before"
            ),
        ),
        (
            {f"{VAULT}.namespaces": {"team/": "existing"}},
            (
                "vault.namespaces: must be listed by path; look at 'team/', which must be letters, "
                "digits and _, with - inside, between single slashes, none outside"
            ),
        ),
        (
            {f"{VAULT}.namespaces": {"": "existing"}},
            "vault.namespaces: must not list the root namespace, which is always there",
        ),
        (
            {f"{VAULT}.namespaces": {"team": "mine"}},
            "vault.namespaces.team: \"mine\" must be 'managed' or 'existing'",
        ),
        (
            {f"{ENGINE}.roles.Reader": SOUND["secretsEngines"]["aws"]["roles"]["reader"]},
            (
                "secretsEngines.aws.roles.reader: must differ from Reader by more than case: "
                "Vault stores both policies as one"
            ),
        ),
        (
            {
                f"{READER}.groups": ["devs"],
                f"{ENGINE}.roles.second": {
                    "credentialType": "iam_user",
                    "groups": ["people/devs"],
                },
            },
            (
                'secretsEngines.aws.roles.second.groups: "people/devs" is the same group as devs: '
                "IAM tells names by neither path nor case"
            ),
        ),
        (
            {f"{ENGINE}.roles.a/b": SOUND["secretsEngines"]["aws"]["roles"]["reader"]},
            (
                "secretsEngines.aws.roles.a/b: Vault role 'a/b' must be letters, digits and _, "
                "with - . @ inside"
            ),
        ),
        (
            {f"{ENGINE}.roles.{'r' * 33}": SOUND["secretsEngines"]["aws"]["roles"]["reader"]},
            (
                f"secretsEngines.aws.roles.{'r' * 33}: Vault role '{'r' * 33}' has 33 characters, "
                "allowed are 32; the names of its users would exceed IAM's 64"
            ),
        ),
        (
            {"accounts.Prod": {"id": "111111111111", "region": "us-east-1"}},
            "accounts.Prod: name 'Prod' must be lower-case letters and digits, with - inside",
        ),
        (
            {f"{ENGINE}.namespace": "n" * 46},
            (
                f"secretsEngines.aws: IAM role name 'vault-secret-dev-{'n' * 46}-aws' has 67 "
                "characters, allowed are 64; shorten the name, the namespace or the stack"
            ),
        ),
        (
            {f"{VAULT}.address": "https://" + ".".join(["v" * 60] * 4)},
            ("vault.address: makes the issuer 276 characters long; AWS allows 255"),
        ),
        (
            {f"{DEPLOY}.roleArns": [f"{TARGET}-{number:0100}" for number in range(90)]},
            (
                "secretsEngines.aws.roles: makes the inline policies 13776 non-blank characters "
                "long; AWS allows 10240"
            ),
        ),
        ({"accounts": [], "secretsEngines": LEFT_OUT}, "accounts: must be an object"),
        ({"vault": []}, "vault: must be an object"),
        ({"secretsEngines": "x"}, "secretsEngines: must be an object"),
        ({ENGINE: None}, "secretsEngines.aws: must be an object"),
        ({f"{ENGINE}.roles": []}, "secretsEngines.aws.roles: must be an object"),
        ({READER: "x"}, "secretsEngines.aws.roles.reader: must be an object"),
        ({"vault": LEFT_OUT}, "vault: is missing"),
        (
            {"secretsEngine": {}},
            (
                "secretsEngine: is unknown; did you mean secretsEngines? known are "
                f"{', '.join(settings.SECTIONS)}"
            ),
        ),
    ],
)
def test_what_contradicts_something_else_is_refused(
    changes: dict[str, object], message: str, folder: Path
) -> None:
    told = problems(changed(changes), folder)
    assert told == [message]


def test_mounts_on_one_path_of_different_namespaces_are_allowed(folder: Path) -> None:
    found = load(changed({"secretsEngines.spare": spare(namespace="team", path="aws")}), folder)
    assert found.secrets_engines["spare"].path == "aws"


def test_each_namespace_used_or_listed_has_an_owner_and_follows_the_one_around_it(
    folder: Path,
) -> None:
    listed = {"b/inner/most": "managed", "b": "existing", "unused": "managed"}
    changes = {
        f"{VAULT}.namespaces": listed,
        f"{ENGINE}.namespace": "a",
        f"{ENGINE}.audience": "a",
        "secretsEngines.spare": spare(namespace="b/inner"),
    }
    found = load(changed(changes), folder)
    assert list(found.owned_namespaces.items()) == [
        ("a", "existing"),
        ("b", "existing"),
        ("b/inner", "existing"),
        ("b/inner/most", "managed"),
        ("unused", "managed"),
    ]
    assert found.namespaces == ("a", "b/inner")


def spare(**changes: object) -> dict[str, object]:
    return {**SOUND["secretsEngines"]["spare"], **changes}


def test_a_stack_is_named_in_lower_case(folder: Path) -> None:
    assert problems(changed({"secretsEngines.spare": LEFT_OUT}), folder, stack="Dev") == [
        "secretsEngines.aws: stack 'Dev' must be lower-case letters and digits, with - _ . inside"
    ]


def test_a_stack_that_cannot_be_in_a_name_is_told_for_every_engine(folder: Path) -> None:
    told = problems(SOUND, folder, stack="x" * 60)
    assert [line.partition(":")[0] for line in told] == [ENGINE, "secretsEngines.spare"]


@pytest.mark.parametrize("field", ["address", "issuerAddress"])
@pytest.mark.parametrize("scheme", ["https://", "http://", ""])
def test_a_password_in_an_address_is_not_quoted(field: str, scheme: str, folder: Path) -> None:
    told = problems(changed({f"{VAULT}.{field}": f"{scheme}bob:hid/den@v.example.com"}), folder)
    assert told[0].startswith(f'vault.{field}: "{scheme}(secret)@v.example.com" must ')
    assert "hid" not in told[0]


def test_nothing_of_a_secret_section_is_quoted(folder: Path) -> None:
    wrong = changed({f"{MAIN}.id": "hidden-id", f"{MAIN}.profile": {"key": "hidden-value"}})
    told = problems(wrong, folder, secret="accounts")
    assert told == [
        "accounts.main.id: (secret) must be 12 digits",
        "accounts.main.profile: must be text, in quotes",
    ]


@pytest.mark.parametrize("section", settings.SECTIONS)
def test_what_is_no_json_is_not_quoted(section: str, folder: Path) -> None:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in SOUND.items()}
    pulumi.runtime.set_all_config(values | {f"{PROJECT}:{section}": "{hidden"}, [])
    with pytest.raises(pulumi.RunError) as error:
        settings.load(pulumi.Config(PROJECT), stack="dev", root=folder)
    line = f"{PROJECT}:{section}: must be an object; write it as YAML in the stack's file"
    assert line in str(error.value)
    assert "hidden" not in str(error.value)


def test_settings_of_other_projects_are_none_of_ours(folder: Path) -> None:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in SOUND.items()}
    pulumi.runtime.set_all_config(values | {"aws:region": "mars-1"}, [])
    assert settings.load(pulumi.Config(PROJECT), stack="dev", root=folder).stack == "dev"
