"""Settings of target roles and logins: what reaches the program, what is refused and how."""

from pathlib import Path

from tests.unit.declared import PEOPLE, THEIRS, changed, load, problems

TARGET_ARN = "arn:aws:iam::210987654321:role/vault-target-dev-deploy"
TARGET = "targetRoles.deploy"
LOGIN = "humanLogins.people"
ROLE = "secretsEngines.aws.roles.deploy"


def test_sound_settings_reach_the_program(folder: Path) -> None:
    found = load(PEOPLE, folder)
    (deploy, _) = found.secrets_engines["aws"].roles
    assert deploy.role_arns == (TARGET_ARN, THEIRS)
    assert found.target_names("deploy").role_arn == TARGET_ARN
    assert found.target_names("deploy").tags == {"vault-stack": "dev", "vault-target": "deploy"}
    login = found.human_logins["people"]
    assert (login.path, login.namespace, login.groups_claim) == ("people", "", "groups")
    assert (login.token_ttl_seconds, login.token_max_ttl_seconds) == (3_600, 14_400)
    assert login.aws_roles == ("aws/deploy", "aws/reader")
    assert found.used_namespaces == {"", "team"}


def test_the_client_secret_is_in_no_representation_of_the_settings(folder: Path) -> None:
    found = load(PEOPLE, folder)
    assert set(found.human_login_secrets) == {"people"}
    assert "hidden" not in repr(found)


def test_what_is_wrong_in_one_place_hides_nothing_elsewhere(folder: Path) -> None:
    """And what refers to something wrong is judged once that is right."""
    lines = problems(
        changed(
            PEOPLE,
            {
                f"{TARGET}.externalId": "a b",
                f"{ROLE}.maxTtlSeconds": 3_601,
                f"{LOGIN}.clientId": "",
                f"{LOGIN}.groups.x ": {"awsRoles": []},
                "humanLoginSecrets.guests": "hidden",
            },
        ),
        folder,
    )
    assert [line.partition(": ")[0] for line in lines] == [
        f"{TARGET}.externalId",
        f"{ROLE}.maxTtlSeconds",
        f"{LOGIN}.groups.x ",
        f"{LOGIN}.groups.x .awsRoles",
        f"{LOGIN}.clientId",
        "humanLoginSecrets.guests",
    ]


def test_client_secrets_that_are_no_object_are_told_once(folder: Path) -> None:
    assert problems(changed(PEOPLE, {"humanLoginSecrets": True}), folder) == [
        "humanLoginSecrets: must be an object"
    ]
