import json
from pathlib import Path

import pulumi
import pytest
import yaml

import settings
from tests.committed import committed
from tests.unit.declared import ENGINES, POLICY, PROJECT, TARGET, changed, load, problems

ROOT = Path(__file__).parents[2]

VAULT = "vault"
MAIN = "accounts.main"
ENGINE = "secretsEngines.aws"
READER = f"{ENGINE}.roles.reader"
DEPLOY = f"{ENGINE}.roles.deploy"


def test_the_committed_stack_is_sound() -> None:
    sections = {key.removeprefix(f"{PROJECT}:"): value for key, value in committed().items()}
    found = load(sections, ROOT, encrypted="humanLoginSecrets")
    assert found.issuer("") == "https://vault.lab.test/v1/identity/oidc/plugins"
    engine = found.secrets_engines["aws"]
    role_arn = found.mount_names(engine).role_arn
    assert role_arn == "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    assert [role.name for role in engine.roles] == ["deploy", "my-role"]


def test_pulumi_declares_exactly_the_sections_that_are_read() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    declared = {key: value for key, value in project["config"].items() if ":" not in key}
    assert project["name"] == PROJECT
    assert tuple(declared) == settings.SECTIONS
    assert all(value["type"] == "object" and value["description"] for value in declared.values())
    without_default = {key for key, value in declared.items() if "default" not in value}
    assert without_default == {"vault", "accounts"}


def test_everything_has_a_default_that_can_have_one(folder: Path) -> None:
    found = load(ENGINES, folder)
    vault, engine = found.vault, found.secrets_engines["aws"]
    assert (vault.issuer, vault.protect, vault.thumbprints) == ("managed", False, ())
    assert (vault.key_rotation_seconds, vault.key_verification_seconds) == (86_400, 86_400)
    assert found.accounts["main"].identity_provider == "managed"
    assert (engine.path, engine.namespace) == ("aws", "")
    assert (engine.default_ttl_seconds, engine.max_ttl_seconds) == (3_600, 86_400)
    assert engine.token_ttl_seconds == 3_600
    assert found.secrets_engines["spare"].roles == ()


def test_roles_are_resolved_and_sorted(folder: Path) -> None:
    deploy, reader = load(ENGINES, folder).secrets_engines["aws"].roles
    assert (deploy.name, deploy.credential_type) == ("deploy", "assumed_role")
    assert deploy.role_arns == (TARGET,)
    assert (deploy.default_ttl_seconds, deploy.max_ttl_seconds) == (3_600, 3_600)
    assert (reader.name, reader.credential_type) == ("reader", "iam_user")
    assert reader.policy == (folder / "sound.json").read_text("utf-8").replace(" ", "")
    assert reader.default_ttl_seconds is None


def test_every_setting_reaches_its_place(folder: Path) -> None:
    found = load(
        changed(
            ENGINES,
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
            },
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
    sections = changed(ENGINES, {**gov, f"{ENGINE}.roles": {}})
    found = load(sections, folder)
    names = found.mount_names(found.secrets_engines["aws"])
    assert names.role_arn.startswith("arn:aws-us-gov:iam::")


def test_every_problem_is_told_at_once(folder: Path) -> None:
    wrong = changed(
        ENGINES,
        {
            f"{VAULT}.address": "http://V",
            f"{MAIN}.id": "1",
            f"{ENGINE}.audience": " ",
            f"{READER}.policy": "none.json",
            f"{DEPLOY}.roleArns": ["*"],
            "secretsEngines.spare.account": "nobody",
            "secretsEngines.Spare": {"account": "main", "audience": "x"},
            "authMethod": {},
        },
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


def test_mounts_on_one_path_of_different_namespaces_are_allowed(folder: Path) -> None:
    found = load(
        changed(ENGINES, {"secretsEngines.spare": spare(namespace="team", path="aws")}), folder
    )
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
    found = load(changed(ENGINES, changes), folder)
    assert list(found.owned_namespaces.items()) == [
        ("a", "existing"),
        ("b", "existing"),
        ("b/inner", "existing"),
        ("b/inner/most", "managed"),
        ("unused", "managed"),
    ]
    assert found.namespaces == ("a", "b/inner")


def spare(**changes: object) -> dict[str, object]:
    return {**ENGINES["secretsEngines"]["spare"], **changes}


def test_a_stack_that_cannot_be_in_a_name_is_told_for_every_engine(folder: Path) -> None:
    told = problems(ENGINES, folder, stack="x" * 60)
    assert [line.partition(":")[0] for line in told] == [ENGINE, "secretsEngines.spare"]


@pytest.mark.parametrize("field", ["address", "issuerAddress"])
@pytest.mark.parametrize("scheme", ["https://", "http://", ""])
def test_a_password_in_an_address_is_not_quoted(field: str, scheme: str, folder: Path) -> None:
    told = problems(
        changed(ENGINES, {f"{VAULT}.{field}": f"{scheme}bob:hid/den@v.example.com"}), folder
    )
    assert told[0].startswith(f'vault.{field}: "{scheme}(secret)@v.example.com" must ')
    assert "hid" not in told[0]


def test_nothing_of_a_secret_section_is_quoted(folder: Path) -> None:
    wrong = changed(
        ENGINES, {f"{MAIN}.id": "hidden-id", f"{MAIN}.profile": {"key": "hidden-value"}}
    )
    told = problems(wrong, folder, encrypted="accounts")
    assert told == [
        "accounts.main.id: (secret) must be 12 digits",
        "accounts.main.profile: must be text, in quotes",
    ]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("id", "12345678901", "must be 12 digits"),
        ("id", 1402433619, "must be text, in quotes"),
        ("profile", 83, "must be text, in quotes"),
        ("externalId", 83, "must be text, in quotes"),
    ],
)
def test_nothing_that_follows_from_a_secret_value_is_told(
    field: str, value: object, told: str, folder: Path
) -> None:
    wrong = changed(ENGINES, {f"{MAIN}.{field}": value})
    assert problems(wrong, folder, encrypted="accounts") == [
        f"accounts.main.{field}: (secret) {told}"
    ]


@pytest.mark.parametrize(
    "key", ["secretsEngines.aws.roles.reader", "secretsEngines.aws.roles.deploy"]
)
def test_what_of_a_policy_has_no_effect_is_warned_of_and_taken(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    load(changed(ENGINES, {f"{key}.policy": "idle.json"}), folder)
    policy = f"{PROJECT}:{key}.policy: idle.json"
    assert warned == [
        (
            f"{policy}, statement 1 (Allow s3:ListBucket): s3:ListBucket acts on none of the "
            "resources here; it must be of the form arn:${Partition}:s3:::${BucketName} or "
            "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}: "
            "it has no effect"
        ),
        (
            f"{policy}, statement 2 (Allow iam:GetUser): 'arn:aws-cn:iam::*:user/*' is in the "
            "partition aws-cn, the account in aws: it has no effect"
        ),
    ]


@pytest.mark.parametrize("section", settings.SECTIONS)
def test_what_is_no_json_is_not_quoted(section: str, folder: Path) -> None:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in ENGINES.items()}
    pulumi.runtime.set_all_config(values | {f"{PROJECT}:{section}": "{hidden"}, [])
    with pytest.raises(pulumi.RunError) as error:
        settings.load(pulumi.Config(PROJECT), stack="dev", root=folder)
    line = f"{PROJECT}:{section}: must be an object; write it as YAML in the stack's file"
    assert line in str(error.value)
    assert "hidden" not in str(error.value)


def test_wrong_settings_end_the_program_with_nothing_more_to_say(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a RunError the engine says also that it was unhandled, and the exit code."""
    values = changed(ENGINES, {f"{MAIN}.region": "mars-1"})
    pulumi.runtime.set_all_config(
        {f"{PROJECT}:{key}": json.dumps(value) for key, value in values.items()}, []
    )
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    with pytest.raises(SystemExit) as ended:
        settings.load_or_end(pulumi.Config(PROJECT), stack="dev", root=folder)
    assert ended.value.code == 32
    assert said == [
        (
            "the settings of stack dev have 1 problem:\n"
            f'  {PROJECT}:accounts.main.region: "mars-1" must be an AWS region such as us-east-1, '
            "us-gov-west-1 or cn-north-1"
        )
    ]


def test_sound_settings_are_what_the_program_goes_on_with(folder: Path) -> None:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in ENGINES.items()}
    pulumi.runtime.set_all_config(values, [])
    found = settings.load_or_end(pulumi.Config(PROJECT), stack="dev", root=folder)
    assert (found.stack, sorted(found.accounts)) == ("dev", ["main", "other"])


def test_settings_of_other_projects_are_none_of_ours(folder: Path) -> None:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in ENGINES.items()}
    pulumi.runtime.set_all_config(values | {"aws:region": "mars-1"}, [])
    assert settings.load(pulumi.Config(PROJECT), stack="dev", root=folder).stack == "dev"
