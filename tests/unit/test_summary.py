from __future__ import annotations

from operations.summary import describe

ENGINE = {
    "mount": "clouds/aws",
    "namespace": "team-a",
    "role_arn": "arn:aws:iam::123456789012:role/vault-secret-dev-team--a-aws",
    "subject": "plugin-identity:00000:secret:aws_0a1b2c3d",
    "audience": "vault-aws",
    "issuer": "https://vault.example.com/v1/team-a/identity/oidc/plugins",
    "thumbprints": ["ab" * 20],
    "read_credentials": {"reader": "vault read -namespace=team-a clouds/aws/creds/reader"},
}
LOGIN = {"log_in": {"people": "vault login -method=oidc -path=people role=people"}}


def test_a_person_is_told_what_to_type_within_the_namespace() -> None:
    told = describe("dev", {"secrets_engines": {"aws": ENGINE}, "human_logins": {"people": LOGIN}})
    assert "  vaultaws credentials aws/reader --stack dev --exec -- COMMAND\n" in told
    assert "  vaultaws login --path people --role people --stack dev\n" in told
    assert "  vault read -namespace=team-a clouds/aws/creds/reader\n" in told
    assert f"  {LOGIN['log_in']['people']}" in told.splitlines()
    for field in ("role_arn", "subject", "audience", "issuer"):
        assert str(ENGINE[field]) in told


def test_logins_of_one_name_are_told_each_by_its_kind() -> None:
    method = {**ENGINE, "server_id": "vault", "log_in": {"app": "vault login -method=aws"}}
    told = describe("dev", {"auth_methods": {"one": method}, "human_logins": {"one": LOGIN}})
    assert "  vaultaws login --method aws --path one --role app --stack dev\n" in told
    assert "  vaultaws login --path one --role people --stack dev\n" in told
    assert {"  vault login -method=aws", f"  {LOGIN['log_in']['people']}"} <= {*told.splitlines()}


def test_a_stack_without_engines_has_a_summary_too() -> None:
    told = describe("dev", {})
    assert "What exists now, in the stack dev" in told
    assert "credentials" not in told
