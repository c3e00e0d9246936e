import pytest

from federation import principals, releases
from federation.logins import LoginRole, confusable

ACCOUNT = "arn:aws:iam::123456789012"
OTHER = "arn:aws:iam::210987654321"


def role(name: str, *bound: str) -> LoginRole:
    return LoginRole(
        name=name,
        principals=tuple(principals.parse(arn) for arn in bound),
        existing_policies=("reader",),
        default_ttl_seconds=900,
        max_ttl_seconds=3_600,
    )


def test_a_principal_is_told_by_its_name_without_the_path() -> None:
    found = principals.parse("arn:aws-us-gov:iam::123456789012:role/team/a/app")
    assert (found.partition, found.account) == ("aws-us-gov", "123456789012")
    assert (found.kind, found.name, found.wildcard) == ("role", "app", False)


@pytest.mark.parametrize("resource", ["role/app-*", "role/*", "role/team/*", "user/people/*"])
def test_a_star_at_the_end_is_a_wildcard(resource: str) -> None:
    assert principals.parse(f"{ACCOUNT}:{resource}").wildcard


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "app",
        "arn:aws:iam::*:role/app",
        f"{ACCOUNT}:*",
        f"{ACCOUNT}:root",
        f"{ACCOUNT}:role/a*p",
        f"{ACCOUNT}:role/*/app",
        f"{ACCOUNT}:role/app**",
        f"{ACCOUNT}:role/a?p",
        f"{ACCOUNT}:role/",
        f"{ACCOUNT}:role//app",
        f"{ACCOUNT}:role/app/",
        f"{ACCOUNT}:role/app role",
        f"{ACCOUNT}:group/devs",
        f"{ACCOUNT}:instance-profile/app",
        f"{ACCOUNT}:role/{'a' * 65}",
        f" {ACCOUNT}:role/app",
        f"{ACCOUNT}:role/app\n",
        "arn:aws:sts::123456789012:federated-user/app",
    ],
)
def test_what_is_no_role_and_no_user_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="must be the ARN of a role or a user"):
        principals.parse(arn)


def test_a_session_is_refused_with_the_role_to_write() -> None:
    with pytest.raises(ValueError, match=f"not a session of it: {ACCOUNT}:role/app,"):
        principals.parse("arn:aws:sts::123456789012:assumed-role/app/i-0123")


@pytest.mark.parametrize(
    "resource", ["user/*", "user/v*", "user/vault/*", "user/vault/dev-root-aws/vault-a-b-c"]
)
def test_the_users_that_vault_makes_may_not_log_in_to_it(resource: str) -> None:
    with pytest.raises(ValueError, match="would log in to Vault again"):
        principals.parse(f"{ACCOUNT}:{resource}")


@pytest.mark.parametrize("resource", ["user/vaults/*", "user/vaulted", "role/vault/*", "role/*"])
def test_what_only_looks_like_them_may(resource: str) -> None:
    principals.parse(f"{ACCOUNT}:{resource}")


@pytest.mark.parametrize(
    ("version", "open_"),
    [
        ("1.15.6+ent", True),
        ("1.16.26+ent", True),
        ("1.16.27+ent", False),
        ("1.17.99+ent", True),
        ("1.18.3", True),
        ("1.19.10+ent.hsm", True),
        ("1.19.11+ent.hsm", False),
        ("1.19.11-rc1+ent", True),
        ("1.20.4+ent", True),
        ("1.20.5+ent", False),
        ("1.20.6+ent", False),
        ("1.21.0-rc1+ent", True),
        ("1.21.0", False),
        ("1.22.0+ent", False),
        ("2.0.0+ent", False),
    ],
)
def test_releases_that_confuse_accounts_are_known(version: str, open_: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    release = releases.parse(version)
    assert release
    assert release.confuses_accounts is open_


@pytest.mark.parametrize(
    ("needed_by", "version", "has_it"),
    [
        ("without_external_id", "1.16.26+ent", False),
        ("without_external_id", "1.17.0+ent", True),
        ("without_external_id", "1.17.3+ent", True),
        ("without_external_id", "1.17.4-rc1+ent", True),
        ("without_external_id", "1.17.4+ent", False),
        ("without_external_id", "1.18.0+ent", False),
        ("without_external_id", "1.21.0+ent", False),
        ("conditioned", "1.16.27+ent", True),
        ("conditioned", "1.17.1+ent", True),
        ("conditioned", "1.17.2+ent", False),
        ("conditioned", "1.18.0+ent", False),
    ],
)
def test_faults_are_known_by_release(needed_by: str, version: str, *, has_it: bool) -> None:
    (fault,) = [fault for fault in releases.FAULTS if fault.needed_by == needed_by]
    release = releases.parse(version)
    assert release
    assert fault.of(release) is has_it


@pytest.mark.parametrize("version", ["", "1.21", "v1.21.0", "1.21.0+", "latest", "1.21.0 "])
def test_what_is_no_version_is_none(version: str) -> None:
    assert releases.parse(version) is None


def test_a_wildcard_could_be_confused() -> None:
    assert confusable([role("a", f"{ACCOUNT}:role/app-*")]) == f"the wildcard {ACCOUNT}:role/app-*"


def test_one_name_in_two_accounts_could_be_confused_also_across_vault_roles() -> None:
    both = [role("a", f"{ACCOUNT}:role/team/app"), role("b", f"{OTHER}:role/App")]
    told = confusable(both)
    assert told == (f"the same name in two accounts, {ACCOUNT}:role/team/app and {OTHER}:role/App")
    assert confusable(reversed(both)) == told


def test_exact_principals_each_with_its_own_name_cannot_be_confused() -> None:
    assert confusable([role("a", f"{ACCOUNT}:role/app", f"{OTHER}:user/app")]) == ""
    assert confusable([role("a", f"{ACCOUNT}:role/app"), role("b", f"{ACCOUNT}:role/app")]) == ""


SESSION = "arn:aws:sts::123456789012:assumed-role"


@pytest.mark.parametrize(
    ("arn", "caller"),
    [
        (f"{ACCOUNT}:role/app", f"{SESSION}/app/i-1"),
        (f"{ACCOUNT}:role/team/app", f"{SESSION}/app/i-1"),
        (f"{ACCOUNT}:role/app-*", f"{SESSION}/app-one/i-1"),
        (f"{ACCOUNT}:role/team/*", f"{SESSION}/app/i-1"),
        (f"{ACCOUNT}:user/people/alice", f"{ACCOUNT}:user/people/alice"),
        (f"{ACCOUNT}:user/people/*", f"{ACCOUNT}:user/people/alice"),
    ],
)
def test_a_caller_may_be_a_bound_principal(arn: str, caller: str) -> None:
    assert principals.covers(arn, caller)


@pytest.mark.parametrize(
    ("arn", "caller"),
    [
        (f"{ACCOUNT}:role/app", f"{SESSION}/apple/i-1"),
        (f"{OTHER}:role/app", f"{SESSION}/app/i-1"),
        (f"{ACCOUNT}:user/app", f"{SESSION}/app/i-1"),
        (f"{ACCOUNT}:role/app", f"{SESSION.replace('aws', 'aws-cn')}/app/i-1"),
        (f"{ACCOUNT}:user/alice", f"{ACCOUNT}:user/people/alice"),
    ],
)
def test_a_caller_is_no_other_principal(arn: str, caller: str) -> None:
    assert not principals.covers(arn, caller)
