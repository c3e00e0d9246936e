import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import names as naming
from federation.identity import MountClass
from federation.names import LONGEST_ROLE_NAME, USERNAME_TEMPLATE, MountNames

STACK = "must be lower-case letters and digits, with - _ . inside"
NAMESPACE = "must be letters, digits and _, with - inside, between single slashes, none outside"
IAM_NAME = re.compile(r"[\w+=,.@-]{1,64}")


def make(
    *,
    stack: str = "dev",
    namespace: str = "",
    key: str = "aws",
    mount_class: MountClass = MountClass.SECRET,
    partition: str = "aws",
) -> MountNames:
    return MountNames(
        stack=stack,
        namespace=namespace,
        key=key,
        mount_class=mount_class,
        account_id="123456789012",
        partition=partition,
    )


def test_every_name_of_a_mount_carries_stack_namespace_and_key() -> None:
    names = make()
    assert names.role_name == "vault-secret-dev-root-aws"
    assert names.role_arn == "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    assert names.iam_path == "/vault/dev-root-aws/"
    assert names.access_policy("my-role") == "dev-root-aws-creds-my-role"
    assert names.signing_key == naming.signing_key("dev", "") == "dev-root-plugin-identity"
    assert names.tags == {
        "vault-stack": "dev",
        "vault-namespace": "root",
        "vault-mount": "aws",
    }


def test_users_of_a_role_are_told_by_path_and_name() -> None:
    users = "arn:aws:iam::123456789012:user/vault/dev-root-aws"
    assert make().user_arn_pattern("my-role") == f"{users}/vault-*-my-role-*"
    assert make().any_user_arn == f"{users}/vault-*"
    assert make().user_arn("/vault-*") == "arn:aws:iam::123456789012:user/vault-*"


def test_inline_policies_are_named_after_what_they_are_for() -> None:
    names = make()
    assert names.revoke_policy == "revoke"
    assert names.issue_policy("my-role") == "issue-my-role"
    assert names.revoke_group_policy("people/devs") == "revoke-group-devs"


def test_a_group_keeps_its_path_in_its_arn() -> None:
    assert make().group_arn("people/devs") == "arn:aws:iam::123456789012:group/people/devs"
    assert make().group_arn("devs") == "arn:aws:iam::123456789012:group/devs"


def test_the_partition_is_in_every_arn() -> None:
    names = make(partition="aws-cn")
    assert names.role_arn.startswith("arn:aws-cn:")
    assert names.provider_arn("https://v.example.com/v1/x") == (
        "arn:aws-cn:iam::123456789012:oidc-provider/v.example.com/v1/x"
    )


def test_an_engine_and_an_auth_method_of_one_name_have_different_roles() -> None:
    assert make().role_name != make(mount_class=MountClass.AUTH).role_name


def test_a_nested_namespace_is_one_segment_of_the_iam_path() -> None:
    assert make(namespace="team/app").iam_path == "/vault/dev-team.app-aws/"


def test_a_hyphen_within_a_part_is_doubled() -> None:
    names = make(stack="prod-eu", namespace="team-a/app", key="aws-main")
    assert names.role_name == "vault-secret-prod--eu-team--a.app-aws--main"
    assert names.iam_path == "/vault/prod--eu-team--a.app-aws--main/"
    assert names.signing_key == "prod--eu-team--a.app-plugin-identity"
    assert names.access_policy("my-role") == "prod--eu-team--a.app-aws--main-creds-my-role"


def test_vault_stores_policy_names_in_lower_case_and_so_do_we() -> None:
    assert make().access_policy("MyRole") == "dev-root-aws-creds-myrole"


def test_a_role_name_too_long_for_iam_is_refused_and_not_cut() -> None:
    key = "k" * 43
    with pytest.raises(
        ValueError,
        match=re.escape(
            f"IAM role name 'vault-secret-dev-root-{key}' has 65 characters, allowed are 64; "
            "shorten the name, the namespace or the stack"
        ),
    ):
        make(key=key)
    assert len(make(key="k" * 42).role_name) == 64


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": "Aws"}, "name 'Aws' must be lower-case letters and digits, with - inside"),
        ({"key": "aws-"}, "name 'aws-' must be lower-case letters and digits, with - inside"),
        ({"stack": "a b"}, f"stack 'a b' {STACK}"),
        ({"stack": "Dev"}, f"stack 'Dev' {STACK}"),
        ({"namespace": "a.b"}, f"namespace 'a.b' {NAMESPACE}"),
        ({"namespace": "/a"}, f"namespace '/a' {NAMESPACE}"),
        ({"namespace": "a-"}, f"namespace 'a-' {NAMESPACE}"),
        (
            {"namespace": "root"},
            (
                "namespace 'root' must not use Vault's own audit, auth, cubbyhole, identity, root, "
                "sys; leave it out for the root"
            ),
        ),
    ],
)
def test_a_part_that_cannot_be_in_a_name_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(**wrong)


def test_a_vault_role_is_refused_where_its_users_would_exceed_iam() -> None:
    with pytest.raises(ValueError, match="has 33 characters, allowed are 32; the names of its"):
        make().issue_policy("r" * 33)


@pytest.mark.parametrize("role", ["", "-r", "r-", "a/b", "a*", "a b", "ä"])
def test_a_vault_role_has_only_characters_that_vault_and_iam_share(role: str) -> None:
    with pytest.raises(ValueError, match=r"must be letters, digits and _, with - \. @ inside"):
        make().user_arn_pattern(role)


@pytest.mark.parametrize("group", ["", "/devs", "devs/", "d*", "a b"])
def test_a_group_is_a_name_with_an_optional_path(group: str) -> None:
    with pytest.raises(ValueError, match=r"must be \[path/\]name"):
        make().group_arn(group)


def test_the_policy_name_of_the_longest_group_would_exceed_iam() -> None:
    with pytest.raises(ValueError, match="has 129 characters, allowed are 128; use a group"):
        make().revoke_group_policy("g" * 116)


def test_the_username_template_truncates_the_display_name_and_nothing_else() -> None:
    assert USERNAME_TEMPLATE == (
        '{{ if (eq .Type "STS") }}{{ printf "vault-%s" (random 20) }}'
        '{{ else }}{{ printf "vault-%s-%s-%s" (.DisplayName | truncate 16) '
        ".PolicyName (random 8) }}{{ end }}"
    )
    assert len("vault-") + 16 + len("-") + LONGEST_ROLE_NAME + len("-") + 8 == 64
    assert len("vault-") + 20 <= 32


VAULTS_OWN = {"audit", "auth", "cubbyhole", "identity", "root", "sys"}
parts = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=40).filter(
    lambda part: part not in VAULTS_OWN  # as a namespace; hypothesis does find them
)
namespaces = st.one_of(st.just(""), st.lists(parts, min_size=1, max_size=3).map("/".join))


@given(stack=parts, namespace=namespaces, key=parts)
def test_names_are_within_the_limits_or_refused(stack: str, namespace: str, key: str) -> None:
    doubled = [part.replace("-", "--") for part in (stack, namespace.replace("/", "."), key)]
    whole = f"vault-secret-{doubled[0]}-{doubled[1] or 'root'}-{doubled[2]}"
    sound = not any(
        part[:1] == "-" or part[-1:] == "-" for part in (stack, *namespace.split("/"), key)
    )
    if not sound or len(whole) > 64:
        with pytest.raises(ValueError, match=r"must be|allowed are 64"):
            make(stack=stack, namespace=namespace, key=key)
        return
    names = make(stack=stack, namespace=namespace, key=key)
    assert names.role_name == whole
    assert IAM_NAME.fullmatch(names.role_name)
    assert re.fullmatch(r"/vault/[A-Za-z0-9_.-]{1,505}/", names.iam_path)


@given(one=namespaces, other=namespaces)
def test_two_namespaces_never_share_a_signing_key(one: str, other: str) -> None:
    same = naming.signing_key("dev", one) == naming.signing_key("dev", other)
    assert same == (one == other or {one, other} == {"", "root"})
