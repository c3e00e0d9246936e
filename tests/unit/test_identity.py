import pytest

from federation import identity
from federation.identity import MountClass

ISSUER = "https://vault.example.com/v1/identity/oidc/plugins"
ARN = "arn:aws:iam::123456789012:oidc-provider/vault.example.com/v1/identity/oidc/plugins"


def test_the_root_namespace_leaves_no_trace_in_the_issuer() -> None:
    assert identity.issuer("https://vault.example.com") == ISSUER


def test_the_issuer_of_a_namespace_names_its_path() -> None:
    issuer = identity.issuer("https://vault.example.com", "team/app")
    assert issuer == "https://vault.example.com/v1/team/app/identity/oidc/plugins"


def test_both_documents_stand_below_the_issuer() -> None:
    assert identity.discovery_url(ISSUER) == f"{ISSUER}/.well-known/openid-configuration"
    assert identity.keys_url(ISSUER) == f"{ISSUER}/.well-known/keys"


def test_the_subject_names_namespace_id_class_and_accessor() -> None:
    secret = identity.subject(identity.ROOT_NAMESPACE_ID, MountClass.SECRET, "aws_1a2b3c4d")
    auth = identity.subject("ilnzr", MountClass.AUTH, "auth_aws_1a2b3c4d")
    assert secret == "plugin-identity:root:secret:aws_1a2b3c4d"
    assert auth == "plugin-identity:ilnzr:auth:auth_aws_1a2b3c4d"


def test_a_condition_key_has_the_whole_issuer_and_no_scheme() -> None:
    key = identity.condition_key(ARN, "aud")
    assert key == "vault.example.com/v1/identity/oidc/plugins:aud"


def test_the_condition_key_of_another_partition_is_the_same() -> None:
    other = ARN.replace("arn:aws:", "arn:aws-us-gov:")
    assert identity.condition_key(other, "sub") == identity.condition_key(ARN, "sub")


@pytest.mark.parametrize(
    "arn", [ISSUER, "arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:oidc-provider/"]
)
def test_a_condition_key_comes_from_the_arn_of_a_provider_only(arn: str) -> None:
    with pytest.raises(ValueError, match="must be the ARN of an OIDC identity provider"):
        identity.condition_key(arn, "aud")


def test_the_host_is_what_stands_between_scheme_and_path() -> None:
    assert identity.host(ISSUER) == "vault.example.com"


@pytest.mark.parametrize("issuer", ["http://vault.example.com/v1", "vault.example.com", "https://"])
def test_an_issuer_without_https_is_no_issuer(issuer: str) -> None:
    with pytest.raises(ValueError, match="must begin with https://"):
        identity.provider_identifier(issuer)
